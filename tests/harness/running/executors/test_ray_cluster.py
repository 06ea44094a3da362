"""What a Ray cluster can serve is found before anything is submitted."""

import os
import re
import sys
from importlib.machinery import ModuleSpec
from types import SimpleNamespace

import pytest

import frontrunner as fr
from frontrunner.harness.running.executors.ray_cluster import STARTED_WITH, CellNeeds, connect, require_node
from frontrunner.harness.running.executors.ray_executor import RayExecutor

SMALL = {"CPU": 4.0, "memory": 8e9}
LARGE = {"CPU": 16.0, "GPU": 2.0, "memory": 64e9}


@pytest.mark.parametrize(
    ("needs", "nodes", "times"),
    [
        (CellNeeds(1, 0, None), [SMALL, LARGE], 20),
        (CellNeeds(0.5, 0, None), [SMALL], 8),
        (CellNeeds(3, 0, None), [SMALL, SMALL], 2),
        (CellNeeds(1, 1, None), [SMALL, LARGE], 2),
        (CellNeeds(1, 0.5, None), [LARGE], 4),
        (CellNeeds(1, 0.6, None), [LARGE], 2),
        (CellNeeds(0, 2, None), [LARGE], 1),
        (CellNeeds(1, 0, 3 * 10**9), [SMALL], 2),
    ],
)
def test_as_many_cells_run_as_nodes_have_room_for(needs, nodes, times):
    assert require_node(needs, nodes) == times


@pytest.mark.parametrize(
    ("needs", "asked"),
    [
        (CellNeeds(17, 0, None), "17 CPUs"),
        (CellNeeds(1, 3, None), "1 CPU, 3 GPUs"),
        (CellNeeds(5, 0, 65 * 10**9), "5 CPUs, 65GB of memory"),
        (CellNeeds(20, 2, 70 * 10**9), "20 CPUs, 2 GPUs, 70GB of memory"),
    ],
)
def test_what_no_node_can_serve_is_refused_although_all_together_have_it(needs, asked):
    with pytest.raises(fr.ConfigError, match=f"can run a cell that asks for {asked} .nodes have") as error:
        require_node(needs, [SMALL, LARGE, LARGE])
    assert "16 CPUs, 2 GPUs, 64GB of memory; 4 CPUs, 0 GPUs, 8GB of memory" in str(error.value)


def test_a_cluster_without_nodes_serves_nothing():
    with pytest.raises(fr.ConfigError, match="none is alive"):
        require_node(CellNeeds(1, 0, None), [])


@pytest.mark.parametrize(
    ("address", "advice"),
    [
        (None, "`ray start --head`, and name it by --ray-address auto"),
        ("auto", "`ray start --head`, or leave --ray-address out"),
    ],
)
def test_a_cluster_that_cannot_be_had_says_what_else_to_do(address, advice, monkeypatch):
    seen = []

    def init(**_):
        seen.append({name: os.environ.get(name) for name in STARTED_WITH})
        raise ConnectionError("no")

    there = SimpleNamespace(init=init, is_initialized=lambda: False, __spec__=ModuleSpec("ray", None))
    monkeypatch.setitem(sys.modules, "ray", there)
    for name in STARTED_WITH:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(fr.ConfigError, match=advice):
        connect(address)
    assert seen == [STARTED_WITH if address is None else dict.fromkeys(STARTED_WITH)]
    assert not set(STARTED_WITH) & set(os.environ)


def test_without_ray_a_sentence_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    executor = RayExecutor(address=None, kind="auto", cpus=1.0, gpus=None, memory_bytes=None)
    assert executor.open(0) == ["ray"]  # nothing to run, nothing to start
    with pytest.raises(fr.ConfigError, match=r'pip install "frontrunner\[ray\]"'):
        executor.open(1)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("ray://head:10001", "--ray-address was to be auto or HOST:PORT, found 'ray://head:10001'"),
        ("127.0.0.1:1", "no Ray cluster answers at '127.0.0.1:1'"),
        ("nonsense", "no Ray cluster answers at 'nonsense'"),
        ("127.0.0.1:99999999", "no Ray cluster answers at"),
    ],
)
def test_an_address_where_no_cluster_is_gets_one_sentence(address, message):
    pytest.importorskip("ray")
    with pytest.raises(fr.ConfigError, match=message):
        connect(address)


def test_ray_is_told_to_keep_its_messages_as_it_is_imported_and_as_it_connects(tmp_path, monkeypatch):
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "__init__.py").write_text(
        "import os\nskipped = os.environ.get('RAY_DEDUP_LOGS_SKIP_REGEX')\ngiven = {}\n"
        "is_initialized = lambda: False\ninit = lambda **options: given.update(options)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("RAY_DEDUP_LOGS_SKIP_REGEX", raising=False)
    for name in [name for name in sys.modules if name.partition(".")[0] == "ray"]:
        monkeypatch.delitem(sys.modules, name)
    ray, _ = connect(None)
    monkeypatch.delitem(sys.modules, "ray")
    assert re.search(ray.skipped, "")  # every line
    assert ray.given["log_to_driver"] is False
    assert "RAY_DEDUP_LOGS_SKIP_REGEX" not in os.environ


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"address": "ray://head:1"}, "--ray-address was to be auto or HOST:PORT"),
        ({"cpus": 9999.0}, "--cell-cpus was to be at most .* CPUs that this command may use, found 9999"),
        ({"gpus": 9999.0}, "--cell-gpus was to be at most 0, the GPUs of this machine, found 9999$"),
        ({"kind": "cuda"}, "--cell-gpus was to be at most 0, .* found 1; --device cuda asks for one"),
    ],
)
def test_what_cannot_be_had_is_refused_without_starting_ray(given, message, monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setattr("ray.init", lambda **_: pytest.fail("Ray was started"))
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    whole = {"address": None, "kind": "auto", "cpus": 1.0, "gpus": None, "memory_bytes": None}
    with pytest.raises(fr.ConfigError, match=message):
        RayExecutor(**whole | given).require_ready()
    RayExecutor(**whole).require_ready()


def test_a_cluster_that_is_named_is_asked_for_its_nodes_only_where_a_cell_is_left(monkeypatch):
    there = SimpleNamespace(
        init=lambda **_: None,
        is_initialized=lambda: False,
        nodes=lambda: [{"Alive": True, "Resources": SMALL}],
        shutdown=lambda: None,
        __spec__=ModuleSpec("ray", None),
    )
    monkeypatch.setitem(sys.modules, "ray", there)
    executor = RayExecutor(address="auto", kind="auto", cpus=5.0, gpus=None, memory_bytes=None)
    executor.require_ready()
    assert executor.open(0) == ["ray"]
    with pytest.raises(fr.ConfigError, match="can run a cell that asks for 5 CPUs"):
        executor.open(1)
    executor.close()
