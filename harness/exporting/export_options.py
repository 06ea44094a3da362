"""What may be asked of an export.

Importing this module does not import torch.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ExportOptions:
    """How models are written."""

    format: str | None = None
    """`state-dict`, or the library that the suite's architecture comes from; both when None."""
    head: str | None = None
    """The task whose head the library's model gets; None for the encoder alone."""
    force: bool = False
    """Whether an export that is there already is replaced."""
    measure: bool = True
    """Whether errors that the run has not recorded are measured."""
