"""Options of any type are read, written to a record and read back as the same values, or refused in one sentence."""

import dataclasses
import json
import re
from dataclasses import dataclass, field
from enum import Enum, IntEnum, StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pydantic.dataclasses
import pytest
import torch
from pydantic import AfterValidator, Field

import frontrunner as fr
from frontrunner.harness.cells.cell import Cell
from frontrunner.harness.cells.make_cell import make_cell
from frontrunner.harness.commands.described_options import describe_options
from frontrunner.methods import METHODS, option_docs
from frontrunner.methods.options import canonical_options, read_options, recorded_options
from frontrunner.plugin_import import import_plugin
from frontrunner.registry import Entry


class Kind(Enum):
    A = "a"
    B = "b"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Word(StrEnum):
    X = "x"
    Y = "y"


class Pair(NamedTuple):
    low: int
    high: float


@dataclass(frozen=True)
class Inner:
    depth: int = 1
    widths: tuple[float, ...] = (1.0,)


def config_of(hint, default=dataclasses.MISSING):
    """A `Config` with one option."""
    made = field() if default is dataclasses.MISSING else field(default_factory=lambda: default)
    return dataclasses.make_dataclass("Config", [("option", hint, made)], frozen=True)


TAKEN = {
    "an enum": (Kind, Kind.A, Kind.A, "a", {"b": Kind.B, "B": Kind.B}),
    "an enum of numbers": (Level, Level.LOW, Level.LOW, 1, {"2": Level.HIGH, "HIGH": Level.HIGH}),
    "an enum of texts": (Word, Word.X, Word.X, "x", {"y": Word.Y}),
    "members of an enum": (Literal[Kind.A, Kind.B], Kind.A, Kind.A, "a", {"b": Kind.B}),
    "an enum or nothing": (Kind | None, None, None, None, {"a": Kind.A, "none": None}),
    "a path": (Path, Path("x/y"), Path("x/y"), "x/y", {"z": Path("z")}),
    "a float of NumPy": (float, np.float32(0.5), 0.5, 0.5, {"1e-3": 1e-3}),
    "a whole number of NumPy": (int, np.int64(3), 3, 3, {"4": 4}),
    "a bool of NumPy": (bool, np.bool_(True), True, True, {"no": False}),
    "a bounded number of NumPy": (Annotated[float, Field(gt=0)], np.float16(2), 2.0, 2.0, {}),
    "a tensor of no dimension": (float, torch.tensor(2.0), 2.0, 2.0, {}),
    "an array": (list[int], np.arange(3), [0, 1, 2], [0, 1, 2], {}),
    "a tuple": (tuple[int, ...], (1, 2), (1, 2), [1, 2], {"[3]": (3,)}),
    "a list for a tuple": (tuple[int, ...], [1, 2], (1, 2), [1, 2], {}),
    "a list": (list[int], [1, 2], [1, 2], [1, 2], {"[3, 4]": [3, 4]}),
    "a list of lists": (list[list[float]], [[1.5]], [[1.5]], [[1.5]], {"[[2]]": [[2.0]]}),
    "a list of enums or nothing": (list[Kind] | None, [Kind.A], [Kind.A], ["a"], {'["b"]': [Kind.B], "none": None}),
    "a mapping": (dict[str, float], {"a": 1.5}, {"a": 1.5}, {"a": 1.5}, {'{"b": 2}': {"b": 2.0}}),
    "a mapping from numbers": (dict[int, float], {1: 1.5}, {1: 1.5}, {"1": 1.5}, {'{"2": 2}': {2: 2.0}}),
    "choices of all types": (Literal[1, "a", False, None], False, False, False, {"1": 1, "a": "a", "none": None}),
    "a dataclass": (Inner, Inner(), Inner(), {"depth": 1, "widths": [1.0]}, {'{"depth": 2}': Inner(2)}),
    "a named tuple": (Pair, Pair(1, 2.0), Pair(1, 2.0), [1, 2.0], {"[3, 4]": Pair(3, 4.0)}),
    "anything that is JSON": (Any, {"a": [1, None]}, {"a": [1, None]}, {"a": [1, None]}, {}),
}


@pytest.mark.parametrize("case", TAKEN)
def test_an_option_is_read_recorded_and_read_back(case):
    hint, default, value, record, texts = TAKEN[case]
    config = config_of(hint, default)
    made = canonical_options(config(), "own")
    assert (made.option, type(made.option)) == (value, type(value))
    recorded = recorded_options(made)
    assert recorded == {"option": record}
    again = read_options(config, json.loads(json.dumps(recorded)), kind="method", name="own")
    assert again == made
    assert recorded_options(again) == recorded
    for text, meant in texts.items():
        read = read_options(config, {"option": text}, kind="method", name="own").option
        assert (read, type(read)) == (meant, type(meant))


class Opaque:
    pass


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


REFUSED = {
    "an array's type": (np.ndarray, np.ones(3), "option 'option' of Config is annotated as ndarray, of which no value"),
    "torch's types": (torch.dtype, torch.float32, "option 'option' of Config is annotated as dtype, of which no"),
    "a class of one's own": (Opaque | None, None, "is annotated as Opaque | None, of which no value"),
    "a set": (set[str], {"a"}, "is a set, whose order no record can keep"),
    "sets inside": (list[frozenset[int]], [], "is a set, whose order no record can keep"),
    "an enum as anything": (Any, Kind.A, "own: option holds <Kind.A: 'a'>, which is not the same again"),
    "a tuple as anything": (Any, (1, 2), "own: option holds (1, 2), which is not the same again"),
    "an object": (object, Opaque(), "which JSON cannot hold"),
    "bytes that are no text": (bytes, b"\xff", r"own: option holds b'\xff', which JSON cannot hold"),
    "a long text": (str, "x" * 20_001, "own: option may be a text of 20,000 characters at most, found 20,001"),
    "a text with NUL": (str, "a\0b", "own: option may be a text that UTF-8 can hold, without NUL, found 'a\\x00b'"),
    "half a character": (str, "\ud800", "own: option may be a text that UTF-8 can hold"),
    "too deep a list": (list[Any], nested(10), "own: option may hold 10 lists inside each other at most"),
    "a list deeper than Python's stack": (list[Any], nested(10**5), "own: option may hold 10 lists inside each"),
    "a long list": (list[int], [1] * 1000, "own: option may hold 1,000 values at most, found more"),
    "a large array": (list[float], np.zeros(10**6), "own: option may hold 1,000 values at most, found 1,000,000"),
    "a number that Python cannot write": (int, 10**5000, "own: option may be a whole number of 256 bits at most"),
    "a number beyond all floats": (float, 10**400, "own: option may be a whole number of 256 bits at most"),
    "an infinite number of NumPy": (float, np.float32(np.inf), "own: option must be a finite number, found inf"),
    "another type": (int, "x", "own: option must be int, found 'x'"),
    "a name that is not there": ("Nowhere", 1, "the annotations of Config cannot be read: name 'Nowhere' is not"),
    "no annotation at all": ("1 +", 1, "the annotations of Config cannot be read"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_default_that_cannot_be_recorded_is_refused(case):
    hint, default, why = REFUSED[case]
    with pytest.raises(fr.ConfigError, match=re.escape(why)) as caught:
        canonical_options(config_of(hint, default)(), "own")
    assert len(str(caught.value)) < 500


TEXTS = {
    "an enum": (Kind, "c", "own: option must be one of a, b, found 'c'"),
    "a list": (list[int], "1,2", "own: option must be list[int] (in a text as JSON, such as [1, 2]), found '1,2'"),
    "half a list": (list[int], "[1", "own: option must be list[int] (in a text as JSON"),
    "a list of other values": (list[int], '["a"]', "own: option must be list[int] (in a text as JSON"),
    "a deep list": (list[Any], "[" * 4000, "own: option must be list[Any] (in a text as JSON"),
    "many digits": (int, "9" * 5000, "own: option must be int, found '999"),
    "more than many digits": (int, "9" * 10**6, "own: option may be a text of 20,000 characters at most"),
    "an overflow": (float, "1e999", "own: option must be a finite number, found '1e999'"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_text_that_is_no_value_is_one_short_sentence(case):
    hint, text, why = TEXTS[case]
    with pytest.raises(fr.ConfigError, match=re.escape(why)) as caught:
        read_options(config_of(hint), {"option": text}, kind="method", name="own")
    assert len(str(caught.value)) < 500


def test_an_option_without_a_default_must_be_given():
    with pytest.raises(fr.ConfigError, match=r"^own: option must be given, since it has no default$"):
        read_options(config_of(int), {}, kind="method", name="own")


def test_what_a_config_checks_itself_is_one_sentence():
    @dataclass(frozen=True)
    class Config:
        low: int = 1

        def __post_init__(self):
            if self.low > 3:
                raise ValueError("low is at most 3")

    with pytest.raises(fr.ConfigError, match=r"^own: low is at most 3$"):
        read_options(Config, {"low": 4}, kind="method", name="own")


def _even(value):
    if value % 2:
        raise ValueError("an even number is expected")
    return value


def test_what_a_validator_of_an_option_refuses_is_said_in_its_words():
    config = config_of(Annotated[int, AfterValidator(_even)])
    with pytest.raises(fr.ConfigError, match=r"^own: option must be int \(an even number is expected\), found 3$"):
        read_options(config, {"option": 3}, kind="method", name="own")


def test_what_a_dataclass_of_pydantic_refuses_is_one_sentence():
    @pydantic.dataclasses.dataclass(frozen=True)
    class Config:
        low: int = 1

        @pydantic.model_validator(mode="after")
        def check(self):
            if self.low > 3:
                raise ValueError("low is at most 3")
            return self

    with pytest.raises(fr.ConfigError, match=r"^own: low is at most 3$"):
        read_options(Config, {"low": 4}, kind="method", name="own")


def test_a_config_that_is_no_dataclass_is_refused():
    class Config:
        lr = 0.1

    with pytest.raises(fr.ConfigError, match="Config holds options, so it must be a dataclass"):
        canonical_options(Config(), "own")


class Various(fr.Learner):
    """Has options of many types."""

    name = "various"

    @dataclass(frozen=True)
    class Config:
        kind: Kind = Kind.A
        """Which."""
        where: Path = Path("x")
        """Where."""
        layers: tuple[int, ...] = field(default_factory=lambda: (1, 2))
        """Which layers."""
        lr: float = np.float32(0.5)
        """How fast."""

    def fit(self, problem, preferences, context): ...


@pytest.fixture
def various(monkeypatch):
    monkeypatch.setitem(METHODS._entries, "various", Entry("various", "here", Various))


def cell(**options):
    return make_cell("various", "convex-toy", tasks=None, seed=0, options=options, points_per_edge=3)


def test_a_cell_is_the_same_however_its_options_are_written(various):
    cells = [
        cell(),
        cell(kind=Kind.A, where=Path("x"), layers=[1, 2], lr=0.5),
        cell(kind="a", where="x", layers="[1, 2]", lr="0.5"),
    ]
    assert len({one.key for one in cells}) == 1
    assert {one.label for one in cells} == {"various"}
    assert cell(kind="B", layers=[3]).label == "various (kind=b, layers=[3])"


def test_a_recorded_cell_gives_its_learner_back(various):
    made = cell(kind=Kind.B, layers=[3])
    again = Cell.from_json(json.loads(json.dumps(made.to_json())))
    assert again.key == made.key
    assert again.learner().config == Various.Config(Kind.B, Path("x"), (3,), 0.5)


def test_options_that_no_tag_holds_are_refused_when_the_cell_is_made(various):
    with pytest.raises(fr.ConfigError, match=r"'various' and its options may take 50,000 characters as JSON, found \d"):
        cell(where="x" * 20_000, layers=[10**40] * 900)


def test_options_are_described_as_users_write_them():
    described = {one.name: (one.type, one.default, one.text) for one in describe_options(Various.Config)}
    assert described == {
        "kind": ("a or b", "a", "Which."),
        "where": ("Path", "x", "Where."),
        "layers": ("tuple[int, ...]", "(1, 2)", "Which layers."),
        "lr": ("float", "0.5", "How fast."),
    }


OUTDENTED = """
from dataclasses import dataclass

class Mine:
    @dataclass
    class Config:
        lr: float = 1.0
# a comment that is indented less than what it stands in
        '''How fast.'''
"""


def test_a_comment_indented_less_than_its_class_hides_no_documentation(tmp_path):
    (tmp_path / "mine.py").write_text(OUTDENTED)
    module, _ = import_plugin(tmp_path / "mine.py")
    assert option_docs(module.Mine.Config) == {"lr": "How fast."}


@pytest.mark.parametrize("values", [(Kind.A, Kind.B), ([1], [2]), (np.float32(1), np.float32(2))])
def test_choices_to_search_are_texts_and_numbers(values):
    with pytest.raises(fr.ConfigError, match="a choice needs a tuple of texts, numbers, true and false"):
        fr.Choice(values)
