"""A store goes on wherever it stands and whatever its experiments are called, and touches no other folder."""

import contextlib
import shutil
import sqlite3
from pathlib import Path
from unittest.mock import Mock
from urllib.request import url2pathname

import pytest

import frontrunner as fr
from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.cells.bench_file import BenchSpec
from frontrunner.harness.records.store import Store
from frontrunner.harness.reports.publish import run_and_publish_bench
from frontrunner.harness.running.executors.local import LocalExecutor

SPEC = {"name": "two", "suites": ["tiny"], "learners": ["pretrained", "experts"]}


def bench(folder, learners=SPEC["learners"]):
    """Whether each cell was run, by label."""
    spec = BenchSpec.model_validate({**SPEC, "learners": learners})
    opened = Store(folder, create=True)
    found = run_and_publish_bench(spec, opened, executor=LocalExecutor(["cpu"]), plugins=[], listener=Mock())
    return {one.cell.label: one.ran for one in found.settled}


def finished(folder):
    (board,) = leaderboards(Store(folder, create=False))
    return {row.label: len(row.run_ids) for row in board.rows if row.seeds}


def paths(folder):
    """Where MLflow looks for the files of every experiment of a suite and every run."""
    with contextlib.closing(sqlite3.connect(folder / "mlflow.db")) as database:
        found = [text for (text,) in database.execute("select artifact_uri from runs")]
        suites = database.execute("select artifact_location from experiments where name <> 'Default'")
        found += [text for (text,) in suites]
    return [Path(url2pathname(text.removeprefix("file://"))) for text in found]


def shown(folder):
    """How many files MLflow's own client lists of all runs."""
    client = Store(folder, create=False).client
    runs = client.search_runs([one.experiment_id for one in client.search_experiments()])
    return sum(len(client.list_artifacts(run.info.run_id)) for run in runs)


def content(folder):
    return {file: file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def rename(folder, name="Sonntag: größer"):
    client = Store(folder, create=False).client
    client.rename_experiment(client.get_experiment_by_name("tiny").experiment_id, name)


def deleted(folder):
    client = Store(folder, create=False).client
    client.delete_experiment(client.get_experiment_by_name("tiny").experiment_id)


@pytest.fixture(scope="module")
def made_once(without_processes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "store"
    with without_processes():
        bench(folder)
    return folder


@pytest.fixture
def made(made_once, tmp_path, in_process):
    """A store with two finished cells, as if it was made here."""
    here = Path(shutil.copytree(made_once, tmp_path / "here"))
    Store(here, create=False).repair()
    return here


PLACES = ["there", "renamed", "a größeres/平均 x+y&z='1'", "artifacts/tiny/artifacts"]


@pytest.mark.parametrize("place", PLACES)
def test_a_moved_store_goes_on_where_it_stands(made, tmp_path, place):
    if place == "renamed":
        rename(made)
    there = tmp_path / place
    there.parent.mkdir(parents=True, exist_ok=True)
    made.rename(there)
    assert finished(there) == {"pretrained": 1, "experts": 1}
    assert bench(there, ["pretrained", "weight-averaging"]) == {"pretrained": False, "weight-averaging": True}
    assert finished(there) == {"pretrained": 1, "experts": 1, "weight-averaging": 1}
    assert len(Store(there, create=False).experiments()) == 1
    found = [path.relative_to(there / "artifacts" / "tiny").parts for path in paths(there)]
    assert {(len(parts), parts[1:]) for parts in found} == {(0, ()), (2, ("artifacts",))}
    assert shown(there) > 10
    assert not made.exists()


def test_a_copy_leaves_the_original_as_it_is(made, tmp_path):
    before = content(made)
    shutil.copytree(made, tmp_path / "copy")
    assert bench(tmp_path / "copy", ["weight-averaging", "pretrained"])["weight-averaging"]
    opened = Store(tmp_path / "copy", create=False)
    assert opened.mended_from is None
    assert opened.moved_from() is None
    assert content(made) == before
    assert all(path.is_relative_to(tmp_path / "copy") for path in paths(tmp_path / "copy"))


def test_files_are_written_to_the_store_even_where_another_place_has_its_address(made, tmp_path):
    shutil.copytree(made, tmp_path / "copy")
    before = content(made)
    opened = Store(tmp_path / "copy", create=False)  # nothing is mended
    run = opened.parent_run("bench", "tiny", "again", "digest", {"cells.json": {"cells": []}})
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "picture.png").write_bytes(b"drawn")
    opened.add_artifacts(run, tmp_path / "new")
    assert content(made) == before
    assert {file.name for file in opened.files_of(run, "tiny").iterdir()} == {"cells.json", "run.json", "picture.png"}


def test_a_store_by_a_link_is_the_one_it_leads_to(made, tmp_path):
    before = paths(made)
    (tmp_path / "link").symlink_to(made)
    from frontrunner.harness.records.store import store_folder

    assert bench(store_folder(tmp_path / "link")) == {"pretrained": False, "experts": False}
    assert paths(made) == before


def test_a_renamed_experiment_keeps_its_results_and_gets_the_next(made):
    rename(made)
    assert finished(made) == {"pretrained": 1, "experts": 1}
    assert bench(made, ["pretrained", "weight-averaging"]) == {"pretrained": False, "weight-averaging": True}
    (experiment,) = Store(made, create=False).experiments()
    assert experiment.name == "Sonntag: größer"
    assert shown(made) > 10


def test_a_name_that_another_suite_has_taken_is_one_sentence(made):
    client = Store(made, create=False).client
    client.create_experiment("other")
    with pytest.raises(fr.StoreError, match="something else is called so in MLflow; rename"):
        Store(made, create=True).parent_run("bench", "other", "name", "digest", {})


@pytest.mark.parametrize("renamed", [False, True])
def test_a_deleted_experiment_is_refused_and_comes_back_by_restore(made, renamed):
    if renamed:
        rename(made, "mine")
        client = Store(made, create=False).client
        client.delete_experiment(client.get_experiment_by_name("mine").experiment_id)
    else:
        deleted(made)
    opened = Store(made, create=False)
    assert leaderboards(opened) == []
    assert opened.deleted_suites() == ["tiny"]
    with pytest.raises(fr.StoreError, match=r"deleted in MLflow.*frontrunner store restore tiny"):
        bench(made)
    assert opened.restore("tiny") == ["tiny"]
    assert finished(made) == {"pretrained": 1, "experts": 1}
    assert bench(made) == {"pretrained": False, "experts": False}
    assert opened.restore() == []
    with pytest.raises(fr.UnknownNameError, match="'tiny'"):
        opened.restore("tiny")


def test_a_deleted_run_runs_again_and_is_named_when_it_is_asked_for(made):
    opened = Store(made, create=False)
    attempt = next(one for one in opened.attempts() if one.cell.label == "experts")
    opened.client.delete_run(attempt.run_id)
    with pytest.raises(fr.StoreError, match=f"run {attempt.run_id[:8]} was deleted in MLflow; restore"):
        opened.find(attempt.run_id[:10])
    assert bench(made) == {"pretrained": False, "experts": True}


def test_repair_says_what_it_did_and_does_it_once(made, tmp_path):
    there = made.rename(tmp_path / "there")
    opened = Store(there, create=False)
    assert opened.moved_from() == made
    found = opened.repair()
    assert (found.before, found.counted) == (made, "1 experiment and 3 runs")
    assert opened.moved_from() is None
    assert not opened.repair()
    assert shown(there) > 10


def test_addresses_of_what_others_recorded_stay(made, tmp_path):
    elsewhere = tmp_path / "server" / "artifacts" / "7"
    elsewhere.mkdir(parents=True)
    client = Store(made, create=False).client
    theirs = {"a": elsewhere.as_uri(), "b": "s3://bucket/artifacts/7", "c": "mlflow-artifacts:/7"}
    runs = [client.create_run(client.create_experiment(name, place)).info for name, place in theirs.items()]
    there = made.rename(tmp_path / "there")
    assert Store(there, create=False).repair().counted == "1 experiment and 3 runs"
    moved = Store(there, create=False).client
    assert [moved.get_run(run.run_id).info.artifact_uri for run in runs] == [run.artifact_uri for run in runs]
    assert {moved.get_experiment_by_name(name).artifact_location for name in theirs} == set(theirs.values())
