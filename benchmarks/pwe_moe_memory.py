"""Measure the memory of PWE MoE at full size: image towers of CLIP with random weights, mapped from safetensors files.

    python benchmarks/pwe_moe_memory.py                     # B/32, compared with what a step cannot do without
    python benchmarks/pwe_moe_memory.py --tower L/14        # 11 GB of files while it runs

Every case runs in a process of its own: three steps, a model for one preference, and that model written to a file.
Peaks are those of the kernel's accounts, sampled: `Rss` counts pages of mapped files too, which the system takes back
when others need the memory, `Anonymous` counts what belongs to the process alone.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import torch
import typer
from clip_towers import paths_of, problem_of, weights_of, write_tensors, write_weights
from memory_peak import Peak

import frontrunner as fr
from frontrunner.methods.whole_set.upscale_rules import weights_of_modules

CASES = {
    "B/32": ["pwe-moe-ls mlp 2 16", "pwe-moe-ls mlp 8 4", "pwe-moe-epo mlp 2 16", "pwe-moe-epo mlp 8 4"],
    "L/14": ["pwe-moe-ls mlp 8 1", "pwe-moe-epo mlp 8 1", "pwe-moe-ls all 8 1", "pwe-moe-epo all 8 1"],
    "L/14-quarter": ["pwe-moe-ls mlp 8 1", "pwe-moe-epo mlp 8 1", "pwe-moe-ls all 8 1", "pwe-moe-epo all 8 1"],
    "tiny": ["pwe-moe-ls mlp 2 2", "pwe-moe-epo all 8 1"],
}
"""Tower -> method, rule of up-scaling, tasks and examples of each."""
MB = 1e6


class Saved:
    """Counts what autograd keeps of a forward pass: every storage once, without those of weights."""

    def __init__(self, weights):
        self._storages = {tensor.untyped_storage().data_ptr(): 0 for tensor in weights}
        self._hooks = torch.autograd.graph.saved_tensors_hooks(self._kept, lambda tensor: tensor)

    def _kept(self, tensor):
        storage = tensor.untyped_storage()
        self._storages.setdefault(storage.data_ptr(), storage.nbytes())
        return tensor.detach()  # the tensor itself would keep the graph that keeps it

    @property
    def n_bytes(self):
        return sum(self._storages.values())

    def __enter__(self):
        self._hooks.__enter__()
        return self

    def __exit__(self, *error):
        self._hooks.__exit__(*error)


def activations_of(problem, names):
    """Return what a plain step keeps for its backward pass and adds to the process, in bytes.

    In it the weights of these names want gradients, which are dropped as they come.
    """

    def drop(leaf):
        leaf.grad = None

    weights = dict(problem.pretrained)
    for name in names:
        weights[name] = weights[name].detach().requires_grad_()
        weights[name].register_post_accumulate_grad_hook(drop)
    batch = next(problem.batches("train", problem.budget.batch_size, torch.Generator().manual_seed(0)))
    before = Peak.now()["Anonymous"]
    with Peak(0.005) as peak:
        with Saved(weights.values()) as saved:
            losses = problem.losses(weights, batch)
        losses.sum().backward()
    return {"activations": saved.n_bytes, "plain_step": peak.peaks["Anonymous"] - before}


def run_case(tower, case, folder, kind, steps):
    """Run one case in this process and print its measurements as JSON."""
    method, rule, n_tasks, batch_size = case.split()
    start, begin = Peak.now(), time.perf_counter()
    with Peak() as fit, Peak() as whole:
        problem = problem_of(tower, weights_of(tower, int(n_tasks), folder), int(batch_size))
        groups = weights_of_modules(problem, rule)
        names = [name for group in groups.values() for name in group if name in problem.merged]
        if kind == "activations":
            print(json.dumps(activations_of(problem, names)))
            return
        learner = fr.make_learner(method, upscale=rule, steps=steps)
        found = learner.fit(problem, fr.simplex_grid(problem.n_tasks, 2), fr.Context())
        in_fit = dict(fit.peaks)
        solved = found.solve([1 / problem.n_tasks] * problem.n_tasks)
        path = Path(folder) / "solved.safetensors"
        write_tensors(path, solved, solved.items())
    seconds = time.perf_counter() - begin
    path.unlink()
    upscaled = sum(problem.pretrained[name].nbytes for name in names)
    weights = sum(tensor.nbytes for tensor in problem.pretrained.values())
    measured = {
        "weights": weights,
        "task_vectors": problem.n_tasks * upscaled,
        "merged": upscaled,
        **{f"libraries_{name}": value for name, value in start.items()},
        **{f"fit_{name}": value for name, value in in_fit.items()},
        **{f"whole_{name}": value for name, value in whole.peaks.items()},
        "seconds": seconds,
    }
    print(json.dumps(measured))


def in_child(tower, case, folder, kind, steps):
    """Run one case in a new process and return its measurements."""
    named = {"tower": tower, "case": case, "folder": folder, "kind": kind, "steps": steps}
    command = [sys.executable, __file__, *(word for name, value in named.items() for word in (f"--{name}", str(value)))]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure(
    tower: Annotated[str, typer.Option(help="B/32, L/14 or tiny.")] = "B/32",
    case: Annotated[str, typer.Option(help="Method, rule, tasks, examples of each; all if empty.")] = "",
    folder: Annotated[str, typer.Option(help="Folder of the weights, which are made where they are not there.")] = "",
    distinct: Annotated[int, typer.Option(help="How many experts' files differ, all if 0; the rest are links.")] = 0,
    steps: Annotated[int, typer.Option(help="Steps of training.")] = 3,
    kind: Annotated[str, typer.Option(hidden=True)] = "parent",
) -> None:
    if kind != "parent":
        run_case(tower, case, folder, kind, steps)
        return
    cases = [case] if case else CASES[tower]
    with tempfile.TemporaryDirectory() as temporary:
        home = folder or temporary
        most = max(int(one.split()[2]) for one in cases)
        if not all(path.exists() for path in paths_of(most, home)):
            write_weights(tower, most, home, distinct)
        for one in cases:
            found = in_child(tower, one, home, "activations", steps) | in_child(tower, one, home, "measured", steps)
            needed = sum(found[part] for part in ("weights", "task_vectors", "merged", "activations"))
            beyond = found["fit_Rss"] - found["libraries_Rss"]
            seconds = found.pop("seconds")
            print(
                f"{tower} {one}: {seconds:.0f} s, peak resident of the fit {found['fit_Rss'] / MB:,.0f} MB = "
                f"{found['fit_Rss'] / needed:.2f} of {needed / MB:,.0f} MB, beyond libraries {beyond / needed:.2f}; "
                f"anonymous {found['whole_Anonymous'] / MB:,.0f} MB\n   "
                f"{', '.join(f'{part} {size / MB:,.0f}' for part, size in found.items())}",
                flush=True,
            )


if __name__ == "__main__":
    typer.run(measure)
