"""What every learner says about where its options are worth searching."""

from __future__ import annotations

import dataclasses
import io
import math
from dataclasses import dataclass
from typing import Annotated

import pytest

import frontrunner as fr
from frontrunner.methods import METHODS, documented_ranges, whole_options

METHOD_NAMES = sorted(fr.list_methods())
TRAIN_NOTHING = {
    *("pretrained", "experts", "weight-averaging", "task-arithmetic", "interpolation", "ties-merging"),
    *(
        "dare",
        "iso-c",
        "tsv-merge",
        "fisher-merging",
        "regmean",
        "regmean++",
        "map",
        "nsga2-merge",
        "mobo-merge",
        "random-merge",
    ),
}
SEARCHED = [(name, option) for name in METHOD_NAMES for option in documented_ranges(METHODS.get(name).Config)]
searched = pytest.mark.parametrize(("method", "option"), SEARCHED)


def found(method, option):
    return documented_ranges(METHODS.get(method).Config)[option]


def ends(method, option):
    where = found(method, option)
    if isinstance(where, fr.Choice):
        return where.values
    make = int if option in whole_options(METHODS.get(method).Config) else float
    return make(where.low), make(where.high)


@searched
def test_the_default_lies_inside(method, option):
    default = getattr(fr.make_learner(method).config, option)
    where = found(method, option)
    if isinstance(where, fr.Choice):
        assert default in where.values
    elif default is not None:
        assert where.low <= default <= where.high


@searched
def test_both_ends_and_every_choice_are_accepted(method, option):
    for value in ends(method, option):
        assert getattr(fr.make_learner(method, **{option: value}).config, option) == value


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("end", [0, -1], ids=["lowest", "highest"])
def test_all_ends_together_are_accepted(method, end):
    options = {option: ends(name, option)[end] for name, option in SEARCHED if name == method}
    config = fr.make_learner(method, **options).config
    assert all(getattr(config, option) == value for option, value in options.items())


@searched
def test_whole_options_are_those_that_take_no_fraction(method, option):
    where = found(method, option)
    if isinstance(where, fr.Choice):
        return
    if option in whole_options(METHODS.get(method).Config):
        assert where.low % 1 == where.high % 1 == 0
        with pytest.raises(fr.ConfigError, match="must be int"):
            fr.make_learner(method, **{option: where.low + 0.5})
    else:
        fr.make_learner(method, **{option: (where.low + where.high) / 2})


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_whoever_trains_says_where_to_search_lr(method):
    ranges = documented_ranges(METHODS.get(method).Config)
    assert ("lr" in ranges) == (method not in TRAIN_NOTHING)
    if "lr" in ranges:
        assert ranges["lr"].log
        assert not ranges["lr"].costs
        steps = {"wudi": ["iterations"]}.get(method, ["steps", "batch_size"])  # wudi takes no batches
        assert all(ranges[option].costs for option in steps)


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_an_option_declared_again_is_searched_again(method):
    """A subclass that gives an option another default must not lose its range."""
    config = METHODS.get(method).Config
    for base in config.__mro__[1:]:
        if dataclasses.is_dataclass(base):
            assert documented_ranges(base).keys() <= documented_ranges(config).keys()


@pytest.mark.parametrize(
    "make",
    [
        lambda: fr.Range(1, 1),
        lambda: fr.Range(2, 1),
        lambda: fr.Range(0, math.nan),
        lambda: fr.Range(0, math.inf),
        lambda: fr.Range(0, 1, log=True),
        lambda: fr.Range(-1, 1, log=True),
        lambda: fr.Choice(()),
        lambda: fr.Choice(("one",)),
        lambda: fr.Choice(("one", "one")),
        lambda: fr.Choice(("one", "two", "one")),
        lambda: fr.Choice("ab"),
    ],
)
def test_nonsense_is_refused(make):
    with pytest.raises(fr.ConfigError, match=r"a (logarithmic )?(range|choice) needs .* found"):
        make()


def test_they_read_as_a_person_says_them():
    assert str(fr.Range(1e-4, 0.1, log=True)) == "0.0001 to 0.1, logarithmic"
    assert str(fr.Range(0, 1)) == "0 to 1"
    assert str(fr.Choice(("sum", "mean"))) == "sum or mean"
    assert str(fr.Choice((True, False))) == "true or false"


@dataclass(frozen=True)
class Silent:
    power: float = 2.0
    many: int | None = None


@dataclass(frozen=True)
class Telling:
    power: Annotated[float | None, fr.Range(0.5, 4.0)] = 2.0
    many: Annotated[int | None, "of something else", fr.Range(1, 9)] = None
    kind: Annotated[str, fr.Choice(("a", "b"))] = "a"
    flag: bool = True
    bits: tuple[int, ...] = ()


@dataclass(frozen=True)
class Broken:
    many: Annotated[int, fr.Range(0.5, 2.5)] = 1


@dataclass(frozen=True)
class Unreadable:
    many: Nowhere = 1  # noqa: F821 - as if imported for the type checker alone


def of(config):
    def fit(self, problem, preferences, context):
        raise NotImplementedError

    return type("Own", (fr.Learner,), {"name": "own", "Config": config, "fit": fit})


def test_third_parties_may_say_nothing():
    assert documented_ranges(Silent) == {}
    assert documented_ranges(fr.Learner.Config) == {}


def test_third_parties_say_it_with_annotations():
    assert documented_ranges(Telling) == {
        "power": fr.Range(0.5, 4.0),
        "many": fr.Range(1, 9),
        "kind": fr.Choice(("a", "b")),
    }
    assert whole_options(Telling) == {"many"}
    assert whole_options(Silent) == {"many"}


def test_whole_numbers_need_whole_ends():
    with pytest.raises(fr.ConfigError, match=r"'many' of Broken holds whole numbers, found a range from 0.5 to 2.5"):
        documented_ranges(Broken)


def test_annotations_that_cannot_be_read_are_one_sentence():
    from frontrunner.methods.options import configure

    for read in (documented_ranges, lambda config: configure(of(config), {})):
        with pytest.raises(fr.ConfigError, match=r"the annotations of Unreadable .*Nowhere.* import what they name"):
            read(Unreadable)


def test_options_are_read_as_the_plain_type():
    from frontrunner.methods.options import configure

    read = configure(of(Telling), {"power": "3", "many": "none"}).config
    assert (read.power, read.many) == (3.0, None)
    with pytest.raises(fr.ConfigError, match=r"^own: power must be float \| None, found 'x'$"):
        configure(of(Telling), {"power": "x"})
    with pytest.raises(fr.ConfigError, match=r"^own: kind must be str, found 3$"):
        configure(of(Telling), {"kind": 3})
    assert configure(of(Telling), {"power": 100.0}).config.power == 100.0  # a range is advice, no bound


def test_the_listing_says_where_options_are_tuned():
    from rich.console import Console

    from frontrunner.harness.commands.listing import entry

    console = Console(width=400, record=True, file=io.StringIO())
    for method in ("pwe-moe-ls", "ties-merging"):
        console.print(entry(method, width=console.width))
    text = console.export_text()
    assert "(tuned over 0.0001 to 0.1, logarithmic)" in text
    assert "(tuned over 50 to 8000, logarithmic, if asked)" in text
    assert "(tuned over sum or mean)" in text
