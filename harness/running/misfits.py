"""Hold learners against architectures that are known early, before anything is prepared or run."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn

from ...errors import ConfigError, UnsupportedError
from ...methods import METHODS, Learner
from ...tasks import SUITES
from ..cells.cell import Cell


def refuse_misfits(cells: Iterable[Cell]) -> None:
    """Check every learner against the architectures of its suites, as far as these are known without preparing them.

    A learner that a suite cannot support at all is not refused here: its cells are recorded as unsupported.

    Raises:
        ConfigError: an option does not fit; the message names the learner and the suite.
    """
    architectures: dict[tuple[str, tuple[str, ...]], nn.Module | None] = {}
    checked = set[tuple[str, tuple[str, ...], str]]()
    for cell in cells:
        where = (cell.suite, cell.tasks)
        if (*where, cell.learner_key) in checked or not looks_at_architectures(cell):
            continue
        checked.add((*where, cell.learner_key))
        if where not in architectures:
            architectures[where] = architecture_of(cell)
        model = architectures[where]
        try:
            if model is not None:
                cell.learner().check_model(model, len(cell.tasks))
        except UnsupportedError:
            continue
        except ConfigError as error:
            raise ConfigError(f"{cell.label} on {cell.suite}: {error}") from error


def architecture_of(cell: Cell) -> nn.Module | None:
    """Return the architecture of a cell's problem without values; None where it is not known before preparing it."""
    return SUITES.get(cell.suite)().architecture(cell.tasks)


def looks_at_architectures(cell: Cell) -> bool:
    """Return whether a cell's method looks at architectures at all: making one may import a library for seconds."""
    return METHODS.get(cell.method).check_model is not Learner.check_model
