"""Tests that every learner, suite and indicator must pass, for those who write one of their own.

A test file subclasses one of the classes and returns what is tested from one fixture; pytest finds the rest. This
needs pytest beside Frontrunner, and a learner whose fit takes about a second:

    import pytest
    from my_package import MyIndicator, MyLearner, MySuite

    from frontrunner.testing import IndicatorConformance, LearnerConformance, SuiteConformance


    class TestMyLearner(LearnerConformance):
        @pytest.fixture
        def learner(self):
            return MyLearner(MyLearner.Config(steps=30))

        def trains_whole_models(self, learner):  # False unless overridden
            return True


    class TestMySuite(SuiteConformance):
        @pytest.fixture
        def suite(self):
            return MySuite()

    class TestMyIndicator(IndicatorConformance):
        @pytest.fixture
        def indicator(self):
            return MyIndicator()

Further classes test what only some learners do; the tests of such a learner subclass them in the same way:
`ExpertsAtCorners`, `ErrorFallsWithWeight`, `PermutedWithTasks`, `OneModelForAll`, `NeedsNetwork`.

Learners are tested on two problems, a tiny network (`tiny_problem`) and three distances whose Pareto front is known
(the suite `merging-toy`); overriding the fixture `problem` tests them on another.
"""

import pytest

# This comes before their import, so that a failed assertion shows its values.
pytest.register_assert_rewrite(
    *(
        f"{__name__}.{module}"
        for module in ("indicator_conformance", "learner_claims", "learner_conformance", "suite_conformance")
    )
)

from .indicator_conformance import IndicatorConformance, scoring_input  # noqa: E402 - see above
from .learner_claims import (  # noqa: E402
    ErrorFallsWithWeight,
    ExpertsAtCorners,
    NeedsNetwork,
    OneModelForAll,
    PermutedWithTasks,
)
from .learner_conformance import LearnerConformance  # noqa: E402
from .suite_conformance import SuiteConformance  # noqa: E402
from .tiny_problem import TinyNet, permuted_problem, tiny_problem  # noqa: E402

__all__ = [
    "ErrorFallsWithWeight",
    "ExpertsAtCorners",
    "IndicatorConformance",
    "LearnerConformance",
    "NeedsNetwork",
    "OneModelForAll",
    "PermutedWithTasks",
    "SuiteConformance",
    "TinyNet",
    "permuted_problem",
    "scoring_input",
    "tiny_problem",
]
