"""Running one example through the model and a task's head when a problem is made, to see that they fit together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ConfigError, FrontrunnerError
from ..one_line import as_one_line
from .precision import type_name
from .stored_inputs import Inputs


def require_head(task: str, head: object) -> nn.Module:
    """Return the head of a task.

    Raises:
        ConfigError: it is no module, has no values, or holds NaN or infinity.
    """
    if not isinstance(head, nn.Module):
        found = head.__name__ if isinstance(head, type) else type(head).__name__
        raise ConfigError(
            f"the head of task {task!r} must be a torch.nn.Module, found {found}; "
            f"make it a module whose forward turns features into logits (n, classes)"
        )
    for name, tensor in head.state_dict().items():
        if isinstance(tensor, Tensor) and tensor.is_meta:
            raise ConfigError(
                f"the head of task {task!r} has no values in {name}, it is on the meta device; load its weights first"
            )
        if isinstance(tensor, Tensor) and tensor.is_floating_point() and not tensor.isfinite().all():
            raise ConfigError(f"the head of task {task!r} holds NaN or infinity in {name}")
    return head


def classes_of_head(task: str, encode: Callable[[Any], Any], head: nn.Module, inputs: Inputs) -> int:
    """Return how many classes a task's head tells apart, found by running one example.

    Args:
        task: the task's name, for the message.
        encode: function from stored inputs to what the encoder returns.
        head: the task's head.
        inputs: stored inputs of one example, (1, ...).

    Raises:
        ConfigError: the model or the head cannot be run, or the head gives no logits (1, classes).
    """
    features = _run(
        encode, inputs, f"the model cannot be run on an example of task {task!r}", "mend the inputs or `to_input`"
    )
    logits = _run(
        head,
        features,
        f"the head of task {task!r} cannot be run on what the model returns",
        "give a head that takes it, of the same width, type and device",
    )
    logits = logits_in(logits)
    if not isinstance(logits, Tensor) or not logits.is_floating_point() or logits.ndim != 2 or len(logits) != 1:
        raise ConfigError(
            f"the head of task {task!r} must give logits (n, classes), "
            f"found {_described(logits)} for one example; let the head return the logits alone, one row an example"
        )
    return logits.shape[1]


def logits_in(outputs: Any) -> Any:
    """Return the logits of what a head gives: its field or entry `logits` where it has one, else itself."""
    if isinstance(outputs, Tensor):
        return outputs
    if isinstance(outputs, Mapping):
        return outputs.get("logits", outputs)
    return getattr(outputs, "logits", outputs)


def _run(function: Callable[[Any], Any], value: Any, failure: str, advice: str) -> Any:
    """Return what a function gives; say what could not be run, and on what, where it raises an error."""
    try:
        return function(value)
    except (FrontrunnerError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # of the user's own modules and functions
        raise ConfigError(
            f"{failure}, {_described(value)} ({type(error).__name__}: {as_one_line(str(error), 300)}); {advice}"
        ) from error


def _described(value: object) -> str:
    """Return type, shape and device of a tensor, or another value's type."""
    if not isinstance(value, Tensor):
        return f"a {type(value).__name__}"
    return f"{tuple(value.shape)} in {type_name(value)} on {value.device}"
