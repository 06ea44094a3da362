"""Scores of a front that is in no store."""

from __future__ import annotations

from frontrunner.harness.scoring.scores import by_indicator, own_indicators, reference_indicators, values


def own_scores(record):
    """Values of all indicators that need no reference front, by the indicator's name."""
    return by_indicator(values(record.to_score(), own_indicators()))


def reference_scores(record, reference):
    """Values of all indicators that need a reference front, by the indicator's name."""
    return by_indicator(values(record.to_score(reference), reference_indicators()))
