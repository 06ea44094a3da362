"""The order in which a model's modules run, and the blocks in which their linear layers are merged."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from torch import nn

from ..layers import layer_of


class RunningOrder:
    """Notes the order in which the modules of a model run first.

    Args:
        model: the architecture.
    """

    def __init__(self, model: nn.Module) -> None:
        self._modules = dict(model.named_modules())
        self._first: dict[str, int] = {}

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Note the modules that run while the `with` block runs."""

        def watch(name: str) -> Any:
            def hook(*_: Any) -> None:
                self._first.setdefault(name, len(self._first))

            return self._modules[name].register_forward_pre_hook(hook)

        with contextlib.ExitStack() as hooks:
            for name in self._modules:
                hooks.callback(watch(name).remove)
            yield

    def of(self, module: str) -> int:
        """Return a module's position, -1 where it did not run: what it holds is read by others, at any time."""
        return self._first.get(module, -1)


def blocks_of(model: nn.Module, weights: Sequence[str], order: RunningOrder) -> list[tuple[str, list[str]]]:
    """Return the weights of linear layers by the block that they are in, in the order in which blocks run.

    A block is an item of a list of modules of one class (`nn.ModuleList`, `nn.Sequential`), as a transformer's layers
    are, that holds two or more of these linear layers; of nested ones the innermost. A layer outside of all is a block
    of its own.

    Args:
        model: the architecture.
        weights: names of weights of linear layers that ran.
        order: when they ran.

    Returns:
        For each block its module's name, "" for the model itself, and its weights.
    """
    repeated = _repeated_items(model)

    def block_of(weight: str) -> str:
        holders = [item for item in repeated if weight.startswith(f"{item}.")]
        full = [item for item in holders if sum(other.startswith(f"{item}.") for other in weights) > 1]
        return max(full, key=len, default=layer_of(weight))

    blocks: dict[str, list[str]] = {}
    for weight in sorted(weights, key=lambda name: order.of(layer_of(name))):
        blocks.setdefault(block_of(weight), []).append(weight)
    return list(blocks.items())


def _repeated_items(model: nn.Module) -> list[str]:
    """Return the names of items of lists of modules that hold another item of the same class."""
    found = []
    for path, module in model.named_modules():
        if isinstance(module, (nn.ModuleList, nn.Sequential)):
            classes = [type(child) for child in module]
            found += [f"{path}.{i}" if path else str(i) for i, kind in enumerate(classes) if classes.count(kind) > 1]
    return found
