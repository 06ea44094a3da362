"""The recurrent network of `sequence-mini`, and what it takes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

WIDTH = 96
"""Units of every layer, and length of an image's features, in `sequence-mini`."""
ROW = 32 * 3
"""Numbers of one row of an image."""


class RowReader(nn.Module):
    """Reads an image row by row: a linear layer for every row, an LSTM of two layers, the mean of its outputs.

    Args:
        width: units of every layer.
    """

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.rows = nn.Linear(ROW, width)
        self.lstm = nn.LSTM(width, width, num_layers=2, batch_first=True)

    def forward(self, rows: Tensor) -> Tensor:
        """Map sequences (n, 32, 96) to features (n, width)."""
        outputs, _ = self.lstm(self.rows(rows).tanh())
        features: Tensor = outputs.mean(dim=1)
        return features


def to_input(images: Tensor) -> Tensor:
    """Map uint8 images (n, 3, 32, 32) to sequences of rows in [-1, 1], (n, 32, 96)."""
    return images.float().div(127.5).sub(1.0).permute(0, 2, 1, 3).flatten(2)


def untrained(classes: dict[str, int], seed: int, width: int = WIDTH) -> tuple[RowReader, dict[str, nn.Linear]]:
    """Return a new network and a head a task, drawn from a seed; the generator of the program is left as it was.

    Args:
        classes: the number of classes by task, in a fixed order.
        seed: decides the initial weights.
        width: units of every layer.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # torch's layers draw from the default generator
        return RowReader(width), {task: nn.Linear(width, n) for task, n in classes.items()}
