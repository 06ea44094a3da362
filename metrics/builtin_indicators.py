"""The indicators that ship with Frontrunner, one class each, in their default order."""

from __future__ import annotations

import math

from .alignment import alignment
from .compromise import compromise_share
from .distinct import distinct_answers
from .dominance import dominated_share
from .expected_utility import expected_utility
from .front import Front
from .hypervolume import hypervolume
from .indicator import Indicator, ScoringInput
from .indicators import igd, igd_plus
from .non_uniformity import non_uniformity
from .normalisation import normalised
from .spread import largest_gap, spread


class HypervolumeIndicator(Indicator):
    """Volume dominated within the reference point, raw objectives."""

    name = "hypervolume"
    heading = "HV"
    maximize = True
    column = 10

    def value(self, scored: ScoringInput) -> float:
        """Return the hypervolume at the recorded reference point."""
        return scored.volume.value


class CompromiseShare(Indicator):
    """Share of the hypervolume that the best single answer alone reaches; the rest is what the other answers add."""

    name = "compromise_share"
    heading = "compromise"
    maximize = False
    directed = False  # a bad front of many answers has a low share, too
    most = 1.0
    column = 15

    def value(self, scored: ScoringInput) -> float | None:
        """Return the largest hypervolume of one answer alone over that of the front; None where that is 0."""
        return compromise_share(scored.front, scored.reference_point, scored.volume)


class NormalisedHypervolume(Indicator):
    """Hypervolume with each objective scaled so that the task's expert is 0 and the pre-trained model 1."""

    name = "normalised_hypervolume"
    heading = "norm. HV"
    maximize = True
    needs = ("experts",)
    column = 50

    def value(self, scored: ScoringInput) -> float | None:
        """Return the hypervolume of the normalised front at (1, ..., 1); None where experts were not measured."""
        if scored.expert_errors is None or scored.pretrained_errors is None:
            return None
        front = normalised(scored.front, scored.expert_errors, scored.pretrained_errors)
        return None if front is None else hypervolume(front, [1.0] * front.n_objectives).value


class HypervolumeRatio(Indicator):
    """Hypervolume as a share of the true front's, if known."""

    name = "hypervolume_ratio"
    heading = "HV ratio"
    maximize = True
    most = 1.0
    needs = ("true front",)
    column = 20

    def value(self, scored: ScoringInput) -> float | None:
        """Return hypervolume / hypervolume of the true front, 1 at best; None where no true front is known."""
        return scored.volume.value / scored.true_hypervolume if scored.true_hypervolume else None


class Igd(Indicator):
    """Mean distance from the reference front to the nearest answer."""

    name = "igd"
    heading = "IGD"
    maximize = False
    needs = ("reference",)
    column = 60

    def value(self, scored: ScoringInput) -> float | None:
        """Return the inverted generational distance to the reference front."""
        return None if scored.reference is None else igd(scored.front, scored.reference)


class IgdPlus(Indicator):
    """IGD that counts only what is worse than the reference front."""

    name = "igd_plus"
    heading = "IGD+"
    maximize = False
    needs = ("reference",)
    column = 30

    def value(self, scored: ScoringInput) -> float | None:
        """Return the modified inverted generational distance to the reference front."""
        return None if scored.reference is None else igd_plus(scored.front, scored.reference)


class Alignment(Indicator):
    """Does raising a task's weight improve it: mean Somers' D over tasks, 1 at best on any grid."""

    name = "alignment"
    heading = "align."
    maximize = True
    version = "2"  # 1 was Spearman's rank correlation, which tied weights keep below 1
    least = -1.0
    most = 1.0
    needs = ("preferences",)
    column = 40

    def value(self, scored: ScoringInput) -> float | None:
        """Return the mean over tasks of Somers' D of a task's error, negated, given its weight."""
        return alignment(scored.front)


class Spread(Indicator):
    """Share of the reference front's extent that it covers."""

    name = "spread"
    heading = "spread"
    maximize = True
    most = 1.0
    needs = ("reference",)

    def value(self, scored: ScoringInput) -> float | None:
        """Return the share of the reference front's extent that the front covers."""
        return None if scored.reference is None else spread(scored.front, scored.reference)


class LargestGap(Indicator):
    """Largest gap along the front."""

    name = "largest_gap"
    heading = "gap"
    maximize = False

    def value(self, scored: ScoringInput) -> float | None:
        """Return the largest distance between neighbours along the front."""
        return largest_gap(scored.front)


class DistinctAnswers(Indicator):
    """Number of answers with errors and losses that no earlier answer has."""

    name = "distinct_answers"
    heading = "distinct"
    maximize = True
    unit = "count"
    needs = ("preferences",)

    def value(self, scored: ScoringInput) -> float | None:
        """Return the number of different answers to the preferences."""
        return None if scored.front.preferences is None else float(distinct_answers(scored.front, scored.losses))


class DominatedShare(Indicator):
    """Share of answers that another one dominates."""

    name = "dominated_share"
    heading = "dominated"
    maximize = False
    most = 1.0

    def value(self, scored: ScoringInput) -> float | None:
        """Return the share of answers that another answer of the same front dominates."""
        return dominated_share(scored.front)


class NonUniformity(Indicator):
    """How far weighted losses are from equal (EPO's mu), mean over interior preferences."""

    name = "non_uniformity"
    heading = "non-unif."
    maximize = False
    needs = ("preferences",)

    def value(self, scored: ScoringInput) -> float | None:
        """Return EPO's non-uniformity of the losses, averaged over interior preferences."""
        return non_uniformity(Front(scored.losses, scored.front.preferences))


class ExpectedUtility(Indicator):
    """Weighted error of the best answer, mean over preferences."""

    name = "expected_utility"
    heading = "exp. cost"
    maximize = False
    least = -math.inf

    def value(self, scored: ScoringInput) -> float | None:
        """Return the expected weighted error of the answer that is best for a preference."""
        return expected_utility(scored.front)
