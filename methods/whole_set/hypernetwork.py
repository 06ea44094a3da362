"""Hypernetworks, which map a preference to a shift of every weight of a model, at once or chunk by chunk."""

from __future__ import annotations

import math
from collections.abc import Mapping

import psutil
import torch
from torch import Tensor, nn

from ...errors import ConfigError

EMBEDDING_SIZE = 32
"""Length of the learned embedding by which a chunked hypernetwork knows a chunk."""


class ExactHead(nn.Module):
    """Maps the hidden units to all weights by one linear layer.

    Args:
        n_weights: P, length of the output.
        hidden_size: length of the input.
    """

    def __init__(self, n_weights: int, hidden_size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(n_weights, hidden_size))

    def forward(self, hidden: Tensor) -> Tensor:
        """Map hidden units (hidden_size,) to a shift of the weights (P,), zero before the first step."""
        return self.weight @ hidden / len(hidden)

    @staticmethod
    def size(n_weights: int, hidden_size: int) -> int:
        """Count the numbers trained."""
        return n_weights * hidden_size


class ChunkedHead(nn.Module):
    """Maps the hidden units to the weights chunk by chunk, by one layer and an embedding a chunk (arXiv 1906.00695).

    Args:
        n_weights: P, length of the output.
        hidden_size: length of the input, and units of the layer before the chunks.
        chunk_size: weights made at a time; the last chunk's surplus is cut off.
        generator: draws the embeddings and the first layer.
    """

    def __init__(self, n_weights: int, hidden_size: int, chunk_size: int, generator: torch.Generator) -> None:
        super().__init__()
        self._n_weights = n_weights
        n_chunks = math.ceil(n_weights / chunk_size)
        self.embeddings = nn.Parameter(torch.randn(n_chunks, EMBEDDING_SIZE, generator=generator))
        self.mix = linear(hidden_size + EMBEDDING_SIZE, hidden_size, generator)
        self.weight = nn.Parameter(torch.zeros(chunk_size, hidden_size))

    def forward(self, hidden: Tensor) -> Tensor:
        """Map hidden units (hidden_size,) to a shift of the weights (P,), zero before the first step."""
        told = torch.cat([hidden.expand(len(self.embeddings), -1), self.embeddings], dim=1)
        units = self.mix(told).relu()
        shift: Tensor = (units @ self.weight.T / units.shape[1]).flatten()[: self._n_weights]
        return shift

    @staticmethod
    def size(n_weights: int, hidden_size: int, chunk_size: int) -> int:
        """Count the numbers trained."""
        embeddings = math.ceil(n_weights / chunk_size) * EMBEDDING_SIZE
        return embeddings + (hidden_size + EMBEDDING_SIZE + 1) * hidden_size + chunk_size * hidden_size


class Hypernetwork(nn.Module):
    """Maps a preference r to a shift of all weights, zero for every preference before the first step.

    The shift is common + head(relu(W2 relu(W1 r + b1) + b2)).

    The head's output is divided by its number of units, so that one step of Adam moves the weights it makes by
    about the learning rate, as in plain training: the same learning rate suits both.

    Args:
        n_tasks: T, length of a preference.
        n_weights: P, how many weights are shifted.
        hidden_size: units of each hidden layer.
        form: exact or chunked.
        chunk_size: weights made at a time in the chunked form.
        generator: draws the initial weights.
    """

    def __init__(
        self,
        n_tasks: int,
        n_weights: int,
        *,
        hidden_size: int,
        form: str,
        chunk_size: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.first = linear(n_tasks, hidden_size, generator)
        self.second = linear(hidden_size, hidden_size, generator)
        self.head = (
            ExactHead(n_weights, hidden_size)
            if form == "exact"
            else ChunkedHead(n_weights, hidden_size, chunk_size, generator)
        )
        self.common = nn.Parameter(torch.zeros(n_weights))

    def forward(self, preference: Tensor) -> Tensor:
        """Map a preference (T,) to a shift of the weights (P,)."""
        hidden = self.second(self.first(preference).relu()).relu()
        shift: Tensor = self.common + self.head(hidden)
        return shift

    @staticmethod
    def size(n_tasks: int, n_weights: int, *, hidden_size: int, form: str, chunk_size: int) -> int:
        """Count the numbers trained, before any is allocated."""
        body = (n_tasks + 1) * hidden_size + (hidden_size + 1) * hidden_size + n_weights
        if form == "exact":
            return body + ExactHead.size(n_weights, hidden_size)
        return body + ChunkedHead.size(n_weights, hidden_size, chunk_size)


def linear(n_in: int, n_out: int, generator: torch.Generator) -> nn.Linear:
    """Make a linear layer before a rectifier, with weights drawn from `generator` (He et al., 2015)."""
    layer: nn.Linear = nn.utils.skip_init(nn.Linear, n_in, n_out)  # type: ignore[no-untyped-call] # torch has no types here
    with torch.no_grad():
        layer.weight.normal_(0, math.sqrt(2 / n_in), generator=generator)
        layer.bias.zero_()
    return layer


def available_bytes(device: torch.device) -> int:
    """Return the free memory of a device, in bytes."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free)
    return int(psutil.virtual_memory().available)


def require_memory(
    method: str, size: int, itemsize: int, gradient_rows: int, device: torch.device, hints: Mapping[str, object]
) -> None:
    """Refuse a training whose weights, gradients and Adam's moments would not fit into memory.

    Args:
        method: the method's name, for the message.
        size: numbers trained.
        itemsize: bytes of each.
        gradient_rows: gradients kept besides the network's own, one a task or none.
        device: the device that holds them.
        hints: the options in force that decide the size, for the message.

    Raises:
        ConfigError: the device has less memory available.
    """
    needed, available = size * itemsize * (4 + gradient_rows), available_bytes(device)
    if needed > available:
        used = ", ".join(f"{name} = {value}" for name, value in hints.items())
        raise ConfigError(
            f"{method} would train {size:,} numbers, which takes {needed / 1e9:.2f} GB with gradients and Adam's "
            f"moments; {device} has {available / 1e9:.2f} GB available; set form to chunked or lower "
            f"hidden_size or chunk_size (now {used})"
        )
