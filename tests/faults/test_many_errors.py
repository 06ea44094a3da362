"""A small file that is wrong in a million places is refused for the first, and takes no memory for the others."""

import json
import os
import tracemalloc
import zipfile

import pytest

from frontrunner import yaml_file
from frontrunner.errors import ConfigError, StoreError
from frontrunner.harness.bundle import read_bundle, reading
from frontrunner.harness.cells.bench_file import read_bench
from frontrunner.harness.records import finished_cell
from frontrunner.harness.records.finished_cell import FinishedCell

MANY = 20_000
KEY = "0123456789abcdef"
MOST_BYTES = 40 * MANY + 10**7
"""What the input itself takes when parsed, and a few errors; an error for every value would take ten times that."""


def about(cells, **more):
    head = {"format": "frontrunner bundle", "version": 2, "created": "", "frontrunner": "", "orientation": "minimise"}
    return {**head, "cells": cells, **more}


def cell(**more):
    return {"key": KEY, "cell": {}, "status": "failed", "reason": "", **more}


WRONG = {
    "cells of nothing": lambda: about([{}] * MANY),
    "cells that are numbers": lambda: about([0] * MANY),
    "names": lambda: about([], **{f"k{i}": 0 for i in range(MANY)}),
    "names in a cell": lambda: about([cell(**{f"k{i}": 0 for i in range(MANY)})]),
    "names in a cell's cell": lambda: about([cell(cell={f"k{i}": 0 for i in range(MANY)})]),
    "tasks": lambda: about([cell(cell={"tasks": [0] * MANY})]),
    "first version": lambda: {**about([{}] * MANY), "version": 1},
}


@pytest.fixture
def refused(tmp_path):
    """(about) -> the message with which a bundle of this content is refused, and the memory that took."""

    def read(content, **members):
        file = tmp_path / "wrong.zip"
        text = json.dumps(content)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("bundle.json", text)
            for name in members.get("tables", ()):
                archive.writestr(name, b"{}")
            archive.comment = os.urandom(min(len(text) // 190, 65_000))  # so that its ratio is allowed
        tracemalloc.start()
        try:
            with pytest.raises(StoreError) as caught:
                read_bundle(file)
            return str(caught.value), tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    return read


@pytest.mark.parametrize("case", WRONG)
def test_a_bundle_is_refused_for_its_first_mistake(case, refused):
    tables = ("fronts.parquet", "pareto_fronts.parquet", "curves.json") if case == "first version" else ()
    message, peak = refused(WRONG[case](), tables=tables)
    assert message.count("\n") == 0
    assert len(message) < 700
    assert "nothing was imported" in message
    assert peak < MOST_BYTES


def test_a_bundle_may_not_hold_endless_numbers(run_bench, tmp_path, monkeypatch):
    from frontrunner.harness.bundle import export_bundle

    store, _ = run_bench(tmp_path / "store", ["pretrained", "experts"])
    export_bundle(store, tmp_path / "all.zip")
    read_bundle(tmp_path / "all.zip")
    monkeypatch.setattr(reading, "MAX_VALUES", 10)
    with pytest.raises(StoreError, match="may hold 10 numbers at most, found more"):
        read_bundle(tmp_path / "all.zip")


CURVES = {
    "numbers": [0] * MANY,
    "texts": [{"step": "x"}] * MANY,
    "a point of many values": [{f"k{i}": "x" for i in range(MANY)}],
}


@pytest.mark.parametrize("case", CURVES)
def test_a_curve_is_refused_for_its_first_mistake(case, run_bench, tmp_path, monkeypatch):
    monkeypatch.setattr(finished_cell, "MAX_CURVE_BYTES", 10**6)  # as many bytes are taken to read a file
    store, (settled,) = run_bench(tmp_path / "store", ["pretrained"])
    folder = store.find(settled.run_id).folder
    content = json.loads((folder / "cell.json").read_text())
    (folder / "curve.json").write_text(json.dumps(CURVES[case]))
    del content["files"]["curve.json"]
    (folder / "cell.json").write_text(json.dumps(content))
    tracemalloc.start()
    try:
        with pytest.raises(StoreError) as caught:
            FinishedCell.read(folder)
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()
    assert "is damaged" in str(caught.value)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("part", ["costs", "files"])
def test_a_manifest_is_refused_for_its_size(part, run_bench, tmp_path):
    store, (settled,) = run_bench(tmp_path / "store", ["pretrained"])
    folder = store.find(settled.run_id).folder
    content = json.loads((folder / "cell.json").read_text())
    content[part] = {f"k{i}": "x" for i in range(MANY)}
    (folder / "cell.json").write_text(json.dumps(content))
    with pytest.raises(StoreError, match="an object may have 1,000 entries here at most, found 20,000"):
        FinishedCell.read(folder)


def test_sentences_on_a_yaml_file_are_made_of_its_first_mistakes_and_all_are_counted(tmp_path, monkeypatch):
    made = []
    sentence = yaml_file._sentence
    monkeypatch.setattr(yaml_file, "_sentence", lambda *given: made.append(1) or sentence(*given))
    file = tmp_path / "bench.yaml"
    file.write_text(f"name: x\nsuites: [tiny]\nlearners: [{', '.join(['7'] * 1500)}]\n")
    with pytest.raises(ConfigError, match=r"1500 mistakes: \(1\) learners\.0: .*\(10\) .*; and 1490 more$"):
        read_bench(file)
    assert len(made) <= yaml_file.MOST_LOOKED_AT
