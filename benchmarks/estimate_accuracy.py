"""Hold estimates of a training step's memory against what torch's allocator counts of the same steps.

    python benchmarks/estimate_accuracy.py

Each case runs in a process of its own, on the CPU, on random weights in the shapes of the paper's suites, which are
kept in the cache folder (1.5 GB for two tasks of B/32, 2 GB for three of GPT-2). Beside tensors, the memory that the
process had for itself at most (`Anonymous` in the kernel's accounts) is what the fit added to it.
"""

import json
import subprocess
import sys
import time
from typing import Annotated

import torch
import typer
from memory_peak import Peak

import frontrunner as fr
from frontrunner.harness.estimating.estimate import estimate
from frontrunner.harness.estimating.measured_fit import measure_memory

B_32 = "clip-vit-b-32-ta8-random sun397,cars"
GPT_2 = "gpt2-glue-random cola,mnli"
CASES = [
    f"{B_32} ls",
    f"{B_32} epo",
    *(f"{B_32} {method} {upscale}" for method in ("pwe-moe-ls", "pwe-moe-epo") for upscale in ("mlp", "all")),
    f"{GPT_2} ls",
    *(f"{GPT_2} {method} mlp" for method in ("pwe-moe-ls", "pwe-moe-epo")),
]
"""Suite, tasks, method, and what it up-scales."""
GB = 1e9


def run_case(case, batch_size):
    """Estimate and measure a case in this process; prints one JSON object."""
    suite, tasks, method, *upscale = case.split()
    options = {"upscale": upscale[0]} if upscale else {}
    learner = fr.make_learner(method, **options, **({"batch_size": batch_size} if batch_size else {}))
    used = time.process_time()
    found = estimate(learner, suite, tasks=tasks.split(","))
    processor_s = time.process_time() - used
    problem = fr.load_problem(suite, tasks.split(","))
    before = Peak.now()["Anonymous"]
    with Peak() as peak:
        measured, _ = measure_memory(learner, problem)
    values = {
        "batch_size": found.batch_size,
        "estimated": found.peak_bytes,
        "measured": measured,
        "estimated_own": found.peak_bytes - found.mapped_bytes,
        "measured_own": peak.peaks["Anonymous"] - before,
        "processor_s": processor_s,
    }
    print(json.dumps(values))


def measure(
    only: Annotated[str, typer.Option(help="Cases that hold this text; all if empty.")] = "",
    batch_size: Annotated[int, typer.Option(help="Examples per task and step; the suite's if 0.")] = 0,
    case: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    torch.set_num_threads(1)
    if case:
        run_case(case, batch_size)
        return
    print(
        "| suite, tasks, method | batch | estimate | measured | ratio | without mapped files | own memory "
        "| processor seconds |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for one in CASES:
        if only in one:
            command = [sys.executable, __file__, "--case", one, "--batch-size", str(batch_size)]
            ended = subprocess.run(command, check=True, capture_output=True, text=True)
            found = json.loads(ended.stdout.splitlines()[-1])
            sizes = [found[name] / GB for name in ("estimated", "measured", "estimated_own", "measured_own")]
            print(
                f"| {one} | {found['batch_size']} | {sizes[0]:.3f} GB | {sizes[1]:.3f} GB | {sizes[0] / sizes[1]:.3f} "
                f"| {sizes[2]:.3f} GB | {sizes[3]:.3f} GB | {found['processor_s']:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    typer.run(measure)
