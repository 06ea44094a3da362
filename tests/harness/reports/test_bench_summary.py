"""A bench's run is given its leaderboard in words, numbers and pictures, once for every state of its cells."""

import itertools
import json
import re
from concurrent.futures import Future
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
from matplotlib.figure import Figure

import frontrunner as fr
from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.cells.bench_file import BenchSpec
from frontrunner.harness.commands.ui_address import view_address
from frontrunner.harness.records.mlflow_tags import NOTE
from frontrunner.harness.records.mlflow_views import LEARNERS, RUNS, experiment_tags
from frontrunner.harness.records.shown_metrics import rounded, with_megabytes
from frontrunner.harness.records.status import Ending, Status
from frontrunner.harness.records.store import Store
from frontrunner.harness.reports import bench_summary
from frontrunner.harness.reports.bench_summary import NOTE_LENGTH, note
from frontrunner.harness.reports.board_pictures import BoardPictures
from frontrunner.harness.reports.drawing import DrawingProcess
from frontrunner.harness.reports.pictures.cost_png import cost_png
from frontrunner.harness.reports.pictures.progress_png import progress_png
from frontrunner.harness.reports.publish import run_and_publish_bench
from frontrunner.harness.running.bench import BenchRun
from frontrunner.harness.running.executors.local import LocalExecutor
from frontrunner.harness.running.settled_cell import SettledCell

HOSTILE = "../[a](javascript:x) <b>|$é"
LEARNERS_RUN = [
    "pretrained",
    "interpolation",
    "pwe-moe-ls",
    {"method": "misbehaving", "label": HOSTILE, "options": {"how": "print"}},
    "misbehaving",
]


@pytest.fixture(scope="module")
def bench(tiny, without_processes, drawn, tmp_path_factory):
    """The store after one run, and a way to run it again, changed or not."""
    store = Store(tmp_path_factory.mktemp("summary") / "store", create=True)
    spec = {"name": "mine", "suites": ["tiny"], "learners": LEARNERS_RUN, "seeds": [0, 1]}

    def run(**changed):
        with without_processes(), drawn():
            checked = BenchSpec.model_validate(spec | {"probes": 2} | changed)
            run_and_publish_bench(checked, store, executor=LocalExecutor(["cpu"]), plugins=[], listener=Mock())

    run()
    return SimpleNamespace(store=store, run=run)


def parent(store, name="mine"):
    (experiment,) = store.experiments()
    (found,) = store.client.search_runs([experiment.experiment_id], f"attributes.run_name = '{name}'")
    return found


def artifacts(store, run):
    return {item.path: item for item in store.client.list_artifacts(run.info.run_id)}


def test_numbers_are_those_of_the_leaderboard(bench):
    store = bench.store
    (board,) = leaderboards(store)
    metrics = parent(store).data.metrics
    counts = {"cells": 10, "cells_finished": 8, "cells_unfinished": 2, "cells_unsupported": 0}
    assert {name: metrics.pop(name) for name in counts} == counts
    assert metrics.pop("best_hypervolume") == rounded(board.rows[0].metrics["hypervolume"])
    finished = [row for row in board.rows if row.seeds]
    assert len(metrics) == 2 * len(finished)
    for measure in ("hypervolume", "igd_plus"):
        found = sorted(value for name, value in metrics.items() if name.startswith(f"{measure}/"))
        assert found == sorted(rounded(row.metrics[measure]) for row in finished)
    row = next(row for row in finished if row.label == "pwe-moe-ls")
    assert metrics["hypervolume/pwe-moe-ls"] == rounded(row.metrics["hypervolume"])


def test_files_and_description_hold_every_row_and_reason(bench):
    store = bench.store
    run = parent(store)
    assert set(artifacts(store, run)) >= {
        "leaderboard.md",
        "leaderboard.csv",
        "fronts-task0-task1-task2-4-inner4.png",
        "fronts-task0-task1-task2-4-inner4.html",
        "cost-task0-task1-task2-4-inner4.png",
        "progress-task0-task1-task2-4-inner4.png",
    }
    told = run.data.tags[NOTE]
    for label in ("pretrained", "interpolation", "pwe-moe-ls"):
        assert f"| {label} " in told
    assert r"[a]\(javascript:x) \<b>\|$é" in told
    assert "misbehaving, seeds 0, 1: failed: RuntimeError" in told
    assert "frontrunner leaderboard --format html" in told
    best = leaderboards(store)[0].rows[0]
    assert told.startswith(f"Best hypervolume: **{best.label}** with {best.metrics['hypervolume']:.4f}")
    assert "8 of 10 cells finished." in told.splitlines()[0]
    assert run.data.params == {"suite": "tiny", "seeds": "0, 1"}


def test_a_bench_that_runs_nothing_leaves_its_summary_as_it_is(bench):
    store = bench.store
    run = parent(store)
    before = {name: store.client.get_metric_history(run.info.run_id, name) for name in run.data.metrics}
    finished = {"learners": LEARNERS_RUN[:2], "name": "half"}
    bench.run(**finished)
    bench.run()
    written = {file: file.stat().st_mtime_ns for file in (store.folder / "artifacts").rglob("*.png")}
    bench.run(**finished)
    bench.run()
    again = parent(store, "half")
    assert again.info.status == "FINISHED"
    for name in again.data.metrics:
        assert len(store.client.get_metric_history(again.info.run_id, name)) == 1
    assert {file: file.stat().st_mtime_ns for file in (store.folder / "artifacts").rglob("*.png")} == written
    after = parent(store)
    assert {name: len(history) for name, history in before.items()} == dict.fromkeys(after.data.metrics, 1)


def test_a_bench_that_goes_on_no_longer_says_why_it_ended(store):
    run_id = store.parent_run("bench", "made-up", "mine", "digest", {})
    store.end(run_id, Ending(Status.KILLED, "interrupted"))
    assert store.parent_run("bench", "made-up", "mine", "digest", {}) == run_id
    assert "frontrunner.reason" not in store.tags(run_id)


def test_a_summary_is_of_the_bench_s_own_cells(bench):
    bench.run(learners=LEARNERS_RUN[:1], seeds=[1], name="one")
    store = bench.store
    run = parent(store, "one")
    assert run.data.metrics["cells"] == 1
    (pretrained,) = (row for row in leaderboards(store)[0].rows if row.label == "pretrained")
    assert run.data.metrics["hypervolume/pretrained"] == rounded(pretrained.values("hypervolume")[1])
    assert "interpolation" not in run.data.tags[NOTE]


def test_a_cell_s_run_says_what_came_of_it(bench):
    store = bench.store
    attempts = {(attempt.cell.method, attempt.cell.seed): attempt for attempt in store.attempts()}
    fine = attempts["pwe-moe-ls", 1]
    told = fine.tags[NOTE]
    assert told.startswith("**pwe-moe-ls** on tiny (task0, task1, task2), seed 1: ")
    assert f"HV {fine.metrics['hypervolume']:.4f}" in told
    assert f"`frontrunner front {fine.run_id[:8]}`" in told
    failed = next(attempt for attempt in store.attempts() if attempt.status == "failed")
    assert "**failed**: RuntimeError: this learner always [fails] (line " in failed.tags[NOTE]
    for attempt in (fine, failed):
        params = store.client.get_run(attempt.run_id).data.params
        asked = {"learner": attempt.cell.label, "suite": "tiny", "seed": str(attempt.cell.seed), "points_per_edge": "4"}
        assert asked.items() <= params.items()
    assert store.client.get_run(fine.run_id).data.params["lr"] == "0.01"


def test_a_run_s_hypervolume_is_the_first_of_the_metrics_that_views_show(bench):
    attempt = next(attempt for attempt in bench.store.attempts() if attempt.status == "finished")
    for view in (RUNS, LEARNERS):
        state = json.loads(json.loads(experiment_tags("tiny", 1)[f"mlflow.sharedViewState.{view}"])["state"])
        shown = [column for column in state["selectedColumns"] if column.startswith("metrics.")]
        assert shown[0] == "metrics.`hypervolume`"
    assert "hypervolume" in attempt.metrics


@pytest.mark.parametrize("n_boards", [4, 5])
def test_ranks_are_drawn_where_there_are_boards_enough(n_boards, store, make_cell, record, drawn, monkeypatch):
    monkeypatch.setattr(BoardPictures, "draw", lambda pictures, folder: None)
    outcomes = []
    for tasks in [("a", f"b{i}") for i in range(n_boards)]:
        for (i, label), seed in itertools.product(enumerate(("worst", "fair", "best")), (0, 1, 2)):
            cell = make_cell(label, seed, tasks=tasks)
            run_id = record(store, cell, [[0.5 - 0.1 * i, 0.5]])
            outcomes.append(SettledCell(cell, Ending(Status.FINISHED), run_id, ran=True))
    run_id = store.parent_run("bench", "made-up", "mine", "other digest", {})
    with drawn(), DrawingProcess() as drawing:
        assert bench_summary.summarise(store, BenchRun(outcomes, {"made-up": run_id}), drawing) == []
    run = parent(store)
    assert ("ranks.png" in artifacts(store, run)) == (n_boards == 5)
    best = {name: value for name, value in run.data.metrics.items() if name.startswith("best_")}
    assert best == pytest.approx({f"best_hypervolume a-b{i}-3": 0.7 * 0.5 for i in range(n_boards)})


def test_a_picture_that_fails_is_a_note_and_is_tried_again(store, make_cell, record):
    cell = make_cell("best", tasks=("a", "b"))
    settled = [SettledCell(cell, Ending(Status.FINISHED), record(store, cell, [[0.1, 0.5]]), ran=True)]
    run_id = store.parent_run("bench", "made-up", "mine", "digest", {})
    run = BenchRun(settled, {"made-up": run_id})
    failed, drawn = Future(), Future()
    failed.set_exception(RuntimeError("no backend"))
    drawn.set_result(None)
    asked = []
    with DrawingProcess() as drawing, pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "submit", lambda *_: failed)
        (note,) = bench_summary.summarise(store, run, drawing)
        assert note == "the pictures of the bench's summary could not be drawn (RuntimeError: no backend)"
        assert {"leaderboard.csv", "leaderboard.md"} <= {item.path for item in store.client.list_artifacts(run_id)}
        patch.setattr(drawing, "submit", lambda *_: asked.append(1) or drawn)
        assert bench_summary.summarise(store, run, drawing) == []
        assert asked == [1]
        assert bench_summary.summarise(store, run, drawing) == []
        assert asked == [1]


def test_a_description_that_is_too_long_loses_its_last_rows(make_board, make_row):
    rows = [make_row(f"learner {i} " + "x" * 60, hypervolume=1 - i / 100) for i in range(80)]
    told = note([make_board(*rows)])
    shown = re.findall(r"\| learner (\d+) ", told)
    assert 10 < len(shown) < 80
    assert shown == [str(i) for i in range(len(shown))]
    assert f"{80 - len(shown)} more rows are in `leaderboard.md`." in told
    assert len(told) <= NOTE_LENGTH
    assert "more rows" not in note([make_board(*rows[:3])])


def test_a_board_without_a_finished_cell_is_told_in_a_sentence(make_board, make_row):
    told = note([make_board(make_row("x", unfinished={0: "killed: interrupted"}))])
    assert told.startswith("0 of 1 cells finished.")
    assert "killed: interrupted" in told


def test_views_are_kept_and_what_the_user_wrote_stays(bench):
    store = bench.store
    (experiment,) = store.experiments()
    tags = experiment_tags("tiny", experiment.creation_time)
    assert tags.items() <= experiment.tags.items()
    assert max(map(len, tags.values())) <= 5000
    view = f"mlflow.sharedViewState.{RUNS}"
    store.client.set_experiment_tag(experiment.experiment_id, NOTE, "mine")
    store.client.set_experiment_tag(experiment.experiment_id, view, "of an older version")
    bench.run()
    found = store.client.get_experiment(experiment.experiment_id).tags
    assert (found[NOTE], found[view]) == ("mine", tags[view])


@pytest.mark.parametrize("view", [RUNS, LEARNERS])
def test_a_view_shows_what_is_recorded(view, bench):
    attempt = next(a for a in bench.store.attempts() if a.cell.method == "pwe-moe-ls")
    shown = with_megabytes(attempt.metrics)
    state = json.loads(json.loads(experiment_tags("tiny", 1)[f"mlflow.sharedViewState.{view}"])["state"])
    columns = [re.fullmatch(r"(\w+)\.`(.*)`", column).groups() for column in state["selectedColumns"]]
    names = {name for kind, name in columns if kind == "metrics"}
    assert names <= set(shown)
    charts = state["compareRunCharts"]
    sections = {section["uuid"] for section in state["compareRunSections"]}
    assert {chart["metricSectionId"] for chart in charts} <= sections
    drawn = {chart["metricKey"] for chart in charts if "metricKey" in chart}
    drawn |= {chart[axis]["key"] for chart in charts if "xaxis" in chart for axis in ("xaxis", "yaxis")}
    drawn |= {chart["selectedXAxisMetricKey"] for chart in charts if chart.get("selectedXAxisMetricKey")}
    only_elsewhere = {"hypervolume_ratio", "normalised_hypervolume", "fit_peak_gpu_allocated_mb"}  # a known front,
    # experts that are better than the pre-trained model on every task, a GPU
    assert drawn - set(shown) == only_elsewhere
    assert len({chart["uuid"] for chart in charts}) == len(charts)
    assert view_address("127.0.0.1", 5000, "3", view).endswith(f"viewStateShareKey={view}")


@pytest.fixture
def figure(monkeypatch):
    """() -> the figure that was saved last."""
    saved = []
    save = Figure.savefig
    monkeypatch.setattr(
        Figure, "savefig", lambda self, *given, **more: (saved.append(self), save(self, *given, **more))
    )
    return lambda: saved[-1]


def test_the_line_of_quality_against_cost_joins_the_best_only(make_board, make_row, figure, tmp_path):
    board = make_board(
        make_row("dear", hypervolume=[0.9], wall_time_s=1000.0, peak_rss_bytes=3e9),
        make_row("waste", hypervolume=[0.4], wall_time_s=500.0, peak_rss_bytes=9e9),
        make_row("cheap $", hypervolume=[0.4, 0.6], wall_time_s=[1.0, 3.0], peak_rss_bytes=[1e9, 1e9]),
        make_row("failed", unfinished={0: "killed"}),
    )
    cost_png(board, tmp_path / "cost.png", title="Cost in $")
    time, memory = figure().axes
    for axes, costs in ((time, [2.0, 1000.0]), (memory, [1e9, 3e9])):
        (joined,) = (line for line in axes.lines if line.get_linestyle() == "--")
        assert joined.get_xdata() == pytest.approx(costs)
        assert joined.get_ydata() == pytest.approx([0.5, 0.9])
    assert (time.get_xscale(), memory.get_xscale()) == ("log", "linear")
    (faint,) = (line for line in time.lines if line.get_alpha() == 0.35)
    assert sorted(zip(*faint.get_data(), strict=True)) == [(1.0, 0.4), (3.0, 0.6)]
    assert time.get_legend_handles_labels()[1] == ["dear", "waste", r"cheap \$"]


def test_where_less_is_better_the_best_are_the_least(make_board, make_row, figure, tmp_path):
    board = make_board(make_row("bad", igd_plus=0.5, wall_time_s=2.0), make_row("good", igd_plus=0.1, wall_time_s=1.0))
    cost_png(board, tmp_path / "cost.png", title="", quality="igd_plus")
    (axes,) = figure().axes
    (joined,) = (line for line in axes.lines if line.get_linestyle() == "--")
    assert list(joined.get_ydata()) == [0.1]


def test_every_seed_is_a_curve_and_every_learner_a_name(figure, tmp_path):
    curves = {"$teps": [np.array([[1.0, 2.0], [0.1, 0.2]]), np.array([[1.0, 40.0], [0.2, 0.3]])]}
    progress_png(curves | {"none": [np.array([[0.5], [0.4]])]}, tmp_path / "progress.png", title="")
    (axes,) = figure().axes
    assert [list(line.get_ydata()) for line in axes.lines] == [[0.1, 0.2], [0.2, 0.3], [0.4]]
    assert axes.get_legend_handles_labels()[1] == [r"\$teps", "none"]
    assert axes.get_xscale() == "log"


def test_pictures_of_nothing_are_refused(make_board, make_row, tmp_path):
    with pytest.raises(fr.ConfigError, match="needs a finished learner"):
        cost_png(make_board(make_row("x", unfinished={0: "killed"})), tmp_path / "a.png", title="")
    with pytest.raises(fr.ConfigError, match="probes"):
        progress_png({"x": []}, tmp_path / "b.png", title="")
