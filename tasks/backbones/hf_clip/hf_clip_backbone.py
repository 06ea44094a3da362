"""Image towers of CLIPs of transformers as encoders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ....errors import DataError, UnsupportedError
from ....one_line import as_one_line
from ...datasets.image_format import ImageFormat
from ...weight_files.stored_weights import StoredWeights
from ..backbone import Backbone, Head
from ..clip.clip_activation import require_activation
from ..clip.clip_function import require_function
from ..clip.clip_heads import read_head, require_nothing_but_heads
from ..clip.clip_weights import like
from ..encoder_fit import fitting, require_no_adapter
from ..meta_parameters import made_without_values, without_values
from ..open_clip_models.open_clip_export import write_head
from ..random_heads import linear
from .hf_clip_export import write_hf_clip
from .hf_clip_text import fitting_text_side, hf_zero_shot_head
from .hf_clip_weights import sort_for_hugging_face

CLIPS = frozenset({"clip", "clip_vision_model"})
"""What a CLIP's config.json states as its `model_type`."""
PROJECTION = "visual_projection.weight"
REMEDY = "give weights that were fine-tuned from this model, or correct the config.json beside them"


class HfClipBackbone(Backbone):
    """The image tower of a CLIP with its projection, a `CLIPVisionModelWithProjection`; features are `image_embeds`.

    Args:
        raw_config: the content of the model's config.json.
        source: what messages call the model.
        inputs: how images become inputs.
        folder: the model's folder, whose tokenizer and preprocessing an export takes along; None where there is none.

    Raises:
        DataError: the configuration is not that of a CLIP.
    """

    def __init__(
        self, raw_config: Mapping[str, Any], source: str, *, inputs: ImageFormat, folder: Path | None = None
    ) -> None:
        self.inputs = inputs
        self._source, self._folder = source, folder
        self.config = read_clip_config(raw_config, source)
        """A CLIPConfig, or a CLIPVisionConfig where the model is an image tower alone."""
        self.vision = self.config.vision_config if self.config.model_type == "clip" else self.config
        self._encoder = made_without_values(self._make)
        self._names = self._encoder.state_dict()

    def build(self) -> nn.Module:
        """Return the tower on the device meta; the numbers of positions have values, on the CPU."""
        return without_values(self._encoder)

    def run(self, encoder: nn.Module, inputs: Any) -> Tensor:
        """Return features (n, d), the projected image embeddings."""
        features: Tensor = encoder(inputs).image_embeds
        return features

    def encoder_weights(self, stored: StoredWeights, base: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """Return the weights of `build`, views of a file of transformers or open_clip.

        The projection, which a `CLIPVisionModel` lacks, is the pre-trained model's there.
        """
        require_no_adapter(stored)
        require_activation(stored, self.vision.hidden_act, "image", REMEDY)
        require_function(stored, self.vision, self._source)
        weights = sort_for_hugging_face(stored, self._names)
        require_nothing_but_heads(stored, weights.others, self.vision.projection_dim)
        found = dict(weights.visual)
        if PROJECTION not in found:
            if base is None:
                raise DataError(
                    f"{stored.source} lacks {PROJECTION}, the projection of a CLIP's image tower; as the pre-trained "
                    "model give the full CLIPModel"
                )
            found[PROJECTION] = like(base[PROJECTION], found)
        return fitting(self._encoder, found, stored.source, title=self._source)

    def head(self, stored: StoredWeights, name: str | None = None) -> Head:
        """Return a linear head; on L2-normalised features where it was made of prompts, see `read_head`."""
        try:
            others: Mapping[str, Tensor] = sort_for_hugging_face(stored, self._names).others
        except DataError:  # a file of heads alone
            others = stored.tensors
        return read_head(stored, others, self.vision.projection_dim, name)

    def random_head(self, n_classes: int, generator: torch.Generator) -> nn.Module:
        """Return a linear head that was never trained."""
        return linear(self.vision.projection_dim, n_classes, generator)

    def zero_shot_head(self, pretrained: StoredWeights, classes: Sequence[str], templates: Sequence[str]) -> nn.Module:
        """Return the head that the text tower of the pre-trained file makes of prompts, made once and cached."""
        self._require_whole("a zero-shot head")
        text = sort_for_hugging_face(pretrained, self._names).text
        return hf_zero_shot_head(self.config, pretrained, text, classes=classes, templates=templates)

    def export(self, params: Mapping[str, Tensor], head: Head | None, pretrained: StoredWeights, folder: Path) -> None:
        """Write a folder for `from_pretrained` of every class of CLIP, and `head.safetensors`.

        It is a CLIPModel with the pre-trained file's text tower.
        """
        self._require_whole("a folder of a CLIPModel")
        text = sort_for_hugging_face(pretrained, self._names).text
        text = fitting_text_side(self.config, text, pretrained.source, "a folder of a CLIPModel")
        write_hf_clip(self.config, {**text, **params}, self._folder, folder)
        if head is not None:
            write_head(head, folder)

    def _make(self) -> nn.Module:
        from transformers import CLIPVisionModelWithProjection

        made: nn.Module = CLIPVisionModelWithProjection(self.vision)
        return made

    def _require_whole(self, what: str) -> None:
        if self.config is self.vision:
            raise DataError(
                f"{self._source} is an image tower (model_type clip_vision_model), and {what} needs a text tower; "
                "name the full CLIPModel as the model"
            )


def read_clip_config(raw: Mapping[str, Any], source: str) -> Any:
    """Return the CLIPConfig or CLIPVisionConfig of a config.json, whose projection the image tower knows too.

    Raises:
        DataError: it is that of another model, or not valid.
        UnsupportedError: it is of a CLIP with a head of its own kind.
    """
    from transformers import CLIPConfig, CLIPVisionConfig

    classifier = next((name for name in raw.get("architectures") or [] if "Classification" in str(name)), None)
    if classifier is not None:
        raise UnsupportedError(
            f"{source} states {classifier}, whose head is on the mean of patches, not on image embeddings, which "
            "is not read; give a CLIPModel with heads on its image embeddings, or a function of yours as python: ..."
        )
    if raw.get("model_type") not in CLIPS:
        raise DataError(f"{source} states model_type {raw.get('model_type')!r}, expected a CLIP: {sorted(CLIPS)}")
    try:
        config: Any = (CLIPConfig if raw["model_type"] == "clip" else CLIPVisionConfig).from_dict(dict(raw))
        if config.model_type == "clip":  # a CLIPModel projects to its own length, whatever its towers say
            config.vision_config.projection_dim = config.text_config.projection_dim = config.projection_dim
    except Exception as error:  # the library validates with errors of many kinds
        raise DataError(f"{source} holds a config.json that is not valid ({as_one_line(str(error), 300)})") from error
    return config
