"""What is measured on a GPU, in order of worth, and how long each part may take."""

from dataclasses import dataclass, field

FINE_TUNED = ("plain", "ls", "epo")
"""Trainings of whole models, which need no experts; `plain` is a loop of torch alone."""
ROUTED = ("pwe-moe-ls (mlp)", "pwe-moe-epo (mlp)", "pwe-moe-ls (all)", "pwe-moe-epo (all)")
"""Trainings of routers, by method and rule of up-scaling."""


@dataclass(frozen=True)
class Part:
    """One process of the benchmark."""

    name: str
    kind: str
    """Which module of this package measures it."""
    limit_s: float
    """Seconds after which it is killed; rows that it has made by then are kept."""
    options: dict = field(default_factory=dict)
    least_s: float = 20
    """Seconds that must be left for it to be started: importing torch and making weights takes about as long."""


def steps(tower, n_tasks, batch_size, dtype, *, limit_s=75, most_steps=40, further=()):
    """Return the part that trains by every method on one tower, with one batch and one type of weights."""
    return Part(
        f"{tower}, {n_tasks} x {batch_size}, {dtype}",
        "steps",
        limit_s,
        {
            "tower": tower,
            "n_tasks": n_tasks,
            "batch_size": batch_size,
            "dtype": dtype,
            "most_steps": most_steps,
            "learners": [*ROUTED, *FINE_TUNED, *further],
        },
    )


def front(tower, batch_size, points_per_edge, n_examples):
    """Return the part that evaluates a front of three tasks."""
    options = {"tower": tower, "points_per_edge": points_per_edge, "n_examples": n_examples, "batch_size": batch_size}
    return Part("front", "front", 75, options)


def compiled(tower, batch_size, most_steps):
    """Return the part that asks what compiling a plain step would gain."""
    return Part("compiled", "compiled", 120, {"tower": tower, "batch_size": batch_size, "most_steps": most_steps})


PARTS = {
    # The configurations of the paper's table 8: 16 images of each task a step, 12 of eight tasks on L/14.
    "real": [
        steps("B/32", 2, 16, "float32"),
        steps("B/32", 8, 16, "float32"),
        steps("L/14", 2, 16, "float32", limit_s=100, further=["mgda"]),
        steps("B/32", 3, 16, "float32"),
        Part("CUDA tests", "tests", 180),
        front("B/32", 16, 11, 250),
        steps("B/32", 2, 16, "bfloat16"),
        steps("B/32", 8, 16, "bfloat16"),
        steps("L/14", 8, 12, "float32", limit_s=130),
        Part("quickstart", "quickstart", 300, least_s=210),  # all or nothing; three minutes on an H100
        steps("L/14", 2, 16, "bfloat16", limit_s=100, further=["mgda"]),
        steps("L/14", 8, 12, "bfloat16", limit_s=130),
        steps("B/32", 3, 16, "bfloat16"),
        compiled("B/32", 32, 40),
    ],
    # As small as goes, to try every path, on the CPU too.
    "tiny": [
        steps("tiny", 2, 2, "float32", most_steps=4, further=["mgda"]),
        steps("tiny", 3, 1, "bfloat16", most_steps=4),
        Part("CUDA tests", "tests", 120),
        front("tiny", 2, 3, 3),
        Part("quickstart", "quickstart", 240, {"tiny": True}),
        compiled("tiny", 2, 4),
    ],
}
"""Parts by shapes, the most telling first: a run that is cut off has them."""
