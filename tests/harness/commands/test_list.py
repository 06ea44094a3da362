"""`frontrunner list`: everything at a glance, and one method, suite or indicator in full."""

from dataclasses import dataclass
from typing import Annotated, Literal

import pytest

import frontrunner as fr
from frontrunner.harness.commands.described_options import OptionDescription, describe_options
from frontrunner.harness.commands.listing import RANDOM_SUMMARY
from frontrunner.methods import METHODS
from frontrunner.metrics import INDICATORS
from frontrunner.tasks import SUITES


def lines_of(ended):
    assert (ended.status, ended.err) == (0, "")
    return [" ".join(line.split()) for line in ended.out.splitlines()]


def test_it_is_a_line_each_with_the_tasks_of_suites_and_one_that_says_how_to_see_more(command):
    lines = [line for line in lines_of(command.within("list")) if line]
    expected = ["methods", *(f"{name} {summary}" for name, summary in fr.list_methods().items()), "suites"]
    shapes = [name.removesuffix("-random") for name in fr.list_suites() if name.endswith("-random")]
    for name, summary in fr.list_suites().items():
        if not name.endswith("-random"):
            expected += [f"{name} {summary}", ", ".join(SUITES.get(name).tasks)]
    expected.append(f"NAME-random {RANDOM_SUMMARY}: {', '.join(shapes)}")
    expected += ["indicators", *(f"{name} {summary}" for name, summary in fr.list_indicators().items())]
    assert lines[:-1] == [" ".join(line.split()) for line in expected]
    assert "frontrunner list METHOD" in lines[-1]


def test_variants_with_random_weights_are_one_line_and_shown_in_full_by_name(command):
    variants = [name for name in fr.list_suites() if name.endswith("-random")]
    assert len(variants) > 1
    overview = command.within("list").out
    assert overview.count("-random") == 1
    for name in variants:
        assert name.removesuffix("-random") in overview
    assert lines_of(command.within("list", variants[0]))[0].startswith(variants[0])


@pytest.mark.parametrize("width", [80, 120])
def test_summaries_stand_in_one_column_of_any_terminal(width, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    *listed, _, _ = command.within("list").out.splitlines()
    suites = [name for name in fr.list_suites() if not name.endswith("-random")]
    column = max(map(len, [*fr.list_methods(), *suites, *fr.list_indicators()])) + 2
    assert max(map(len, listed)) <= width
    for line in listed:
        assert line[column - 2 : column] == "  "
        assert line.strip() in ("", "methods", "suites", "indicators") or line[column] != " "


@pytest.mark.parametrize("name", METHODS.entries())
def test_a_method_is_shown_with_every_option_and_its_origin(name, command):
    lines = lines_of(command.within("list", name))
    assert lines[0] == " ".join(f"{name} {fr.list_methods()[name]}".split())
    assert f"version {METHODS.get(name).version}" in lines
    assert f"origin {METHODS.origin(name)}" in lines
    options = describe_options(METHODS.get(name).Config)
    for option in options:
        start = f"{option.name} {option.type} {option.default} {option.text}"
        (line,) = (line for line in lines if line.startswith(" ".join(start.split())))
        assert line.endswith(f" (tuned over {option.tuned})") == bool(option.tuned)
    assert ("It has no options." in lines) == (not options)


@pytest.mark.parametrize("name", INDICATORS.entries())
def test_an_indicator_is_shown_with_its_direction_and_what_it_needs(name, command):
    lines, indicator = lines_of(command.within("list", name)), INDICATORS.get(name)
    assert lines[0] == " ".join(f"{name} {fr.list_indicators()[name]}".split())
    direction = "larger" if indicator.maximize else "smaller"
    assert f"better {direction if indicator.directed else 'neither by itself'}" in lines
    assert any(line.startswith("needs ") for line in lines) == bool(indicator.needs)
    assert f"origin {INDICATORS.origin(name)}" in lines


@pytest.mark.parametrize("name", SUITES.entries())
def test_a_suite_is_shown_with_its_tasks_version_and_budget(name, command):
    lines, suite = lines_of(command.within("list", name)), SUITES.get(name)
    assert lines[0] == " ".join(f"{name} {fr.list_suites()[name]}".split())
    assert f"tasks {', '.join(suite.tasks)}" in lines
    assert f"version {suite.version}" in lines
    (budget,) = (line for line in lines if line.startswith("budget ")) if suite.budget else [""]
    for field in ("steps", "batch_size", "lr") if suite.budget else ():
        assert f"{field} {getattr(suite.budget, field):g}" in budget


def test_the_budget_of_vision_mini_is_read_off_its_class(command):
    assert "budget steps 1600, batch_size 16, lr 0.0005" in lines_of(command.within("list", "vision-mini"))


def test_what_a_plugin_registers_is_shown_in_full(command, tmp_path):
    plugin = tmp_path / "own.py"
    plugin.write_text(
        "import frontrunner as fr\nclass Own(fr.Learner):\n    name = 'listed-own'\n"
        "    def fit(self, problem, preferences, context): ...\n"
    )
    try:
        lines = lines_of(command.within("list", "listed-own", "--plugin", plugin))
    finally:
        METHODS._entries.pop("listed-own", None)
    assert lines[0].startswith("listed-own")
    assert f"origin {plugin}" in lines


@pytest.mark.parametrize(("name", "near"), [("ties-mergin", "ties-merging"), ("vision", "vision-mini")])
def test_an_unknown_name_is_one_sentence_with_the_nearest(name, near, command):
    ended = command.within("list", name)
    ended.assert_one_sentence(f"unknown method, suite or indicator {name!r}", f"did you mean {near!r}?")


@dataclass(frozen=True)
class Config:
    kind: Literal["a", "b", "c"] = "a"
    """Choices."""
    steps: Annotated[int | None, fr.Range(1, 9, costs=True)] = None
    """Filled in
    by the suite."""
    share: float | None = None
    flag: bool = False
    """A switch."""


def test_options_are_told_as_users_write_them():
    assert describe_options(Config) == [
        OptionDescription("kind", "a, b or c", "a", "Choices.", ""),
        OptionDescription("steps", "int or none", "the suite's", "Filled in by the suite.", "1 to 9, if asked"),
        OptionDescription("share", "float or none", "unset", "", ""),
        OptionDescription("flag", "bool", "False", "A switch.", ""),
    ]
