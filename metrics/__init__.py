"""Floor 1: fronts, their indicators and preference grids. Every objective is minimised."""

from .alignment import alignment
from .compromise import compromise_share
from .distinct import distinct_answers
from .dominance import dominated_share
from .expected_utility import expected_utility
from .front import Front
from .hypervolume import Hypervolume, hypervolume
from .indicator import Indicator, ScoringInput
from .indicators import igd, igd_plus
from .layered_grid import layered_grid, layered_grid_size
from .non_uniformity import non_uniformity
from .normalisation import normalised
from .preferences import check_preference, simplex_grid, simplex_grid_size
from .reference import ReferenceFront, reference_front
from .registry import INDICATORS, list_indicators
from .spread import largest_gap, spread

__all__ = [
    "INDICATORS",
    "Front",
    "Hypervolume",
    "Indicator",
    "ReferenceFront",
    "ScoringInput",
    "alignment",
    "check_preference",
    "compromise_share",
    "distinct_answers",
    "dominated_share",
    "expected_utility",
    "hypervolume",
    "igd",
    "igd_plus",
    "largest_gap",
    "layered_grid",
    "layered_grid_size",
    "list_indicators",
    "non_uniformity",
    "normalised",
    "reference_front",
    "simplex_grid",
    "simplex_grid_size",
    "spread",
]
