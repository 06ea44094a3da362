"""Every learner on a CUDA device: the same front for the same seed, that of the CPU, and steps that do not wait."""

import os
import re
import warnings

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.harness.commands.estimate import _measured
from frontrunner.harness.estimating.estimate import estimate
from frontrunner.harness.running.deterministic_cuda import ENVIRONMENT, set_up_cuda
from frontrunner.methods import task_vectors, training
from frontrunner.methods.weight_block import WeightBlock
from frontrunner.tasks.side_by_side import lay_side_by_side
from frontrunner.tasks.stored_inputs import moved
from frontrunner.testing import TinyNet, tiny_problem

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
    pytest.mark.filterwarnings("ignore:.*deterministic.*"),
]
GPU = torch.device("cuda:0")
PREFERENCES = fr.simplex_grid(3, 3)
WITHOUT_A_WAIT = ["ls", "stch", "pwe-moe-ls", "pwe-moe-stch", "phn-ls", "pamal", "palora", "cosmos", "pareto-merging"]


@pytest.fixture(autouse=True)
def as_in_cells():
    """Torch as cells have it."""
    set_up_cuda("cuda:0")
    yield
    torch.use_deterministic_algorithms(False)


def problem_there(*, data_too=True):
    """The tiny problem with its weights, and perhaps its data, on the GPU."""
    here = tiny_problem()

    def there(params):
        return {name: tensor.to(GPU) for name, tensor in params.items()}

    def examples(given):
        return fr.Examples(moved(given.inputs, GPU), moved(given.labels, GPU)) if data_too else given

    return fr.ClassificationProblem(
        name=here.name,
        tasks=here.tasks,
        model=TinyNet(),
        pretrained=there(here.pretrained),
        experts=[there(expert) for expert in here.experts],
        budget=here.budget,
        data=[{split: examples(one) for split, one in splits.items()} for splits in here.data],
        heads=[head.to(GPU) for head in here.heads],
    )


def made(method, **options):
    try:
        return fr.make_learner(method, steps=12, **options)
    except fr.FrontrunnerError:
        return fr.make_learner(method, **options)


def front_of(method, problem, device, **options):
    found = made(method, **options).fit(problem, PREFERENCES, fr.Context(seed=1, device=device))
    return fr.evaluate(problem, found, PREFERENCES).objectives


@pytest.mark.parametrize("method", ["pwe-moe-ls", "pwe-moe-epo", "layerwise-interpolation"])
def test_weights_of_experts_side_by_side_are_those_of_the_cpu_but_for_rounding(method, monkeypatch):
    monkeypatch.setattr(task_vectors, "LARGEST_FLAT", 0)
    solved = []
    for problem, device in ((tiny_problem(), "cpu"), (problem_there(data_too=False), "cuda:0")):
        if device != "cpu":
            lay_side_by_side(problem)
        found = made(method).fit(problem, PREFERENCES, fr.Context(seed=1, device=device))
        solved.append({name: tensor.cpu() for name, tensor in found.solve([0.2, 0.3, 0.5]).items()})
    assert any(isinstance(weight, WeightBlock) for bank in found.model.banks for weight in bank.weights)
    torch.testing.assert_close(solved[1], solved[0], atol=2e-3, rtol=2e-3)


def test_a_step_of_experts_side_by_side_waits_for_nothing_on_the_device(monkeypatch):
    monkeypatch.setattr(task_vectors, "LARGEST_FLAT", 0)
    steps = training.REPORT_EVERY
    found = [waits_of("pwe-moe-ls", n, True, apart=False) for n in (steps, steps, 2 * steps)]
    assert found[2] - found[1] == 1  # the loss that is reported


@pytest.mark.parametrize("method", fr.list_methods())
def test_a_learner_finds_the_same_front_for_the_same_seed(method):
    first, second = (front_of(method, problem_there(), "cuda:0") for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("options", [{}, {"bank_dtype": "float32"}, {"bank_dtype": "bfloat16", "bank_device": "cpu"}])
@pytest.mark.parametrize("method", ["pwe-moe-ls", "pwe-moe-epo", "layerwise-interpolation"])
def test_weights_are_those_of_the_cpu_but_for_rounding(method, options):
    solved = []
    for problem, device in ((tiny_problem(), "cpu"), (problem_there(data_too=False), "cuda:0")):
        found = made(method, **options).fit(problem, PREFERENCES, fr.Context(seed=1, device=device))
        solved.append({name: tensor.cpu() for name, tensor in found.solve([0.2, 0.3, 0.5]).items()})
    torch.testing.assert_close(solved[1], solved[0], atol=2e-3, rtol=2e-3)


def waits_of(method, steps, data_too, *, apart=True, **options):
    """How often torch says that the processor has waited during a fit."""
    problem, learner = problem_there(data_too=data_too), fr.make_learner(method, steps=steps, **options)
    if not apart:
        lay_side_by_side(problem)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            learner.fit(problem, PREFERENCES[:1], fr.Context(device="cuda:0"))
        finally:
            torch.cuda.set_sync_debug_mode("default")
    return sum(bool(re.search("synchroniz", str(one.message))) for one in said)


@pytest.mark.parametrize("data_too", [True, False])
@pytest.mark.parametrize("method", WITHOUT_A_WAIT)
def test_a_step_waits_for_nothing_on_the_device(method, data_too):
    steps = training.REPORT_EVERY
    waits_of(method, steps, data_too)  # whatever is found out once a process
    shorter, longer = (waits_of(method, n, data_too) for n in (steps, 2 * steps))
    assert longer - shorter == 1  # the loss that is reported


def test_merging_large_models_waits_for_nothing_on_the_device():
    steps = training.REPORT_EVERY
    found = [waits_of("pwe-moe-ls", n, True, bank_dtype="float32") for n in (steps, steps, 2 * steps)]
    assert found[2] - found[1] == 1


def test_a_bench_runs_on_the_device_and_records_its_memory(command, tmp_path):
    ended = command.run(*command.bench(tmp_path, ["pwe-moe-ls", "ls"]), "--device", "cuda:0")
    assert ended.status == 0, ended.err
    board = command.run("leaderboard", "--store", tmp_path / "store", "--format", "csv", "--suite", "tiny")
    assert "peak_gpu_allocated_bytes" in board.out


def test_a_measurement_has_the_kernels_of_cells(monkeypatch):
    for name in ENVIRONMENT:
        monkeypatch.delenv(name)
    torch.use_deterministic_algorithms(False)
    learner = fr.make_learner("pwe-moe-ls")
    found = estimate(learner, "linear-net", device_type="cuda")
    assert _measured(found, learner, "linear-net", None, "cuda:0").reserved_bytes > 0
    assert torch.are_deterministic_algorithms_enabled()
    assert {name: os.environ[name] for name in ENVIRONMENT} == ENVIRONMENT
