"""A cache of the tests' own, the tiny suite, workers that are functions, and the command line as users run it."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import tomllib
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import Mock

import pytest
import yaml
from filelock import FileLock

pytest.register_assert_rewrite("page_reading")  # it asserts, and is no test file
os.environ.pop("COLUMNS", None)  # pytest-xdist sets it: tables would be cut to a terminal that is not there
os.environ["OMP_NUM_THREADS"] = "1"  # tiny tensors: more threads only wait for each other; read when torch is imported
TINY_PLUGIN = Path(__file__).parent / "tiny_plugin.py"
THIRD_PARTY = Path(__file__).parent / "third_party"
collect_ignore = [str(THIRD_PARTY)]  # its tests run with the package installed, see test_third_party.py
BUILT_IN = ["pretrained", "experts", "weight-averaging", "task-arithmetic", "interpolation", "pwe-moe-ls"]
IN_MEMORY = Path("/dev/shm")
MISBEHAVIOURS = ["raise", "out-of-memory", "die", "nan", "print"]


def pytest_configure(config):
    # Stores wait for the disk at every commit; a tenth of a gigabyte is what the tests have there at a time.
    if IN_MEMORY.is_dir() and os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free > 2e9:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))
    # MLflow's own models; SQLAlchemy says so when the first store is opened
    config.addinivalue_line("filterwarnings", "ignore:The ``noload`` loader strategy:DeprecationWarning")


@pytest.fixture(scope="session", autouse=True)
def tiny(tmp_path_factory):
    """The module of tests/tiny_plugin.py, registered; expert caches go to a temporary folder."""
    from frontrunner.harness.cells.plugins import load_plugins
    from frontrunner.plugin_import import import_plugin

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FRONTRUNNER_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("FRONTRUNNER_STORE", raising=False)
        patch.delenv("COLUMNS", raising=False)  # of a terminal that pytest-xdist makes up
        load_plugins([str(TINY_PLUGIN)])
        yield import_plugin(TINY_PLUGIN)[0]


@pytest.fixture(scope="session")
def new_database():
    """Makes a database as commands do: MLflow takes it through a hundred migrations, which takes seconds."""
    from frontrunner.harness.records.mlflow_database import create_database

    return create_database


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory):
    """One folder for all workers of pytest-xdist."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session", autouse=True)
def copied_databases(new_database, shared_folder):
    """Stores made in this process copy a database that was made once."""
    from frontrunner.harness.records import store

    made_once = shared_folder / "made_once.db"

    def copy(database):
        with FileLock(f"{made_once}.lock"):
            if not made_once.exists():
                new_database(shared_folder / "in_the_making.db")
                (shared_folder / "in_the_making.db").rename(made_once)
        shutil.copy(made_once, database)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "create_database", copy)
        yield


@pytest.fixture(scope="session", autouse=True)
def databases_that_wait_for_no_disk():
    """SQLite in this process leaves it to the system when its files reach the disk: no test cuts the power."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def hurry(connection, _):
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous = OFF")

    event.listen(Engine, "connect", hurry)
    yield
    event.remove(Engine, "connect", hurry)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    def assert_one_sentence(self, *parts):
        """It failed as commands do: one sentence on standard error, which holds these parts."""
        assert self.status == 1
        assert self.err.count("\n") == 1
        assert self.err.startswith("error: ")
        assert "Traceback" not in self.out + self.err
        assert [part for part in parts if part not in self.err] == []


@dataclass(frozen=True)
class CommandLine:
    """Runs `frontrunner` in an empty folder with a home of its own."""

    folder: Path
    environment: dict[str, str]
    plugin: Path = TINY_PLUGIN

    def bench(self, folder, learners, *, plugins=(), **keys):
        """The arguments that run `learners` on the tiny suite; the bench file and the store go to `folder`."""
        file = folder / "bench.yaml"
        file.write_text(yaml.safe_dump({"name": "test", "suites": ["tiny"], "learners": learners, **keys}))
        chosen = [argument for plugin in (self.plugin, *plugins) for argument in ("--plugin", plugin)]
        return ["bench", file, "--store", folder / "store", *chosen]

    def start(self, *arguments, folder=None, python_path=None, output=subprocess.PIPE):
        """In a process; its output goes to pipes, which somebody has to read, or to a file."""
        path = {} if python_path is None else {"PYTHONPATH": str(python_path)}
        return subprocess.Popen(
            [sys.executable, "-m", "frontrunner", *map(str, arguments)],
            cwd=folder or self.folder,
            env=self.environment | path,
            stdout=output,
            stderr=output,
            text=True,
        )

    def run(self, *arguments, folder=None, python_path=None):
        """In a process, to its end."""
        process = self.start(*arguments, folder=folder, python_path=python_path)
        out, err = process.communicate(timeout=280)
        return Ended(process.returncode, out, err)

    def within(self, *arguments):
        """In this process, which has imported everything already."""
        from frontrunner.__main__ import main

        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            patch.setattr(sys, "argv", ["frontrunner", *map(str, arguments)])
            patch.chdir(self.folder)
            with pytest.raises(SystemExit) as exit_:
                main()
        return Ended(exit_.value.code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def command(tiny, tmp_path_factory):
    """The command line."""
    environment = os.environ | {"HOME": str(tmp_path_factory.mktemp("home"))}
    return CommandLine(tmp_path_factory.mktemp("work"), environment)


@dataclass(frozen=True)
class Bench:
    """A bench that has been run once."""

    store: Path
    ended: Ended


def ran_once(folder, run):
    """How the command ended that `run` runs in the folder: in the first worker that asks; the others wait for it."""
    told = folder / "ended.json"
    with FileLock(f"{folder}.lock"):
        if not told.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker in which it raised
            folder.mkdir()
            told.write_text(json.dumps(dataclasses.asdict(run())))
    return Ended(**json.loads(told.read_text()))


@pytest.fixture(scope="session")
def everything(command, shared_folder):
    """Every built-in learner beside every misbehaviour; tests only read it."""
    folder = shared_folder / "everything"
    learners = [*BUILT_IN, *({"method": "misbehaving", "options": {"how": how}} for how in MISBEHAVIOURS)]
    return Bench(folder / "store", ran_once(folder, lambda: command.run(*command.bench(folder, learners))))


@dataclass(frozen=True)
class ThirdParty(Bench):
    """A bench with a learner of an installed package."""

    packages: Path


@pytest.fixture(scope="session")
def third_party(command, shared_folder):
    """tests/third_party, installed, beside a built-in learner; seed 1."""
    folder = shared_folder / "third_party"
    packages = folder / "packages"

    def run():
        install(THIRD_PARTY, packages, folder)
        bench = command.bench(folder, ["nearest-expert", "pwe-moe-ls"], seeds=[1])
        return command.run(*bench, python_path=packages)

    return ThirdParty(folder / "store", ran_once(folder, run), packages)


def install(source, packages, folder):
    """With pip; by hand in an environment without setuptools, so that nothing is downloaded."""
    copied = shutil.copytree(source, folder / "source")  # a build leaves folders behind
    if importlib.util.find_spec("setuptools") is not None and importlib.util.find_spec("pip") is not None:
        options = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
        subprocess.run(
            [sys.executable, "-m", "pip", "install", *options, "--target", str(packages), str(copied)],
            check=True,
            capture_output=True,
        )
        return
    project = tomllib.loads((copied / "pyproject.toml").read_text())["project"]
    about = packages / "nearest_expert-1.0.dist-info"
    about.mkdir(parents=True)
    shutil.copy(copied / "nearest_expert.py", packages)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    (about / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in points.items())
            for group, points in project["entry-points"].items()
        )
    )


@contextlib.contextmanager
def functions_for_workers():
    """Cells run in this process, one at a time; (method, device) of each."""
    from worker_orders import order_for

    from frontrunner.harness.records.status import Ending, Status
    from frontrunner.harness.running import worker
    from frontrunner.harness.running.executors import local
    from frontrunner.harness.running.worker_process import StoppedError

    devices, lock = [], threading.Lock()

    def run(request, *, on_event, stop):
        devices.append((request.cell.method, request.device))
        order = order_for(
            request.cell.to_json(),
            request.scratch,
            plugins=request.plugins,
            checkpoints=str(request.checkpoints),
            checkpoint_interval_s=0,
            probes=request.probes,
        )
        stopped = []

        def send(event):
            if not stopped:
                try:
                    on_event(event)
                except StoppedError as reason:
                    stopped.append(Ending(Status.STOPPED, str(reason)))
                    raise

        with lock:
            ending = worker.attempt(order, worker.Reporter(send))
        return stopped[0] if stopped else ending

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "run_in_process", run)
        yield devices


class _Here(Executor):
    """Draws in this process, at once."""

    def submit(self, function, /, *arguments, **keys):
        future = Future()
        try:
            future.set_result(function(*arguments, **keys))
        except Exception as error:
            future.set_exception(error)
        return future


class _Nowhere(Executor):
    """Draws nothing, and says that it did."""

    def submit(self, function, /, *arguments, **keys):
        future = Future()
        future.set_result(None)
        return future


@pytest.fixture(scope="session", autouse=True)
def undrawn():
    """Benches run in this process draw no pictures, which would take a third of their time, but for those `drawn`."""
    from frontrunner.harness.reports import drawing

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "make_executor", _Nowhere)
        yield


@pytest.fixture(scope="session")
def drawn(undrawn):
    """() -> a context in which benches draw their pictures, in this process: to start another takes longer."""

    @contextlib.contextmanager
    def draw_here():
        from frontrunner.harness.reports import drawing

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(drawing, "make_executor", _Here)
            yield

    return draw_here


@pytest.fixture(scope="session")
def without_processes(tiny):
    """() -> a context in which workers have no process of their own: for fixtures that many tests share."""
    return functions_for_workers


@pytest.fixture
def in_process(tiny):
    """Workers without a process of their own: the bench's own logic is what is tested. (method, device) of each."""
    with functions_for_workers() as devices:
        yield devices


@pytest.fixture
def run_bench(in_process):
    """(folder, learners, ...) -> the store and the outcomes, on the tiny suite."""
    from frontrunner.harness.cells.bench_file import BenchSpec
    from frontrunner.harness.records.store import Store
    from frontrunner.harness.reports.publish import run_and_publish_bench
    from frontrunner.harness.running.executors.local import LocalExecutor

    def run(folder, learners, **keys):
        store = Store(folder, create=True)
        spec = BenchSpec.model_validate({"name": "test", "suites": ["tiny"], "learners": learners, **keys})
        here = LocalExecutor(["cpu"])
        return store, run_and_publish_bench(spec, store, executor=here, plugins=[], listener=Mock()).settled

    return run
