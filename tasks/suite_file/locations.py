"""Find the files of models that a suite file names: by a path, or on the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path

from ..weight_files.hub import fetch_model, looks_like_hub_id
from ..weight_files.read_weights import read_weights
from ..weight_files.stored_weights import StoredWeights
from .schema import ModelSpec

RANDOM = "random"
"""What stands for weights that are drawn at random."""


def find_weights(where: str, base: Path) -> Path:
    """Return the file or folder of a model's weights, downloaded where it is on the hub alone.

    What is there as a path counts as one, whatever else it looks like.

    Args:
        where: as it stands in the suite file.
        base: the folder of the suite file.

    Raises:
        DataError: it is on the hub and cannot be fetched. That there is no such path is said when it is read.
    """
    path = base / Path(where).expanduser()
    if not path.exists() and looks_like_hub_id(where):
        return fetch_model(where)
    return path


def read_model(where: str, base: Path, model: ModelSpec) -> StoredWeights:
    """Return the weights of a model that a suite file names.

    Raises:
        DataError: they cannot be found or read.
    """
    return read_weights(find_weights(where, base), library="open_clip" if model.open_clip else "")
