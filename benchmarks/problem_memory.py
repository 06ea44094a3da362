"""Measure memory and time of making a problem of CLIP B/32's image tower with eight experts, from safetensors files.

    python benchmarks/problem_memory.py

Weights are random, in a temporary folder that is removed at the end (3.2 GB). Each problem is made in a process of its
own: the first reads everything to check and digest it, the second knows the files. Anonymous memory is the process's
own; resident memory also counts what is mapped from files and can be dropped by the system at any time.
"""

import multiprocessing
import os
import re
import tempfile
import time
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.table import Table
from safetensors.torch import save_file
from torch import nn

import frontrunner as fr
from frontrunner.harness.running.problem_digest import UnchangedWeights
from frontrunner.tasks.weight_files.read_weights import read_weights

TASKS = tuple("abcdefgh")
SETTLED_S = 2.5


def image_tower(device=None):
    """Return CLIP B/32's image tower, 87.8 million parameters."""
    from open_clip.model import CLIPVisionCfg, _build_vision_tower

    with torch.device(device or "cpu"):
        return _build_vision_tower(512, CLIPVisionCfg(layers=12, width=768, patch_size=32, image_size=224)).eval()


def write_files(folder: Path) -> None:
    """Write a pre-trained model and eight experts."""
    params = {name: tensor.detach() for name, tensor in image_tower().state_dict().items()}
    for i, name in enumerate(("base", *TASKS)):
        save_file({key: tensor + 1e-4 * i for key, tensor in params.items()}, folder / f"{name}.safetensors")


def memory() -> dict[str, float]:
    """Return this process's anonymous and resident memory in MB."""
    text = Path("/proc/self/smaps_rollup").read_text(encoding="utf-8")
    return {name: int(re.search(rf"^{name}: +(\d+)", text, re.MULTILINE)[1]) / 1024 for name in ("Anonymous", "Rss")}


def make_problem(folder: Path):
    """Make the problem as a suite does."""
    examples = fr.Examples(torch.zeros(2, 3, 224, 224), torch.tensor([0, 1]))
    return fr.ClassificationProblem(
        name="b32",
        tasks=TASKS,
        model=image_tower("meta"),
        pretrained=read_weights(folder / "base.safetensors").tensors,
        experts=[read_weights(folder / f"{task}.safetensors").tensors for task in TASKS],
        budget=fr.Budget(steps=1, batch_size=2),
        data=[{"train": examples}] * len(TASKS),
        heads=[nn.Linear(512, 2)] * len(TASKS),
    )


def measured(folder: Path, results) -> None:
    """Make the problem and check it as a cell does; put seconds and memory into `results`."""
    image_tower("meta")  # imports are not what is measured
    before, start = memory(), time.perf_counter()
    problem = make_problem(folder)
    made, made_s = memory(), time.perf_counter() - start
    start = time.perf_counter()
    unchanged = UnchangedWeights(problem)
    unchanged.require()
    unchanged.require()
    digested, digests_s = memory(), time.perf_counter() - start
    results.put((made_s, digests_s, [{k: now[k] - before[k] for k in now} for now in (made, digested)]))


def main(
    threads: Annotated[int, typer.Option(help="Threads of torch.")] = 1,
) -> None:
    torch.set_num_threads(threads)
    table = Table("", "seconds", "anonymous", "resident", title=f"B/32's image tower, T = {len(TASKS)}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ["FRONTRUNNER_CACHE"] = str(folder / "cache")
        write_files(folder)
        time.sleep(SETTLED_S)  # files that were just written are not remembered
        context = multiprocessing.get_context("spawn")
        for time_of in ("first", "second"):
            results = context.Queue()
            process = context.Process(target=measured, args=(folder, results))
            process.start()
            made_s, digests_s, memories = results.get()
            process.join()
            for what, seconds, used in zip(("problem", "digests"), (made_s, digests_s), memories, strict=True):
                table.add_row(
                    f"{time_of} time, {what}",
                    f"{seconds:.2f}",
                    f"{used['Anonymous']:.0f} MB",
                    f"{used['Rss']:.0f} MB",
                )
    Console(width=110).print(table)


if __name__ == "__main__":
    typer.run(main)
