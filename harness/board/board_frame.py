"""Return leaderboards as one table of pandas, for notebooks."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .leaderboard import Board
from .raw_boards import as_csv

if TYPE_CHECKING:
    import pandas as pd

TEXTS = ("suite", "group", "learner", "method", "seeds", "unfinished", "runs")
"""Columns that hold text, whatever it looks like; `seeds` and `runs` are joined by spaces."""


def as_frame(boards: Sequence[Board]) -> pd.DataFrame:
    """Return one row for each learner of each board, with the columns of the CSV; what has no value is missing."""
    import pandas as pd

    return pd.read_csv(
        io.StringIO(as_csv(boards)),
        dtype=dict.fromkeys(TEXTS, "string"),
        keep_default_na=False,
        na_values=[""],
        float_precision="round_trip",
    )
