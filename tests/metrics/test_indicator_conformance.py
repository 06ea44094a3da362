"""Every registered indicator passes the tests that third parties run for theirs."""

import pytest

from frontrunner.metrics import INDICATORS
from frontrunner.testing import IndicatorConformance


class TestEveryIndicator(IndicatorConformance):
    @pytest.fixture(params=list(INDICATORS.entries()))
    def indicator(self, request):
        return INDICATORS.get(request.param)()
