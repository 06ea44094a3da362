"""Measure on one GPU what the paper's table 8 reports, the price of a front and the quickstart, and run the CUDA tests.

    python benchmarks/gpu.py

Weights and images are random and have real shapes; nothing is downloaded. It takes nine minutes at most. Every part
runs in a process of its own with a time limit of its own, and every number is written as soon as it is there, to
`gpu.json` and `gpu.md` in the output folder: killed at any moment, or out of time, the same command goes on.
`--device cpu --shapes tiny` tries every path without a GPU.
"""

import dataclasses
import importlib
import json
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer
from gpu_parts.machine import machine
from gpu_parts.markdown import as_markdown
from gpu_parts.plan import PARTS
from gpu_parts.result_file import ResultFile
from gpu_parts.run_parts import run_parts

from frontrunner.harness.running.deterministic_cuda import set_up_cuda

ABOUT = "about the machine"
FOLDER = Path("build/gpu")
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    device: Annotated[str, typer.Option(help="The device: cuda:0, or cpu with --shapes tiny.")] = "cuda:0",
    shapes: Annotated[str, typer.Option(help="real, or tiny to try every path.")] = "real",
    output: Annotated[Path, typer.Option(help="Folder of the results, made where it is not there.")] = FOLDER,
    seconds: Annotated[float, typer.Option(help="Seconds after which no part goes on.")] = 525.0,
    patience: Annotated[float, typer.Option(help="Times the parts' own limits, for a slow machine.")] = 1.0,
    only: Annotated[str, typer.Option(help="Parts to run, names separated by semicolons; all if empty.")] = "",
    part: Annotated[str, typer.Option(hidden=True)] = "",
    done: Annotated[str, typer.Option(hidden=True)] = "[]",
) -> None:
    if shapes not in PARTS:
        sys.exit(f"error: --shapes is one of {', '.join(PARTS)}, found {shapes!r}")
    if device.startswith("cpu") and shapes == "real":
        sys.exit("error: real shapes take hours on a CPU; give --shapes tiny with --device cpu")
    parts = {one.name: one for one in PARTS[shapes]}
    wanted = [name.strip() for name in only.split(";") if name.strip()] or list(parts)
    if unknown := [name for name in wanted if name not in parts]:
        sys.exit(f"error: there is no part {unknown[0]!r}; there are {'; '.join(parts)}")
    if part == ABOUT:
        print(json.dumps(machine(device)))
    elif part:
        _measure(parts[part], device, json.loads(done), output)
    else:
        given = [dataclasses.replace(parts[name], limit_s=patience * parts[name].limit_s) for name in wanted]
        _run(given, list(parts), device, shapes, output, seconds)


def _measure(part, device, done, output):
    """Measure one part in this process; its rows go to standard output."""
    if device.startswith("cuda"):
        set_up_cuda(device)
        warnings.filterwarnings("ignore", message=".*deterministic.*", category=UserWarning)
    module = importlib.import_module(f"gpu_parts.{part.kind}")
    further = {"output": output} if part.kind == "quickstart" else {}
    module.measure(device, done, **part.options, **further)


def _run(parts, order, device, shapes, output, seconds):
    """Run the parts and write what they have found; tables come in the order of all parts."""

    def command_of(name, done):
        options = {"device": device, "shapes": shapes, "output": output, "part": name, "done": json.dumps(done)}
        words = (word for key, value in options.items() for word in (f"--{key}", str(value)))
        return [sys.executable, __file__, *words]

    asked = subprocess.run(command_of(ABOUT, []), check=False, capture_output=True, text=True)
    if asked.returncode != 0:
        sys.exit(asked.stderr.strip().splitlines()[-1])
    about = {"shapes": shapes, **json.loads(asked.stdout.splitlines()[-1])}
    try:
        output.mkdir(parents=True, exist_ok=True)
        results = ResultFile(output / "gpu.json", about)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a part's process ends, too

    def told(line):
        print(line, flush=True)
        (output / "gpu.md").write_text(as_markdown(results.content, order), encoding="utf-8")

    run_parts(
        parts,
        results,
        lambda one, done: command_of(one.name, done),
        seconds=seconds,
        log=output / "gpu.log",
        told=told,
    )
    print(f"{output / 'gpu.md'} and {output / 'gpu.json'} hold the results")


if __name__ == "__main__":
    app()
