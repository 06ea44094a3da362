"""Answer a command without torch, where the names and values that were typed, or the store, say it all.

Cells are made of outlines (see `outline`) by the same code as always, so they have the same keys and are refused in the
same sentences. Where an outline cannot tell, as of plugins and suite files, nothing is answered here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import FrontrunnerError, PluginError
from ...os_errors import causes
from ...outline import AbsentError, outline
from ...yaml_file import checked_content, is_yaml_file

if TYPE_CHECKING:  # a mistake is told without them
    from ..cells.cell import Cell
    from ..records.attempt import Attempt
    from ..records.open_store import StorePlace

MOST_CELLS = 500
"""Cells of a bench up to which it is looked at here; of more, the real modules are imported in less time."""
DEVICES = re.compile(r"auto|((cpu|cuda(:\d+)?)(\s*,\s*|$))+")
"""What a device may be called, where no device is needed."""


def cell_without_torch(
    method: str, suite: str, where: Mapping[str, Any], *, seed: int, options: Mapping[str, Any]
) -> Cell | None:
    """Return the cell that `run` is asked for; None where an outline cannot tell. Arguments are those of `single_cell`.

    Raises:
        UnknownNameError, ConfigError: a name or value is not known or not allowed.
    """
    if is_yaml_file(suite) or _knows_more():
        return None
    try:
        single_cell = outline("harness.commands.single_cell").single_cell
        spec = single_cell(method, suite, where, seed=seed, options=options)
        return _real(spec.cells()[0]) if _is_built_in(spec) else None
    except FrontrunnerError as error:
        if _is_of_an_outline(error):
            return None
        raise
    except Exception:  # AbsentError, or what has followed from a place that is empty
        return None


def check_bench_without_torch(file: Path) -> None:
    """Refuse a bench file that has a mistake; return where it has none, or where an outline cannot tell.

    Raises:
        ConfigError, UnknownNameError: as reading the file and making its cells.
    """
    if _knows_more():
        return
    try:
        spec = outline("harness.cells.bench_file").read_bench(file)
        if _is_built_in(spec) and len(spec.suites) * len(spec.learners) * len(spec.seeds) <= MOST_CELLS:
            with checked_content(file):
                spec.cells()
    except FrontrunnerError as error:
        if not _is_of_an_outline(error):
            raise
    except Exception:
        return


def finished_before(cell: Cell, place: StorePlace, device: str) -> Attempt | None:
    """Return the finished attempt at a cell that needs nothing but to be shown; None where more is to be done.

    Raises:
        StoreError: the store cannot be read.
    """
    from ..records.open_store import is_there, open_store

    if not is_there(place) or not DEVICES.fullmatch(device):
        return None
    from ..records.status import Status
    from ..records.unrecorded import has_left_behind

    store = open_store(place, create=False)
    if has_left_behind(store) or store.moved_from() is not None:
        return None
    attempt = store.settled(cell)
    return attempt if attempt is not None and attempt.status is Status.FINISHED else None


def _knows_more() -> bool:
    """Return whether this process has imported torch: then there is nothing to gain, and plugins may be registered."""
    return sys.modules.get("torch") is not None


def _real(outlined: Any) -> Cell:
    """Return the cell of the real class."""
    from ..cells.cell import Cell

    return Cell.from_json(outlined.to_json())


def _is_built_in(spec: Any) -> bool:
    """Return whether a bench names only what ships with this package, or what nothing registers."""
    if any(learner.tuned for learner in spec.learners) or any(suite.file or suite.weights for suite in spec.suites):
        return False
    methods, suites = outline("methods").METHODS.entries(), outline("tasks").SUITES.entries()
    named = [methods.get(one.method) for one in spec.learners] + [suites.get(one.name) for one in spec.suites]
    return all(entry is None or isinstance(entry.target, str) for entry in named)


def _is_of_an_outline(error: BaseException | None) -> bool:
    """Return whether an error has come of an empty place, or of a module that has been imported as an outline."""
    return any(isinstance(one, (PluginError, AbsentError)) for one in causes(error))
