"""Every recorded number, computed again with nothing but SQLite, pyarrow and pymoo."""

import contextlib
import hashlib
import json
import sqlite3
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from pymoo.indicators.hv import HV
from pymoo.indicators.igd import IGD
from pymoo.indicators.igd_plus import IGDPlus

from frontrunner.errors import StoreError
from frontrunner.harness.records.front_record import FrontRecord
from frontrunner.harness.running.rounded_seconds import rounded_seconds
from frontrunner.harness.running.worker_events import CURVE_POINTS, Reporter

ERRORS = ["error_task0", "error_task1", "error_task2"]


def select(store, query, *values):
    with contextlib.closing(sqlite3.connect(store / "mlflow.db")) as database:
        return database.execute(query, values).fetchall()


def folder_of(store, run):
    return store / "artifacts" / "tiny" / run / "artifacts"


def non_dominated(points):
    kept = [point for point in points if not ((points <= point).all(axis=1) & (points < point).any(axis=1)).any(axis=0)]
    return np.unique(kept, axis=0)


@pytest.fixture(scope="module")
def fronts(everything):
    """Run id -> Parquet table of every finished run."""
    query = "select run_uuid from tags where key = 'frontrunner.status' and value = 'finished'"
    runs = [run for (run,) in select(everything.store, query)]
    found = {run: pq.read_table(folder_of(everything.store, run) / "front.parquet") for run in runs}
    assert len(found) == 7
    return found


def objectives(table):
    return np.column_stack([table.column(name).to_numpy() for name in ERRORS])


def about(table):
    return json.loads(table.schema.metadata[b"frontrunner"])


def metrics_of(store, run):
    return dict(select(store, "select key, value from latest_metrics where run_uuid = ?", run))


def test_indicators_computed_again_from_parquet_equal_the_recorded_metrics(everything, fronts):
    reference = non_dominated(np.concatenate([objectives(table) for table in fronts.values()]))
    scored = set()
    for run, table in fronts.items():
        recorded = metrics_of(everything.store, run)
        points = non_dominated(objectives(table))
        again = {
            "hypervolume": HV(ref_point=np.array(about(table)["reference_point"]))(points),
            "igd": IGD(reference)(points),
            "igd_plus": IGDPlus(reference)(points),
        }
        for name, value in again.items():
            assert recorded[name] == pytest.approx(value, abs=5.1e-5), name
        scored.add(recorded["igd"])
    assert len(scored) > 3  # learners differ, or the comparison says little


def test_the_reference_front_is_kept_under_its_hash(everything, fronts):
    reference = non_dominated(np.concatenate([objectives(table) for table in fronts.values()]))
    content = np.array(reference.shape, dtype="<i8").tobytes() + reference.astype("<f8").tobytes()
    digest = hashlib.sha256(content).hexdigest()
    tagged = select(everything.store, "select distinct value from tags where key = 'frontrunner.reference_front'")
    assert tagged == [(digest,)]
    kept = pq.read_table(everything.store / "reference_fronts" / f"{digest[:16]}.parquet")
    assert np.array_equal(objectives(kept), reference)


def test_the_parquet_says_what_it_was_made_with(fronts):
    methods = set()
    for table in fronts.values():
        found = about(table)
        methods.add(found["cell"]["method"])
        assert found["orientation"] == "minimise"
        assert found["reference_point"] == [1.0, 1.0, 1.0]
        assert found["split"] == "test"
        assert {"python", "frontrunner", "torch", "numpy", "pymoo"} <= set(found["environment"])
        assert found["cell"]["seed"] == 0
        assert found["cell"]["tasks"] == ["task0", "task1", "task2"]
        assert found["cell"]["suite_version"] == "1"
    assert {"pretrained", "pwe-moe-ls", "misbehaving"} <= methods


def test_a_continuous_set_is_recorded_at_every_preference_of_the_grid(fronts):
    (table,) = (table for table in fronts.values() if about(table)["cell"]["method"] == "pwe-moe-ls")
    preferences = np.column_stack([table.column(f"preference_task{t}").to_numpy() for t in range(3)])
    assert len(np.unique(preferences, axis=0)) == 19  # 10 and 10, whose centres are one
    assert preferences.sum(axis=1) == pytest.approx(1)


def test_metrics_carry_costs_and_no_gpu_numbers_on_a_cpu(everything, fronts):
    for run in fronts:
        recorded = metrics_of(everything.store, run)
        assert recorded["wall_time_s"] == rounded_seconds(recorded["fit_time_s"] + recorded["evaluate_time_s"])
        seconds = {name: value for name, value in recorded.items() if name.endswith("_s")}
        assert {"fit_time_s", "evaluate_time_s", "wall_time_s"} <= set(seconds)
        assert seconds == {name: rounded_seconds(value) for name, value in seconds.items()}
        assert recorded["peak_rss_bytes"] > 50e6
        assert recorded["peak_rss_mb"] == round(recorded["peak_rss_bytes"] / 1e6, 1)
        device = select(
            everything.store, "select value from tags where key = 'frontrunner.device' and run_uuid = ?", run
        )
        if device == [("cpu",)]:
            assert [name for name in recorded if "gpu" in name] == []


def test_training_curves_are_recorded_step_by_step(everything, fronts):
    (run,) = (run for run, table in fronts.items() if about(table)["cell"]["method"] == "pwe-moe-ls")
    query = "select step, value from metrics where run_uuid = ? and key = 'train_loss' order by step"
    recorded = select(everything.store, query, run)
    artifact = json.loads((folder_of(everything.store, run) / "curve.json").read_text())
    assert [step for step, _ in recorded] == [10, 20, 30]
    assert recorded == [(row["step"], row["loss"]) for row in artifact]


def test_a_long_curve_is_thinned_and_keeps_its_end():
    reporter = Reporter(lambda event: None)
    reporter.start("fit")
    for step in range(1, 10_007):
        reporter("fit", step, 10_006, loss=1.0)
    assert CURVE_POINTS <= len(reporter.curve) <= 1.1 * CURVE_POINTS
    assert reporter.curve[-1]["step"] == 10_006


def test_only_finite_numbers_reach_the_database(everything):
    odd = select(everything.store, "select key, value from metrics where is_nan or abs(value) > 1e300")
    assert odd == []
    assert select(everything.store, "select count(*) from metrics")[0][0] > 50


def test_the_whole_configuration_is_an_artifact_with_the_budget_filled_in(everything, fronts):
    for run, table in fronts.items():
        manifest = json.loads((folder_of(everything.store, run) / "cell.json").read_text())
        config = manifest["cell"]
        assert config == about(table)["cell"]
        if config["method"] == "pwe-moe-ls":
            assert config["options"]["steps"] is None
            assert manifest["resolved"]["steps"] == 30
            params = dict(select(everything.store, "select key, value from params where run_uuid = ?", run))
            assert params["steps"] == "30"
            assert params["upscale"] == "mlp"


def test_what_is_read_back_is_what_was_written(everything, fronts, tmp_path):
    for run, table in fronts.items():
        record = FrontRecord.read(folder_of(everything.store, run) / "front.parquet")
        record.write(tmp_path / "again.parquet")
        assert pq.read_table(tmp_path / "again.parquet").equals(table, check_metadata=True)
        assert np.array_equal(record.front().objectives, objectives(table))


def test_a_front_is_read_without_torch_and_pandas(everything, fronts):
    """A leaderboard of thousands of runs must not wait for imports."""
    file = folder_of(everything.store, next(iter(fronts))) / "front.parquet"
    code = (
        "import pathlib, sys; from frontrunner.harness.records.front_record import FrontRecord;"
        f"import frontrunner.harness.records.coefficients; FrontRecord.read(pathlib.Path({str(file)!r}));"
        "print([name for name in ('torch', 'pandas', 'mlflow', 'scipy.stats', 'matplotlib') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("damage", [lambda content: content[:200], lambda content: b"", lambda content: b"x" * 300])
def test_a_damaged_front_is_a_store_error(damage, everything, fronts, tmp_path):
    file = tmp_path / "front.parquet"
    file.write_bytes(damage((folder_of(everything.store, next(iter(fronts))) / "front.parquet").read_bytes()))
    with pytest.raises(StoreError, match="cannot be read"):
        FrontRecord.read(file)
