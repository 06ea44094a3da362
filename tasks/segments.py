"""One forward pass of T models that share most of their weights, each on its own segment of the batch.

Per-task gradients of one model's weights come out of a single backward pass this way: the T models hold separate
leaves that share storage. Modules whose weights are the same tensors in all models see the whole batch at once.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ..errors import ConfigError
from .problem import Params


def forward_by_segment(model: nn.Module, models: Sequence[Params], inputs: Tensor, sizes: Sequence[int]) -> Tensor:
    """Outputs (n, ...) for inputs (n, ...), whose k-th segment of `sizes[k]` rows goes through `models[k]`.

    Args:
        model: the architecture; takes examples along the first dimension, as do its submodules.
        models: one a segment.
        inputs: all segments joined.
        sizes: rows of each segment, sum n.

    Raises:
        ConfigError: a submodule with weights of its own for every segment does not take n rows.
    """
    own = {name for name, tensor in models[0].items() if any(other[name] is not tensor for other in models[1:])}
    split = _outermost(model, own, models[0])
    if "" in split:
        parts = zip(models, torch.split(inputs, list(sizes)), strict=True)
        return torch.cat([functional_call(model, dict(params), (part,), tie_weights=False) for params, part in parts])
    with contextlib.ExitStack() as stack:
        for name in split:
            stack.enter_context(_segmented(model.get_submodule(name), name, models, sizes))
        output: Tensor = functional_call(model, dict(models[0]), (inputs,), tie_weights=False)
        return output


def _outermost(model: nn.Module, own: set[str], params: Params) -> list[str]:
    """The outermost modules all of whose weights differ; the whole model where a lone weight of a container does."""
    found: list[str] = []

    def visit(name: str, module: nn.Module) -> bool:
        prefix = f"{name}." if name else ""
        within = [weight for weight in params if weight.startswith(prefix)]
        differing = [weight for weight in within if weight in own]
        if not differing:
            return True
        if len(differing) == len(within):
            found.append(name)
            return True
        if any("." not in weight[len(prefix) :] for weight in differing):
            return False  # a weight of the module itself, beside others that are shared
        return all(visit(f"{prefix}{child}", inner) for child, inner in module.named_children())

    return found if visit("", model) else [""]


@contextlib.contextmanager
def _segmented(module: nn.Module, name: str, models: Sequence[Params], sizes: Sequence[int]) -> Iterator[None]:
    """Within it, `module` runs every segment with that segment's weights."""
    twin = copy.copy(module)  # its own forward is left alone
    prefix = f"{name}."
    weights = [{key[len(prefix) :]: w for key, w in params.items() if key.startswith(prefix)} for params in models]
    n = sum(sizes)

    def forward(*args: Any, **kwargs: Any) -> Any:
        if not (isinstance(args[0], Tensor) and args[0].shape[0] == n):
            raise ConfigError(
                f"per-task gradients need the examples along the first dimension of {name!r}: expected {n} rows, "
                f"found {tuple(args[0].shape) if isinstance(args[0], Tensor) else type(args[0]).__name__}"
            )

        def segments(value: Any) -> Sequence[Any]:
            rows = isinstance(value, Tensor) and value.ndim > 0 and value.shape[0] == n
            return torch.split(value, list(sizes)) if rows else [value] * len(sizes)

        split_args = zip(*map(segments, args), strict=True)
        split_kwargs = [
            dict(zip(kwargs, values, strict=True)) for values in zip(*map(segments, kwargs.values()), strict=True)
        ]
        return _joined(
            [
                functional_call(twin, own, part, part_kwargs, tie_weights=False)
                for own, part, part_kwargs in zip(weights, split_args, split_kwargs or [{}] * len(sizes), strict=True)
            ]
        )

    original: Callable[..., Any] | None = module.__dict__.get("forward")
    module.forward = forward
    try:
        yield
    finally:
        if original is None:
            del module.forward
        else:
            module.forward = original


def _joined(outputs: Sequence[Any]) -> Any:
    if isinstance(outputs[0], tuple):
        return tuple(_joined(parts) for parts in zip(*outputs, strict=True))
    return torch.cat(list(outputs)) if isinstance(outputs[0], Tensor) else outputs[0]
