"""Scalarizations: one weight for every task's loss gradient, from a preference."""

from .base import Scalarization
from .linear import Linear
from .smooth_tchebycheff import SmoothTchebycheff

__all__ = ["Linear", "Scalarization", "SmoothTchebycheff"]
