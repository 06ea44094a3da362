"""The encoder of a suite file with its pre-trained weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ...errors import DataError
from ..backbones import make_backbone
from ..backbones.backbone import Backbone
from ..weight_files.cached_tensors import converted
from ..weight_files.stored_weights import StoredWeights
from ..weight_files.weight_digest import digest_weights
from .locations import read_model
from .random_models import random_weights
from .reading import field
from .schema import SuiteFile


@dataclass(frozen=True)
class LoadedModel:
    """What all tasks of a suite share."""

    backbone: Backbone
    stored: StoredWeights | None
    """The pre-trained model as its files hold it; None where weights are random."""
    encoder: nn.Module
    """The architecture, without values."""
    pretrained: dict[str, Tensor]
    """The encoder's pre-trained weights by its own names, on the CPU."""


def load_encoder(spec: SuiteFile, base: Path) -> tuple[Backbone, StoredWeights | None, nn.Module]:
    """Return a suite file's architecture, its pre-trained model's file (None for random weights), and its encoder.

    Raises:
        FrontrunnerError: as `load_model`.
    """
    with field("pretrained"):
        stored = read_model(spec.pretrained, base, spec.model)
    with field("model"):
        backbone = make_backbone(spec.model, base, stored, max_length=spec.max_length)
        return backbone, stored, backbone.build()


def load_model(spec: SuiteFile, base: Path) -> LoadedModel:
    """Read the pre-trained model of a suite file.

    Args:
        spec: what the file says.
        base: its folder.

    Raises:
        FrontrunnerError: the weights cannot be read, or do not fit the architecture; the message names the field.
    """
    backbone, stored, encoder = load_encoder(spec, base)
    with field("pretrained"):
        weights = random_weights(encoder) if stored is None else backbone.encoder_weights(stored)
    return LoadedModel(backbone, stored, encoder, in_type(weights, spec.dtype))


def wanted_type(name: str | None) -> torch.dtype | None:
    """Return the type that a suite file's `dtype` names; None where all is left in the types of the files."""
    return None if name is None else getattr(torch, name)


def in_type(weights: dict[str, Tensor], dtype: str | None) -> dict[str, Tensor]:
    """Return weights whose floating-point tensors are of one type, converted once and kept in the cache.

    Args:
        weights: by name.
        dtype: the type's name; None leaves them as they are.
    """
    wanted = wanted_type(dtype)
    if wanted is None:
        return weights
    if all(tensor.dtype == wanted or not tensor.is_floating_point() for tensor in weights.values()):
        return weights

    def convert() -> dict[str, Tensor]:
        return {name: tensor.to(wanted) if tensor.is_floating_point() else tensor for name, tensor in weights.items()}

    key = {"weights": digest_weights(weights), "conversion": f"to {dtype}, 1"}
    return dict(converted(key, convert))


def require_same_types(weights: Mapping[str, Tensor], pretrained: Mapping[str, Tensor], source: str) -> None:
    """Refuse an expert whose weights are of other types than the pre-trained ones.

    Raises:
        DataError: they are; the message says what to write.
    """
    for name, tensor in weights.items():
        expected = pretrained[name].dtype
        if tensor.dtype != expected:
            types = [str(dtype).removeprefix("torch.") for dtype in (expected, tensor.dtype)]
            raise DataError(
                f"{source} holds {name} as {types[1]}, the pre-trained model as {types[0]}; write `dtype: float32` "
                "(or another) into the suite file to convert all weights to one type"
            )
