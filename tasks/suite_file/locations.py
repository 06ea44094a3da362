"""Find the weights of models that a suite file names: by a path, by a library's name, or on the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path

from ...errors import DataError
from ..backbones.library_tags import library_weights, nearest_weights
from ..weight_files.locate import locate_weights
from ..weight_files.read_weights import read_weights
from ..weight_files.stored_weights import StoredWeights
from ..weight_files.weight_folder import SUFFIXES
from .schema import RANDOM, ModelSpec


def read_head_file(where: str, base: Path) -> StoredWeights:
    """Return what the file or folder of a head holds.

    Raises:
        FrontrunnerError: as `read_model`.
    """
    return read_weights(locate_weights(where, base))


def read_model(where: str, base: Path, model: ModelSpec) -> StoredWeights | None:
    """Return the weights of a model that a suite file names; None for weights that are drawn at random.

    What is there as a path counts as one, whatever else it looks like; then a name that the model's library has for
    weights, then an id on the hub.

    Args:
        where: as it stands in the suite file.
        base: the folder of the suite file.
        model: the suite's architecture.

    Raises:
        FrontrunnerError: they cannot be found, fetched or read.
    """
    if where == RANDOM:
        return None
    path = base / Path(where).expanduser()
    is_path = path.exists() or "/" in where or path.suffix in SUFFIXES  # no library has such a name for weights
    known = None if is_path else library_weights(model, where)
    if known is not None:
        return known
    try:
        return read_weights(locate_weights(where, base), library="open_clip" if model.open_clip else "")
    except DataError as error:
        near = "" if is_path else nearest_weights(model, where)
        if not near:
            raise
        raise DataError(f"{error}; or did you mean the weights {near!r} of {model.library}?") from error
