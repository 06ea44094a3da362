"""Words and tables in Markdown."""

import pytest

from frontrunner.harness.board.markdown import escape_markdown, markdown_table


@pytest.mark.parametrize(
    ("words", "escaped"),
    [
        ("plain (words) [1]", "plain (words) [1]"),
        ("a|b *c* `d` <e>", r"a\|b \*c\* \`d\` \<e>"),
        ("[link](address) ![picture][one]", r"[link]\(address) ![picture]\[one]"),
        ("two\nlines", "two lines"),
        ("back\\slash", "back\\\\slash"),
    ],
)
def test_words_stay_words(words, escaped):
    assert escape_markdown(words) == escaped


def test_a_table_is_padded_aligned_and_escaped():
    assert markdown_table([["#", "a name"], ["1", "x|y"], ["1000", "z"]], align="rl") == "\n".join(
        [
            "|    # | a name |",
            "| ---: | ------ |",
            "|    1 | x\\|y   |",
            "| 1000 | z      |",
        ]
    )


def test_lines_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="zip"):
        markdown_table([["a", "b"], ["c"]], align="ll")
    with pytest.raises(ValueError, match="zip"):
        markdown_table([["a", "b"], ["c", "d"]], align="l")
