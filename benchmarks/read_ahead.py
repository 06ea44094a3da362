"""Measure whether reading mapped experts ahead pays, when their files are not in the system's memory.

    python benchmarks/read_ahead.py

A merge of all feed-forward blocks of a CLIP image tower with random weights is timed with and without asking for the
next weight while one is merged, from files that the system dropped before every merge, and from files that it holds.
"""

import mmap
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Annotated

import torch
import typer
from clip_towers import paths_of, problem_of, weights_of

from frontrunner.methods.expert_bank import ExpertBank
from frontrunner.tasks.weight_files.mapped_file import PAGE, range_of, release


def drop(paths, tensors):
    """Have the system forget the files."""
    release(tensors)
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def read_ahead(tensors):
    """Have the system read mapped tensors in the background."""
    for tensor in tensors:
        part = range_of(tensor)
        begin = part.start // PAGE * PAGE
        part.mapping.madvise(mmap.MADV_WILLNEED, begin, part.start + part.n_bytes - begin)


def merge(bank, ahead):
    """Merge all weights of a bank in order and return the seconds."""
    start = time.perf_counter()
    for number, weight in enumerate(bank.weights):
        if ahead and number + 1 < len(bank.weights):
            following = bank.weights[number + 1]
            read_ahead([following.base, *following.rows])
        weight.merge([0.3] * bank.n_experts)
    return time.perf_counter() - start


def measure(
    tower: Annotated[str, typer.Option(help="B/32, L/14 or tiny.")] = "B/32",
    n_tasks: Annotated[int, typer.Option(help="Experts.")] = 8,
    folder: Annotated[str, typer.Option(help="Folder of the weights, which are made where they are not there.")] = "",
    rounds: Annotated[int, typer.Option(help="Merges of each kind.")] = 3,
) -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(folder or temporary)
        paths = paths_of(n_tasks, home)
        problem = problem_of(tower, weights_of(tower, n_tasks, home), 1)
        bank = ExpertBank(problem, [name for name in problem.pretrained if ".mlp." in name])
        tensors = [tensor for weight in bank.weights for tensor in (weight.base, *weight.rows)]
        size = sum(tensor.nbytes for tensor in tensors)
        for held in (False, True):
            times = {False: [], True: []}
            for number in range(2 * rounds):
                ahead = bool(number % 2)
                if not held:
                    drop(paths, [t for params in (problem.pretrained, *problem.experts) for t in params.values()])
                times[ahead].append(merge(bank, ahead))
            seconds = {ahead: statistics.median(found) for ahead, found in times.items()}
            print(
                f"{size / 1e9:.2f} GB, files {'held' if held else 'dropped'}: {seconds[False]:.2f} s as they are, "
                f"{seconds[True]:.2f} s read ahead",
                flush=True,
            )


if __name__ == "__main__":
    typer.run(measure)
