from __future__ import annotations

from hypothesis import settings

# A busy machine must not fail a property: time is bounded by pytest-timeout, not by the example.
settings.register_profile("frontrunner", deadline=None)
settings.load_profile("frontrunner")
