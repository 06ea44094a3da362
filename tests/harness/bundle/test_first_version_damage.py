"""Bundles of version 0.1.0 are believed no more than those of today."""

import contextlib
import io
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from frontrunner.harness.bundle.first_version_tables import front_digest
from frontrunner.harness.cells.cell import Cell
from frontrunner.harness.records.evaluation import Evaluation

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


def first(about):
    return next(entry for entry in about["cells"] if entry["result"] is not None)


def _errors(contents, value):
    """Another first error in `fronts.parquet`; its table."""
    table = pq.read_table(io.BytesIO(contents["fronts.parquet"]))
    errors = table["error"].to_numpy().copy()
    errors[0] = value(errors[0])
    changed = table.set_column(table.schema.get_field_index("error"), "error", [errors])
    out = io.BytesIO()
    pq.write_table(changed, out)
    contents["fronts.parquet"] = out.getvalue()
    return changed


def _flip_a_number(about, contents):
    _errors(contents, lambda value: np.nextafter(value, 9))


def _nan(about, contents):
    table, entry = _errors(contents, lambda _: np.nan), first(about)
    assert table["run"][0].as_py() == entry["key"]
    n_tasks = len(entry["cell"]["tasks"])
    rows = table.slice(0, entry["result"]["members"] * n_tasks)
    error, loss, preferences = (rows[name].to_numpy().reshape(-1, n_tasks) for name in ("error", "loss", "preference"))
    labels = tuple(rows["label"].to_pylist()[::n_tasks])
    entry["result"]["digest"] = front_digest(Evaluation(error, loss, preferences, labels))


def _result(**values):
    return lambda about, _: first(about)["result"].update(values)


def _metrics(**values):
    return lambda about, _: first(about)["result"]["metrics"].update(values)


def _entry(**values):
    return lambda about, _: first(about).update(values)


def _cell(**values):
    """A cell whose key fits what it says."""

    def change(about, _):
        entry = first(about)
        entry["cell"] |= values
        with contextlib.suppress(TypeError):
            entry["key"] = Cell.from_json(entry["cell"]).key

    return change


def _curve(points):
    return lambda about, contents: contents.update({"curves.json": json.dumps({first(about)["key"]: points}).encode()})


def _two_reference_points(about, _):
    """Of a set of one member, whose volume is a box."""
    entry = next(entry for entry in about["cells"] if entry["result"] and entry["result"]["members"] == 1)
    result, tasks = entry["result"], entry["cell"]["tasks"]
    errors = [result["metrics"][f"min_error_{task}"] for task in tasks]
    result["reference_point"] = [2.0, 3.0]
    result["hypervolume"] = result["metrics"]["hypervolume"] = (2.0 - errors[0]) * (3.0 - errors[1])
    result["hypervolume_limit"] = 10.0


DAMAGES = {
    "another option under the key": (
        lambda about, _: first(about)["cell"]["options"].update(extra=1),
        "is not what its key says",
    ),
    "a number in the last bit": (_flip_a_number, "not what its digest says"),
    "an error of NaN": (_nan, "objectives are finite"),
    "a better hypervolume": (
        lambda about, _: first(about)["result"].update(hypervolume=first(about)["result"]["hypervolume"] + 1e-6),
        "the hypervolume of",
    ),
    "a better hypervolume in its metrics": (_metrics(hypervolume=2.0), "the hypervolume of"),
    "a finished cell without a result": (_entry(result=None), "lacks a result"),
    "a failed cell with a result": (_entry(status="failed"), "has a result"),
    "a status of its own": (_entry(status="great"), "status"),
    "an unknown field": (lambda about, _: about.update(weights="yes"), "weights"),
    "a suite that is a path": (_cell(suite="../../elsewhere"), "suite"),
    "a task that is a path": (_cell(tasks=["../a", "b"]), "a name has letters"),
    "no tasks": (_cell(tasks=[]), "tasks"),
    "a seed that is text": (_cell(seed="1"), "seed"),
    "another split": (_cell(split="val"), "split"),
    "a label that drives the terminal": (_cell(label="\x1b[2J"), "control characters"),
    "an environment that says it finished": (_result(environment={"status": "finished"}), "environment"),
    "a metric of infinity": (_metrics(fit_time_s=float("inf")), "fit_time_s"),
    "a metric that is a path": (_metrics(**{"a/../x": 1.0}), "a name has letters"),
    "a metric with a line break": (_metrics(**{"a\n": 1.0}), "a name has letters"),
    "a reference point too short": (_result(reference_point=[1.0]), "2 tasks and 1 values"),
    "a true front that is not there": (_result(pareto_front="0" * 64), "other true fronts"),
    "merge coefficients that are not there": (_result(routing="0" * 64), "not what their digest says"),
    "more members than there are": (_result(members=10**6), "rows instead of"),
    "a cell twice": (lambda about, _: about["cells"].append(about["cells"][0]), "twice"),
    "no cells": (lambda about, _: about.update(cells=[]), "cells"),
    "another version": (lambda about, _: about.update(version=2), "no part of a bundle"),
    "another format": (lambda about, _: about.update(format="recipes"), "does not say"),
    "a member with a path": (lambda _, contents: contents.update({"../../evil.txt": b"evil"}), "no part of a bundle"),
    "a member of no cell": (
        lambda _, contents: contents.update({f"routing/{'0' * 16}.parquet": b""}),
        "belongs to no cell",
    ),
    "a table of another kind": (lambda _, contents: contents.update({"fronts.parquet": b"PAR1 no PAR1"}), "Parquet"),
    "a missing table": (lambda _, contents: contents.pop("curves.json"), "without curves.json"),
    "a curve of no cell": (
        lambda _, contents: contents.update({"curves.json": b'{"0": [{"step": 1}]}'}),
        "belongs to no cell",
    ),
    "a curve that is no curve": (lambda _, contents: contents.update({"curves.json": b"[1]"}), "dictionary"),
    "a limit of nothing": (_result(hypervolume_limit=0.0), "a volume above 0"),
    "a limit that is exceeded": (_result(hypervolume_limit=1e-6), "than its limit"),
    "a time below zero": (_metrics(fit_time_s=-3.0), "which nothing costs"),
    "a time beyond all": (_metrics(wall_time_s=1.7e308), "which nothing costs"),
    "a step that no database takes": (_curve([{"step": 1e30, "loss": 1.0}]), "lacks whole steps"),
    "two reference points in one group": (_two_reference_points, "scored in two ways: reference point"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_bundle_is_one_sentence_and_nothing_is_written(first_release, refused, tmp_path, damage, changed):
    change, why = DAMAGES[damage]
    file = changed(first_release.bundle, tmp_path / "bad.zip", change)
    refused(file, why)
