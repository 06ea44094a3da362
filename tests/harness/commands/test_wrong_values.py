"""A wrong value of any option of any command is one sentence, in which nothing stands of how it was found."""

import re

import pytest
import typer

from frontrunner.__main__ import app

WRONG = "no/such\nvalue"
LIBRARIES = re.compile(r"Value error|Assertion|pydantic|ValidationError|Traceback|click|typer|Error:")


def options(command, words=()):
    """(words of the command, option) of a command and all below that take a value."""
    for name, below in getattr(command, "commands", {}).items():
        yield from options(below, (*words, name))
    for option in command.params:
        if option.param_type_name == "option" and not option.is_flag:
            yield words, option.opts[0]


EVERY = sorted(options(typer.main.get_command(app)))


def arguments(words):
    """Words for what a command asks for beside its options."""
    command = typer.main.get_command(app)
    for word in words:
        command = command.commands[word]
    return ["no-such-thing" for one in command.params if one.param_type_name == "argument" and one.required]


def test_there_are_options_of_every_command_with_some():
    assert len(EVERY) > 80
    assert {("bench",), ("leaderboard",), ("leaderboard", "by-budget"), ("suite", "check")} <= {one for one, _ in EVERY}


@pytest.mark.parametrize(("words", "option"), EVERY, ids=lambda part: part if isinstance(part, str) else " ".join(part))
@pytest.mark.parametrize("value", [WRONG, "-7"])
def test_a_wrong_value_is_told_without_the_words_of_a_library(words, option, value, command, monkeypatch, tmp_path):
    if option == "--host":
        pytest.skip("any name may be a host's, and the page is served there")
    monkeypatch.setenv("FRONTRUNNER_STORE", str(tmp_path / "none"))
    ended = command.within(*words, *arguments(words), option, value)
    assert not LIBRARIES.search(ended.err), ended.err
    if ended.status:
        ended.assert_one_sentence()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["bench", "x.yaml", "--executor", "foo"], "'foo' is not one of 'local', 'ray', 'slurm'"),
        (["leaderboard", "--format", "foo"], "'foo' is not one of 'table', 'md', 'csv', 'json', 'tex', 'html'"),
        (
            ["bench", "x.yaml", "--steps", "many"],
            "Input should be a valid integer, unable to parse string as an integer, found 'many'",
        ),
        (["bench", "x.yaml", "--steps", "0"], "Input should be greater than or equal to 1, found '0'"),
    ],
)
def test_what_was_expected_and_what_was_found_is_said(words, sentence, command):
    command.within(*words).assert_one_sentence(f"error: Invalid value for '{words[-2]}': {sentence}")
