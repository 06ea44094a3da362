"""The learner of this package passes the tests that every learner must."""

import pytest
from nearest_expert import NearestExpert

from frontrunner.testing import LearnerConformance


class TestNearestExpert(LearnerConformance):
    @pytest.fixture
    def learner(self):
        return NearestExpert()
