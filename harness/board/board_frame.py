"""Return leaderboards as one table of pandas, for notebooks."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .leaderboard import Board
from .raw_boards import as_csv
from .spreadsheet_text import from_spreadsheet_text

if TYPE_CHECKING:
    import pandas as pd

TEXTS = ("suite", "group", "learner", "method", "seeds", "unfinished", "warnings", "runs")
"""Columns that hold text, whatever it looks like; `seeds` and `runs` are joined by spaces."""


def as_frame(boards: Sequence[Board]) -> pd.DataFrame:
    """Return one row for each learner of each board, with the columns of the CSV; what has no value is missing.

    The yardstick, which is no learner, is left out.
    """
    import pandas as pd

    heading, *rows = csv.reader(io.StringIO(as_csv([dataclasses.replace(board, neighbour=None) for board in boards])))
    columns = dict(zip(heading, map(list, zip(*rows, strict=True)), strict=True)) if rows else {}
    return pd.DataFrame({name: _typed(name, columns.get(name, [])) for name in heading})


def _typed(name: str, texts: list[str]) -> pd.Series[Any]:
    """Return a column of the CSV in its type: text, true and false, whole numbers where there is a rank, or numbers."""
    import pandas as pd

    found = [from_spreadsheet_text(text) or None for text in texts]
    if name in TEXTS:
        return pd.Series(found, dtype="string")
    if found and set(found) <= {"True", "False"}:
        return pd.Series([one == "True" for one in found])
    try:
        numbers = [math.nan if one is None else float(one) for one in found]
    except ValueError:
        return pd.Series(found, dtype="string")
    return (
        pd.Series(numbers, dtype="float64").convert_dtypes() if name == "rank" else pd.Series(numbers, dtype="float64")
    )
