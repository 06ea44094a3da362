"""Hold learners against architectures, as early as these are known, before anything is prepared or run."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn

from ...errors import ConfigError, UnsupportedError
from ...methods import METHODS, Learner
from ...tasks import SUITES
from ..cells.cell import Cell
from ..records.status import Ending, Status


class MisfitError(UnsupportedError):
    """A learner, as configured, cannot be fitted on an architecture; other options can."""


def find_misfits(cells: Iterable[Cell]) -> dict[str, Ending]:
    """Return how cells end that cannot run, by key, as far as architectures are known without preparing them.

    Raises:
        FrontrunnerError: the architecture of a suite cannot be made.
    """
    architectures: dict[tuple[str, tuple[str, ...]], nn.Module | None] = {}
    endings: dict[tuple[str, tuple[str, ...], str], Ending | None] = {}
    found = {}
    for cell in cells:
        if not looks_at_architectures(cell):
            continue
        where = (cell.suite, cell.tasks)
        if where not in architectures:
            architectures[where] = architecture_of(cell)
        if (*where, cell.learner_key) not in endings:
            endings[*where, cell.learner_key] = _ending_on(architectures[where], cell)
        if (ending := endings[*where, cell.learner_key]) is not None:
            found[cell.key] = ending
    return found


def require_fit(learner: Learner, model: nn.Module, n_tasks: int) -> None:
    """Refuse an architecture that a learner, as configured, cannot be fitted on.

    Raises:
        MisfitError: an option does not fit.
        UnsupportedError: no option would help.
    """
    try:
        learner.check_model(model, n_tasks)
    except ConfigError as error:
        raise MisfitError(str(error)) from error


def ending_of(error: UnsupportedError, reason: str) -> Ending:
    """Return how a cell ends whose learner cannot be fitted; one that other options may mend is told apart."""
    return Ending(Status.UNSUPPORTED, reason, repeats=isinstance(error, MisfitError))


def architecture_of(cell: Cell) -> nn.Module | None:
    """Return the architecture of a cell's problem without values; None where it is not known before preparing it."""
    return SUITES.get(cell.suite)().architecture(cell.tasks)


def looks_at_architectures(cell: Cell) -> bool:
    """Return whether a cell's method looks at architectures at all: making one may import a library for seconds."""
    return METHODS.get(cell.method).check_model is not Learner.check_model


def _ending_on(model: nn.Module | None, cell: Cell) -> Ending | None:
    """Return how a cell ends on an architecture; None where it can run, or where that is not known."""
    try:
        if model is not None:
            require_fit(cell.learner(), model, len(cell.tasks))
    except UnsupportedError as error:
        return ending_of(error, str(error))
    return None
