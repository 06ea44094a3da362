"""Set up torch for the device that a process of a cell runs on."""

from __future__ import annotations

import os

import torch

from ...tasks import SUITES
from ..cells.cell import Cell
from .deterministic_cuda import set_up_cuda


def set_up_device(cell: Cell, device: str, processes: int = 1) -> None:
    """Make torch deterministic on CUDA; on the CPU, use as many threads as the suite wants, else as are given.

    Args:
        cell: what is run.
        device: a torch device name.
        processes: how many the fit has; they divide the threads.
    """
    if torch.device(device).type == "cuda":
        set_up_cuda(device)
    else:
        # torch has read the variable of the process that this one was forked from.
        told = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
        given = int(told) if told.isdecimal() and int(told) > 0 else torch.get_num_threads()
        torch.set_num_threads(max(1, (SUITES.get(cell.suite).cpu_threads or given) // processes))
