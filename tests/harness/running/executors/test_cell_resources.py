"""What is asked for a cell is checked in the same way under every engine."""

import os

import pytest

import frontrunner as fr
from frontrunner.harness.running.cell_limits import CellLimits
from frontrunner.harness.running.executors.cell_resources import require_here
from frontrunner.harness.running.executors.ray_executor import RayExecutor
from frontrunner.harness.running.executors.slurm_executor import SlurmExecutor
from frontrunner.harness.running.executors.slurm_job import threads_of_job


@pytest.fixture(params=["ray", "slurm"])
def make(request, tmp_path):
    """(kind, cpus, gpus) -> the executor of one engine after the other."""

    def make(kind, cpus, gpus):
        if request.param == "ray":
            return RayExecutor(address=None, kind=kind, cpus=cpus, gpus=gpus, memory_bytes=None)
        return SlurmExecutor(tmp_path, kind=kind, cpus=cpus, gpus=gpus, limits=CellLimits(), settings={})

    return make


@pytest.mark.parametrize(
    ("kind", "cpus", "gpus", "message"),
    [
        ("cuda:0,cuda:1", 1, None, "--device was to be auto, cpu or cuda"),
        ("cpu,cpu", 1, None, "--device was to be auto, cpu or cuda, .* found 'cpu,cpu'"),
        ("cpu", 1, 1.0, "--device cpu and --cell-gpus 1 contradict each other"),
        ("cuda", 1, 0.0, "--device cuda and --cell-gpus 0 contradict each other"),
        ("auto", -1, None, "--cell-cpus was to be a number of at least 0, found -1"),
        ("auto", float("nan"), None, "--cell-cpus"),
        ("auto", 1, -2.0, "--cell-gpus was to be a number of at least 0, found -2"),
        ("auto", 1, float("inf"), "--cell-gpus"),
        ("auto", 1, 1.5, "--cell-gpus was to be a fraction of one GPU or a whole number, found 1.5"),
    ],
)
def test_what_no_engine_could_give_is_refused(kind, cpus, gpus, message, make):
    with pytest.raises(fr.ConfigError, match=message):
        make(kind, cpus, gpus)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"SLURM_CPUS_PER_TASK": "8"}, {"OMP_NUM_THREADS": "8"}),
        ({"SLURM_CPUS_PER_TASK": "8", "OMP_NUM_THREADS": "2"}, {}),
        ({}, {}),
    ],
)
def test_a_cell_has_as_many_threads_as_its_job_has_cpus(environment, expected):
    assert threads_of_job(environment) == expected


def test_a_machine_has_the_cpus_that_the_command_is_bound_to(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {2, 5}, raising=False)
    require_here(2, None)
    with pytest.raises(fr.ConfigError, match=r"--cell-cpus was to be at most 2, .* found 3"):
        require_here(3, None)
