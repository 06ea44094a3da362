"""What is shared arrives to the last bit."""

import json
import tempfile
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.bundle import export_bundle, import_bundle
from frontrunner.harness.bundle.comparable import same_front
from frontrunner.harness.cells.cell import Cell
from frontrunner.harness.records.evaluation import Evaluation
from frontrunner.harness.records.finished_cell import FinishedCell
from frontrunner.harness.records.front_record import FrontRecord
from frontrunner.harness.records.mlflow_tags import NOTE
from frontrunner.harness.records.store import Store
from frontrunner.harness.reports.publish import run_and_publish_bench
from frontrunner.harness.running.executors.local import LocalExecutor

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


class TestRoundTrip:
    def test_leaderboards_are_equal_in_every_number(self, everything, empty, tmp_path, boards, content):
        source = Store(everything.store, create=False)
        summary = export_bundle(source, tmp_path / "all.zip")
        assert (summary.finished, summary.unfinished) == (7, 4)
        imported = import_bundle(empty, tmp_path / "all.zip")
        assert (imported.finished, imported.unfinished, imported.already) == (7, 4, 0)
        assert boards(empty) == boards(source)
        assert {row["label"]: row["unfinished"] for row in boards(empty)[0]["rows"] if row["unfinished"]} != {}
        export_bundle(empty, tmp_path / "again.zip")
        assert content(tmp_path / "again.zip") == content(tmp_path / "all.zip")

    def test_imported_runs_are_recorded_like_own_ones(self, everything, empty, tmp_path):
        source = Store(everything.store, create=False)
        export_bundle(source, tmp_path / "all.zip")
        import_bundle(empty, tmp_path / "all.zip")
        of_origin = {attempt.cell.key: attempt for attempt in source.attempts()}
        own = {"frontrunner.imported_from", "frontrunner.digests", "mlflow.parentRunId", "mlflow.user", NOTE}
        for attempt in empty.attempts():
            origin = of_origin[attempt.cell.key]
            # A description names the run, and the log that only the origin has.
            told = (
                origin.tags[NOTE].replace(origin.run_id, attempt.run_id).replace(origin.run_id[:8], attempt.run_id[:8])
            )
            told = told.partition("\n\nWhat it printed")[0]
            assert attempt.tags[NOTE] == told
            params = [
                store.client.get_run(run_id).data.params
                for store, run_id in ((empty, attempt.run_id), (source, origin.run_id))
            ]
            assert params[0] == params[1]
            assert (attempt.status, attempt.reason, attempt.metrics) == (origin.status, origin.reason, origin.metrics)
            assert {k: v for k, v in attempt.tags.items() if k not in own} == {
                k: v for k, v in origin.tags.items() if k not in own
            }
            assert attempt.tags["frontrunner.imported_from"].startswith("all.zip ")
            if attempt.status != "finished":
                continue
            params, run = empty.client.get_run(attempt.run_id).data.params, source.client.get_run(origin.run_id)
            assert params == run.data.params
            assert same_front(attempt.record(), origin.record())
            assert json.loads((attempt.folder / "curve.json").read_text()) == json.loads(
                (origin.folder / "curve.json").read_text()
            )
            assert set(attempt.digests) == set(origin.digests) - {"state.safetensors"}
            assert {file.name for file in attempt.folder.iterdir()} == set(attempt.digests)
            for name in set(attempt.digests) - {"cell.json"}:
                assert attempt.artifact(name).read_bytes() == origin.artifact(name).read_bytes()
            ours, theirs = attempt.finished(), origin.finished()
            assert (ours.costs, ours.curve, ours.resolved) == (theirs.costs, theirs.curve, theirs.resolved)
        merged = [attempt for attempt in empty.attempts() if "coefficients.parquet" in attempt.digests]
        assert merged != []
        curve = [m.value for m in empty.client.get_metric_history(merged[-1].run_id, "train_loss")]
        assert len(curve) > 1

    def test_models_of_imported_sets_are_made_where_they_were_trained(self, everything, empty, command, tmp_path):
        export_bundle(Store(everything.store, create=False), tmp_path / "all.zip")
        import_bundle(empty, tmp_path / "all.zip")
        (trained,) = (attempt for attempt in empty.attempts() if attempt.cell.method == "pwe-moe-ls")
        preference = "task0=1,task1=0,task2=0"
        arguments = ["export", trained.run_id, "--preference", preference, "-o", tmp_path / "model"]
        ended = command.within(*arguments, "--store", empty.folder)
        ended.assert_one_sentence("was imported from all.zip", "run it here to export")

    def test_a_damaged_bundle_leaves_no_store_behind(self, command, tmp_path):
        (tmp_path / "bad.zip").write_bytes(b"no archive")
        store = tmp_path / "new"
        ended = command.within("leaderboard", "import", tmp_path / "bad.zip", "--store", store)
        ended.assert_one_sentence("bad.zip is damaged", "nothing was imported")
        assert not store.exists()

    def test_a_second_import_changes_nothing(self, shared, empty, recorded):
        first = import_bundle(empty, shared.file)
        assert (first.finished, first.unfinished) == (4, 2)
        before = recorded(empty)
        second = import_bundle(empty, shared.file)
        assert (second.finished, second.unfinished, second.already) == (0, 0, 6)
        assert recorded(empty) == before

    def test_an_export_into_its_own_store_changes_nothing(self, shared, recorded):
        before = recorded(shared.store)
        assert import_bundle(shared.store, shared.file).already == 6
        assert recorded(shared.store) == before

    def test_a_bench_runs_only_what_has_not_finished(self, shared, empty, in_process, spec):
        import_bundle(empty, shared.file)
        outcomes = run_and_publish_bench(
            spec, empty, executor=LocalExecutor(["cpu"]), plugins=[], listener=Mock()
        ).settled
        assert {outcome.cell.method for outcome in outcomes if outcome.ran} == {"misbehaving"}

    def test_cells_that_nobody_has_run_are_expected_there_too(self, shared, empty, tmp_path, changed, recorded):
        def forget(about, contents):
            for entry in about["cells"]:
                if entry["status"] == "failed":
                    entry |= {"status": "missing", "reason": ""}

        file = changed(shared.file, tmp_path / "missing.zip", forget)
        assert import_bundle(empty, file).unfinished == 2
        (board,) = leaderboards(empty)
        assert [row.unfinished for row in board.rows if row.unfinished] == [
            dict.fromkeys((0, 1), "missing: not run yet")
        ]
        before = recorded(empty)
        import_bundle(empty, file)
        assert recorded(empty) == before


numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)


@st.composite
def finished_cells(draw):
    n, n_tasks = draw(st.integers(1, 4)), draw(st.integers(1, 4))

    def matrix(values):
        rows = draw(st.lists(st.lists(values, min_size=n_tasks, max_size=n_tasks), min_size=n, max_size=n))
        return np.array(rows, dtype=np.float64)

    cell = Cell("m", "1", {}, "s", "1", tuple(f"task{t}" for t in range(n_tasks)), draw(st.integers(0, 99)), 3, "m")
    labels = draw(st.lists(st.sampled_from(["", "a", "λ=0.3"]), min_size=n, max_size=n))
    preferences = matrix(st.floats(0, 1)) if draw(st.booleans()) else None
    evaluation = Evaluation(matrix(numbers), matrix(st.floats()), preferences, tuple(labels))
    truth = matrix(numbers) if draw(st.booleans()) else None
    record = FrontRecord(cell, evaluation, np.ones(n_tasks), truth, "test", {"torch": "2.0"}, "")
    points = st.lists(st.dictionaries(st.sampled_from(["step", "loss"]), numbers, min_size=2), max_size=3)
    costs = st.dictionaries(st.sampled_from(["wall_time_s", "routers"]), numbers)
    return FinishedCell(record, draw(costs), draw(points), draw(st.dictionaries(st.text(), st.integers())))


@settings(max_examples=50, deadline=None)
@given(finished_cells())
def test_what_is_shared_of_a_cell_comes_back_to_the_last_bit(made):
    with tempfile.TemporaryDirectory() as folder:
        made.write(Path(folder))
        found = FinishedCell.read(Path(folder))
    assert found.cell == made.cell
    assert same_front(found.front, made.front)
    assert (found.costs, found.curve, found.resolved) == (made.costs, made.curve, made.resolved)
    assert found.environment == made.environment
    assert np.array_equal(found.front.reference_point, made.front.reference_point)
    truths = [record.pareto_front for record in (found.front, made.front)]
    assert truths[0] is truths[1] or np.array_equal(*truths)
