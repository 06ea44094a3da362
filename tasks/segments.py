"""One forward pass of T models that share most of their weights, each on its own segment of the batch.

Per-task gradients of one model's weights come out of a single backward pass this way: the T models hold separate
leaves that share storage. Modules whose weights are the same tensors in all models see the whole batch at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from .problem import Params
from .recomputation import call_within, with_weights
from .rows import join_rows, split_rows


@dataclass(frozen=True)
class _Part:
    """A module that runs segment by segment."""

    name: str
    """Its name in the model."""
    weights: Mapping[str, str]
    """The names of its weights and buffers: those in the module -> those in the model."""

    def weights_of(self, params: Params) -> dict[str, Tensor]:
        """Return its weights in one model, by their names in the module."""
        return {own: params[name] for own, name in self.weights.items()}


class SegmentedModel:
    """Runs every segment of a batch through one architecture with weights of its own, in one pass.

    Whether that gives what the segments give alone depends on the architecture: its modules should take examples
    along the first dimension, and use their own weights only when they are called. `LossComparison` finds out.

    Args:
        model: the architecture.
        run: calls it on inputs; the architecture itself when None.
    """

    def __init__(self, model: nn.Module, run: Callable[[Any], Any] | None = None) -> None:
        self._model = model
        self._run = run or model
        # A training step would otherwise spend tens of milliseconds on names, the same in every step.
        self._parts: dict[tuple[frozenset[str], tuple[str, ...]], list[_Part]] = {}

    def __call__(self, models: Sequence[Params], inputs: Any, sizes: Sequence[int]) -> list[Any]:
        """Return the outputs of every segment: the k-th, of `sizes[k]` examples, goes through `models[k]`.

        Args:
            models: one model a segment.
            inputs: all segments joined, tensors or containers of tensors.
            sizes: examples of each segment.

        Raises:
            ValueError: the architecture cannot be run in segments.
        """
        parts = self._parts_where(models)
        shared = with_weights(self._model, models[0])

        def segmented(function: Callable[[], Any]) -> Any:
            with contextlib.ExitStack() as stack:
                for part in parts:
                    module = self._model.get_submodule(part.name)
                    stack.enter_context(_segmented(module, [part.weights_of(params) for params in models], sizes))
                return shared(function)

        return split_rows(call_within(segmented, self._run, inputs), sizes)

    def _parts_where(self, models: Sequence[Params]) -> list[_Part]:
        """Return the modules in which these models differ."""
        first, *others = models
        own = frozenset(name for name, tensor in first.items() if any(other[name] is not tensor for other in others))
        key = (own, tuple(first))
        if key not in self._parts:
            names = _to_segment(self._model, own, first)
            if names is None:
                raise ValueError("the architecture's own weights differ")
            self._parts[key] = [
                _Part(name, {weight[len(name) + 1 :]: weight for weight in first if weight.startswith(f"{name}.")})
                for name in names
            ]
        return self._parts[key]


def _to_segment(model: nn.Module, own: frozenset[str], params: Params) -> list[str] | None:
    """Return the outermost modules all of whose weights differ, or some of them and some are shared.

    None where the model's own differ, so that nothing is left that could run once.
    """
    found: list[str] = []
    return found if _find_segments("", model, own, list(params), found) else None


def _find_segments(name: str, module: nn.Module, own: frozenset[str], weights: list[str], found: list[str]) -> bool:
    """Append the names of the modules to run in segments to `found`; False where `module` itself would have to be one.

    Not a closure of its caller: one that calls itself keeps all it sees (a merged model) until garbage is collected.
    """
    prefix = f"{name}." if name else ""
    within = [weight for weight in weights if weight.startswith(prefix)]
    differing = [weight for weight in within if weight in own]
    if not differing:
        return True
    of_itself = any("." not in weight[len(prefix) :] for weight in differing)
    all_differ = len(differing) == len(within) and not isinstance(module, (nn.ModuleList, nn.ModuleDict))
    if name and (of_itself or all_differ):
        found.append(name)
        return True
    return not of_itself and all(
        _find_segments(f"{prefix}{child}", inner, own, within, found) for child, inner in module.named_children()
    )


@contextlib.contextmanager
def _segmented(module: nn.Module, weights: Sequence[Params], sizes: Sequence[int]) -> Iterator[None]:
    """Make `module` run every segment with that segment's weights, for a while."""
    whole = module.forward

    def forward(*args: Any, **kwargs: Any) -> Any:
        parts = split_rows((args, kwargs), sizes)
        outputs = [
            call_within(with_weights(module, own), whole, *some, **named)
            for own, (some, named) in zip(weights, parts, strict=True)
        ]
        return join_rows(outputs, sizes)

    before = module.__dict__.get("forward")
    module.__dict__["forward"] = forward
    try:
        yield
    finally:
        if before is None:
            del module.__dict__["forward"]
        else:
            module.__dict__["forward"] = before
