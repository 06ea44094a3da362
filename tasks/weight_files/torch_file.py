"""Reading what torch.save wrote, by torch's restricted unpickler alone: no code of the file is run."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

from ...errors import DataError
from ...one_line import as_one_line
from ...os_errors import because, of_the_machine
from .inert import MODULES, SETTINGS, Inert, is_known
from .refused_files import LEGACY_MAGIC, require_torch_archive
from .state_dict import tensors_of

CONVERSION = "torch file, 1"
"""Of how files are read here; another one makes what is cached anew."""
MOST_REPEATED = 10
"""How much larger than their file weights may be, since some are stored once for several names."""
_GLOBAL = re.compile(r"(?:GLOBAL|class|function) ([\w.]+)")
"""The name that torch's unpickler complains of."""


def read_torch_file(file: Path, beginning: bytes, source: str) -> dict[str, Tensor]:
    """Return the weights that torch.save wrote: a state dict, one nested in a checkpoint, or a whole module.

    Args:
        file: the file.
        beginning: its first bytes.
        source: what messages call it.

    Raises:
        DataError: reading it would take code, or it is damaged; the message says which.
    """
    is_archive = not beginning.startswith(LEGACY_MAGIC)
    if is_archive:
        require_torch_archive(file, source)
    try:
        content = _in_archive(file, source) if is_archive else _in_legacy_file(file)
    except DataError:
        raise
    except pickle.UnpicklingError as error:
        raise DataError(f"{source} {_refusal(error, is_archive)}") from error
    except Exception as error:  # damaged files make torch raise errors of any kind
        if of_the_machine(error):
            raise DataError(f"{source} cannot be read {because(error)}") from error
        raise DataError(f"{source} is damaged ({as_one_line(str(error), 200)}); copy or download it again") from error
    tensors = tensors_of(content, source)
    n_bytes, size = sum(tensor.nbytes for tensor in tensors.values()), file.stat().st_size
    if n_bytes > MOST_REPEATED * size:
        raise DataError(
            f"{source} has {size:,} bytes and holds weights of {n_bytes:,}, most of which repeat others; save them "
            "as they are, without `expand`"
        )
    return tensors


def _in_archive(file: Path, source: str) -> Any:
    """Return what an archive holds, with stand-ins for objects of known classes; tensors are mapped."""
    with safe_globals([(Inert, name) for name in _foreign_names(file, source)]):
        return torch.load(file, map_location="cpu", weights_only=True, mmap=True)


def _in_legacy_file(file: Path) -> Any:
    """Return what a file of torch before 1.6 holds, with stand-ins for settings, whose names come one at a time."""
    names: list[str] = []
    while True:
        try:
            with safe_globals([(Inert, name) for name in names]):
                return torch.load(file, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            found = _GLOBAL.search(str(error))
            if found is None or found[1] in names or not SETTINGS.fullmatch(found[1]):
                raise
            names.append(found[1])


def _foreign_names(file: Path, source: str) -> list[str]:
    """Return the names of classes and functions in a file that torch does not read by itself, all of them known.

    Raises:
        DataError: one is not known; nothing was read then.
    """
    names = sorted(get_unsafe_globals_in_checkpoint(str(file)))
    for name in names:
        if not is_known(name):
            raise DataError(f"{source} {_asks_for(name)}")
    return names


def _refusal(error: Exception, is_archive: bool) -> str:
    """Return what a message says of a file that torch's unpickler refused."""
    text = str(error)
    if found := _GLOBAL.search(text):
        name = found[1] if "." in found[1] else f"builtins.{found[1]}"  # as torch shortens them
        if not is_archive and MODULES.fullmatch(name):
            return (
                "holds a whole module in the format of torch before 1.6, which only running its code could read; "
                "load it where you trust it, and save its state_dict() with torch.save"
            )
        return _asks_for(name)
    reason = as_one_line(text.rpartition("Unpickler error: ")[2] or text, 200)
    return (
        f"cannot be read without running code of it ({reason}); load it where you trust it, and save its "
        "state_dict() with torch.save"
    )


def _asks_for(name: str) -> str:
    return (
        f"asks to run {as_one_line(name, 200)}, which weights do not need, so it was not read; if you trust it, load "
        "it yourself and save its state_dict() with torch.save"
    )
