"""Stand-ins for the classes of pickled modules, so that a module is read without running any of its code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from ...errors import DataError

MODULES = re.compile(
    r"torch\.nn\.modules\.\w+\.\w+"
    r"|torchvision\.transforms\.(\w+\.)?\w+"
    r"|open_clip\.(model|transformer|transform|timm_model)\.\w+"
    r"|src\.(models\.)?modeling\.\w+"
    r"|clip\.model\.\w+"
)
"""Names that pickled image encoders and heads are made of."""
SETTINGS = re.compile(
    r"argparse\.Namespace"
    r"|pathlib\.(Pure)?(Posix|Windows)?Path"
    r"|datetime\.(datetime|date|timedelta)"
    r"|numpy\.(dtype|ndarray|dtypes\.\w+|_?core\.multiarray\.(scalar|_reconstruct))"
    r"|torch\.optim\.(\w+\.)?\w+"
    r"|omegaconf\.(\w+\.)?\w+"
    r"|(pytorch_lightning|lightning(\.pytorch|\.fabric|_fabric)?)\.utilities\.\w+\.AttributeDict"
)
"""Names of what training scripts keep beside a model: arguments, paths, times, numbers of NumPy, schedules."""
DEEPEST = 100
"""Levels of modules within modules."""


def is_known(name: str) -> bool:
    """Return whether a file of weights may hold a name; it gets a stand-in then, and is never imported.

    Any other name is refused, since a file that holds it may be meant for something else than to be read.
    """
    return (MODULES.fullmatch(name) or SETTINGS.fullmatch(name)) is not None


class Inert:
    """Stands for an object of any class: takes what it is made with and its state, and does nothing."""

    def __new__(cls, *_args: object, **_options: object) -> Inert:
        """Make one, whatever the arguments."""
        return super().__new__(cls)

    def __init__(self, *_args: object, **_options: object) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: object) -> None:
        """Keep the object's attributes."""
        self.state = dict(state) if isinstance(state, Mapping) else {}


def module_tensors(module: Inert, source: str) -> dict[str, Tensor]:
    """Return what `state_dict` of the module would: parameters and persistent buffers by name, in order.

    Raises:
        DataError: it is no module, or contains itself.
    """
    return dict(_walk(module, "", source, DEEPEST))


def _walk(module: Inert, prefix: str, source: str, levels: int) -> Iterator[tuple[str, Tensor]]:
    if levels == 0:
        raise DataError(f"{source} holds modules in modules, more than {DEEPEST} levels; save its state_dict() instead")
    state = getattr(module, "state", {})  # absent where the file gave it none
    parameters, buffers, modules = (_as_dict(state.get(name)) for name in ("_parameters", "_buffers", "_modules"))
    passing = state.get("_non_persistent_buffers_set") or ()
    kept = {**parameters, **{name: buffer for name, buffer in buffers.items() if name not in passing}}
    yield from ((prefix + name, tensor) for name, tensor in kept.items() if isinstance(tensor, Tensor))
    for name, child in modules.items():
        if isinstance(child, Inert):
            yield from _walk(child, f"{prefix}{name}.", source, levels - 1)


def _as_dict(found: object) -> dict[str, Any]:
    return {str(name): value for name, value in found.items()} if isinstance(found, Mapping) else {}
