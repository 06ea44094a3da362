"""Finding out whether a fast way to T losses gives what one pass a task gives, in gradients too."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from ..one_line import as_one_line
from .fake_weights import have_values
from .precision import at_least_single, is_half, master_type
from .problem import Params
from .untouched_randomness import untouched_randomness

logger = logging.getLogger("frontrunner")

ROUNDINGS = 32
"""Roundings of a whole gradient, and of a loss, that two right ways may differ by; a few were found on many models."""

OWN = 1e-4
"""Share of a weight's own gradient that two right ways may differ by beyond that: a wrong part is wrong by much more,
however small it is beside the gradients of other weights."""

ROW_LENGTH = 256
"""Length of the rows of the tables that gradients are laid out as, to be projected."""

FREQUENCIES = tuple(prime**0.5 for prime in (2, 3, 5, 7, 11, 13, 17, 19))
"""Angular frequencies of the cosines that gradients are projected on; none is periodic in whole numbers."""

LossesOf: TypeAlias = Callable[[Sequence[Params]], Tensor]
"""Computes the losses (T,) of models on one batch."""


class LossComparison:
    """Compares two ways to T losses, once for each kind of call, on the models and batch of the first such call.

    Args:
        buffers: names of what models may write to as they run; they are given copies.
    """

    def __init__(self, buffers: Collection[str] = ()) -> None:
        self._buffers = frozenset(buffers)
        self._agreed: dict[Hashable, bool] = {}
        self._said: set[str] = set()

    def agree(self, kind: Hashable, fast: LossesOf, plain: LossesOf, models: Sequence[Params]) -> bool:
        """Return whether a fast way gives what the plain way gives, beyond rounding; if it raises, it does not.

        Losses are compared, and where weights require gradients, the gradients of each model's weights one by one, in
        single precision or better: the rounding of half precision hides whole modules. Randomness, buffers and
        gradients are left as they were. Why a fast way is not right is logged, each reason once.

        Args:
            kind: what decides the answer: shapes, and which weights differ and require gradients.
            fast: the way in question.
            plain: the way that is right; what it raises is raised, unless it cannot be computed in single precision.
            models: what both are given.
        """
        if kind in self._agreed:
            return self._agreed[kind]
        weights = models[0].values()
        if not have_values(weights) and not any(is_half(tensor.dtype) for tensor in weights):
            return True  # as of nearly every architecture; in single precision comparing takes no memory of its own
        device = next(iter(weights)).device
        try:
            with untouched_randomness(device), _without_tf32(device):
                expected = _Found(plain, models, self._buffers)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:
            if not any(is_half(tensor.dtype) for tensor in models[0].values()):
                raise
            self.refuse(kind, error)  # it may run in half precision only
            return False
        if not expected.losses.isfinite().all():
            return False  # nothing to compare with; another batch may tell
        try:
            with untouched_randomness(device), _without_tf32(device):
                agreed = _Found(fast, models, self._buffers).is_close_to(expected, models)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:  # whatever a model objects to, the plain way is right
            self.refuse(kind, error)
            return False
        if not agreed:
            self.refuse(kind, "its losses or gradients are others")
        elif expected.has_gradients or _tell_apart(models):
            self._agreed[kind] = True
        return agreed

    def refuse(self, kind: Hashable, why: object) -> None:
        """Take the plain way for calls of a kind from now on, and log the reason, an error or a text, once."""
        self._agreed[kind] = False
        reason = as_one_line(f"{type(why).__name__}: {why}" if isinstance(why, Exception) else str(why))
        if reason not in self._said:
            self._said.add(reason)
            logger.warning("one pass of the model for all tasks is not right, so each takes its own (%s)", reason)


def _tell_apart(models: Sequence[Params]) -> bool:
    """Return whether losses alone tell if each model's own weights were used: no weight has equal values in all models.

    Weights that are one tensor in all models do not matter.
    """
    first, *others = models
    return all(
        all(other[name] is tensor for other in others) or not all(torch.equal(other[name], tensor) for other in others)
        for name, tensor in first.items()
    )


class _Found:
    """Losses (T,), and of the gradient of their sum in every weight its squared length and a few projections."""

    def __init__(self, losses_of: LossesOf, models: Sequence[Params], buffers: Collection[str]) -> None:
        leaves: dict[int, Tensor] = {}  # of one tensor in several models there is one leaf
        for params in models:
            for name, tensor in params.items():
                if id(tensor) not in leaves:
                    leaf = at_least_single(tensor.detach())
                    leaf = leaf.clone() if name in buffers else leaf
                    leaves[id(tensor)] = leaf.requires_grad_(tensor.requires_grad)
        self.sketches: dict[int, Tensor] = {}
        with contextlib.ExitStack() as hooks:
            for key, leaf in leaves.items():
                if leaf.requires_grad:
                    hooks.callback(leaf.register_post_accumulate_grad_hook(self._noting(key)).remove)  # type: ignore[no-untyped-call] # torch has no types here
            losses = losses_of([{name: leaves[id(tensor)] for name, tensor in params.items()} for params in models])
            self.has_gradients = losses.requires_grad
            if self.has_gradients:
                losses.sum().backward()  # type: ignore[no-untyped-call]
        self.losses = losses.detach()

    def is_close_to(self, other: _Found, models: Sequence[Params]) -> bool:
        """Return whether losses and the gradients of each model's weights differ by no more than rounding."""
        if self.losses.shape != other.losses.shape:
            return False
        rounding = ROUNDINGS * torch.finfo(self.losses.dtype).eps
        off = (self.losses - other.losses).abs() / other.losses.abs().clamp(min=1)
        if not bool((off <= rounding).all()):
            return False
        for params in models:
            keys = {id(tensor) for tensor in params.values()} & (self.sketches.keys() | other.sketches.keys())
            if not keys:
                continue
            zero = self.losses.new_zeros(1 + len(FREQUENCIES), dtype=torch.float64)
            mine = torch.stack([self.sketches.get(key, zero) for key in keys])
            others = torch.stack([other.sketches.get(key, zero) for key in keys])
            differences = (mine[:, 1:] - others[:, 1:]).square().mean(dim=1).sqrt()
            own, whole = others[:, 0].sqrt(), others[:, 0].sum().sqrt()
            if not bool((differences <= OWN * own + rounding * whole).all()):
                return False
        return True

    def _noting(self, key: int) -> Callable[[Tensor], None]:
        def note(leaf: Tensor) -> None:
            """Keep a few numbers of a gradient and free it, since T models' gradients take T times the memory."""
            assert leaf.grad is not None
            gradient = torch.view_as_real(leaf.grad) if leaf.is_complex() else leaf.grad
            flat = gradient.flatten().to(master_type([gradient.dtype]))
            self.sketches[key] = torch.cat([(flat @ flat)[None], _projections(flat)]).double()
            leaf.grad = None

        return note


def _projections(flat: Tensor) -> Tensor:
    """Return a few projections of a tensor (P,), each on average over directions as long as the tensor."""
    padded = functional.pad(flat, (0, -len(flat) % ROW_LENGTH)).view(-1, ROW_LENGTH)
    frequencies = torch.tensor(FREQUENCIES, device=flat.device, dtype=flat.dtype)

    def cosines(n: int) -> Tensor:
        return torch.outer(torch.arange(1, n + 1, device=flat.device, dtype=flat.dtype), frequencies).cos_()

    # Directions that are products of cosines, of mean square 1/4, need no vector of length P.
    return 2 * (padded @ cosines(ROW_LENGTH) * cosines(len(padded))).sum(dim=0)


@contextlib.contextmanager
def _without_tf32(device: torch.device) -> Iterator[None]:
    """Multiply in full single precision for a while, where a device has shorter numbers for it."""
    if device.type != "cuda":
        yield
        return
    cudnn, precision = torch.backends.cudnn, torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with cudnn.flags(cudnn.enabled, cudnn.benchmark, deterministic=cudnn.deterministic, allow_tf32=False):
            yield
    finally:
        torch.set_float32_matmul_precision(precision)
