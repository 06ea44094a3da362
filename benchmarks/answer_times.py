"""Measure how long commands take to say that a word is wrong, or to show a finished run, beside importing torch.

    python benchmarks/answer_times.py

Every command runs several times in a process of its own, in turns, so that a busy machine slows all of them alike; the
fastest of each counts, with the CPU time of the same process. Modules are compiled beforehand, as those of an installed
package are. Beside the times stands what a command takes beyond `frontrunner --help`. The finished run is
`pretrained` on `convex-toy`, made first in a store that is thrown away.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

FRONTRUNNER = [sys.executable, "-m", "frontrunner"]
RUN = [*FRONTRUNNER, "run"]
BENCH = "name: x\nsuites: [vision-mini, zdt9]\nlearners: [{method: ls, options: {step: 3}}]\n"


def commands(folder: Path) -> dict[str, list[str]]:
    """Return what is measured, by its name; the last two show what is recorded, and all before end in an error."""
    (folder / "bench.yaml").write_text(BENCH)
    store = ["--store", str(folder / "store")]
    return {
        "--help": [*FRONTRUNNER, "--help"],
        "import torch": [sys.executable, "-c", "import torch"],
        "wrong method": [*RUN, "pwe-moe-sl", "vision-mini", *store],
        "wrong suite": [*RUN, "pwe-moe-ls", "vision-mni", *store],
        "wrong task": [*RUN, "pwe-moe-ls", "vision-mini", "--tasks", "digits,fashoin", *store],
        "wrong option": [*RUN, "pwe-moe-ls", "vision-mini", "--set", "step=3", *store],
        "wrong value": [*RUN, "pwe-moe-ls", "vision-mini", "--set", "lr=fast", *store],
        "wrong upscale": [*RUN, "pwe-moe-ls", "vision-mini", "--set", "upscale=mpl", *store],
        "wrong bench": [*FRONTRUNNER, "bench", str(folder / "bench.yaml"), *store],
        "finished run": [*RUN, "pretrained", "convex-toy", *store],
        "status": [*FRONTRUNNER, "status", *store],
    }


def measured(words: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Return the wall and the CPU seconds of one process."""
    before, started = os.times(), time.perf_counter()
    subprocess.run(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    wall, after = time.perf_counter() - started, os.times()
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


def main(times: Annotated[int, typer.Option(help="How often every command is run.")] = 7) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        all_commands = commands(folder)
        subprocess.run(all_commands["finished run"], env=environment, stdout=subprocess.DEVNULL, check=True)
        for words in all_commands.values():
            measured(words, environment)  # compiles
        taken: dict[str, list[tuple[float, float]]] = {what: [] for what in all_commands}
        for _ in range(times):
            for what, words in all_commands.items():
                taken[what].append(measured(words, environment))
    best = {what: (min(wall for wall, _ in found), min(cpu for _, cpu in found)) for what, found in taken.items()}
    table = Table(title=f"Fastest of {times}")
    for heading in ("command", "wall", "CPU", "wall beyond --help", "CPU beyond --help"):
        table.add_column(heading, justify="left" if heading == "command" else "right")
    for what, (wall, cpu) in best.items():
        beyond = (wall - best["--help"][0], cpu - best["--help"][1])
        table.add_row(what, *(f"{1000 * seconds:.0f} ms" for seconds in (wall, cpu, *beyond)))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
