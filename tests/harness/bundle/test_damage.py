"""Nothing that says what it is not is imported, and the sentence names what is wrong."""

import contextlib
import hashlib
import io
import json
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from frontrunner.errors import StoreError
from frontrunner.harness.bundle import import_bundle
from frontrunner.harness.cells.cell import Cell

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

NO_KEY = "0" * 16


def first(about, status="finished"):
    return next(entry for entry in about["cells"] if entry["status"] == status)


def _put(contents, key, name, content):
    """Replace a file of a cell, and its digest in `cell.json`."""
    contents[f"{key}/{name}"] = content
    manifest = json.loads(contents[f"{key}/cell.json"])
    manifest["files"][name] = hashlib.sha256(hashlib.sha256(content).digest()).hexdigest()
    contents[f"{key}/cell.json"] = json.dumps(manifest).encode()


def _entry(**values):
    return lambda about, _: first(about).update(values)


def _manifest(part, **values):
    """Other values of one part of the first `cell.json`."""

    def change(about, contents):
        name = f"{first(about)['key']}/cell.json"
        manifest = json.loads(contents[name])
        manifest[part] |= values
        contents[name] = json.dumps(manifest).encode()

    return change


def _table(edit, *, digested=True):
    """Another first front; `edit` is given its table and returns one."""

    def change(about, contents):
        key = first(about)["key"]
        before = pq.read_table(io.BytesIO(contents[f"{key}/front.parquet"]))
        out = io.BytesIO()
        pq.write_table(edit(before).replace_schema_metadata(before.schema.metadata), out)
        if digested:
            _put(contents, key, "front.parquet", out.getvalue())
        else:
            contents[f"{key}/front.parquet"] = out.getvalue()

    return change


def _record(key=None, **values):
    """Other values of what the first front, or that of `key`, says beside its table."""

    def change(about, contents):
        name = key or first(about)["key"]
        table = pq.read_table(io.BytesIO(contents[f"{name}/front.parquet"]))
        told = json.loads(table.schema.metadata[b"frontrunner"]) | values
        out = io.BytesIO()
        pq.write_table(table.replace_schema_metadata({b"frontrunner": json.dumps(told)}), out)
        _put(contents, name, "front.parquet", out.getvalue())

    return change


def _cell(**values):
    """Another first cell, everywhere that it is named, whose key fits what it says."""

    def change(about, contents):
        entry = first(about)
        old = entry["key"]
        entry["cell"] |= values
        with contextlib.suppress(TypeError):
            entry["key"] = Cell.from_json(entry["cell"]).key
        for name in [name for name in contents if name.startswith(old)]:
            contents[name.replace(old, entry["key"])] = contents.pop(name)
        _record(entry["key"], cell=entry["cell"])(about, contents)
        _manifest("cell", **values)(about, contents)

    return change


def _column(name, value):
    def edit(table):
        values = table[name].to_pylist()
        values[0] = value(values[0])
        return table.set_column(table.schema.get_field_index(name), name, [pa.array(values, table[name].type)])

    return edit


def _file(name, content, status="finished"):
    """Other content of a file, or another file, of the first cell."""
    return lambda about, contents: _put(contents, first(about, status)["key"], name, content)


def _lost(name):
    return lambda about, contents: contents.pop(f"{first(about)['key']}/{name}")


def _no_folder(about, contents):
    for name in [name for name in contents if name.startswith(first(about)["key"])]:
        del contents[name]


def _folder_of_a_failure(about, contents):
    contents[f"{first(about, 'failed')['key']}/cell.json"] = contents[f"{first(about)['key']}/cell.json"]


def _other_folder(about, contents):
    one, other = (entry["key"] for entry in about["cells"] if entry["cell"]["method"] == "pretrained")
    for name in [name for name in contents if name.startswith(other)]:
        contents[name.replace(other, one)] = contents[name]


def _other_tasks(about, contents):
    key = next(entry["key"] for entry in about["cells"] if f"{entry['key']}/coefficients.parquet" in contents)
    table = pq.read_table(io.BytesIO(contents[f"{key}/coefficients.parquet"]))
    out = io.BytesIO()
    pq.write_table(table.rename_columns([name.replace("task0", "other") for name in table.column_names]), out)
    _put(contents, key, "coefficients.parquet", out.getvalue())


def _two_reference_points(about, contents):
    _record(reference_point=[1.0, 1.0, 1.5])(about, contents)
    table = pq.read_table(io.BytesIO(contents[f"{first(about)['key']}/front.parquet"]))
    (errors,) = zip(*(table[f"error_task{t}"].to_pylist() for t in range(3)), strict=True)  # of one point it is a box
    first(about)["hypervolume"] = float(np.prod(np.array([1.0, 1.0, 1.5]) - errors))


DAMAGES = {
    "another option under the key": (
        lambda about, _: first(about)["cell"]["options"].update(extra=1),
        "is not what its key says",
    ),
    "a number in the last bit": (
        _table(_column("error_task0", lambda value: np.nextafter(value, 2)), digested=False),
        "front.parquet is not the file that was written",
    ),
    "an error of NaN": (_table(_column("error_task0", lambda _: np.nan)), "objectives are finite|other errors than"),
    "a better hypervolume": (
        lambda about, _: first(about).update(hypervolume=first(about)["hypervolume"] + 1e-6),
        "the hypervolume of",
    ),
    "a better hypervolume in its costs": (_manifest("costs", hypervolume=2.0), "computed from its front"),
    "a finished cell without a hypervolume": (_entry(hypervolume=None), "its hypervolume is None"),
    "a finished cell without a folder": (_no_folder, "has no cell.json"),
    "a failed cell with a hypervolume": (_entry(status="failed"), "is 'failed' and its hypervolume is"),
    "a failed cell with a folder": (_folder_of_a_failure, "of no finished cell"),
    "a folder of another cell": (_other_folder, "another cell"),
    "a status of its own": (_entry(status="great"), "status"),
    "a status of one that runs": (_entry(status="running"), "status"),
    "an unknown field": (lambda about, _: about.update(weights="yes"), "weights"),
    "an unknown field of a cell": (_manifest("files", weights="0" * 64), "lists"),
    "a file that is a path": (_manifest("files", **{"../../cell": "0" * 64}), "lists"),
    "a suite that is a path": (_cell(suite="../../elsewhere"), "suite"),
    "a task that is a path": (_cell(tasks=["../a", "b", "c"]), "a name has letters"),
    "no tasks": (_cell(tasks=[]), "tasks"),
    "a seed that is text": (_cell(seed="1"), "seed"),
    "another split": (_cell(split="val"), "split"),
    "a front of another split": (_record(split="val"), "split"),
    "a label that drives the terminal": (_cell(label="\x1b[2J"), "control characters"),
    "a member that drives the terminal": (_table(_column("label", lambda _: "\x1b[2J")), "control characters"),
    "an environment that says it finished": (_record(environment={"status": "finished"}), "environment"),
    "a metric of infinity": (_manifest("costs", fit_time_s=float("inf")), "costs.fit_time_s"),
    "a metric that is a path": (_manifest("costs", **{"a/../x": 1.0}), "a name has letters"),
    "a metric with a line break": (_manifest("costs", **{"a\n": 1.0}), "a name has letters"),
    "a metric that is text": (_manifest("costs", fit_time_s="3"), "costs.fit_time_s"),
    "a reference point too short": (_record(reference_point=[1.0]), "3 tasks and 1 values"),
    "a reference point of text": (_record(reference_point="1"), "cannot be read|reference_point"),
    "experts too many": (_record(expert_errors=[0.1] * 4), "3 tasks and 4 values"),
    "a true front that is not there": (_record(true_front="true_front.parquet"), "true_front.parquet"),
    "a true front that is only listed": (_manifest("files", **{"true_front.parquet": "0" * 64}), "lists"),
    "a true front of other tasks": (_record(pareto_front=[[0.1, 0.2]]), "number of objectives"),
    "merge coefficients that are not there": (_manifest("files", **{"coefficients.parquet": "0" * 64}), "lists"),
    "merge coefficients that are none": (_file("coefficients.parquet", b"PAR1 no PAR1"), r"cannot be read \(Parquet"),
    "merge coefficients of other tasks": (_other_tasks, "of other tasks|not those of its tasks"),
    "more members than there are": (_table(lambda table: table.slice(0, 0)), "labels|other errors than"),
    "a cell twice": (lambda about, _: about["cells"].append(about["cells"][0]), "damaged: a cell stands there twice;"),
    "no cells": (lambda about, _: about.update(cells=[]), "cells"),
    "a newer version": (lambda about, _: about.update(version=3), "format version 3, this Frontrunner reads 1 and 2"),
    "a version that is no number": (lambda about, _: about.update(version=True), "format version True"),
    "another format": (lambda about, _: about.update(format="recipes"), "does not say"),
    "a member with a path": (lambda _, contents: contents.update({"../../evil.txt": b"evil"}), "no part of a bundle"),
    "a folder in a folder": (lambda _, contents: contents.update({f"{NO_KEY}/a/cell.json": b""}), "no part of a"),
    "weights": (_file("state.safetensors", b"weights"), "no part of a bundle"),
    "a member of no cell": (
        lambda _, contents: contents.update({f"{NO_KEY}/coefficients.parquet": b""}),
        f"a folder {NO_KEY}, which is of no finished cell",
    ),
    "a table of another kind": (_file("front.parquet", b"PAR1 no PAR1"), r"cannot be read \(Parquet"),
    "a missing table": (_lost("front.parquet"), "lists"),
    "a missing curve": (_lost("curve.json"), "lists"),
    "a missing cell.json": (_lost("cell.json"), "has no cell.json"),
    "a missing bundle.json": (None, "without bundle.json"),
    "a curve of no cell": (
        lambda _, contents: contents.update({f"{NO_KEY}/curve.json": b'[{"step": 1}]'}),
        "of no finished cell",
    ),
    "a curve that is no curve": (_file("curve.json", b"[1]"), "damaged"),
    "a curve without steps": (_file("curve.json", b'[{"loss": 1}]'), "lacks whole steps"),
    "a curve of paths": (_file("curve.json", b'[{"step": 1, "../a": 1}]'), "names that no metric can have"),
    "a curve without end": (_file("curve.json", json.dumps([{"step": 1}] * 20_001).encode()), "has 20001 points"),
    "a limit of nothing": (_record(hypervolume_limit=0.0), "a volume above 0"),
    "a limit that is exceeded": (_record(hypervolume_limit=1e-6), "than its limit"),
    "a limit that is text": (_record(hypervolume_limit="1"), "hypervolume_limit"),
    "a time below zero": (_manifest("costs", fit_time_s=-3.0), "which nothing costs"),
    "a time beyond all": (_manifest("costs", wall_time_s=1.7e308), "which nothing costs"),
    "a step that no database takes": (_file("curve.json", b'[{"step": 1e30, "loss": 1.0}]'), "lacks whole steps"),
    "two reference points in one group": (_two_reference_points, "scored in two ways: reference point"),
    "a column of lists": (
        _table(lambda table: table.append_column("more", pa.array([[1.0]] * table.num_rows))),
        "has a column 'more' of type list",
    ),
}


class TestDamage:
    @pytest.mark.parametrize("damage", DAMAGES)
    def test_a_damaged_bundle_is_one_sentence_and_nothing_is_written(
        self, shared, refused, tmp_path, damage, changed, members
    ):
        change, why = DAMAGES[damage]
        file = tmp_path / "bad.zip"
        if change is None:
            with zipfile.ZipFile(file, "w") as made:
                for name in set(members(shared.file)) - {"bundle.json"}:
                    made.writestr(name, members(shared.file)[name])
        else:
            changed(shared.file, file, change)
        refused(file, why)

    def test_the_hypervolume_is_computed_again_before_it_is_believed(self, shared, untouched, tmp_path, changed):
        file = changed(shared.file, tmp_path / "bad.zip", DAMAGES["a better hypervolume"][0])
        with pytest.raises(StoreError, match=r"the hypervolume of pretrained on tiny, seed 0 is 0\.\d+ by its front"):
            import_bundle(untouched, file)
