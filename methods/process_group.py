"""Ranks connected by `torch.distributed`, for fits over several devices of one machine."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator, Sequence
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

from ..errors import RankError
from .ranks import RankGroup

HOST = "127.0.0.1"
"""Where ranks meet: all run on one machine, and nobody else is to reach them."""


class ProcessGroup(RankGroup):
    """The ranks of a fit as torch's default process group; `close` it when the fit has ended.

    Args:
        own: the number of this process, from 0.
        port: the port on which the first rank listens.
        devices: the torch device of every rank.
        timeout_s: seconds after which a rank that does not answer is given up.
        listening: the first rank's socket, see `listen`; None for the others.

    Raises:
        RankError: not all ranks have joined in that time.
    """

    def __init__(
        self, own: int, port: int, devices: Sequence[str], *, timeout_s: float, listening: socket.socket | None = None
    ) -> None:
        self.own, self.count = own, len(devices)
        self._timeout_s = timeout_s
        timeout = timedelta(seconds=timeout_s)
        _set_environment()
        with self._explained():
            store = dist.TCPStore(  # type: ignore[attr-defined] # torch does not list it
                HOST,
                port,
                self.count,
                is_master=listening is not None,
                timeout=timeout,
                wait_for_workers=False,
                master_listen_fd=None if listening is None else listening.detach(),
            )
            dist.init_process_group(backend_for(devices), store=store, rank=own, world_size=self.count, timeout=timeout)

    def sum_(self, tensor: Tensor) -> None:
        """Replace a tensor by its sum over all ranks."""
        with self._explained():
            dist.all_reduce(tensor)

    def copy_first_(self, tensor: Tensor) -> None:
        """Replace a tensor by the first rank's."""
        with self._explained():
            dist.broadcast(tensor, 0)

    def close(self) -> None:
        """Leave the group."""
        with contextlib.suppress(RuntimeError):  # another rank may have left before
            dist.destroy_process_group()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            raise RankError(
                f"of the {self.count} processes of this fit another has ended or has not answered within "
                f"{self._timeout_s:g} s; start it again"
            ) from error


def backend_for(devices: Sequence[str]) -> str:
    """Return the backend of a group with these devices: nccl where each is a CUDA device of its own, else gloo."""
    cuda = all(torch.device(device).type == "cuda" for device in devices)
    return "nccl" if cuda and len(set(devices)) == len(devices) else "gloo"


def listen() -> socket.socket:
    """Return a socket on which a first rank awaits the others, on a free port that only this machine reaches."""
    return socket.create_server((HOST, 0))


def _set_environment() -> None:
    """Have gloo use the loopback interface, and NCCL raise an error after the timeout instead of ending the process."""
    for _, name in socket.if_nameindex():
        if name in ("lo", "lo0"):
            os.environ.setdefault("GLOO_SOCKET_IFNAME", name)
    os.environ.setdefault("TORCH_NCCL_BLOCKING_WAIT", "1")
