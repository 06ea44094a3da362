"""The share of a batch that one of several processes computes."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ConfigError
from .examples import Examples
from .problem import Batch, Problem


@dataclass(frozen=True)
class BatchShare:
    """Some of the examples of T mini-batches."""

    batch: Batch
    """T mini-batches, none of them empty; None of a problem without data."""
    weights: tuple[float, ...]
    """(T,) the share of each task's examples that are here, by which their mean loss counts in that of all."""


def share_of_batch(problem: Problem, batch: Batch, own: int, count: int) -> BatchShare | None:
    """Return what process `own` of `count` computes of a batch; None where it has nothing to do.

    Mean losses of the shares, times their weights, add up to the mean losses of the batch. A task's examples are cut
    into pieces of equal size, up to one example; there are as many as the smallest mini-batch allows. The objectives
    of a problem without data are computed by the first process.

    Raises:
        ConfigError: the batch is neither None nor T `Examples`.
    """
    if batch is None:
        return BatchShare(None, (1.0,) * problem.n_tasks) if own == 0 else None
    if not isinstance(batch, (list, tuple)) or not all(isinstance(part, Examples) for part in batch):
        raise ConfigError(
            f"a fit on several devices divides mini-batches that are Examples; those of {problem.name} are something "
            "else, so that it can only be fitted on one device"
        )
    pieces = min(count, *map(len, batch))
    if own >= pieces:
        return None
    parts = tuple(part.between(own * len(part) // pieces, (own + 1) * len(part) // pieces) for part in batch)
    return BatchShare(parts, tuple(len(mine) / len(part) for mine, part in zip(parts, batch, strict=True)))
