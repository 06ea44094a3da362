"""One forward pass of T models that share most of their weights, each on its own segment of the batch.

Per-task gradients of one model's weights come out of a single backward pass this way: the T models hold separate
leaves that share storage. Modules whose weights are the same tensors in all models see the whole batch at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from torch import nn

from .problem import Params
from .recomputation import call_within, with_weights
from .rows import join_rows, split_rows


class SegmentedModel:
    """Runs every segment of a batch through one architecture with weights of its own, in one pass.

    Whether that gives what the segments give alone depends on the architecture: its modules should take examples
    along the first dimension, and use their own weights only when they are called. `LossComparison` finds out.

    Args:
        model: the architecture.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model

    def __call__(self, models: Sequence[Params], inputs: Any, sizes: Sequence[int]) -> list[Any]:
        """Return the outputs of every segment: the k-th, of `sizes[k]` examples, goes through `models[k]`.

        Args:
            models: one model a segment.
            inputs: all segments joined, tensors or containers of tensors.
            sizes: examples of each segment.

        Raises:
            ValueError: the architecture cannot be run in segments.
        """
        own = {name for name, tensor in models[0].items() if any(other[name] is not tensor for other in models[1:])}
        names = _to_segment(self._model, own, models[0])
        if names is None:
            raise ValueError("the architecture's own weights differ")
        called: set[str] = set()
        shared = with_weights(self._model, models[0])

        def segmented(function: Callable[[], Any]) -> Any:
            with contextlib.ExitStack() as stack:
                for name in names:
                    module = self._model.get_submodule(name)
                    stack.enter_context(_segmented(module, name, models, sizes, called))
                return shared(function)

        outputs = call_within(segmented, self._model, inputs)
        if called != set(names):
            raise ValueError("the weights of a module are used without calling it, as attention uses out_proj's")
        return split_rows(outputs, sizes)


def _to_segment(model: nn.Module, own: set[str], params: Params) -> list[str] | None:
    """Return the outermost modules all of whose weights differ, or some of them and some are shared.

    None where the model's own differ, so that nothing is left that could run once.
    """
    found: list[str] = []

    def visit(name: str, module: nn.Module) -> bool:
        prefix = f"{name}." if name else ""
        within = [weight for weight in params if weight.startswith(prefix)]
        differing = [weight for weight in within if weight in own]
        if not differing:
            return True
        of_itself = any("." not in weight[len(prefix) :] for weight in differing)
        all_differ = len(differing) == len(within) and not isinstance(module, (nn.ModuleList, nn.ModuleDict))
        if name and (of_itself or all_differ):
            found.append(name)
            return True
        return not of_itself and all(visit(f"{prefix}{child}", inner) for child, inner in module.named_children())

    return found if visit("", model) else None


@contextlib.contextmanager
def _segmented(
    module: nn.Module, name: str, models: Sequence[Params], sizes: Sequence[int], called: set[str]
) -> Iterator[None]:
    """Make `module` run every segment with that segment's weights, and note its name in `called`, for a while."""
    prefix = f"{name}."
    weights = [{key[len(prefix) :]: w for key, w in params.items() if key.startswith(prefix)} for params in models]
    whole = module.forward

    def forward(*args: Any, **kwargs: Any) -> Any:
        called.add(name)
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
