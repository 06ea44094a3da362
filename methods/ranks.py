"""The seam between a fit and the processes that make it together, its ranks."""

from __future__ import annotations

from torch import Tensor


class RankGroup:
    """The processes that make one fit together; this class is the single process of an ordinary fit.

    What a fit learns does not depend on how many there are, but for rounding: every rank draws the same preferences and
    mini-batches and takes the same optimizer steps, and only the passes through the model are divided, see
    `shared_step`. A subclass connects several processes.
    """

    own: int = 0
    """The number of this process, from 0. The first alone reports, evaluates the made set and writes checkpoints."""
    count: int = 1
    """How many processes there are."""

    def sum_(self, tensor: Tensor) -> None:
        """Replace a contiguous tensor by its sum over all ranks, to the same bits on each.

        Every rank calls it as often as the others, with tensors of the same shape and type.

        Raises:
            RankError: another rank has ended or does not answer.
        """

    def copy_first_(self, tensor: Tensor) -> None:
        """Replace a contiguous tensor by that of the first rank; otherwise as `sum_`."""


ALONE = RankGroup()
"""The ranks of a fit in one process."""
