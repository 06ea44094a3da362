"""A store with its bundle, stores with nothing in them, and bundles that were changed on purpose."""

import contextlib
import dataclasses
import io
import json
import shutil
import sqlite3
import tempfile
import zipfile
from pathlib import Path
from unittest.mock import Mock

import pyarrow.parquet as pq
import pytest

from frontrunner.errors import StoreError
from frontrunner.harness.bundle import export_bundle, import_bundle, read_bundle
from frontrunner.harness.cells.bench_file import BenchSpec
from frontrunner.harness.records.finished_cell import EXAMPLE_ERRORS
from frontrunner.harness.records.store import Store
from frontrunner.harness.reports.publish import run_and_publish_bench
from frontrunner.harness.running.executors.local import LocalExecutor

SPEC = BenchSpec.model_validate(
    {
        "name": "shared",
        "suites": ["tiny"],
        "learners": ["pretrained", "interpolation", {"method": "misbehaving", "options": {"how": "raise"}}],
        "seeds": [0, 1],
    }
)


@pytest.fixture(scope="session")
def spec():
    """The bench behind `shared`."""
    return SPEC


@dataclasses.dataclass(frozen=True)
class Shared:
    store: Store
    file: Path


@pytest.fixture(scope="module")
def shared(without_processes, tmp_path_factory):
    """A store with finished and failed cells, and its bundle; tests only read both."""
    folder = tmp_path_factory.mktemp("shared")
    store = Store(folder / "store", create=True)
    with without_processes():
        run_and_publish_bench(SPEC, store, executor=LocalExecutor(["cpu"]), plugins=[], listener=Mock())
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


def _recorded(store):
    tables = ("runs", "tags", "params", "metrics", "latest_metrics", "experiments")
    with contextlib.closing(sqlite3.connect(store.folder / "mlflow.db")) as database:
        return {table: sorted(map(repr, database.execute(f"select * from {table}"))) for table in tables}


def _members(file):
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _content(file):
    found = _members(file)
    about = json.loads(found.pop("bundle.json"))
    del about["created"]
    return about, {name: _parsed(name, member) for name, member in found.items()}


def _parsed(name, member):
    if name.endswith(".json"):
        return json.loads(member)
    if name.endswith(".safetensors"):
        return member
    table = pq.read_table(io.BytesIO(member))
    return table.to_pydict(), (table.schema.metadata or {}).get(b"frontrunner")


def _write(file, contents):
    with zipfile.ZipFile(file, "w") as archive:
        for name, member in contents.items():
            archive.writestr(name, member)
    return file


def _changed(source, file, change):
    contents = _members(source)
    about = json.loads(contents["bundle.json"])
    change(about, contents)
    contents["bundle.json"] = json.dumps(about).encode()
    return _write(file, contents)


def _rerecorded(source, file, change):
    def replace(about, contents):
        entries = {entry["key"]: entry for entry in about["cells"]}
        for shared in read_bundle(source).cells:
            if shared.finished is None:
                continue
            record = change(shared.front)
            volume = record.hypervolume()
            entries[shared.key]["hypervolume"] = volume.value
            entries[shared.key]["hypervolume_error"] = None if volume.exact else volume.error
            with tempfile.TemporaryDirectory() as folder:
                changed = {} if record is shared.front else {"example_errors": None}  # which are those of the front
                dataclasses.replace(shared.finished, front=record, **changed).write(Path(folder))
                if changed:
                    contents.pop(f"{shared.key}/{EXAMPLE_ERRORS}", None)
                contents.update({f"{shared.key}/{one.name}": one.read_bytes() for one in Path(folder).iterdir()})

    return _changed(source, file, replace)


@pytest.fixture
def refused(untouched, tmp_path):
    """(bundle, pattern) -> checks that importing it is one sentence that names the file, and leaves no trace."""

    def check(file, why):
        before, files = _recorded(untouched), sorted(untouched.folder.parent.rglob("*"))
        with pytest.raises(StoreError, match=why) as error:
            import_bundle(untouched, file, ours=True)
        assert "\n" not in str(error.value)
        assert str(file) in str(error.value)
        assert _recorded(untouched) == before
        assert sorted(untouched.folder.parent.rglob("*")) == files
        assert sorted(tmp_path.rglob("*")) == [file]

    return check


@pytest.fixture(scope="session")
def recorded():
    """(store) -> everything in MLflow's database that a run, a metric or a tag could have changed."""
    return _recorded


@pytest.fixture(scope="session")
def members():
    """(bundle) -> name of every member -> its bytes."""
    return _members


@pytest.fixture(scope="session")
def content():
    """(bundle) -> what it says, without when it was made and how tables are stored."""
    return _content


@pytest.fixture(scope="session")
def changed():
    """(bundle, file, change) -> a copy; `change` is given bundle.json's content and all members, and changes them."""
    return _changed


@pytest.fixture(scope="session")
def rerecorded():
    """(bundle, file, change) -> a copy that is whole, with other records: `change` maps a record to a record."""
    return _rerecorded
