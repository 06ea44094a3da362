"""What an indicator declares is checked where its class is made, and its input cannot be changed."""

import numpy as np
import pytest

import frontrunner as fr

GOOD = {"name": "worst", "heading": "worst", "maximize": False, "value": lambda self, scored: 0.0}


def make(**declared):
    return type("Worst", (fr.Indicator,), GOOD | declared)


@pytest.mark.parametrize(
    "declared",
    [
        *({"name": name} for name in ("", "hypervolume corrected", "UPPER", "é", "a<b>", "1st", "x" * 81, None, 3)),
        *({"heading": heading} for heading in ("", " ", None)),
        *({name: value} for name in ("maximize", "directed") for value in ("yes", 1, None)),
        *({"version": version} for version in ("", "1 2", 1)),
        {"unit": "metres"},
        *({"least": least} for least in ("a", None, float("nan"), True)),
        {"most": "a"},
        {"least": 2.0, "most": 1.0},
        *({"needs": needs} for needs in (("money",), "preferences", ["experts"])),
        *({"column": column} for column in ("x", 1.5, True)),
    ],
    ids=str,
)
def test_what_reports_could_not_show_is_refused(declared):
    with pytest.raises(fr.ConfigError, match="the indicator Worst"):
        make(**declared)


def test_without_a_heading_it_is_refused_and_with_all_it_is_not():
    make()
    make(unit="seconds", needs=("experts", "reference"), column=3, least=-1, most=1.0, version="2.1")
    with pytest.raises(fr.ConfigError, match="heading"):
        type("Worst", (fr.Indicator,), {"name": "worst", "maximize": True})


def test_a_base_class_without_a_name_need_not_declare_anything():
    base = type("Base", (fr.Indicator,), {"maximize": False})
    assert type("Worst", (base,), GOOD).heading == "worst"


@pytest.mark.parametrize("field", ["losses", "reference_point", "expert_errors", "pretrained_errors"])
def test_the_input_is_read_only(field):
    arrays = {name: np.ones(2) for name in ("reference_point", "expert_errors", "pretrained_errors")}
    scored = fr.ScoringInput(front=fr.Front([[0.2, 0.3]]), losses=np.ones((1, 2)), **arrays)
    with pytest.raises(ValueError, match="read-only"):
        getattr(scored, field)[...] = 9.0
    assert not scored.front.objectives.flags.writeable
