"""Heads that classify by a text tower's features of prompts, as CLIP does without training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from ....errors import ConfigError
from ...weight_files.cached_tensors import mapped_entry

PROMPTS_AT_ONCE = 64
"""Prompts that the text tower is given together, about: all templates of a class are."""


class ZeroShotHead(nn.Module):
    """Classifies L2-normalised features linearly; `weight` (classes, d) carries CLIP's temperature.

    A head that was made so and then trained may have a `bias` (classes,) too.
    """

    weight: Tensor
    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)

    def forward(self, features: Tensor) -> Tensor:
        """Map features (n, d) to logits (n, classes)."""
        logits = F.normalize(features, dim=-1) @ self.weight.T
        return logits if self.bias is None else logits + self.bias


@torch.no_grad()
def zero_shot_weight(
    encode: Callable[[Sequence[str]], Tensor],
    classes: Sequence[str],
    templates: Sequence[str],
    *,
    prompts_at_once: int = PROMPTS_AT_ONCE,
) -> Tensor:
    """Return the directions (classes, d) of classes, of length 1 (arXiv 2103.00020, section 3.1.4).

    Every template of every class is encoded and normalised, averaged over templates and normalised again.

    Args:
        encode: function from n prompts to L2-normalised features (n, d).
        classes: names, in the order of rows.
        templates: prompts with {} in the place of a name.
        prompts_at_once: prompts that `encode` is given, about.
    """
    together = max(1, prompts_at_once // len(templates))
    rows = []
    for start in range(0, len(classes), together):
        some = classes[start : start + together]
        features = encode([template.replace("{}", name) for name in some for template in templates])
        rows += [F.normalize(part.mean(dim=0), dim=-1) for part in features.view(len(some), -1, features.shape[-1])]
    return torch.stack(rows)


def cached_zero_shot_head(
    key: Mapping[str, object],
    make_text_tower: Callable[[], tuple[Callable[[Sequence[str]], Tensor], Tensor]],
    classes: Sequence[str],
    templates: Sequence[str],
) -> ZeroShotHead:
    """Return the head of a task on the CPU, made once and kept in the cache: hundreds of classes take minutes.

    Args:
        key: what decides the text tower's features: digest of its weights, architecture, versions (JSON values).
        make_text_tower: function that returns a function from prompts to L2-normalised features, and the temperature
            that similarities are multiplied by. It is called where the head is not in the cache.
        classes: names, in the order of logits.
        templates: prompts with {} in the place of a name.

    Raises:
        ConfigError: there are no classes or templates, or a template has no place for a name.
    """
    if not classes or not templates:
        raise ConfigError(f"a zero-shot head needs classes and templates, found {len(classes)} and {len(templates)}")
    if odd := next((template for template in templates if "{}" not in template), None):
        raise ConfigError(f"a template of a zero-shot head has {{}} in the place of the class, found {odd!r}")

    def make() -> dict[str, Tensor]:
        encode, temperature = make_text_tower()
        return {"weight": zero_shot_weight(encode, classes, templates) * temperature.detach()}

    whole = {**key, "classes": list(classes), "templates": list(templates)}
    made = mapped_entry("heads", {**whole, "torch": torch.__version__}, make, title="zero-shot head")
    return ZeroShotHead(made["weight"].clone())  # a mapped file must not be written to
