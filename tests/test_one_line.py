"""Whatever a library or a learner says becomes one line that a terminal only prints."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontrunner.harness.records.status import Ending, Status
from frontrunner.one_line import as_one_line, is_one_line, shown

SAID = {
    "colours": ("\x1b[1;31mred\x1b[0m and \x1b[38;2;1;2;3mblue\x1b[m", "red and blue"),
    "a cursor that goes back": ("all is well\x1b[2K\x1b[1Gor not", "all is wellor not"),
    "a title and a link": ("\x1b]0;title\x07a \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "a link"),
    "one that is cut off": ("end\x1b[3", "end"),
    "an escape alone": ("a\x1b", "a"),
    "eight-bit controls": ("a\x9b31mb\x85c", "ab c"),
    "line breaks": ("one\r\ntwo\n\n  three\u2028four\x0bfive", "one two three four five"),
    "a bell, a backspace, a zero": ("a\x07b\x08c\x00d", "a b c d"),
    "lone surrogates": ("byte \udcff", "byte \\udcff"),
    "a change of direction": ("file\u202etxt.exe", "file txt.exe"),
    "letters of many languages": ("größer ≥ 平均 🚀 مرحبا", "größer ≥ 平均 🚀 مرحبا"),
    "brackets that are no escape": ("[31m] and [bold]", "[31m] and [bold]"),
}


@pytest.mark.parametrize("case", SAID)
def test_what_is_said_becomes_one_line(case):
    said, line = SAID[case]
    assert as_one_line(said) == line
    assert is_one_line(line)
    assert Ending(Status.FAILED, said).reason == line


@given(st.text(st.characters(exclude_categories=()), max_size=60), st.integers(2, 40))
def test_any_text_becomes_a_line_of_bounded_length(text, longest):
    line = as_one_line(text, longest)
    assert is_one_line(line)
    assert len(line) <= longest
    assert line == line.strip()
    assert not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in line)
    assert as_one_line(line, longest) == line


def test_a_line_without_an_end_is_cut():
    line = as_one_line("x" * 10_000_000, 100)
    assert line == "x" * 99 + "…"


class Odd:
    """Writes what a terminal obeys."""

    def __repr__(self):
        return "a\x1b[2Jb\nc"


class Broken:
    """Cannot be written."""

    def __repr__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a  b\n", "'a  b\\n'"),
        (0.5, "0.5"),
        (["x" * 10_000], f"['{'x' * 198}... (10,004 characters)"),
        (Odd(), "ab c"),
        (Broken(), "Broken that cannot be shown"),
        (10**5000, "int that cannot be shown"),
    ],
    ids=["text", "number", "long", "odd", "broken", "large"],
)
def test_a_value_is_shown_in_one_short_line(value, text):
    assert shown(value) == text
    assert is_one_line(text)
