"""Gram matrices of the inputs of linear layers, gathered while a model runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from ...errors import UnsupportedError
from ...tasks.precision import at_least_single


class GramMatrices:
    """Gathers X^T X of the inputs X (rows, in) of a model's linear layers, by the name of the layer's weights.

    Layers are `nn.Linear` and the input projection of `nn.MultiheadAttention` where query, key and value are one
    tensor. Inputs are those of the model with whatever weights it runs with.

    Args:
        model: the architecture.

    Raises:
        UnsupportedError: the model has no `nn.Linear`.
    """

    def __init__(self, model: nn.Module) -> None:
        self._layers: dict[str, nn.Module] = {}
        for path, module in model.named_modules():
            prefix = f"{path}." if path else ""
            if isinstance(module, nn.Linear):
                self._layers[f"{prefix}weight"] = module
            elif isinstance(module, nn.MultiheadAttention) and module.in_proj_weight is not None:
                self._layers[f"{prefix}in_proj_weight"] = module
        if not any(isinstance(module, nn.Linear) for module in self._layers.values()):
            raise UnsupportedError(
                f"expected an architecture with nn.Linear modules, found none in {type(model).__name__}"
            )
        self._sums: dict[str, Tensor] = {}
        self._rows: dict[str, int] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the weights of the layers that ran, in the model's order."""
        return tuple(name for name in self._layers if name in self._sums)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Gather inputs while the `with` block runs."""

        def watch(name: str, layer: nn.Module) -> Any:
            def hook(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
                inputs = _inputs(module, args, kwargs)
                if inputs is not None:
                    self._add(name, inputs.detach())

            return layer.register_forward_pre_hook(hook, with_kwargs=True)

        with contextlib.ExitStack() as hooks:
            for name, layer in self._layers.items():
                hooks.callback(watch(name, layer).remove)
            yield

    def mean(self, name: str, *, reduce_off_diagonal: float) -> Tensor:
        """Return X^T X / rows (in, in), with its off-diagonal entries scaled (arXiv 2212.09849, section 3.3)."""
        gram = self._sums[name] / self._rows[name]
        return reduce_off_diagonal * gram + (1 - reduce_off_diagonal) * gram.diagonal().diag()

    def _add(self, name: str, inputs: Tensor) -> None:
        rows = at_least_single(inputs.reshape(-1, inputs.shape[-1]))
        product = rows.T @ rows
        self._sums[name] = self._sums[name] + product if name in self._sums else product
        self._rows[name] = self._rows.get(name, 0) + len(rows)


def _inputs(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor | None:
    """Return what a layer multiplies with its weights; None for attention across different inputs."""
    if isinstance(module, nn.Linear):
        found: Tensor = args[0] if args else kwargs["input"]
        return found
    given = dict(zip(("query", "key", "value"), args, strict=False)) | kwargs
    query: Tensor = given["query"]
    return query if query is given["key"] is given["value"] else None
