"""Bundles of results: what is shared arrives to the last bit, and nothing that is damaged or disagrees does."""

import contextlib
import dataclasses
import hashlib
import io
import json
import shutil
import sqlite3
import threading
import zipfile
from unittest.mock import Mock

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontrunner.errors import ConfigError, StoreError, UnknownNameError
from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.board.raw_boards import as_json
from frontrunner.harness.bundle import export_bundle, import_bundle, importing, reading
from frontrunner.harness.bundle.exporting import _without_paths
from frontrunner.harness.bundle.reading import read_bundle
from frontrunner.harness.bundle.tables import (
    array_digest,
    front_digest,
    read_fronts,
    read_pareto_fronts,
    write_fronts,
    write_pareto_fronts,
)
from frontrunner.harness.cells.bench_file import BenchSpec
from frontrunner.harness.cells.cell import Cell
from frontrunner.harness.records.evaluation import Evaluation
from frontrunner.harness.records.front_record import FrontRecord
from frontrunner.harness.records.mlflow_tags import NOTE
from frontrunner.harness.records.store import Store
from frontrunner.harness.running import bench

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

SPEC = BenchSpec.model_validate(
    {
        "name": "shared",
        "suites": ["tiny"],
        "learners": ["pretrained", "interpolation", {"method": "misbehaving", "options": {"how": "raise"}}],
        "seeds": [0, 1],
    }
)


def boards(store):
    """All numbers of all boards, without the ids of runs."""
    found = json.loads(as_json(leaderboards(store)))
    for board in found:
        for row in board["rows"]:
            del row["run_ids"]
    return found


def recorded(store):
    """Everything in MLflow's database that a run, a metric or a tag could have changed."""
    tables = ("runs", "tags", "params", "metrics", "latest_metrics", "experiments")
    with contextlib.closing(sqlite3.connect(store.folder / "mlflow.db")) as database:
        return {table: sorted(map(repr, database.execute(f"select * from {table}"))) for table in tables}


def members(file):
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def content(file):
    """What a bundle says, without when it was made."""
    found = members(file)
    about = json.loads(found["bundle.json"])
    del about["created"]
    tables = {name: pq.read_table(io.BytesIO(found[name])).to_pydict() for name in found if name.endswith(".parquet")}
    return about, tables, json.loads(found["curves.json"])


def write(file, contents):
    with zipfile.ZipFile(file, "w") as archive:
        for name, member in contents.items():
            archive.writestr(name, member)
    return file


def changed(source, file, change):
    """A copy of a bundle; `change` is given bundle.json's content and the other members, and changes them."""
    contents = members(source)
    about = json.loads(contents["bundle.json"])
    change(about, contents)
    contents["bundle.json"] = json.dumps(about).encode()
    return write(file, contents)


def rerecorded(source, file, change):
    """A copy of a bundle that is whole, with other records: `change` maps a record to a record."""
    bundle = read_bundle(source)
    records = {key: change(record) for key, record in bundle.records.items()}
    truths = [record.pareto_front for record in records.values() if record.pareto_front is not None]

    def replace(about, contents):
        for entry in about["cells"]:
            if entry["key"] in records:
                record = records[entry["key"]]
                volume = record.hypervolume()
                entry["result"]["metrics"]["hypervolume"] = volume.value
                entry["result"] |= {
                    "digest": front_digest(record),
                    "hypervolume": volume.value,
                    "reference_point": list(record.reference_point),
                    "environment": record.environment,
                    "hypervolume_limit": record.hypervolume_limit,
                    "pareto_front": None if record.pareto_front is None else array_digest(record.pareto_front),
                    "problem": record.problem,
                }
        contents["fronts.parquet"] = write_fronts(records)
        contents["pareto_fronts.parquet"] = write_pareto_fronts({array_digest(truth): truth for truth in truths})

    return changed(source, file, replace)


def worse(record, by=0.01):
    return dataclasses.replace(
        record, evaluation=dataclasses.replace(record.evaluation, error=record.evaluation.error + by)
    )


@dataclasses.dataclass(frozen=True)
class Shared:
    store: Store
    file: object


@pytest.fixture(scope="module")
def shared(without_processes, tmp_path_factory):
    """A store with finished and failed cells, and its bundle; tests only read both."""
    folder = tmp_path_factory.mktemp("shared")
    store = Store(folder / "store", create=True)
    with without_processes():
        bench.run_bench(SPEC, store, devices=["cpu"], plugins=[], listener=Mock())
    export_bundle(store, folder / "shared.zip")
    return Shared(store, folder / "shared.zip")


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    folder = tmp_path_factory.mktemp("template") / "store"
    Store(folder, create=True)
    return folder


@pytest.fixture(scope="module")
def untouched(template):
    """A store with nothing in it that stays so."""
    return Store(template, create=True)


@pytest.fixture
def empty(template, tmp_path):
    """A store with nothing in it."""
    shutil.copytree(template, tmp_path / "empty")
    return Store(tmp_path / "empty", create=True)


class TestRoundTrip:
    def test_leaderboards_are_equal_in_every_number(self, everything, empty, tmp_path):
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
            told = origin.tags[NOTE].replace(origin.run_id[:8], attempt.run_id[:8]).partition("\n\nWhat it printed")[0]
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
            assert front_digest(attempt.record()) == front_digest(origin.record())
            assert json.loads((attempt.folder / "curve.json").read_text()) == json.loads(
                (origin.folder / "curve.json").read_text()
            )
            assert set(attempt.digests) == set(origin.digests) - {"state.safetensors"}
            if "routing.parquet" in attempt.digests:
                routing = attempt.artifact("routing.parquet").read_bytes()
                assert routing == origin.artifact("routing.parquet").read_bytes()
        routed = [a for a in empty.attempts() if "routing.parquet" in a.digests]
        assert routed != []
        curve = [m.value for m in empty.client.get_metric_history(routed[-1].run_id, "train_loss")]
        assert len(curve) > 1

    def test_models_of_imported_routers_are_made_where_they_were_trained(self, everything, empty, command, tmp_path):
        export_bundle(Store(everything.store, create=False), tmp_path / "all.zip")
        import_bundle(empty, tmp_path / "all.zip")
        (routed,) = (attempt for attempt in empty.attempts() if attempt.cell.method == "pwe-moe-ls")
        preference = "task0=1,task1=0,task2=0"
        arguments = ["export", routed.run_id, "--preference", preference, "-o", tmp_path / "model"]
        ended = command.within(*arguments, "--store", empty.folder)
        ended.assert_one_sentence("was imported from all.zip", "run it here to export")

    def test_a_damaged_bundle_leaves_no_store_behind(self, command, tmp_path):
        (tmp_path / "bad.zip").write_bytes(b"no archive")
        store = tmp_path / "new"
        ended = command.within("leaderboard", "import", tmp_path / "bad.zip", "--store", store)
        ended.assert_one_sentence("bad.zip is damaged", "nothing was imported")
        assert not store.exists()

    def test_a_second_import_changes_nothing(self, shared, empty):
        first = import_bundle(empty, shared.file)
        assert (first.finished, first.unfinished) == (4, 2)
        before = recorded(empty)
        second = import_bundle(empty, shared.file)
        assert (second.finished, second.unfinished, second.already) == (0, 0, 6)
        assert recorded(empty) == before

    def test_an_export_into_its_own_store_changes_nothing(self, shared):
        before = recorded(shared.store)
        assert import_bundle(shared.store, shared.file).already == 6
        assert recorded(shared.store) == before

    def test_a_bench_runs_only_what_has_not_finished(self, shared, empty, in_process):
        import_bundle(empty, shared.file)
        outcomes = bench.run_bench(SPEC, empty, devices=["cpu"], plugins=[], listener=Mock())
        assert {outcome.cell.method for outcome in outcomes if outcome.ran} == {"misbehaving"}

    def test_cells_that_nobody_has_run_are_expected_there_too(self, shared, empty, tmp_path):
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


class TestExport:
    def test_a_bundle_says_nothing_of_the_machine_and_holds_no_weights(self, everything, tmp_path):
        store = Store(everything.store, create=False)
        export_bundle(store, tmp_path / "all.zip")
        found = members(tmp_path / "all.zip")
        assert [name for name in found if "safetensors" in name or name.endswith(".log")] == []
        texts = b"".join(found.values())
        for place in (everything.store, tmp_path, shutil.os.path.expanduser("~")):
            assert str(place).encode() not in texts

    @pytest.mark.parametrize(
        ("reason", "shared_as"),
        [
            ("OSError: /home/ann/data/x.bin is gone", "OSError: …/x.bin is gone"),
            ("OSError: '/home/ann/x'", "OSError: '…/x'"),
            (r"cannot open C:\Users\ann\x.bin", "cannot open …/x.bin"),
            ("~/data/x.bin", "…/x.bin"),
            ("loss is 3/4 of a/b, see https://example.org/a/b", "loss is 3/4 of a/b, see https://example.org/a/b"),
            ("line\nbreak\x1b[31m", "line break [31m"),
        ],
    )
    def test_reasons_keep_only_the_names_of_files(self, reason, shared_as):
        assert _without_paths(reason) == shared_as
        assert _without_paths(shared_as) == shared_as

    def test_what_cannot_be_shared_is_said(self, shared, empty, tmp_path):
        with pytest.raises(StoreError, match="nothing is recorded"):
            export_bundle(empty, tmp_path / "a.zip")
        with pytest.raises(UnknownNameError, match="tiny"):
            export_bundle(shared.store, tmp_path / "a.zip", suite="tinny")
        with pytest.raises(ConfigError, match=r"\.zip"):
            export_bundle(shared.store, tmp_path / "a.tar")
        with pytest.raises(ConfigError, match="cannot be written"):
            export_bundle(shared.store, tmp_path / "nowhere" / "a.zip")
        assert list(tmp_path.glob("*.zip*")) == []
        assert export_bundle(shared.store, tmp_path / "a.zip", suite="tiny").finished == 4

    def test_what_no_bundle_may_hold_is_not_shared(self, shared, tmp_path, monkeypatch):
        cells = [dataclasses.replace(cell, label="\x1b[2J") for cell in shared.store.expected_cells()]
        monkeypatch.setattr(Store, "expected_cells", lambda _: cells)
        with pytest.raises(StoreError, match=r"cannot be shared.*control characters"):
            export_bundle(shared.store, tmp_path / "a.zip")

    def test_a_damaged_front_is_shared_as_a_failure(self, shared, empty, tmp_path):
        import_bundle(empty, shared.file)
        damaged = next(attempt for attempt in empty.attempts() if attempt.status == "finished")
        (damaged.folder / "front.parquet").write_bytes(b"")
        assert export_bundle(empty, tmp_path / "a.zip").finished == 3
        (entry,) = (e for e in content(tmp_path / "a.zip")[0]["cells"] if e["key"] == damaged.cell.key)
        assert entry["status"] == "failed"
        assert "could not be read" in entry["reason"]


def first_result(about):
    return next(entry for entry in about["cells"] if entry["result"] is not None)


def _flip_a_number(about, contents):
    table = pq.read_table(io.BytesIO(contents["fronts.parquet"]))
    errors = table["error"].to_numpy().copy()
    errors[0] = np.nextafter(errors[0], 2)
    out = io.BytesIO()
    pq.write_table(table.set_column(table.schema.get_field_index("error"), "error", [errors]), out)
    contents["fronts.parquet"] = out.getvalue()


def _nan(about, contents):
    bundle_key = first_result(about)["key"]
    table = pq.read_table(io.BytesIO(contents["fronts.parquet"]))
    assert table["run"][0].as_py() == bundle_key
    errors = table["error"].to_numpy().copy()
    errors[0] = np.nan
    n_tasks = len(first_result(about)["cell"]["tasks"])
    rows = table.slice(0, first_result(about)["result"]["members"] * n_tasks)
    record = Evaluation(
        errors[: rows.num_rows].reshape(-1, n_tasks),
        rows["loss"].to_numpy().reshape(-1, n_tasks),
        None if rows["preference"].null_count else rows["preference"].to_numpy().reshape(-1, n_tasks),
        tuple(rows["label"].to_pylist()[::n_tasks]),
    )
    first_result(about)["result"]["digest"] = front_digest(Mock(evaluation=record))
    out = io.BytesIO()
    pq.write_table(table.set_column(table.schema.get_field_index("error"), "error", [errors]), out)
    contents["fronts.parquet"] = out.getvalue()


def _result(**values):
    return lambda about, _: first_result(about)["result"].update(values)


def _entry(**values):
    return lambda about, _: first_result(about).update(values)


def _spec(**values):
    """A cell whose key fits what it says."""

    def change(about, _):
        entry = first_result(about)
        entry["cell"] |= values
        with contextlib.suppress(TypeError):
            entry["key"] = Cell.from_json(entry["cell"]).key

    return change


DAMAGES = {
    "another option under the key": lambda about, _: first_result(about)["cell"]["options"].update(extra=1),
    "a number in the last bit": _flip_a_number,
    "an error of NaN": _nan,
    "a better hypervolume": lambda about, _: first_result(about)["result"].update(
        hypervolume=first_result(about)["result"]["hypervolume"] + 1e-6
    ),
    "a better hypervolume in its metrics": lambda about, _: first_result(about)["result"]["metrics"].update(
        hypervolume=2.0
    ),
    "a finished cell without a result": _entry(result=None),
    "a failed cell with a result": _entry(status="failed"),
    "a status of its own": _entry(status="great"),
    "an unknown field": lambda about, _: about.update(weights="yes"),
    "a suite that is a path": _spec(suite="../../elsewhere"),
    "a task that is a path": _spec(tasks=["../a", "b", "c"]),
    "no tasks": _spec(tasks=[]),
    "a seed that is text": _spec(seed="1"),
    "another split": _spec(split="val"),
    "a label that drives the terminal": _spec(label="\x1b[2J"),
    "an environment that says it finished": _result(environment={"status": "finished"}),
    "a metric of infinity": lambda about, _: first_result(about)["result"]["metrics"].update(fit_time_s=float("inf")),
    "a metric that is a path": lambda about, _: first_result(about)["result"]["metrics"].update({"a/../x": 1.0}),
    "a metric with a line break": lambda about, _: first_result(about)["result"]["metrics"].update({"a\n": 1.0}),
    "a reference point too short": _result(reference_point=[1.0]),
    "a true front that is not there": _result(pareto_front="0" * 64),
    "merge coefficients that are not there": _result(routing="0" * 64),
    "more members than there are": lambda about, _: first_result(about)["result"].update(members=10**6),
    "a cell twice": lambda about, _: about["cells"].append(about["cells"][0]),
    "no cells": lambda about, _: about.update(cells=[]),
    "a newer version": lambda about, _: about.update(version=2),
    "another format": lambda about, _: about.update(format="recipes"),
    "a member with a path": lambda _, contents: contents.update({"../../evil.txt": b"evil"}),
    "a member of no cell": lambda _, contents: contents.update({f"routing/{'0' * 16}.parquet": b""}),
    "a table of another kind": lambda _, contents: contents.update({"fronts.parquet": b"PAR1 no PAR1"}),
    "a missing table": lambda _, contents: contents.pop("curves.json"),
    "a curve of no cell": lambda _, contents: contents.update({"curves.json": b'{"0": [{"step": 1}]}'}),
    "a curve that is no curve": lambda _, contents: contents.update({"curves.json": b"[1]"}),
    "a limit of nothing": _result(hypervolume_limit=0.0),
    "a limit that is exceeded": _result(hypervolume_limit=1e-6),
    "a time below zero": lambda about, _: first_result(about)["result"]["metrics"].update(fit_time_s=-3.0),
    "a time beyond all": lambda about, _: first_result(about)["result"]["metrics"].update(wall_time_s=1.7e308),
    "a step that no database takes": lambda about, contents: contents.update(
        {"curves.json": json.dumps({first_result(about)["key"]: [{"step": 1e30, "loss": 1.0}]}).encode()}
    ),
    "two reference points in one group": _result(reference_point=[1.0, 1.0, 1.5]),
}


class TestDamage:
    @pytest.mark.parametrize("damage", DAMAGES)
    def test_a_damaged_bundle_is_one_sentence_and_nothing_is_written(self, shared, untouched, tmp_path, damage):
        file = changed(shared.file, tmp_path / "bad.zip", DAMAGES[damage])
        before, files = recorded(untouched), sorted(untouched.folder.parent.rglob("*"))
        with pytest.raises(StoreError) as error:
            import_bundle(untouched, file, ours=True)
        assert "\n" not in str(error.value)
        assert str(file) in str(error.value)
        assert recorded(untouched) == before
        assert sorted(untouched.folder.parent.rglob("*")) == files
        assert sorted(tmp_path.rglob("*")) == [file]

    def test_the_hypervolume_is_computed_again_before_it_is_believed(self, shared, untouched, tmp_path):
        file = changed(shared.file, tmp_path / "bad.zip", DAMAGES["a better hypervolume"])
        with pytest.raises(StoreError, match=r"the hypervolume of pretrained on tiny, seed 0 is 0\.\d+ by its front"):
            import_bundle(untouched, file)

    @pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
    def test_a_bundle_that_is_cut_off(self, shared, untouched, tmp_path, share):
        whole = shared.file.read_bytes()
        (tmp_path / "cut.zip").write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(StoreError, match="damaged"):
            import_bundle(untouched, tmp_path / "cut.zip")

    def test_every_flipped_byte_is_noticed_or_harmless(self, shared, tmp_path):
        whole, expected = shared.file.read_bytes(), content(shared.file)
        for place in np.random.default_rng(0).integers(len(whole), size=60):
            damaged = bytearray(whole)
            damaged[place] ^= 0x10
            (tmp_path / "flipped.zip").write_bytes(damaged)
            with contextlib.suppress(StoreError):
                read_bundle(tmp_path / "flipped.zip")
                assert content(tmp_path / "flipped.zip") == expected  # a date, say

    def test_a_file_that_is_not_there(self, untouched, tmp_path):
        with pytest.raises(StoreError, match="No such file"):
            import_bundle(untouched, tmp_path / "none.zip")

    def test_what_unpacks_to_too_much_is_not_unpacked(self, shared, untouched, monkeypatch):
        monkeypatch.setattr(reading, "MAX_BYTES", 1000)
        monkeypatch.setattr(zipfile.ZipFile, "read", Mock(side_effect=AssertionError("it was unpacked")))
        with pytest.raises(StoreError, match="unpacks to more"):
            import_bundle(untouched, shared.file)


class TestConflicts:
    @pytest.fixture
    def own(self, shared, empty):
        """A store that has the bundle's results of seed 0."""
        spec = SPEC.model_copy(update={"seeds": [0]})
        keys = {cell.key for cell in spec.cells()}

        def only_seed_0(about, contents):
            about["cells"] = [entry for entry in about["cells"] if entry["key"] in keys]
            kept = {key: record for key, record in read_bundle(shared.file).records.items() if key in keys}
            contents["fronts.parquet"] = write_fronts(kept)
            contents["curves.json"] = json.dumps(
                {key: curve for key, curve in json.loads(contents["curves.json"]).items() if key in keys}
            ).encode()
            for name in [name for name in contents if name.startswith("routing/") and name[8:24] not in keys]:
                del contents[name]

        import_bundle(empty, changed(shared.file, empty.folder.parent / "own.zip", only_seed_0))
        return empty

    def refused(self, own, file, *parts):
        before = recorded(own)
        with pytest.raises(StoreError) as error:
            import_bundle(own, file)
        assert [part for part in parts if part not in str(error.value)] == []
        assert recorded(own) == before

    def test_another_front_from_another_machine_is_named_and_refused(self, shared, own, tmp_path):
        def elsewhere(record):
            if record.cell.method != "pretrained":
                return record
            environment = {**record.environment, "torch": "2.9.0", "gpu": "NVIDIA H100"}
            return dataclasses.replace(worse(record), environment=environment)

        file = rerecorded(shared.file, tmp_path / "other.zip", elsewhere)
        torch = own.attempts()[0].record().environment["torch"]
        named = f"pretrained on tiny, seed 0 (different front: torch {torch} here, 2.9.0 there, gpu not recorded here"
        self.refused(own, file, named, "--ours")
        mine = boards(own)[0]["rows"]
        summary = import_bundle(own, file, ours=True)
        assert (summary.finished, summary.unfinished, summary.already) == (2, 1, 2)
        assert named in summary.sentence
        values = {row["label"]: row["values"]["hypervolume"] for row in mine if row["values"]}
        for row in boards(own)[0]["rows"]:
            if row["values"]:
                assert row["seeds"] == [0, 1]
                assert row["values"]["hypervolume"]["0"] == values[row["label"]]["0"]
        before = recorded(own)
        assert import_bundle(own, file, ours=True).already == 5
        assert recorded(own) == before

    def test_another_front_from_the_same_machine(self, shared, own, tmp_path):
        self.refused(own, rerecorded(shared.file, tmp_path / "o.zip", worse), "same environment, different front")

    def test_equal_errors_with_other_losses(self, shared, own, tmp_path):
        def other_losses(record):
            evaluation = dataclasses.replace(record.evaluation, loss=record.evaluation.loss * (1 + 1e-7))
            return dataclasses.replace(record, evaluation=evaluation)

        file = rerecorded(shared.file, tmp_path / "o.zip", other_losses)
        self.refused(own, file, "same environment, equal errors, other losses")

    def test_other_experts_are_a_note_where_no_cell_is_shared(self, shared, own, tmp_path):
        def others(record):
            if record.cell.method == "pretrained" and record.cell.seed == 0:
                return record
            return dataclasses.replace(record, problem="0" * 16)

        file = rerecorded(shared.file, tmp_path / "o.zip", others)
        assert "the experts of tiny v1: task0, task1, task2 (grid of 21 preferences), seed 0, are not" in (
            import_bundle(own, file).sentence
        )

    @pytest.mark.parametrize(
        ("change", "named"),
        [
            ({"reference_point": np.full(3, 2.0)}, "reference point (1, 1, 1) here, (2, 2, 2) there"),
            ({"pareto_front": np.eye(3)}, "a true front there, none here"),
        ],
    )
    def test_results_scored_in_another_way_are_not_compared(self, shared, own, tmp_path, change, named):
        file = rerecorded(shared.file, tmp_path / "o.zip", lambda record: dataclasses.replace(record, **change))
        self.refused(own, file, "tiny v1: task0, task1, task2", named)
        mine = boards(own)
        summary = import_bundle(own, file, ours=True)
        assert (summary.finished, summary.unfinished) == (0, 0)
        assert named in summary.sentence
        assert boards(own) == mine

    def test_true_fronts_and_limits_must_agree_up_to_rounding(self, shared, empty, tmp_path):
        truth = np.eye(3)

        def known(factor, limit):
            return lambda record: dataclasses.replace(record, pareto_front=truth * factor, hypervolume_limit=limit)

        import_bundle(empty, rerecorded(shared.file, tmp_path / "a.zip", known(1.0, 0.5)))
        assert boards(empty)[0]["reference_source"] == "closed form"
        assert import_bundle(empty, rerecorded(shared.file, tmp_path / "b.zip", known(1 + 1e-12, 0.5))).already == 6
        self.refused(empty, rerecorded(shared.file, tmp_path / "c.zip", known(1.1, 0.5)), "another true front")
        limited = rerecorded(shared.file, tmp_path / "d.zip", known(1.0, 0.6))
        self.refused(empty, limited, "hypervolume limit 0.5 here, 0.6 there")


class TestInterruption:
    @pytest.mark.parametrize("hard", [False, True])
    @pytest.mark.parametrize("step", ["add_artifacts", "end", "log"])
    def test_the_same_import_continues(self, shared, empty, monkeypatch, step, hard):
        real, end, calls = getattr(Store, step), Store.end, []

        def killed(self, *arguments, **keys):
            calls.append(arguments)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return real(self, *arguments, **keys)

        def too_late(self, *arguments, **keys):
            if len(calls) >= 3:
                raise KeyboardInterrupt
            return (killed if step == "end" else end)(self, *arguments, **keys)

        with monkeypatch.context() as patch:
            patch.setattr(Store, step, killed)
            if hard:  # nothing at all can be tidied up
                patch.setattr(Store, "end", too_late)
            with pytest.raises(KeyboardInterrupt):
                import_bundle(empty, shared.file)
        assert 0 < len(empty.attempts()) < 6
        import_bundle(empty, shared.file)
        assert boards(empty) == boards(shared.store)
        finished = [attempt.cell.key for attempt in empty.attempts() if attempt.status == "finished"]
        assert len(finished) == len(set(finished)) == 4
        assert {run.info.status for run in empty.client.search_runs(["1"])} <= {"FINISHED", "FAILED", "KILLED"}
        before = recorded(empty)
        import_bundle(empty, shared.file)
        assert recorded(empty) == before

    def test_two_imports_at_once_record_every_cell_once(self, shared, empty):
        stores = [Store(empty.folder, create=True) for _ in range(2)]
        summaries = []
        threads = [
            threading.Thread(target=lambda store=store: summaries.append(import_bundle(store, shared.file)))
            for store in stores
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(summary.finished for summary in summaries) == 4
        assert sum(summary.unfinished for summary in summaries) == 2
        assert len(empty.attempts()) == 6
        assert boards(empty) == boards(shared.store)

    def test_a_cell_that_runs_here_is_left_out(self, shared, empty, monkeypatch):
        monkeypatch.setattr(importing, "LOCK_WAIT_S", 0.01)
        cell = read_bundle(shared.file).entries[0].spec
        with empty.lock(cell):
            summary = import_bundle(empty, shared.file)
        assert summary.busy == (cell.title,)
        assert cell.title in summary.sentence
        assert summary.finished == 3
        assert import_bundle(empty, shared.file).finished == 1


numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)


@st.composite
def records(draw):
    n, n_tasks = draw(st.integers(1, 4)), draw(st.integers(1, 4))

    def matrix(values):
        rows = draw(st.lists(st.lists(values, min_size=n_tasks, max_size=n_tasks), min_size=n, max_size=n))
        return np.array(rows, dtype=np.float64)

    cell = Cell("m", "1", {}, "s", "1", tuple(f"task{t}" for t in range(n_tasks)), draw(st.integers(0, 99)), 3, "m")
    labels = draw(st.lists(st.sampled_from(["", "a", "λ=0.3"]), min_size=n, max_size=n))
    preferences = matrix(st.floats(0, 1)) if draw(st.booleans()) else None
    evaluation = Evaluation(matrix(numbers), matrix(st.floats()), preferences, tuple(labels))
    return FrontRecord(cell, evaluation, np.ones(n_tasks), None, "test", {}, "")


class TestTables:
    @settings(max_examples=50, deadline=None)
    @given(st.lists(records(), max_size=3))
    def test_fronts_come_back_to_the_last_bit(self, made):
        named = {hashlib.sha256(bytes([i])).hexdigest()[:16]: record for i, record in enumerate(made)}
        wanted = [(key, len(r.evaluation.labels), r.cell.tasks) for key, r in named.items()]
        found = read_fronts(write_fronts(named), wanted)
        for key, record in named.items():
            assert found[key].labels == record.evaluation.labels
            for name in ("error", "loss", "preferences"):
                ours, theirs = getattr(record.evaluation, name), getattr(found[key], name)
                assert (ours is None) == (theirs is None)
                assert ours is None or np.array_equal(ours, theirs, equal_nan=True)

    def test_true_fronts_come_back_to_the_last_bit(self):
        rng = np.random.default_rng(0)
        fronts = [rng.random((50, 2)), rng.random((7, 4)), rng.random((3, 1))]
        named = {array_digest(front): front for front in fronts}
        found = read_pareto_fronts(write_pareto_fronts(named))
        assert list(found) == list(named)
        assert all(np.array_equal(found[name], named[name]) for name in named)
        assert read_pareto_fronts(write_pareto_fronts({})) == {}
