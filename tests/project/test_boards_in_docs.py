"""Boards on the pages have the columns and the captions that the command writes today."""

import re
from types import SimpleNamespace

import pytest

from frontrunner.harness.board.columns import _columns_of
from frontrunner.harness.board.notes import measured_to, reading_notes
from frontrunner.harness.scoring.measures import MEASURES

ALWAYS = ["HV ↑", "IGD+ ↓", "IGD ↓", "wall time", "peak memory", "trainable", "needs", "steps", "fit", "answer"]
"""Columns in which some learner of every board has a value."""
SOMETIMES = {
    "95 % interval": "several seeds",
    "Δ HV": "a baseline",
    "compromise": "fronts with more than one answer",
    "HV ratio ↑": "a true front that is known",
    "align. ↑": "learners that are asked for preferences",
    "norm. HV ↑": "experts and a pre-trained model that differ on every task",
    "examples": "examples",
    "peak GPU": "a GPU",
}
"""Columns that need something beside a finished cell."""
BEFORE = {"real-text.md"}
"""Pages whose boards were made before a column was added or renamed; they are to be made again."""
STARTS = re.compile(r"^\| +# \| learner .*\| seeds \|.*HV ↑.*$|^\| +# \| learner .*HV ↑.*fit \|.*$", re.M)


@pytest.fixture(scope="module")
def boards(root):
    """Every board on a page as (page, headings, caption)."""
    found = []
    for page in sorted((root / "docs").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        for start in STARTS.finditer(text):
            caption = re.search(r"^Objectives: .*$", text[start.end() :], re.M)
            headings = [cell.strip() for cell in start.group().strip("| ").split("|")]
            found.append((page.name, headings, caption.group() if caption else ""))
    return found


def columns_today():
    measures = sorted((m for m in MEASURES.values() if m.column is not None), key=lambda m: m.column)
    return [column.heading for measure in measures for column in _columns_of(measure.name, several=True)]


def of_today(headings, caption):
    """Whether a board's columns and the sentence below them are those that would be written today."""
    shown = [heading for heading in headings if heading not in ("#", "learner", "seeds")]
    in_order = [heading for heading in columns_today() if heading in shown]
    return shown == in_order and set(ALWAYS) <= set(shown) and sentence_for(headings, caption) in caption


def sentence_for(headings, caption):
    """The sentence below a board of these columns that is measured to the same points."""
    point = re.search(r"HV at reference point \(([^)]*)\)", caption)
    source = re.search(r"to the ([^;]*?) \(reference (\w+)\)", caption)
    if point is None or source is None:
        return "no caption"
    board = SimpleNamespace(
        reference_point=[float(value) for value in point[1].split(", ")],
        closed_form=source[1] == "true front",
        reference_source=source[1],
        reference_digest=source[2],
    )
    return measured_to(board, headings)


def test_every_column_is_known_to_be_on_every_board_or_on_some():
    assert set(columns_today()) == {*ALWAYS, *SOMETIMES}


def test_boards_on_pages_are_those_of_the_command(boards):
    assert len(boards) > 20
    old = {page for page, headings, caption in boards if not of_today(headings, caption)}
    assert old == BEFORE


def test_boards_of_three_seeds_say_what_their_intervals_hold(boards):
    row = SimpleNamespace(seeds=(0, 1, 2), holds_sample_noise=True, tied_with_best=False, hypervolume_error=None)
    board = SimpleNamespace(
        rows=[row], seeds=(0, 1, 2), closed_form=False, neighbour=None, baseline=None, is_compared=lambda _: True
    )
    _, noise = reading_notes(board, tied="after a rank")
    seeds_only = "Intervals hold the noise of seeds only, not that of the test sample"
    measured = [
        (page, caption)
        for page, headings, caption in boards
        if "95 % interval" in headings and page not in BEFORE and "true front" not in caption
    ]
    assert measured
    beginning = noise.partition(" resamples")[0]
    assert [page for page, caption in measured if beginning not in caption and seeds_only not in caption] == []


@pytest.mark.parametrize(
    "change",
    [
        lambda headings, caption: ([h for h in headings if h != "steps"], caption),
        lambda headings, caption: ([*headings, "answer"], caption),
        lambda headings, caption: (headings, caption.replace("at reference point", "at point")),
        lambda headings, caption: (headings, caption.replace("1 at best", "at most 1")),
        lambda headings, caption: ([h if h != "HV ↑" else "hypervolume" for h in headings], caption),
        lambda headings, caption: (headings, ""),
    ],
)
def test_what_the_command_does_not_write_is_found(change, boards):
    page, headings, caption = next(board for board in boards if board[0] == "upscale.md")
    assert of_today(headings, caption), page
    assert not of_today(*change(headings, caption))
