"""Zero-shot heads by the text towers of transformers' CLIPs."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

from ....errors import DataError, UnsupportedError
from ....file_digest import digest_files, module_files
from ...precision import at_least_single
from ...weight_files.stored_weights import StoredWeights
from ..clip import zero_shot
from ..clip.clip_activation import require_activation
from ..clip.clip_function import require_function
from ..clip.zero_shot import ZeroShotHead, cached_zero_shot_head
from ..encoder_fit import fitting
from ..meta_parameters import made_without_values

CODE = (Path(__file__), *module_files(zero_shot))
"""The files of code that make a head; their digest is part of the cache key."""
CLIP_TOKENS = 49408
"""Size of the one vocabulary that CLIPs have, which comes with open_clip."""
TEMPERATURE = "logit_scale"


def hf_zero_shot_head(
    config: Any,
    pretrained: StoredWeights,
    text: Mapping[str, Tensor],
    *,
    classes: Sequence[str],
    templates: Sequence[str],
) -> ZeroShotHead:
    """Return the head that a text tower makes of prompts, from the cache if it is there.

    Args:
        config: the CLIPConfig.
        pretrained: the file that the text tower is from.
        text: its text side, by the names of a CLIPModel.
        classes: names, in the order of logits.
        templates: prompts with {} in the place of a name.

    Raises:
        DataError: the file holds no text tower of this architecture, or states another activation.
        UnsupportedError: its tokens are not CLIP's.
    """
    tower = config.text_config
    require_activation(pretrained, tower.hidden_act, "text", "give weights of the architecture in its config.json")
    require_function(pretrained, tower, "its text tower", "text")
    if tower.vocab_size != CLIP_TOKENS:
        raise UnsupportedError(
            f"{pretrained.source} has a vocabulary of {tower.vocab_size} tokens, expected CLIP's {CLIP_TOKENS}; "
            "give the heads in files"
        )
    weights = fitting_text_side(config, text, pretrained.source, "a zero-shot head")
    key = {
        "text tower": pretrained.digest,
        "architecture": json.dumps(tower.to_dict(), sort_keys=True, default=str),
        "transformers": importlib.metadata.version("transformers"),
        "code": digest_files(*CODE),
    }
    return cached_zero_shot_head(key, lambda: _text_tower(config, weights), classes, templates)


def fitting_text_side(config: Any, text: Mapping[str, Tensor], source: str, what: str) -> dict[str, Tensor]:
    """Return the weights of a CLIPModel without its image tower: text tower, projection, and temperature.

    Args:
        config: the CLIPConfig.
        text: what a file holds beside the image tower.
        source: what messages call the file.
        what: what needs the text tower.

    Raises:
        DataError: the file has none, or another one.
    """
    if not any(name.startswith("text_model.") for name in text):
        raise DataError(f"{source} holds no text tower, which {what} needs; as pretrained give the full CLIPModel")
    if TEMPERATURE not in text:
        raise DataError(f"{source} lacks {TEMPERATURE}, the temperature, which {what} needs; give the full CLIPModel")
    return {
        **fitting(_model(config), text, source, title="the text side of the CLIPModel"),
        TEMPERATURE: text[TEMPERATURE].reshape(()),
    }


def _model(config: Any) -> Any:
    """Return the text tower with its projection on the device meta, in evaluation mode; positions have values."""
    from transformers import CLIPTextModelWithProjection

    tower = type(config.text_config).from_dict(
        {**config.text_config.to_dict(), "projection_dim": config.projection_dim}
    )
    return made_without_values(lambda: CLIPTextModelWithProjection(tower))


def _text_tower(config: Any, weights: Mapping[str, Tensor]) -> tuple[Callable[[Sequence[str]], Tensor], Tensor]:
    """Return a function from prompts to L2-normalised features, and the temperature."""
    from open_clip import SimpleTokenizer

    temperature = at_least_single(weights[TEMPERATURE]).exp()
    model = _model(config)
    of_model = {name: at_least_single(tensor) for name, tensor in weights.items() if name != TEMPERATURE}
    model.load_state_dict(of_model, assign=True)
    tokenize = SimpleTokenizer(context_length=config.text_config.max_position_embeddings)

    def encode(prompts: Sequence[str]) -> Tensor:
        tokens = tokenize(list(prompts))
        tokens = tokens[:, : int(tokens.argmax(dim=-1).max()) + 1]  # what follows the pooled token changes nothing
        return F.normalize(model(input_ids=tokens).text_embeds, dim=-1)

    return encode, temperature
