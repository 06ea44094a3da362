"""The check that a model's backward pass uses the weights that were passed in, and none of the model's own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import UnsupportedError
from .fake_weights import have_values
from .recomputation import call_within, with_weights
from .rows import map_tensors, tensors_in
from .untouched_randomness import untouched_randomness


class _OwnWeightsReadError(Exception):
    """A weight of the model's own was read."""


class _Unreadable(Tensor):
    """A weight that raises when it is read in any way."""

    @classmethod
    def __torch_function__(cls, *_: Any, **__: Any) -> Any:
        raise _OwnWeightsReadError


def require_passed_weights(
    model: nn.Module, params: Mapping[str, Tensor], inputs: Sequence[Any], run: Callable[..., Any] | None = None
) -> None:
    """Run one example forward and backward, and refuse a model whose backward pass reads weights of its own.

    A model that runs parts of itself again in the backward pass does so, unless it is torch's checkpointing that
    makes it: its gradients would be those of other weights, or none. Randomness and buffers are left as
    they were.

    Args:
        model: the architecture.
        params: weights and buffers.
        inputs: what `run` takes, with examples along the first dimension.
        run: calls the model on them; the model itself when None.

    Raises:
        UnsupportedError: it reads them.
    """
    if not have_values(params.values()):
        return  # nothing reads weights of an estimate
    weights = {name for name, _ in model.named_parameters()}
    # Everything wants gradients here: a part whose inputs want none may hide from the backward pass.
    leaves = {
        name: tensor.detach().requires_grad_(_is_continuous(tensor)) if name in weights else tensor.detach().clone()
        for name, tensor in params.items()
    }
    with contextlib.ExitStack() as hooks:
        for leaf in leaves.values():
            if leaf.requires_grad:
                # Nobody needs the gradients, which are as large as the model.
                hooks.callback(leaf.register_post_accumulate_grad_hook(_drop).remove)  # type: ignore[no-untyped-call] # torch has no types here
        hooks.enter_context(untouched_randomness(next(iter(params.values())).device))
        hooks.enter_context(torch.enable_grad())
        outputs = _first_outputs(model, leaves, inputs, run or model)
        reached = [tensor for tensor in tensors_in(outputs) if tensor.requires_grad]
        unreadable = {name: torch.empty(0).as_subclass(_Unreadable) for name in params}
        ones = [torch.ones_like(tensor) for tensor in reached]
        try:
            if reached:
                with_weights(model, unreadable)(lambda: torch.autograd.backward(reached, ones))
        except _OwnWeightsReadError:
            raise UnsupportedError(
                f"{type(model).__name__} runs parts of itself again in the backward pass in a way that cannot be "
                "given the weights of its forward pass, so gradients would be wrong; checkpoint activations by "
                "torch.utils.checkpoint, or not at all"
            ) from None


def _first_outputs(
    model: nn.Module, params: Mapping[str, Tensor], inputs: Sequence[Any], run: Callable[..., Any]
) -> Any:
    """Return the outputs for the first example, or for all where a model does not take a single one."""

    def watched(tensor: Tensor) -> Tensor:
        # A copy, since models may change their inputs, which torch refuses for a leaf.
        return tensor.detach().requires_grad_().clone() if _is_continuous(tensor) else tensor.detach().clone()

    try:
        one = map_tensors(lambda tensor: watched(tensor[:1] if tensor.ndim else tensor), list(inputs))
        return call_within(with_weights(model, params), run, *one)
    except Exception:  # a genuine failure comes again
        return call_within(with_weights(model, params), run, *map_tensors(watched, list(inputs)))


def _is_continuous(tensor: Tensor) -> bool:
    return tensor.is_floating_point() or tensor.is_complex()


def _drop(leaf: Tensor) -> None:
    leaf.grad = None
