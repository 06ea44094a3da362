"""Floor 1: fronts, their indicators and preference grids. Every objective is minimised."""

from .front import Front
from .indicators import Hypervolume, hypervolume, igd, igd_plus
from .preferences import check_preference, simplex_grid
from .reference import ReferenceFront, reference_front

__all__ = [
    "Front",
    "Hypervolume",
    "ReferenceFront",
    "check_preference",
    "hypervolume",
    "igd",
    "igd_plus",
    "reference_front",
    "simplex_grid",
]
