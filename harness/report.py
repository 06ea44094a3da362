"""A bench's leaderboard as a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import ConfigError
from .leaderboard import Board
from .rendering import as_csv, as_json, as_markdown

FORMATS: dict[str, Callable[[Sequence[Board]], str]] = {".md": as_markdown, ".csv": as_csv, ".json": as_json}


def check_report(file: Path) -> None:
    """ConfigError where a report could not be written to `file`, before hours are spent on it."""
    if file.suffix not in FORMATS:
        raise ConfigError(f"a leaderboard is written to a {', '.join(FORMATS)} file, found {str(file)!r}")
    if not file.resolve().parent.is_dir():
        raise ConfigError(f"the folder of {str(file)!r} does not exist; make it first")


def write_report(file: Path, name: str, bench: Path, boards: Sequence[Board]) -> None:
    """Write the boards of a bench, by its name and its file; Markdown says how they were made."""
    text = FORMATS[file.suffix](boards)
    if file.suffix == ".md":
        text = f"# {name}\n\nMade by `frontrunner bench {bench} --output {file}`.\n\n{text}"
    try:
        file.write_text(text + "\n")
    except OSError as error:
        raise ConfigError(f"the leaderboard cannot be written to {str(file)!r} ({error.strerror})") from error
