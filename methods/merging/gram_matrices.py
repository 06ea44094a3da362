"""Gram matrices of the inputs of linear layers, gathered while a model runs."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from torch import Tensor, nn

from ...errors import DivergenceError, UnsupportedError
from ...tasks.precision import at_least_single
from .linear_layers import matrix_of, orientations


class GramMatrices:
    """Gathers X^T X of the inputs X (rows, in) of a model's linear layers, by the name of the layer's weights.

    A layer is any module whose output is its input times the one matrix that it holds (see `orientations`), whatever
    its class: `nn.Linear`, the transposed `Conv1D` of GPT-2. So is the input projection of `nn.MultiheadAttention`
    where query, key and value are one tensor. Inputs are those of the model with whatever weights it runs with, of all
    calls of a layer together.

    Args:
        model: the architecture.
        only: the names of the weights to gather inputs of; None for those of all layers.

    Raises:
        UnsupportedError: no module of the model can be a linear layer.
    """

    def __init__(self, model: nn.Module, only: Collection[str] | None = None) -> None:
        self._layers: dict[str, nn.Module] = {}
        for path, module in model.named_modules():
            own = _projection_of(module) if isinstance(module, nn.MultiheadAttention) else matrix_of(module)
            name = f"{path}.{own}" if path else str(own)
            if own is not None and (only is None or name in only):
                self._layers[name] = module
        if not self._layers:
            raise no_linear_layers(model)
        self._sums: dict[str, Tensor] = {}
        self._rows: dict[str, int] = {}
        self._orientations: dict[str, frozenset[bool]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the weights of the linear layers that ran, in the model's order."""
        return tuple(name for name in self._layers if name in self._sums)

    def orientations(self, name: str) -> frozenset[bool]:
        """Return whether a layer that ran stores its weights transposed, (in, out); both where that is not known."""
        return self._orientations[name]

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Gather inputs while the `with` block runs."""

        def watch(name: str, layer: nn.Module) -> Any:
            def hook(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
                attends = isinstance(module, nn.MultiheadAttention)
                inputs = _attended(args, kwargs) if attends else _first([*args, *kwargs.values()])
                # A layer may be called without rows, as an expert of a mixture that no token was sent to.
                if inputs is None or inputs.numel() == 0:
                    return
                if name not in self._orientations:
                    self._orientations[name] = frozenset({False}) if attends else orientations(module, inputs, output)
                if self._orientations[name]:
                    self._add(name, inputs.detach())

            return layer.register_forward_hook(hook, with_kwargs=True)

        with contextlib.ExitStack() as hooks:
            for name, layer in self._layers.items():
                hooks.callback(watch(name, layer).remove)
            yield

    def mean(self, name: str, *, reduce_off_diagonal: float) -> Tensor:
        """Return X^T X / rows (in, in), with its off-diagonal entries scaled (arXiv 2212.09849, section 3.3).

        Raises:
            DivergenceError: an input was NaN or infinite.
        """
        gram = self._sums[name] / self._rows[name]
        if not gram.isfinite().all():
            raise DivergenceError(
                f"expected finite inputs of every layer, found NaN or infinity at {name!r}; an expert has diverged"
            )
        return reduce_off_diagonal * gram + (1 - reduce_off_diagonal) * gram.diagonal().diag()

    def _add(self, name: str, inputs: Tensor) -> None:
        rows = at_least_single(inputs.reshape(-1, inputs.shape[-1]))  # sums of squares overflow in half precision
        product = rows.T @ rows
        self._sums[name] = self._sums[name] + product if name in self._sums else product
        self._rows[name] = self._rows.get(name, 0) + len(rows)


def stored_alike(gathered: Sequence[GramMatrices]) -> dict[str, bool]:
    """Return the layers that ran in every model, with whether their weights are stored transposed, (in, out)."""
    alike = {}
    ran = [frozenset(grams.names) for grams in gathered]
    for name in gathered[0].names:
        if all(name in names for names in ran):
            common = frozenset.intersection(*(grams.orientations(name) for grams in gathered))
            if common:
                alike[name] = min(common)
    return alike


def no_linear_layers(model: nn.Module) -> UnsupportedError:
    """Return the error to raise where a model has nothing to gather inputs of."""
    return UnsupportedError(
        "expected an architecture with linear layers, modules that multiply their input by the one matrix that they "
        f"hold, found none in {type(model).__name__}"
    )


def _projection_of(attention: nn.MultiheadAttention) -> str | None:
    """Return the name of the joint projection of query, key and value, None where each has its own."""
    joint: Tensor | None = attention.in_proj_weight  # torch's own annotation knows no None
    return None if joint is None else "in_proj_weight"


def _first(values: Sequence[Any]) -> Tensor | None:
    """Return the first tensor among what a module is called with, None unless it is floating point with columns."""
    found = next((value for value in values if isinstance(value, Tensor)), None)
    return found if found is not None and found.ndim > 0 and found.is_floating_point() else None


def _attended(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor | None:
    """Return the input of self-attention; None for attention across different inputs."""
    given = dict(zip(("query", "key", "value"), args, strict=False)) | kwargs
    query: Tensor = given["query"]
    return query if query is given["key"] is given["value"] else None
