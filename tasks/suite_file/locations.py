"""Find the files of models that a suite file names: by a path, or on the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path

from ..backbones.library_tags import library_weights
from ..weight_files.hub import fetch_model, looks_like_hub_id
from ..weight_files.read_weights import read_weights
from ..weight_files.stored_weights import StoredWeights
from ..weight_files.weight_folder import SUFFIXES
from .schema import ModelSpec

RANDOM = "random"
"""What stands for weights that are drawn at random."""


def read_model(where: str, base: Path, model: ModelSpec) -> StoredWeights:
    """Return the weights of a model that a suite file names.

    What is there as a path counts as one, whatever else it looks like; then a name that the model's library has for
    weights, then an id on the hub.

    Args:
        where: as it stands in the suite file.
        base: the folder of the suite file.
        model: the suite's architecture.

    Raises:
        FrontrunnerError: they cannot be found, fetched or read.
    """
    path = base / Path(where).expanduser()
    if not path.exists():
        is_path = "/" in where or path.suffix in SUFFIXES  # no library has such a name for weights
        known = None if is_path else library_weights(model, where)
        if known is not None:
            return known
        if looks_like_hub_id(where):
            path = fetch_model(where)
    return read_weights(path, library="open_clip" if model.open_clip else "")
