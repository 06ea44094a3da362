"""Architectures by library: what they are built from, how files call their weights, and what they take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a library's file, and with it the library, is imported when it is asked for
    from ..suite_file.schema import ModelSpec
    from ..weight_files.stored_weights import StoredWeights
    from .backbone import Backbone

__all__ = ["make_backbone"]


def make_backbone(
    spec: ModelSpec, base: Path, pretrained: StoredWeights | None, *, max_length: int | None = None
) -> Backbone:
    """Return the architecture that a suite file names.

    Args:
        spec: the library and the model's name.
        base: the folder of the suite file, where relative paths start.
        pretrained: the pre-trained model's weights, whose configuration tells the architecture where the library's
            name alone does not; None where weights are random.
        max_length: the most tokens of a text, for models of texts; all that the model takes when None.

    Raises:
        UnknownNameError: the library has no such model; the message offers the nearest.
        ConfigError: an option does not fit the model.
        DataError: a configuration cannot be read, or the pre-trained weights state another architecture.
        UnsupportedError: models of that library are not read.
    """
    if spec.open_clip is not None:
        from .open_clip_models.open_clip_backbone import OpenClipBackbone

        return OpenClipBackbone.from_spec(spec.open_clip, spec.options, base, pretrained)
    if spec.transformers is not None:
        from .transformers_models.transformers_model import open_transformers

        is_random = pretrained is None
        return open_transformers(spec.transformers, spec.options, base, is_random=is_random, max_length=max_length)
    if spec.timm is not None:
        from .timm_backbone import TimmBackbone

        return TimmBackbone.from_spec(spec.timm, spec.options, pretrained)
    if spec.torchvision is not None:
        from .torchvision_backbone import TorchvisionBackbone

        return TorchvisionBackbone(spec.torchvision, spec.options)
    from .python_backbone import PythonBackbone

    return PythonBackbone.from_spec(str(spec.python), spec.options, base, max_length=max_length)
