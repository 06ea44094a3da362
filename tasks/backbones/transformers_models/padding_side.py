"""Texts padded on any side, as texts padded on the right."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor


def padded_right(inputs: Mapping[str, Tensor], mask: Tensor) -> dict[str, Tensor]:
    """Return inputs by name with what the mask hides moved behind the texts, in the order that it had.

    Positions count from the first token then, whatever padded a text. Texts that are padded on the right stay as they
    are, to the bit.

    Args:
        inputs: tensors by name; those of the mask's shape have a column a token.
        mask: (n, tokens), 1 where a token is one of the text.
    """
    order = mask.argsort(dim=1, descending=True, stable=True)
    return {name: t.gather(1, order) if t.shape == mask.shape else t for name, t in inputs.items()}
