"""Draw the pictures of one finished cell: its front and its merge coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ...metrics import Front
from ..records.coefficients import MergeCoefficients
from ..records.finished_cell import FinishedCell

FRONT_PICTURE = "front.png"
SMALL_FRONT_PICTURE = "front-small.png"
"""Name of the picture that fits into the description of a run."""
COEFFICIENTS_PICTURE = "coefficients.png"


@dataclass(frozen=True)
class CellPictures:
    """The content of the pictures of one cell, which is sent to the process that draws them."""

    title: str
    label: str
    tasks: tuple[str, ...]
    front: Front
    reference_point: NDArray[np.float64]
    coefficients: MergeCoefficients | None

    @classmethod
    def of(cls, finished: FinishedCell) -> Self:
        """Return the pictures of a finished cell."""
        cell, record = finished.cell, finished.front
        return cls(cell.title, cell.label, cell.tasks, record.front(), record.reference_point, finished.coefficients)

    def draw(self, folder: Path) -> None:
        """Write `front.png`, a small copy, and `coefficients.png` of merged task vectors to an existing folder."""
        from .pictures.coefficients_png import coefficients_png
        from .pictures.front_figure import front_figure

        front_figure(
            {self.label: self.front},
            self.tasks,
            folder / FRONT_PICTURE,
            title=self.title,
            reference_point=self.reference_point,
            small=folder / SMALL_FRONT_PICTURE,
        )
        if self.coefficients is not None:
            coefficients_png(self.coefficients, folder / COEFFICIENTS_PICTURE, title=self.title)
