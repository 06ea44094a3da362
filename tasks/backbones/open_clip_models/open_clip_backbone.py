"""Image towers of open_clip's CLIPs as encoders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ....errors import ConfigError, DataError, UnknownNameError
from ...weight_files.stored_weights import StoredWeights
from ..backbone import Backbone, Head
from ..clip.clip_activation import require_activation
from ..clip.clip_function import require_function_of_open_clip
from ..clip.clip_heads import read_head, require_nothing_but_heads
from ..clip.clip_names import is_hugging_face
from ..clip.clip_weights import TOWER, ClipWeights, like, sort_clip_weights
from ..encoder_fit import fitting, require_no_adapter
from ..meta_parameters import without_values
from ..model_options import HOW
from ..random_heads import linear
from .open_clip_architecture import CONFIG, OpenClipArchitecture, find_architecture
from .open_clip_export import write_head, write_open_clip
from .open_clip_preprocess import image_format, preprocess_of, require_same_images
from .open_clip_text import fitting_text_side, open_clip_zero_shot_head
from .published_clip import KEPT, UNNUMBERED, PublishedClip, is_published_kind, without_unnumbered

AS_PUBLISHED = "as_published"
"""The option of a suite file's model that makes the encoder the one of arXiv 2406.09770, see `PublishedClip`."""
PROJECTION = "proj"
"""The tower's weight that Hugging Face's image towers without a projection leave out."""


class OpenClipBackbone(Backbone):
    """The image tower of a CLIP of open_clip; weights are read from whatever files there are of that CLIP.

    Args:
        architecture: the CLIP.
        preprocess: how images become inputs, as open_clip's configurations write it; what is absent is open_clip's
            default.
        as_published: whether the encoder is the model that the authors of arXiv 2406.09770 count, see `PublishedClip`.
    """

    def __init__(
        self, architecture: OpenClipArchitecture, preprocess: Mapping[str, Any], *, as_published: bool = False
    ) -> None:
        self.architecture = architecture
        self.as_published = as_published
        tower: Any = architecture.image_tower()
        self._tower = frozenset(tower.state_dict())
        self._encoder = PublishedClip(tower, architecture.text_side()) if as_published else tower
        self.preprocess = preprocess_of(tower.image_size, preprocess)
        self.inputs = image_format(self.preprocess)

    @classmethod
    def from_spec(
        cls, name: str, options: Mapping[str, Any], base: Path, pretrained: StoredWeights | None
    ) -> OpenClipBackbone:
        """Make the backbone that a suite file names.

        Images are treated as the configuration beside the pre-trained weights says, where there is one.
        """
        for option in options:
            if option != AS_PUBLISHED:
                how = f"all else is said by the {CONFIG} of a folder; {HOW}"
                raise UnknownNameError("option of a model of open_clip:", option, [AS_PUBLISHED], otherwise=how)
        as_published = options.get(AS_PUBLISHED, False)
        if not isinstance(as_published, bool):
            raise ConfigError(f"options.{AS_PUBLISHED} of a model is true or false, found {as_published!r}")
        architecture = find_architecture(name, base)
        if as_published and not is_published_kind(architecture.config):
            raise ConfigError(
                f"options.{AS_PUBLISHED} is for CLIPs with towers of open_clip's own, as in the paper; {name} is none"
            )
        stated = pretrained.config.get("preprocess_cfg") if pretrained is not None else None
        return cls(architecture, {**architecture.preprocess, **(stated or {})}, as_published=as_published)

    def build(self) -> nn.Module:
        """Return `model.visual`, or the published model around it."""
        return without_values(self._encoder)

    def encoder_weights(self, stored: StoredWeights, base: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """Return the weights of `build` from a file of open_clip or Hugging Face, of a full model or an image tower.

        What a file leaves out that is never fine-tuned (the projection of a `CLIPVisionModel`, the text side) is the
        pre-trained model's.
        """
        require_no_adapter(stored)
        require_activation(stored, self.architecture.activation, "image", self.architecture.remedy)
        require_function_of_open_clip(stored, self.architecture.config, self.architecture.name)
        require_same_images(stored, self.preprocess)
        weights = self._sorted(stored)
        require_nothing_but_heads(stored, weights.others, self.architecture.config["embed_dim"])
        found = dict(weights.visual)
        tower_prefix = TOWER if self.as_published else ""
        if PROJECTION in self._tower and PROJECTION not in found and is_hugging_face(stored.tensors):
            if base is None:
                raise DataError(
                    f"{stored.source} is an image tower of transformers without its projection "
                    "(visual_projection.weight); as the pre-trained model give the full CLIPModel"
                )
            found[PROJECTION] = like(base[f"{tower_prefix}{PROJECTION}"], found)
        found = {f"{tower_prefix}{name}": tensor for name, tensor in found.items()}
        if self.as_published:
            found.update(self._beside_the_tower(weights.text, base, found))
        return fitting(self._encoder, found, stored.source, title=self.architecture.name)

    def head(self, stored: StoredWeights, name: str | None = None) -> Head:
        """Return a linear head; on L2-normalised features where it was made of prompts, see `read_head`."""
        try:
            others: Mapping[str, Tensor] = self._sorted(stored).others
        except DataError:  # a file of heads alone
            others = stored.tensors
        return read_head(stored, others, self.architecture.config["embed_dim"], name)

    def random_head(self, n_classes: int, generator: torch.Generator) -> nn.Module:
        """Return a linear head that was never trained."""
        return linear(self.architecture.config["embed_dim"], n_classes, generator)

    def zero_shot_head(self, pretrained: StoredWeights, classes: Sequence[str], templates: Sequence[str]) -> nn.Module:
        """Return the head that the text tower of the pre-trained file makes of prompts, made once and cached."""
        return open_clip_zero_shot_head(
            self.architecture, pretrained, self._sorted(pretrained).text, classes=classes, templates=templates
        )

    def export(self, params: Mapping[str, Tensor], head: Head | None, pretrained: StoredWeights, folder: Path) -> None:
        """Write a folder for `open_clip.create_model_and_transforms("local-dir:FOLDER")`, and `head.safetensors`.

        The text tower is the pre-trained file's.
        """
        text = self._sorted(pretrained).text
        text = fitting_text_side(self.architecture, text, pretrained.source, "a folder that open_clip loads")
        prefix = "" if self.as_published else TOWER
        named = {f"{prefix}{name}": tensor for name, tensor in without_unnumbered(params).items()}
        whole = {**text, **named}
        write_open_clip(self.architecture, self.preprocess, whole, folder)
        if head is not None:
            write_head(head, folder)

    def _sorted(self, stored: StoredWeights) -> ClipWeights:
        return sort_clip_weights(stored, self._tower)

    def _beside_the_tower(
        self, text: Mapping[str, Tensor], base: Mapping[str, Tensor] | None, tower: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return what the published model holds beside the tower; the pre-trained one's where a file has none of it."""
        kept = {name: tensor for name, tensor in text.items() if name.partition(".")[0] in KEPT}
        if not kept and base is not None:
            kept = {name: like(tensor, tower) for name, tensor in base.items() if name.partition(".")[0] in KEPT}
        unnumbered = [name for name in self._encoder.state_dict() if f".{UNNUMBERED}." in name]
        return {**kept, **{name: like(torch.empty(0), tower) for name in unnumbered}}
