"""Linear layers, told by what they compute and not by their class."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...tasks.precision import master_type

CHECKED_ROWS = 64
"""Rows of a layer's first input for which its output is compared."""
TOLERANCE = 1e-2
"""The most that an output may differ from the linear layer's, relative to what the weights contribute to it."""
PROBED_ROWS = 4
"""Rows that a layer is run on alone."""
ROUNDING_STEPS = 8
"""Rounding errors of the output's own type that are allowed on top, where the bias is much larger."""


def matrix_of(module: nn.Module) -> str | None:
    """Return the name of the one weight matrix of a module that may be a linear layer, else None.

    Such a module holds one floating-point matrix and at most one vector, a bias. A matrix that is computed when it is
    used (parametrizations, low-rank updates) is not held as such.
    """
    own = dict(module.named_parameters(recurse=False))
    matrices = [name for name, parameter in own.items() if parameter.ndim == 2 and parameter.is_floating_point()]
    vectors = [name for name, parameter in own.items() if parameter.ndim == 1]
    return matrices[0] if len(matrices) == 1 and len(vectors) <= 1 and len(own) == 1 + len(vectors) else None


def orientations(module: nn.Module, inputs: Tensor, output: Any) -> frozenset[bool]:
    """Return how a module's matrix W is stored, if its output is linear in its input X (..., in).

    False stands for X W^T + b with W (out, in), as in `nn.Linear`; True for X W + b with W (in, out), as in GPT-2's
    `Conv1D`. Both are returned where the values do not tell (W = 0, NaN), none where the module computes anything else.
    """
    own = dict(module.named_parameters(recurse=False))
    weight = next(parameter for parameter in own.values() if parameter.ndim == 2).detach()
    bias = next((parameter.detach() for parameter in own.values() if parameter.ndim == 1), None)
    if not isinstance(output, Tensor) or output.ndim == 0 or output.shape[:-1] != inputs.shape[:-1]:
        return frozenset()
    kind = master_type([weight.dtype])
    rows, found = (t.detach().reshape(-1, t.shape[-1])[:CHECKED_ROWS].to(kind) for t in (inputs, output))
    rounding = ROUNDING_STEPS * torch.finfo(output.dtype).eps * found.norm()
    agreeing = set()
    for transposed in (False, True):
        matrix = weight.to(kind) if transposed else weight.to(kind).T
        if matrix.shape != (rows.shape[1], found.shape[1]) or (bias is not None and len(bias) != found.shape[1]):
            continue
        product = rows @ matrix
        expected = product if bias is None else product + bias.to(kind)
        # Numbers that are not finite tell nothing; whoever gathers the inputs finds them there.
        if not found.isfinite().all() or (found - expected).norm() <= TOLERANCE * product.norm() + rounding:
            agreeing.add(transposed)
    return frozenset(agreeing)


def linear_weights(model: nn.Module) -> dict[str, bool]:
    """Map the names of the weights of a model's linear layers to whether they are stored transposed, (in, out).

    No data is looked at: every module that may be linear is run alone, on a few random rows, and its output compared
    (see `orientations`). The projections of `nn.MultiheadAttention` count, too. A weight of which the values do not
    tell, W = 0, counts as (out, in). Of a model on the device meta, whose values are not known, all that may be linear
    are returned.
    """
    found = {}
    for path, module in model.named_modules():
        prefix = f"{path}." if path else ""
        if isinstance(module, nn.MultiheadAttention):
            names = ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight")
            found.update({prefix + name: False for name in names if getattr(module, name) is not None})
        elif (own := matrix_of(module)) is not None:
            ways = _orientations_alone(module, getattr(module, own))
            if ways:
                found[prefix + own] = min(ways)
    return found


@torch.no_grad()
def _orientations_alone(module: nn.Module, weight: Tensor) -> frozenset[bool]:
    """Return how a module's matrix is stored if it is linear, found by running it alone."""
    if weight.is_meta:
        return frozenset({False})
    generator = torch.Generator().manual_seed(0)
    for n_inputs in dict.fromkeys((weight.shape[1], weight.shape[0])):
        rows = torch.randn(PROBED_ROWS, n_inputs, generator=generator).to(weight)
        try:
            ways = orientations(module, rows, module(rows))
        except Exception:  # it takes something else than rows of numbers, as embeddings do
            continue
        if ways:
            return ways
    return frozenset()
