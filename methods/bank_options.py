"""Options of learners that merge experts: in which type and where task vectors are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import torch

from .added_later import AddedLater

TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
"""Types that task vectors may be kept in."""


@dataclass(frozen=True)
class BankOptions:
    """Options of how the experts are held while coefficients are trained."""

    bank_dtype: Annotated[Literal["float32", "bfloat16"] | None, AddedLater()] = None
    """Type that task vectors are kept in; if unset, the weights' own, and large models keep none."""
    bank_device: Annotated[Literal["problem", "cpu"], AddedLater()] = "problem"
    """Where experts are held: on the problem's device, or in pinned memory of the CPU."""

    @property
    def are_default(self) -> bool:
        """Whether nothing is asked for."""
        return self.bank_dtype is None and self.bank_device == "problem"
