"""A set that has collapsed is marked wherever a board is read; a healthy one is not, nor one that holds one model."""

import csv
import io
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.board.notes import row_warnings
from frontrunner.harness.board.raw_boards import as_csv, as_json
from frontrunner.harness.board.rendering import as_markdown
from frontrunner.harness.records.store import Store
from frontrunner.harness.reports.page.board_content import board_content
from frontrunner.harness.reports.page.front_content import all_fronts
from frontrunner.harness.reports.published_scores import publish_reference_scores
from frontrunner.harness.scoring.scored_cells import load_groups
from frontrunner.harness.scoring.set_warnings import SetWarning, found_warnings, recorded_warnings
from frontrunner.methods.registry import METHODS

PLUGIN = Path(__file__).parent / "heedless_plugin.py"
COLLAPSED = {
    "heedless": ["answers coincide"],
    "dead-routers": ["answers coincide", "dead routers"],
    "contrary": ["against the preference"],
}
HEALTHY = {"heeding", "pretrained", "weight-averaging", "experts", "interpolation"}


@pytest.fixture(scope="module")
def ran(command, tmp_path_factory, without_processes):
    """The store of a bench of healthy and collapsed sets, and what it printed."""
    folder = tmp_path_factory.mktemp("heedless")
    with without_processes():
        suites = [{"name": "merging-toy", "tasks": ["e1", "e2", "e3"]}]
        learners = sorted([*COLLAPSED, *HEALTHY])
        ended = command.within(*command.bench(folder, learners, plugins=[PLUGIN], suites=suites))
    assert (ended.status, ended.err) == (0, "")
    yield Store(folder / "store", create=False), ended.out
    for name in ("heeding", *COLLAPSED):
        METHODS._entries.pop(name, None)


def coincide(store):
    """What is said of a set with one answer to all preferences of the bench."""
    n_preferences = {attempt.cell.n_preferences for attempt in store.attempts()}
    assert len(n_preferences) == 1
    return f"answers coincide (1 distinct of {n_preferences.pop()})"


def marked(lines, separator):
    """Label -> its marks, of the second column of a table."""
    names = [line.split(separator)[2].strip() for line in lines.splitlines() if line.startswith(separator)]
    found = {name.partition(" [")[0]: re.findall(r"\[(.*)\]", name) for name in names}
    return {label: marks[0].split(", ") for label, marks in found.items() if marks}


def test_the_terminal_and_markdown_mark_the_row_and_say_why(ran):
    store, printed = ran
    for text, separator in ((printed, "│"), (as_markdown(leaderboards(store)), "|")):
        assert marked(text, separator) == COLLAPSED
        assert f"heedless, seed 0: {coincide(store)}" in text
        assert "dead-routers, seed 0: dead routers (75 % of their units)" in text


def test_csv_and_json_hold_the_warnings_of_collapsed_sets_only(ran):
    store, _ = ran
    boards = leaderboards(store)
    found = {line["learner"]: line["warnings"] for line in csv.DictReader(io.StringIO(as_csv(boards)))}
    assert set(found) == {*COLLAPSED, *HEALTHY}
    assert {label: text for label, text in found.items() if text} == {
        "contrary": "seed 0 against the preference (alignment -1.00)",
        "heedless": f"seed 0 {coincide(store)}",
        "dead-routers": f"seed 0 {coincide(store)}; seed 0 dead routers (75 % of their units)",
    }
    ((*rows,),) = (board["rows"] for board in json.loads(as_json(boards)))
    assert {row["label"]: row["warnings"]["0"] for row in rows if row["warnings"]} == {
        label: text.replace("seed 0 ", "").split("; ") for label, text in found.items() if text
    }


def test_the_page_holds_the_warnings_of_collapsed_sets_only(ran):
    store, _ = ran
    boards = leaderboards(store)
    rows = board_content(boards[0], None, all_fronts(store, boards, None))["rows"]
    assert {row["label"] for row in rows if row["warnings"]} == set(COLLAPSED)
    (heedless,) = (row for row in rows if row["label"] == "heedless")
    assert heedless["warnings"] == [("seed 0", coincide(store))]


def test_runs_in_mlflow_have_a_tag_and_a_sentence(ran):
    store, _ = ran
    for attempt in store.attempts():
        tag, note = (attempt.tags.get(name, "") for name in ("frontrunner.warnings", "mlflow.note.content"))
        label = attempt.cell.label
        assert (tag != "") == ("**Warning:**" in note) == (label in COLLAPSED), label
        assert [text.partition(" (")[0] for text in tag.split("; ") if text] == COLLAPSED.get(label, [])


def test_runs_of_older_versions_are_given_tag_and_scores_once(store, make_cell, record, monkeypatch):
    run_id = record(store, make_cell("old"), np.full((4, 2), 0.3), front_points=4, alignment=0.9)
    publish_reference_scores(store, load_groups(store))
    attempt = store.find(run_id)
    assert attempt.tags["frontrunner.warnings"] == "answers coincide (1 distinct of 4)"
    assert attempt.metrics["alignment"] == 0.0
    monkeypatch.setattr(store, "log", None)
    publish_reference_scores(store, load_groups(store))


@pytest.mark.parametrize(
    ("measured", "texts"),
    [
        ({}, []),
        ({"distinct_answers": 15.0, "alignment": 0.9, "dead_units_share": 0.5}, []),
        ({"distinct_answers": 1.0, "alignment": 0.0}, ["answers coincide (1 distinct of 15)"]),
        ({"distinct_answers": 3.0}, ["answers coincide (3 distinct of 15)"]),
        ({"distinct_answers": 4.0}, []),
        # Few answers are all that a search has found; one is a collapse all the same.
        ({"distinct_answers": 3.0, "non_dominated_members": 5.0}, []),
        ({"distinct_answers": 1.0, "non_dominated_members": 1.0}, ["answers coincide (1 distinct of 15)"]),
        ({"distinct_answers": 1.0, "front_points": 1.0}, []),
        ({"dead_units_share": 0.51}, ["dead routers (51 % of their units)"]),
        ({"alignment": 0.09}, ["alignment near 0 (0.09)"]),
        ({"alignment": -0.0}, ["alignment near 0 (0.00)"]),
        ({"alignment": 0.1}, []),
        ({"alignment": -0.5}, ["against the preference (alignment -0.50)"]),
        ({"alignment": -1.0, "distinct_answers": 1.0}, ["answers coincide (1 distinct of 15)"]),
    ],
)
def test_signs_of_collapse(measured, texts):
    assert [warning.text for warning in found_warnings(measured, 15)] == texts


@pytest.mark.parametrize(
    ("by_task", "text"),
    [
        ([1.0, -1.0], "alignments cancel (from -1.00 to 1.00)"),
        ([0.5, -0.5, 0.05], "alignments cancel (from -0.50 to 0.50)"),
        ([0.05, -0.05], "alignment near 0 (0.00)"),
        ([0.25, 0.0, 0.0], "alignment near 0 (0.08)"),
        ([-0.2, 0.05, -0.1], "alignment near 0 (-0.08)"),  # none improves
        ([0.2, 0.15, -0.09], "alignment near 0 (0.09)"),  # none worsens
        ([0.0, 0.0], "alignment near 0 (0.00)"),
        ([], "alignment near 0 (0.00)"),
        ([-1.0, 0.6, 0.0], "alignments cancel (from -1.00 to 0.60)"),
        ([-1.0, -0.5, 0.05], "against the preference (alignment -0.48)"),
    ],
)
def test_alignments_of_opposite_signs_are_not_near_0(by_task, text):
    mean = sum(by_task) / max(1, len(by_task))
    assert [found.text for found in found_warnings({"alignment": mean}, 15, lambda: by_task)] == [text]


@pytest.mark.parametrize("mean", [1.0, 0.5, None])
def test_tasks_are_looked_at_only_where_the_mean_is_near_0_or_below(mean):
    def fail():
        raise AssertionError("the front was read")

    assert found_warnings({} if mean is None else {"alignment": mean}, 15, fail) == []


def test_a_set_that_improves_all_tasks_with_one_weight_is_told_so_on_the_board_and_beside_its_front(
    store, make_cell, record
):
    falling = np.linspace(0.6, 0.2, 11)
    run_id = record(store, make_cell("both"), np.transpose([falling, falling]), front_points=11, fit_time_s=1.0)
    said = "alignments cancel (from -1.00 to 1.00)"
    assert f"- both, seed 0: {said}" in as_markdown(leaderboards(store))
    (found,) = recorded_warnings(store.find(run_id))
    assert found.sentence == f"{said}: raising their weights improves some tasks and worsens others."


def test_run_and_front_say_in_words_what_the_board_marks(ran, command):
    store, _ = ran
    looked_at = {one.cell.label: one for one in store.attempts() if one.cell.label in {*COLLAPSED, "heeding"}}
    for attempt in looked_at.values():
        shown = command.within("front", attempt.run_id, "--store", store.folder).out
        asked = [attempt.cell.method, attempt.cell.suite, "--tasks", ",".join(attempt.cell.tasks)]
        again = command.within("run", *asked, "--store", store.folder).out
        said = [line.strip() for line in shown.splitlines() if line.startswith("Warning: ")]
        kinds = [line.removeprefix("Warning: ").partition(" (")[0] for line in said]
        assert kinds == COLLAPSED.get(attempt.cell.label, []), attempt.cell.label
        assert all(line in again for line in said)
        if kinds[:1] == ["answers coincide"]:
            assert said[0] == f"Warning: {coincide(store)}: different preferences get the same answer."


def test_several_seeds_share_a_line_a_sign(store, make_cell, record):
    for seed, errors in {1: [0.3, 0.3, 0.3], 0: [0.2, 0.2, 0.2], 2: [0.1, 0.2, 0.3]}.items():
        record(store, make_cell("one", seed), np.transpose([errors[::-1], errors]), front_points=3)
    (board,) = leaderboards(store)
    assert "- one, seeds 0, 1: answers coincide (1 distinct of 3)\n" in as_markdown([board]) + "\n"


def test_each_seed_has_its_own_figure_unless_all_are_equal():
    def said(*details):
        found = {seed: [SetWarning("dead", one)] for seed, one in enumerate(details)}
        return row_warnings(SimpleNamespace(unreadable={}, warnings=found))

    assert said("66 %", "67 %", "66 %") == [("seeds 0, 1, 2", "dead (66 %, 67 %, 66 %)")]
    assert said("66 %", "66 %") == [("seeds 0, 1", "dead (66 %)")]
