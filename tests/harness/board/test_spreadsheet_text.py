"""No text in a CSV file begins as a formula does, and every text can be had back."""

import csv
import io

import pytest

from frontrunner.harness.board.board_frame import as_frame
from frontrunner.harness.board.raw_boards import as_csv
from frontrunner.harness.board.spreadsheet_text import as_spreadsheet_text, from_spreadsheet_text
from frontrunner.harness.commands.checked_suite import as_text
from frontrunner.tasks.suite_file.measured_models import MeasuredModels

FORMULAS = ["=1+1", "+1", "-x", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x","y")', "=1,2", "＝1"]
HARMLESS = ["routed", "a=b", "x-1", "it's", "0.5", "", "é", "'tis"]
BEGIN = "=+-@\t\r\n＝"


@pytest.mark.parametrize("text", [*FORMULAS, *HARMLESS, "'=1", "''=1"])
def test_a_text_is_no_formula_and_comes_back(text):
    written = as_spreadsheet_text(text)
    assert not written.startswith(tuple(BEGIN))
    assert from_spreadsheet_text(written) == text


@pytest.mark.parametrize("number", [-1.5, 0, None, True])
def test_numbers_stay_numbers(number):
    assert as_spreadsheet_text(number) is number


@pytest.mark.parametrize("label", [text for text in FORMULAS if text.isprintable()])  # labels are lines
def test_a_leaderboard_holds_no_formula_and_its_table_the_label_itself(label, make_board, make_row):
    board = make_board(make_row(label, hypervolume=-0.5), make_row("other", unfinished={0: f"{label} failed"}))
    cells = [cell for row in csv.reader(io.StringIO(as_csv([board]))) for cell in row]
    texts = [cell for cell in cells if not cell.lstrip("-").replace(".", "").isdigit()]
    assert "-0.5" in cells
    assert [cell for cell in texts if cell.startswith(tuple(BEGIN))] == []
    assert as_frame([board])["learner"].tolist() == [label, "other"]


def test_the_errors_of_a_suite_hold_no_formula(monkeypatch):
    class Table:
        tasks, rows, errors = ("=a", "b"), ("pre-trained", "@b"), [[0.5, -0.25], [1.0, 0.0]]

    found = MeasuredModels.__new__(MeasuredModels)
    object.__setattr__(found, "table", Table())
    assert as_text("csv", found).splitlines() == ["model,'=a,b", "pre-trained,0.5,-0.25", "'@b,1.0,0.0"]
