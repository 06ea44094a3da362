"""Zero-shot heads by the text towers of open_clip."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ....errors import ConfigError, DataError
from ....file_digest import digest_files, module_files
from ....one_line import as_one_line
from ...precision import at_least_single
from ...weight_files.stored_weights import StoredWeights
from ..clip import clip_names, zero_shot
from ..clip.clip_activation import of_open_clip, require_activation
from ..clip.clip_function import require_function_of_open_clip
from ..clip.zero_shot import ZeroShotHead, cached_zero_shot_head
from ..encoder_fit import fitting
from .open_clip_architecture import OpenClipArchitecture

CODE = (Path(__file__), *module_files(clip_names, zero_shot))
"""The files of code that make a head; their digest is part of the cache key."""
SCALES = frozenset({"logit_scale", "logit_bias"})


def fitting_text_side(
    architecture: OpenClipArchitecture, text: Mapping[str, Tensor], source: str, what: str
) -> dict[str, Tensor]:
    """Return the weights of the full model without its image tower.

    Args:
        architecture: the CLIP.
        text: what the file holds beside the image tower.
        source: what messages call the file.
        what: what needs the text tower.

    Raises:
        DataError: it has none, or one that does not fit.
    """
    if not any(name.startswith(("transformer.", "text.")) for name in text):
        raise DataError(f"{source} holds no text tower, which {what} needs; as pretrained give the full model")
    module = architecture.text_side()
    # One number, which open_clip's versions keep with and without a dimension.
    numbers = {name: tensor for name, tensor in module.state_dict().items() if name in SCALES}
    shaped = {
        name: tensor.reshape(numbers[name].shape) if name in numbers and tensor.numel() == 1 else tensor
        for name, tensor in text.items()
    }
    return fitting(module, shaped, source, title=f"the text side of {architecture.name}")


def open_clip_zero_shot_head(
    architecture: OpenClipArchitecture,
    pretrained: StoredWeights,
    text: Mapping[str, Tensor],
    *,
    classes: Sequence[str],
    templates: Sequence[str],
) -> ZeroShotHead:
    """Return the head that a text tower makes of prompts, from the cache if it is there.

    Args:
        architecture: the CLIP.
        pretrained: the file that the text tower is from.
        text: its text side, by open_clip's names.
        classes: names, in the order of logits.
        templates: prompts with {} in the place of a name.

    Raises:
        DataError: the file holds no text tower of this architecture, or states another activation.
    """
    require_activation(pretrained, of_open_clip(architecture.config, "text_cfg"), "text", architecture.remedy)
    require_function_of_open_clip(pretrained, architecture.config, architecture.name, "text")
    weights = fitting_text_side(architecture, text, pretrained.source, "a zero-shot head")
    key = {
        "text tower": pretrained.digest,
        "architecture": json.dumps(architecture.config, sort_keys=True),
        "open_clip": importlib.metadata.version("open_clip_torch"),
        "code": digest_files(*CODE),
    }
    return cached_zero_shot_head(key, lambda: _text_tower(architecture, weights), classes, templates)


def _text_tower(
    architecture: OpenClipArchitecture, weights: Mapping[str, Tensor]
) -> tuple[Callable[[Sequence[str]], Tensor], Tensor]:
    """Return a function from prompts to L2-normalised features, and the temperature."""
    model: Any = architecture.text_side()
    model.load_state_dict({name: at_least_single(tensor) for name, tensor in weights.items()}, assign=True)
    tokenize = _tokenizer(architecture)
    places: Any = getattr(model, "positional_embedding", None)  # none where the text side is one module
    mask: Any = getattr(model, "attn_mask", None)
    looks_back_only = places is not None and mask is not None and model.text_pool_type == "argmax"

    def encode(prompts: Sequence[str]) -> Tensor:
        tokens = tokenize(list(prompts))
        if looks_back_only:  # what follows the last token, which is pooled, changes nothing: most of 77 places
            n = int(tokens.argmax(dim=-1).max()) + 1
            tokens = tokens[:, :n]
            model.positional_embedding, model.attn_mask = nn.Parameter(places[:n]), mask[:n, :n]
        features: Tensor = model.encode_text(tokens, normalize=True)
        return features

    return encode, model.logit_scale.exp()


def _tokenizer(architecture: OpenClipArchitecture) -> Callable[[Sequence[str]], Tensor]:
    import open_clip

    try:
        tokenizer: Callable[[Sequence[str]], Tensor] = open_clip.get_tokenizer(architecture.name)
    except Exception as error:  # those of other text towers are fetched
        raise ConfigError(
            f"the tokenizer of {architecture.name} cannot be loaded ({as_one_line(str(error), 200)}); "
            "where there is a network, it is fetched once"
        ) from error
    return tokenizer
