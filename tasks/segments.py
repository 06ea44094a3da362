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


class SegmentedModel:
    """Runs every segment of a batch through one architecture with weights of its own.

    Args:
        model: the architecture, which takes examples along the first dimension, as do its submodules.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._probed: set[str] = set()

    def __call__(self, models: Sequence[Params], inputs: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return outputs (n, ...) for inputs (n, ...), whose k-th segment of `sizes[k]` rows goes through `models[k]`.

        Args:
            models: one model a segment.
            inputs: all segments joined, two rows or more.
            sizes: rows of each segment, n together.

        Raises:
            ConfigError: a submodule with weights of its own for every segment does not take n rows.
        """
        own = {name for name, tensor in models[0].items() if any(other[name] is not tensor for other in models[1:])}
        names = _outermost(self._model, own, models[0])
        if names is not None:
            self._probe(names, models[0], inputs)
            called: set[str] = set()
            with contextlib.ExitStack() as stack:
                for name in names:
                    module = self._model.get_submodule(name)
                    stack.enter_context(_segmented(module, name, models, sizes, called))
                output: Tensor = functional_call(self._model, dict(models[0]), (inputs,), tie_weights=False)
            # A module whose weights are used without calling it (attention's out_proj) has ignored its segments.
            if called == set(names):
                return output
        parts = zip(models, torch.split(inputs, list(sizes)), strict=True)
        runs = [functional_call(self._model, dict(params), (part,), tie_weights=False) for params, part in parts]
        return torch.cat(runs)

    @torch.no_grad()
    def _probe(self, names: Sequence[str], params: Params, inputs: Tensor) -> None:
        """Run one row: a module with another first dimension may agree with n rows by coincidence, but not with one."""
        new = [name for name in names if name not in self._probed]
        if not new:
            return

        def check(name: str) -> Callable[..., None]:
            def hook(_: nn.Module, args: Any, kwargs: Any) -> None:
                _require_rows(name, [*args, *kwargs.values()], 1)

            return hook

        hooks = [
            self._model.get_submodule(name).register_forward_pre_hook(check(name), with_kwargs=True) for name in new
        ]
        try:
            functional_call(self._model, dict(params), (inputs[:1],), tie_weights=False)
        finally:
            for handle in hooks:
                handle.remove()
        self._probed.update(new)


def _require_rows(name: str, values: Sequence[Any], n: int) -> None:
    """Refuse a module whose first tensor does not have n rows.

    Raises:
        ConfigError: it has not; the message names the module.
    """
    found = [tuple(value.shape) for value in values if isinstance(value, Tensor)]
    if not found or found[0][:1] != (n,):
        raise ConfigError(
            f"per-task gradients need the examples along the first dimension of {name!r}: expected {n} rows, "
            f"found tensors of shape {found}"
        )


def _outermost(model: nn.Module, own: set[str], params: Params) -> list[str] | None:
    """Return the outermost modules all of whose weights differ; None where they cannot be told from what is shared."""
    found: list[str] = []

    def visit(name: str, module: nn.Module) -> bool:
        prefix = f"{name}." if name else ""
        within = [weight for weight in params if weight.startswith(prefix)]
        differing = [weight for weight in within if weight in own]
        if not differing:
            return True
        if len(differing) == len(within) and name and not isinstance(module, (nn.ModuleList, nn.ModuleDict)):
            found.append(name)
            return True
        if any("." not in weight[len(prefix) :] for weight in differing):
            return False  # a weight of the module itself, beside others that are shared
        return all(visit(f"{prefix}{child}", inner) for child, inner in module.named_children())

    return found if visit("", model) else None


@contextlib.contextmanager
def _segmented(
    module: nn.Module, name: str, models: Sequence[Params], sizes: Sequence[int], called: set[str]
) -> Iterator[None]:
    """Make `module` run every segment with that segment's weights, and note its name in `called`, for a while."""
    twin = copy.copy(module)  # its own forward is left alone
    prefix = f"{name}."
    weights = [{key[len(prefix) :]: w for key, w in params.items() if key.startswith(prefix)} for params in models]
    n = sum(sizes)

    def segments(value: Any) -> Sequence[Any]:
        rows = isinstance(value, Tensor) and value.ndim > 0 and value.shape[0] == n
        return torch.split(value, list(sizes)) if rows else [value] * len(sizes)

    def forward(*args: Any, **kwargs: Any) -> Any:
        called.add(name)
        _require_rows(name, [*args, *kwargs.values()], n)
        parts = [segments(value) for value in args]
        named = {key: segments(value) for key, value in kwargs.items()}
        return _joined(
            [
                functional_call(
                    twin,
                    own,
                    tuple(part[k] for part in parts),
                    {key: part[k] for key, part in named.items()},
                    tie_weights=False,
                )
                for k, own in enumerate(weights)
            ]
        )

    before = module.__dict__.get("forward")
    module.forward = forward
    try:
        yield
    finally:
        if before is None:
            del module.forward
        else:
            module.forward = before


def _joined(outputs: Sequence[Any]) -> Any:
    if isinstance(outputs[0], tuple):
        return tuple(_joined(parts) for parts in zip(*outputs, strict=True))
    return torch.cat(list(outputs)) if isinstance(outputs[0], Tensor) else outputs[0]
