"""Feed-forward and attention blocks, told by the names that libraries give them and by the shapes of linear layers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from torch import nn

FEED_FORWARD = frozenset(
    {
        *("mlp", "ffn", "feed_forward", "feedforward"),
        "densereludense",  # T5
        "ff",  # XLNet
        *("mlp_tokens", "mlp_channels"),  # MLP-Mixer
        *("ffn1", "ffn2"),  # Conformer
    }
)
"""Names of feed-forward blocks, in small letters."""
ATTENTION = frozenset(
    {
        *("attn", "attention", "self_attn", "self_attention"),
        *("selfattention", "encdecattention"),  # T5
        *("cross_attn", "encoder_attn", "crossattention", "multihead_attn"),  # decoders
        "rel_attn",  # XLNet
    }
)
"""Names of attention blocks, in small letters."""


def feed_forward_blocks(model: nn.Module) -> frozenset[str]:
    """Return the names of a model's feed-forward blocks, or of their parts where no module holds a block alone.

    A block is a module with one of the names above; or, in BERT and its kin, `intermediate` and the linear layer of the
    `output` beside it (not that of `attention.output`); or two linear layers in a row of one module, the first of which
    widens its input and the second of which brings it back to its width, as `fc1` and `fc2`, `linear1` and `linear2`,
    `pwconv1` and `pwconv2`. Layers that narrow their input first, as squeeze-and-excitation and adapters do, are none.
    """
    return frozenset(
        name
        for path, module in model.named_modules()
        for name in itertools.chain(
            [path] if _own_name(path) in FEED_FORWARD else [],
            _intermediate_and_output(path, module),
            _pairs(path, module),
        )
        if any(True for _ in model.get_submodule(name).parameters())
    )


def attention_blocks(model: nn.Module) -> frozenset[str]:
    """Return the names of a model's attention blocks."""
    return frozenset(
        path
        for path, module in model.named_modules()
        if _own_name(path) in ATTENTION and any(True for _ in module.parameters())
    )


def _intermediate_and_output(path: str, module: nn.Module) -> Iterator[str]:
    """Yield the two parts of a feed-forward block of BERT that this module holds among others."""
    children = dict(module.named_children())
    if "intermediate" in children and isinstance(getattr(children.get("output"), "dense", None), nn.Linear):
        yield _join(path, "intermediate")
        yield _join(path, "output.dense")


def _pairs(path: str, module: nn.Module) -> Iterator[str]:
    """Yield pairs of linear layers of this module, of which one widens and the next returns to the first width."""
    linear = [(name, child) for name, child in module.named_children() if isinstance(child, nn.Linear)]
    for (first_name, first), (second_name, second) in itertools.pairwise(linear):
        if first.out_features == second.in_features > first.in_features == second.out_features:
            yield _join(path, first_name)
            yield _join(path, second_name)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _own_name(path: str) -> str:
    return path.rpartition(".")[2].lower()
