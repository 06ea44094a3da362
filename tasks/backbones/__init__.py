"""Architectures by library: what they are built from, how files call their weights, and what they take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import UnsupportedError

if TYPE_CHECKING:  # a library's file, and with it the library, is imported when it is asked for
    from ..suite_file.schema import ModelSpec
    from ..weight_files.stored_weights import StoredWeights
    from .backbone import Backbone

__all__ = ["make_backbone"]


def make_backbone(spec: ModelSpec, base: Path, pretrained: StoredWeights | None) -> Backbone:
    """Return the architecture that a suite file names.

    Args:
        spec: the library and the model's name.
        base: the folder of the suite file, where relative paths start.
        pretrained: the pre-trained model's weights, whose configuration tells the architecture where the library's
            name alone does not; None where weights are random.

    Raises:
        UnknownNameError: the library has no such model; the message offers the nearest.
        ConfigError: an option does not fit the model.
        DataError: a configuration cannot be read, or the pre-trained weights state another architecture.
        UnsupportedError: models of that library are not read.
    """
    if spec.open_clip is not None:
        from .open_clip_backbone import OpenClipBackbone

        return OpenClipBackbone.from_spec(spec.open_clip, spec.options, base, pretrained)
    # One branch a library: `from .timm_backbone import TimmBackbone; return TimmBackbone.from_spec(...)`.
    library = next(name for name in ("transformers", "timm", "torchvision", "python") if getattr(spec, name))
    raise UnsupportedError(f"models of {library} cannot be read yet, found {getattr(spec, library)!r}")
