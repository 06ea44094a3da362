"""A bench says before it starts which cells need more memory than there is, or than is free."""

import json

import pytest
from estimated_suites import small_clip_suite

from frontrunner.harness.cells.make_cell import make_cell
from frontrunner.harness.estimating import device_memory
from frontrunner.harness.estimating.device_memory import DeviceMemory, memory_of
from frontrunner.harness.records.status import Status
from frontrunner.harness.records.store import Store
from frontrunner.harness.running import memory_check
from frontrunner.harness.running.memory_check import hold_against_memory

NAME = "held-against-memory"
NEEDED = 1_000_000
"""About what `ls` needs on the suite, in bytes, for each of its models beyond mapped files."""


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    return small_clip_suite(tmp_path_factory.mktemp("held"), name=NAME)


@pytest.fixture
def machine(monkeypatch):
    """Sets the memory of every device, and counts how often it is asked for an estimate."""
    asked = []
    real = memory_check.estimate

    def counted(*args, **given):
        asked.append(args)
        return real(*args, **given)

    def has(total, free):
        monkeypatch.setattr(memory_check, "memory_of", lambda device: DeviceMemory(device, total, free))
        return asked

    monkeypatch.setattr(memory_check, "estimate", counted)
    return has


def cell(method="ls", suite=NAME, seed=0, **options):
    return make_cell(method, suite, tasks=None, seed=seed, options=options, points_per_edge=2)


def test_a_cell_that_cannot_fit_is_refused_with_numbers(suite, machine):
    machine(total=NEEDED // 2, free=NEEDED // 4)
    one = cell()
    found = hold_against_memory([one], ["cpu"])
    ending = found.refused[one.key]
    assert ending.status is Status.OUT_OF_MEMORY
    assert ending.reason.startswith("not started: by estimate its tensors need 1")
    assert "cpu has 500 kB in all; lower batch_size" in ending.reason
    assert found.warnings == []


def test_a_cell_that_needs_more_than_is_free_is_warned_of_once(suite, machine):
    asked = machine(total=100 * NEEDED, free=NEEDED // 4)
    found = hold_against_memory([cell(seed=seed) for seed in range(3)], ["cpu"])
    assert found.refused == {}
    (warning,) = found.warnings
    assert warning.startswith(f"ls on {NAME} may run out of memory: by estimate its tensors need 1")
    assert "of which cpu has 250 kB free" in warning
    assert len(asked) == 1


def test_what_is_clearly_small_or_is_no_suite_file_is_not_estimated(suite, machine):
    asked = machine(total=10**12, free=10**12)
    assert hold_against_memory([cell()], ["cpu"]).refused == {}
    machine(total=1, free=1)
    on_line = cell("ls", "convex-toy")
    assert hold_against_memory([on_line], ["cpu"]).refused == {}
    assert asked == []


def test_a_cell_that_fits_since_its_bank_lies_on_the_cpu_is_not_refused(suite, machine):
    kept, moved = (
        cell("pwe-moe-ls", upscale="all", bank_dtype="bfloat16", bank_device=place) for place in ("problem", "cpu")
    )
    machine(total=0, free=0)
    needed = [memory_check.estimate(one.learner(), NAME, device_type="cuda").peak_bytes for one in (kept, moved)]
    assert needed[1] < needed[0]
    machine(total=int(sum(needed) / 2 * memory_check.CERTAIN), free=1)
    assert list(hold_against_memory([kept, moved], ["cuda:0"]).refused) == [kept.key]


def test_a_learner_without_steps_is_left_alone(suite, machine):
    machine(total=10, free=10)
    assert hold_against_memory([cell("weight-averaging")], ["cpu"]).refused == {}


def test_every_further_model_counts(suite, machine):
    machine(total=1, free=1)
    few, many = (make_cell("ls", NAME, tasks=None, seed=0, options={}, points_per_edge=points) for points in (2, 1000))
    found = hold_against_memory([few, many], ["cpu"]).refused
    assert "MB" in found[many.key].reason.partition(",")[0]
    assert found[many.key].reason != found[few.key].reason


@pytest.mark.parametrize("devices", [["cuda:0+cuda:1"], [], ["cuda:7"]])
def test_unknown_memory_refuses_nothing(suite, devices, monkeypatch):
    monkeypatch.setenv("PATH", "")  # no nvidia-smi
    assert hold_against_memory([cell()], devices) == memory_check.MemoryCheck()


def test_the_memory_of_the_processor_is_known():
    found = memory_of("cpu")
    assert found.total_bytes > found.free_bytes > 0
    assert found.device_type == "cpu"


@pytest.fixture
def cards(tmp_path, monkeypatch):
    """Has `nvidia-smi` tell of two GPUs of one model, or of two, the first of 1 MiB and the second of 2."""

    def has(models, visible=None, order=None):
        tool = tmp_path / "nvidia-smi"
        lines = [f"echo 'GPU-{n}a, {model}, {n}, {n}'" for n, model in enumerate(models, start=1)]
        tool.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        for name, value in ((device_memory.VISIBLE, visible), (device_memory.ORDER, order)):
            monkeypatch.delenv(name, raising=False)
            if value is not None:
                monkeypatch.setenv(name, value)

    return has


@pytest.mark.parametrize(
    ("visible", "device", "found"),
    [
        (None, "cuda", 1),
        (None, "cuda:1", 2),
        (None, "cuda:2", None),
        ("1", "cuda:0", 2),
        ("1", "cuda:1", None),  # not the first card, which is not visible
        ("", "cuda:0", None),
        ("7", "cuda:0", None),
        ("GPU-2a, GPU-1", "cuda:1", 1),
        ("GPU-", "cuda:0", None),
        ("MIG-1", "cuda:0", None),
    ],
)
def test_a_gpu_is_the_one_that_its_number_means_here(visible, device, found, cards):
    cards(["A", "A"], visible)
    assert memory_of(device) == (None if found is None else DeviceMemory(device, found * 2**20, found * 2**20))


@pytest.mark.parametrize(
    ("visible", "order", "known"),
    [
        (None, None, False),
        ("1,0", None, False),
        (None, "FASTEST_FIRST", False),
        (None, "PCI_BUS_ID", True),
        ("GPU-1a", None, True),
    ],
)
def test_which_of_different_gpus_a_number_means_is_known_in_the_order_of_the_bus(visible, order, known, cards):
    cards(["A", "B"], visible, order)
    assert (memory_of("cuda:0") is not None) == known


def test_a_bench_records_it_and_runs_the_others(suite, machine, command, in_process, tmp_path):
    machine(total=NEEDED // 2, free=NEEDED // 4)
    file = tmp_path / "bench.yaml"
    learners = [{"method": "ls", "options": {"steps": 1}}, "weight-averaging"]
    suites = [{"file": str(suite.file), "points_per_edge": 2}]
    content = {"name": "tight", "suites": suites, "learners": learners, "seeds": [0]}
    file.write_text(json.dumps(content))
    store = tmp_path / "store"
    ended = command.within("bench", str(file), "--store", str(store), "--device", "cpu")
    assert ended.status == 1
    assert "ls (steps=1)" in ended.out
    assert "out of memory: not started: by estimate its tensors need" in " ".join(ended.out.split())
    found = {one.cell.method: one.status for one in Store(store, create=False).attempts()}
    assert [method for method, _ in in_process] == ["weight-averaging"]
    assert found == {"ls": Status.OUT_OF_MEMORY, "weight-averaging": Status.FINISHED}
