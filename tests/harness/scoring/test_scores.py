"""What boards are computed from: recorded fronts, whatever is kept of earlier computations."""

import json
import sqlite3

import numpy as np
import pytest
from front_scores import own_scores, reference_scores

import frontrunner as fr
from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.board.raw_boards import as_json
from frontrunner.harness.records import mlflow_reader as run_reader
from frontrunner.harness.records.mlflow_reader import DatabaseReader
from frontrunner.harness.reports.published_scores import publish_reference_scores
from frontrunner.harness.scoring import kept_scores, score_cache
from frontrunner.harness.scoring.measures import INDICATOR_MEASURES, reference_measures
from frontrunner.harness.scoring.scored_cells import load_groups
from frontrunner.metrics import compromise_share
from frontrunner.metrics.builtin_indicators import HypervolumeIndicator

GOOD = [[0.1, 0.6], [0.3, 0.3], [0.6, 0.1]]
POOR = [[0.4, 0.9], [0.6, 0.6], [0.9, 0.4]]


@pytest.fixture
def filled(store, make_cell, record):
    """Two learners, two seeds each."""
    for seed in (0, 1):
        record(store, make_cell("good", seed), np.add(GOOD, seed / 100), fit_time_s=1.0 + seed)
        record(store, make_cell("poor", seed), np.add(POOR, seed / 100), fit_time_s=3.0)
    return store


def values(store):
    (board,) = leaderboards(store)
    return {row.label: row.metrics for row in board.rows}


def test_every_quality_is_that_of_the_recorded_front(filled):
    (board,) = leaderboards(filled)
    (group,) = load_groups(filled)
    assert [row.label for row in board.rows] == ["good", "poor"]
    for row in board.rows:
        for result in row.results.values():
            front = result.record.front()
            assert result.scores == {
                "hypervolume": fr.hypervolume(front, [1, 1]).value,
                "igd": fr.igd(front, group.reference),
                "igd_plus": fr.igd_plus(front, group.reference),
                "spread": fr.spread(front, group.reference),
                "alignment": fr.alignment(front),
                "compromise_share": compromise_share(front, [1, 1]),
                "distinct_answers": 3.0,
                "largest_gap": fr.largest_gap(front),
                "dominated_share": 0.0,
                "non_uniformity": fr.non_uniformity(front),
                "expected_utility": fr.expected_utility(front),
            }
    assert board.rows[0].metrics["fit_time_s"] == 1.5
    assert board.rows[0].values("fit_time_s") == {0: 1.0, 1: 2.0}


def test_a_second_look_reads_no_front_and_says_the_same(filled, monkeypatch):
    first = as_json(leaderboards(filled))
    monkeypatch.setattr(kept_scores, "values", None)
    assert as_json(leaderboards(filled)) == first


@pytest.mark.parametrize(
    "damage", ["removed", "no database", "another version", "a folder", "a digit", "no table", "a page", "no JSON"]
)
def test_whatever_becomes_of_the_cache_the_numbers_stay(damage, filled):
    first = as_json(leaderboards(filled))
    file = filled.folder / "scores.sqlite"
    if damage == "another version":
        with sqlite3.connect(file) as connection:
            connection.execute("update scores set content = '{}'")
            connection.execute("pragma user_version = 999")
        connection.close()
    elif damage in ("a digit", "no table", "no JSON"):
        with sqlite3.connect(file) as connection:
            change = {
                "a digit": "update scores set content = replace(content, '0.', '0.9')",
                "no table": "drop table scores",
                "no JSON": "update reference_fronts set content = '{'",
            }[damage]
            connection.execute(change)
        connection.close()
    elif damage == "a page":
        content = bytearray(file.read_bytes())
        content[4096:12288] = bytes(range(256)) * 32
        file.write_bytes(content)
    elif damage == "no database":
        file.write_bytes(b"this is no database" * 100)
    else:
        file.unlink()
        if damage == "a folder":
            file.mkdir()
    for _ in range(2):
        assert as_json(leaderboards(filled)) == first


def test_scores_computed_in_another_way_are_not_taken_over(filled, monkeypatch):
    values(filled)
    with sqlite3.connect(filled.folder / "scores.sqlite") as connection:
        sealed = score_cache._sealed({"hypervolume 1": 0.25})
        connection.execute("update scores set content = ?", (sealed,))
    connection.close()
    assert values(filled)["good"]["hypervolume"] == 0.25
    with monkeypatch.context() as patched:
        patched.setattr(HypervolumeIndicator, "version", "2")
        assert values(filled)["good"]["hypervolume"] > 0.5
    assert values(filled)["good"]["hypervolume"] == 0.25
    monkeypatch.setattr(score_cache, "VERSION", score_cache.VERSION + 1)
    assert values(filled)["good"]["hypervolume"] > 0.5


def test_a_better_run_moves_the_reference_and_every_distance_to_it(filled, make_cell, record):
    before = values(filled)
    record(filled, make_cell("best"), [[0.0, 0.2], [0.2, 0.0]])
    after = values(filled)
    assert before["good"]["igd_plus"] < after["good"]["igd_plus"]
    for name in ("good", "poor"):
        assert after[name]["igd"] > before[name]["igd"]
        assert after[name]["hypervolume"] == before[name]["hypervolume"]
    assert after["best"]["igd"] == 0.0


def test_a_known_front_is_the_reference_whatever_is_found(store, make_cell, record):
    truth = [[0.0, 0.2], [0.2, 0.0]]
    record(store, make_cell("good"), GOOD, truth=truth)
    (board,) = leaderboards(store)
    first = board.rows[0].metrics["igd"]
    assert first == fr.igd(fr.Front(GOOD), truth)
    assert board.reference_source == "closed form"
    record(store, make_cell("better"), truth, truth=truth)
    (board,) = leaderboards(store)
    assert {row.label: row.metrics["igd"] for row in board.rows} == {"good": first, "better": 0.0}


def test_runs_are_told_their_distances_once_for_every_reference(filled, monkeypatch):
    publish_reference_scores(filled, load_groups(filled))
    recorded = {a.cell.label: a for a in filled.attempts() if a.cell.seed == 0}
    shown = values(filled)
    (group,) = load_groups(filled)
    for label, attempt in recorded.items():
        assert attempt.reference == group.reference_digest
        assert set(attempt.metrics) >= {"igd", "igd_plus", "spread"}
        assert attempt.metrics["igd"] == pytest.approx(shown[label]["igd"], abs=0.02)
    monkeypatch.setattr(filled, "log", None)
    publish_reference_scores(filled, load_groups(filled))


def test_a_front_without_preferences_keeps_no_promise_and_breaks_none(store, make_cell, record):
    record(store, make_cell("curve"), GOOD, preferences=False)
    metrics = values(store)["curve"]
    assert not {"alignment", "non_uniformity"} & set(metrics)
    assert metrics["hypervolume"] > 0


@pytest.mark.parametrize("few", [3, 5])
def test_runs_are_read_as_mlflow_has_them(few, store, monkeypatch):
    monkeypatch.setattr(run_reader, "FEW", few)
    n_runs = 4
    experiment = store.client.create_experiment("made-up")
    for i in range(n_runs):
        run = store.client.create_run(experiment, tags={"kind": "one", "n": str(i)}, start_time=i + 1)
        if i < 3:
            store.client.log_metric(run.info.run_id, "loss", 5.0, step=0)
            store.client.log_metric(run.info.run_id, "loss", float(i), step=1)
    other = store.client.create_run(experiment, tags={"kind": "other"})
    store.client.log_metric(other.info.run_id, "loss", 7.0)
    found = DatabaseReader(store.folder / "mlflow.db").runs("kind", "one")
    assert [run.tags["n"] for run in found] == [str(i) for i in range(n_runs)]
    assert [run.metrics for run in found[:3]] == [{"loss": 0.0}, {"loss": 1.0}, {"loss": 2.0}]
    assert {(run.experiment, run.experiment_id) for run in found} == {("made-up", experiment)}
    store.client.delete_run(found[0].run_id)
    assert next(run.tags["n"] for run in DatabaseReader(store.folder / "mlflow.db").runs("kind", "one")) == "1"


def test_a_database_that_is_none_is_told_in_one_sentence(filled):
    (filled.folder / "mlflow.db").write_bytes(b"no database at all" * 1000)
    with pytest.raises(fr.StoreError, match=r"the store in .* cannot be read \(file is not a database\); expected"):
        leaderboards(filled)


def test_the_long_table_holds_every_number_and_every_unfinished_cell(filled, make_cell, record):
    record(filled, make_cell("broken"), None, status="failed", reason="no luck: none")
    table = fr.results(filled.folder)
    assert list(table["learner"].unique()) == ["good", "poor", "broken"]
    finished = table[table["status"] == "finished"]
    by_run = finished.pivot(index=["learner", "seed"], columns="metric", values="value")
    shown = values(filled)
    for name in ("hypervolume", "igd_plus", "alignment", "fit_time_s"):
        assert by_run[name].groupby("learner").mean().to_dict() == pytest.approx(
            {label: metrics[name] for label, metrics in shown.items() if metrics}
        )
    (row,) = table[table["status"] != "finished"].to_dict("records")
    assert (row["learner"], row["status"], row["reason"]) == ("broken", "failed", "no luck: none")
    assert np.isnan(row["value"])
    assert json.loads(row["options"]) == {"label": "broken"}
    assert fr.results(filled.folder, suite="made-up").equals(table)
    with pytest.raises(fr.UnknownNameError, match="did you mean 'made-up'"):
        fr.results(filled.folder, suite="made-upp")


def test_every_score_is_a_measure_and_those_of_the_reference_are_named(filled):
    (group,) = load_groups(filled)
    record = group.results[0].record
    assert set(own_scores(record)) <= set(INDICATOR_MEASURES) - set(reference_measures())
    assert tuple(reference_scores(record, group.reference)) == reference_measures()


def test_a_quality_is_never_what_somebody_has_logged(filled, make_cell, record):
    record(filled, make_cell("curve"), GOOD, preferences=False, alignment=0.9, hypervolume=7.0)
    (board,) = leaderboards(filled)
    (row,) = (row for row in board.rows if row.label == "curve")
    assert "alignment" not in row.metrics
    assert row.metrics["hypervolume"] < 1
    table = fr.results(filled.folder)
    logged = table[(table["learner"] == "curve") & table["metric"].isin(["alignment", "hypervolume"])]
    assert list(logged["value"]) == [row.metrics["hypervolume"]]


def test_a_measure_too_large_for_a_float_is_absent_and_its_front_is_not_damaged(store, make_cell, record):
    record(store, make_cell("wide"), [[1e160, 0.1], [0.2e160, 0.5]])
    ((row,),) = (board.rows for board in leaderboards(store))
    assert row.unfinished == {}
    assert "largest_gap" not in row.metrics
    assert row.metrics["hypervolume"] == 0.0


@pytest.mark.parametrize("tag", ["frontrunner.spec", "frontrunner.status", "frontrunner.digests"])
def test_a_run_whose_tags_were_changed_is_named(tag, filled):
    run_id = filled.attempts()[0].run_id
    if tag == "frontrunner.status":
        filled.client.delete_tag(run_id, tag)
    else:
        filled.client.set_tag(run_id, tag, "{")
    with pytest.raises(fr.StoreError, match=f"the tags of run {run_id} .* are not what was recorded"):
        leaderboards(filled)


def test_a_list_of_cells_that_is_none_is_named(filled):
    (file,) = filled.folder.glob("artifacts/*/*/artifacts/cells.json")
    file.write_text('{"cells": 3}')
    with pytest.raises(fr.StoreError, match=r"a cells.json in .* is damaged"):
        leaderboards(filled)
