"""How option values are read, refused and documented."""

import dataclasses
import math
import re
from typing import Annotated, Literal

import pytest
from pydantic import Field, PositiveFloat

import frontrunner as fr
from frontrunner.methods import METHODS, option_docs
from frontrunner.methods.options import read_options

BUILT_IN = [name for name in fr.list_methods() if METHODS.origin(name).startswith("frontrunner.")]


@pytest.mark.parametrize("method", ["ls", "pwe-moe-epo"])
def test_a_config_made_directly_is_checked_as_well(method):
    learner = METHODS.get(method)
    learner(learner.Config())
    for option, reader in {"lr": -1.0, "steps": 2.5, "min_preference": 0.7}.items():
        if option in {field.name for field in dataclasses.fields(learner.Config)}:
            with pytest.raises(fr.ConfigError, match=f"^{method}: {option} must be .*, found {reader}$"):
                learner(learner.Config(**{option: reader}))


@pytest.mark.parametrize("method", BUILT_IN)
def test_every_option_is_documented(method):
    config = METHODS.get(method).Config
    assert option_docs(config).keys() == {field.name for field in dataclasses.fields(config)}


@dataclasses.dataclass(frozen=True)
class Bounded:
    lr: Annotated[PositiveFloat | None, fr.Range(1e-5, 1e-1)] = None
    n: Annotated[int | None, Field(ge=2), fr.Range(2, 5)] = None
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    low: Annotated[float, Field(lt=5)] = 1.0
    layers: Annotated[int, Field(ge=1, le=2)] = 1
    kind: Literal["a", "b"] = "a"
    even: Annotated[int, Field(multiple_of=2)] = 2
    flag: bool = True


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("lr", -1, "own: lr must be positive, found -1"),
        ("lr", "x", "own: lr must be float | None, found 'x'"),
        ("lr", True, "own: lr must be float | None, found True"),
        ("lr", math.nan, "own: lr must be a finite number, found nan"),
        ("lr", "inf", "own: lr must be a finite number, found 'inf'"),
        ("n", 1, "own: n must be 2 or more, found 1"),
        ("n", 2.5, "own: n must be int | None, found 2.5"),
        ("share", 0, "own: share must be in (0, 1], found 0"),
        ("share", "none", "own: share must be float, found 'none'"),
        ("layers", 3, "own: layers must be 1 or 2, found 3"),
        ("low", 5, "own: low must be below 5, found 5"),
        ("kind", "c", "own: kind must be one of a, b, found 'c'"),
        ("even", 3, "own: even must be int (Input should be a multiple of 2), found 3"),
        ("flag", 2, "own: flag must be bool, found 2"),
        ("shore", 1, "unknown option of method 'own': 'shore'; did you mean 'share'?"),
    ],
)
def test_a_refused_option_is_one_sentence_that_says_what_is_expected(option, value, message):
    with pytest.raises(fr.FrontrunnerError, match=f"^{re.escape(message)}$"):
        read_options(Bounded, {option: value}, kind="method", name="own")


def test_options_are_read_as_their_type():
    read = read_options(Bounded, {"lr": "1e-3", "n": "none", "flag": "no", "share": 1}, kind="method", name="own")
    assert read == Bounded(lr=1e-3, n=None, flag=False, share=1.0)
    assert type(read.share) is float


@dataclasses.dataclass(frozen=True)
class Plain:
    power: float = 2.0
    """Above 1, answers
    move."""
    silent: int = 0


def test_a_plain_dataclass_is_documented_by_the_strings_below_its_fields():
    assert option_docs(Plain) == {"power": "Above 1, answers move."}
