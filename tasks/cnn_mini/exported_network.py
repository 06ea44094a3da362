"""The EfficientNet-Lite0 of `cnn-mini` as timm loads it from a folder."""

from __future__ import annotations

from ..library_model import LibraryModel
from ..weight_files.stored_weights import StoredWeights
from .efficientnet import ARCHITECTURE, DEVIATION, MEAN, SIDE

PREPROCESSING = {
    "input_size": [3, SIDE, SIDE],
    "interpolation": "bilinear",
    "crop_pct": 1.0,
    "crop_mode": "center",
    "mean": [MEAN / 255] * 3,
    "std": [DEVIATION / 255] * 3,
}
"""How timm makes inputs of images; it is `to_input`, but that grey levels are rounded once images are enlarged."""


def exported_network() -> LibraryModel:
    """Return the architecture; all of it is merged, so that nothing comes from the pre-trained file."""
    from ..backbones.timm_backbone import TimmBackbone

    nothing = StoredWeights({}, f"the pre-trained {ARCHITECTURE}", {}, "")
    return LibraryModel("timm", TimmBackbone(ARCHITECTURE, {}, PREPROCESSING), nothing)
