import csv
import dataclasses
import io
import json
import re
import typing

import pytest

from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.board.yardstick import NEIGHBOUR
from frontrunner.harness.commands import leaderboard as leaderboard_cli
from frontrunner.harness.records.shown_metrics import rounded
from frontrunner.harness.records.store import Store
from frontrunner.harness.reports import report


@pytest.fixture(scope="module")
def printed(everything, command):
    """The leaderboard in every format."""

    def leaderboard(format_):
        ended = command.within("leaderboard", "--format", format_, "--store", everything.store)
        assert (ended.status, ended.err) == (0, "")
        return ended.out

    return {format_: leaderboard(format_) for format_ in ("table", "md", "csv", "json")}


def test_every_text_is_a_format_and_a_file():
    assert set(typing.get_args(leaderboard_cli.Format)) == {"table", "html", *report.TEXTS}
    assert set(report.ENDINGS) == {".html", *(f".{name}" for name in report.TEXTS)}


@pytest.fixture(scope="module")
def rows(printed):
    (board,) = json.loads(printed["json"])
    return board["rows"]


def cells(text, border):
    lines = [line for line in text.splitlines() if line.startswith(border)]
    return [[cell.strip() for cell in line.strip(border).split(border)] for line in lines]


def test_json_holds_the_recorded_values(everything, rows):
    attempts = {attempt.run_id: attempt for attempt in Store(everything.store, create=False).attempts()}
    finished = [row for row in rows if row["seeds"]]
    assert len(finished) == 7
    for row in finished:
        recorded = attempts[row["run_ids"][0]].metrics
        for name, value in row["metrics"].items():
            assert recorded[name] in (value, rounded(value)), name  # MLflow is shown what a score means
        assert {"hypervolume", "igd", "igd_plus", "wall_time_s", "peak_rss_bytes", "trainable_parameters"} <= set(
            row["metrics"]
        )


def test_rows_are_ranked_by_hypervolume_and_unfinished_ones_come_last(rows):
    volumes = [row["metrics"].get("hypervolume", -1) for row in rows]
    assert volumes == sorted(volumes, reverse=True)
    assert [bool(row["seeds"]) for row in rows] == [True] * 7 + [False] * 4
    assert all(row["metrics"] == {} and row["unfinished"]["0"] for row in rows[7:])


def test_csv_holds_the_same_numbers_as_json(printed, rows):
    table = list(csv.DictReader(io.StringIO(printed["csv"])))
    *table, neighbour = table
    assert (neighbour["learner"], neighbour["rank"], neighbour["method"]) == (NEIGHBOUR, "", "")
    (board,) = json.loads(printed["json"])
    assert float(neighbour["hypervolume"]) == board["neighbour"]["hypervolume"]
    assert [line["learner"] for line in table] == [row["label"] for row in rows]
    for line, row in zip(table, rows, strict=True):
        for metric in ("hypervolume", "igd", "igd_plus", "wall_time_s", "solve_time_s", "peak_rss_bytes"):
            assert (float(line[metric]) if line[metric] else None) == row["metrics"].get(metric)
        assert bool(line["unfinished"]) == bool(row["unfinished"])


@pytest.mark.parametrize(("format_", "border", "skipped"), [("md", "|", 2), ("table", "│", 0)])
def test_tables_hold_the_same_numbers_as_json(format_, border, skipped, printed, rows):
    *lines, neighbour = cells(printed[format_], border)[skipped:]
    (board,) = json.loads(printed["json"])
    assert neighbour[:3] == ["–", NEIGHBOUR, f"{board['neighbour']['hypervolume']:.4f}"]
    for line, row in zip(lines, rows, strict=True):
        values = [
            row["metrics"].get(name) for name in ("hypervolume", "compromise_share", "igd_plus", "alignment", "igd")
        ]
        assert line[2:7] == ["–" if value is None else f"{value:.4f}" for value in values]
        assert line[1].startswith(row["label"])
        status = re.search(r"\[(.*)\]", line[1].removeprefix(row["label"]))
        assert (status is None) == (not row["unfinished"] and not row["warnings"])
        said = (row["unfinished"] or {seed: ", ".join(texts) for seed, texts in row["warnings"].items()}).get("0", "")
        assert status is None or all(part in said for part in status[1].split(", "))


def test_markdown_and_terminal_show_the_same_cells(printed, everything):
    markdown = cells(printed["md"], "|")[2:]
    assert [line[:-1] for line in cells(printed["table"], "│")] == markdown
    assert cells(everything.ended.out, "│") == cells(printed["table"], "│")


def test_a_suite_chooses_its_boards(printed, everything, command):
    chosen = command.within("leaderboard", "--suite", "tiny", "--format", "json", "--store", everything.store)
    assert chosen.out == printed["json"]


def test_a_bench_shows_its_cells_under_its_own_labels(store, make_cell, record):
    cell = make_cell("theirs")
    record(store, cell, [[0.1, 0.8], [0.4, 0.4]])
    record(store, make_cell("other"), [[0.2, 0.8], [0.4, 0.5]])
    mine = dataclasses.replace(cell, label="mine")
    assert mine.key == cell.key
    (board,) = leaderboards(store, among=[mine])
    assert [row.label for row in board.rows] == ["mine"]
    assert {row.label for row in leaderboards(store)[0].rows} == {"theirs", "other"}
