"""An estimate is held against what torch's allocator counts of the same steps on real tensors."""

import dataclasses

import numpy as np
import pytest
import torch
from estimated_suites import NAME, small_clip_suite, taking_steps

import frontrunner as fr
from frontrunner.errors import ConfigError, UnknownNameError, UnsupportedError
from frontrunner.harness.estimating.estimate import estimate, learner_with
from frontrunner.harness.estimating.forecast import forecast
from frontrunner.harness.estimating.measured_fit import MeasuredFit, measure_fit, measure_memory, tensor_bytes
from frontrunner.harness.estimating.memory_parts import MemoryPart
from frontrunner.methods import task_vectors
from frontrunner.tasks.loss_comparison import LossComparison

METHODS = taking_steps()
QUICK = {
    "ls",
    "epo",
    "adamerging",
    "pwe-moe-ls",
    "pwe-moe-epo",
    "phn-ls",
    "phn-hvi",
    "palora",
    "layerwise-interpolation",
}
"""One of every kind; the others share their code."""


@pytest.fixture(scope="module")
def problem(tmp_path_factory):
    small_clip_suite(tmp_path_factory.mktemp("suite"))
    return fr.load_problem(NAME)


def ratio(learner, problem):
    """Estimated to measured peak."""
    measured, reserved = measure_memory(learner, problem)
    assert reserved is None
    assert measured > tensor_bytes(problem)
    return estimate(learner, NAME).peak_bytes / measured


def test_nearly_all_learners_that_train_take_steps():
    assert len(METHODS) > 20
    assert QUICK | {"multi-task"} <= set(METHODS)


@pytest.mark.parametrize(
    "method", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in METHODS]
)
def test_the_peak_is_that_of_real_tensors(method, problem):
    assert ratio(fr.make_learner(method), problem) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("upscale", ["mlp", "all"])
@pytest.mark.parametrize("method", ["pwe-moe-ls", "pwe-moe-epo"])
def test_the_peak_of_large_models_is_that_of_real_tensors(method, upscale, problem, monkeypatch):
    monkeypatch.setattr(task_vectors, "LARGEST_FLAT", 0)
    # Left out of estimates: what the first step takes to compare losses, which is a tenth of so small a model.
    monkeypatch.setattr(LossComparison, "agree", lambda *_: True)
    assert ratio(fr.make_learner(method, upscale=upscale), problem) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("options", [{"preferences_per_step": 3}, {"bank_dtype": "bfloat16"}, {"batch_size": 16}])
def test_options_count(options, problem):
    learner = fr.make_learner("pwe-moe-ls", **options)
    assert ratio(learner, problem) == pytest.approx(1, abs=0.1)
    assert estimate(learner, NAME).step != estimate(fr.make_learner("pwe-moe-ls"), NAME).step


@pytest.mark.parametrize("method", ["ls", "pwe-moe-ls", "pwe-moe-epo", "phn-ls"])
def test_parameters_are_those_that_a_run_records(method, problem):
    learner = fr.make_learner(method, steps=1)
    found = learner.fit(problem, np.full((1, 2), 0.5), fr.Context())
    estimated = estimate(fr.make_learner(method), NAME)
    assert estimated.trainable_parameters == found.trainable_parameters
    assert estimated.total_parameters == found.total_parameters


def test_parts_are_what_they_are_called(problem):
    weights = sum(tensor.nbytes for tensor in problem.pretrained.values())
    heads = sum(tensor.nbytes for head in problem.heads for tensor in head.parameters())
    parts = estimate(fr.make_learner("ls"), NAME).step.parts
    buffers = tensor_bytes(problem) - 3 * weights - heads
    assert parts[MemoryPart.WEIGHTS] == 2 * weights + heads + buffers  # pre-trained and trained
    assert parts[MemoryPart.TASK_VECTORS] == 2 * weights  # the experts, which `ls` does not use
    assert parts[MemoryPart.MERGED] == 0
    assert parts[MemoryPart.OPTIMISER] >= 2 * weights
    routed = estimate(fr.make_learner("pwe-moe-ls", upscale="model"), NAME).step.parts
    assert routed[MemoryPart.MERGED] == weights


def test_a_bank_in_the_memory_of_the_cpu_is_not_the_gpus(problem):
    def task_vectors(device_type, **options):
        learner = fr.make_learner("pwe-moe-ls", bank_dtype="bfloat16", **options)
        return estimate(learner, NAME, device_type=device_type).step.parts[MemoryPart.TASK_VECTORS]

    moved = {kind: task_vectors(kind) - task_vectors(kind, bank_device="cpu") for kind in ("cpu", "cuda")}
    experts = 2 * sum(tensor.nbytes for tensor in problem.pretrained.values())
    assert moved["cpu"] == 0  # it lies in the memory that is counted either way
    assert experts / 4 < moved["cuda"] <= experts / 2
    assert task_vectors("cuda", bank_device="cpu") >= experts


def test_activations_grow_with_the_batch(problem):
    few, many = (
        estimate(learner_with("pwe-moe-ls", {}, size), NAME).step.parts[MemoryPart.ACTIVATIONS] for size in (64, 128)
    )
    assert many / few == pytest.approx(2, rel=0.1)


def test_on_cuda_adam_makes_one_copy_less(problem):
    weights = sum(tensor.nbytes for tensor in problem.pretrained.values())
    on = {kind: estimate(fr.make_learner("mgda"), NAME, device_type=kind) for kind in ("cpu", "cuda")}
    assert on["cpu"].mapped_bytes == on["cpu"].held_bytes
    assert on["cuda"].mapped_bytes == 0
    state = {kind: found.step.parts[MemoryPart.OPTIMISER] for kind, found in on.items()}
    if state["cpu"] > 3 * weights:  # at the peak Adam is at work
        assert state["cuda"] <= state["cpu"] - weights + 1000


def test_a_model_for_every_preference_is_kept(problem):
    weights = sum(problem.pretrained[name].nbytes for name, _ in problem.model.named_parameters())
    assert estimate(fr.make_learner("ls"), NAME).kept_bytes == weights
    assert estimate(fr.make_learner("mgda"), NAME).kept_bytes == 0
    assert estimate(fr.make_learner("pwe-moe-ls"), NAME).kept_bytes == 0


@pytest.mark.parametrize("method", ["weight-averaging", "map", "regmean"])
def test_without_steps_the_problem_is_all_that_is_known(method, problem):
    found = estimate(fr.make_learner(method), NAME)
    assert found.held_bytes == found.mapped_bytes == tensor_bytes(problem)
    assert estimate(fr.make_learner(method), NAME, device_type="cuda").mapped_bytes == 0
    assert found.step is found.peak_bytes is found.trainable_parameters is found.total_parameters is None
    assert "declares no gradient steps" in found.note
    assert "step_bytes" not in found.to_json()


def test_nothing_is_read_or_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "cache"))
    small_clip_suite(tmp_path, n_tasks=8, name="eight-clips")
    assert estimate(fr.make_learner("pwe-moe-ls"), "eight-clips").tasks == tuple(f"task{t}" for t in range(8))
    assert not (tmp_path / "cache").exists()


def test_what_would_not_fit_is_estimated_all_the_same(problem):
    found = estimate(fr.make_learner("phn-ls", form="exact", hidden_size=10**7, max_exact_parameters=10**15), NAME)
    assert found.peak_bytes > 10**12
    assert found.trainable_parameters > 10**11


@pytest.mark.parametrize("method", ["pwe-moe-ls", "weight-averaging"])
def test_data_that_a_suite_keeps_on_the_device_take_memory_of_a_gpu(method):
    learner = fr.make_learner(method)
    held = {kind: estimate(learner, "linear-net", device_type=kind).held_bytes for kind in ("cpu", "cuda")}
    examples = [one for splits in fr.load_problem("linear-net").data for one in splits.values()]
    data = sum(one.inputs.nbytes + one.labels.nbytes for one in examples)
    assert held["cuda"] - held["cpu"] == data > 0
    on_gpu = estimate(fr.make_learner("pwe-moe-ls"), "linear-net", device_type="cuda")
    assert on_gpu.step.parts[MemoryPart.DATA] == data


def test_experts_are_not_trained(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path))
    found = estimate(fr.make_learner("pwe-moe-ls"), "vision-mini", tasks=["digits", "fashion"])
    assert found.trainable_parameters > 0
    assert found.step.n_bytes > found.held_bytes > 0
    assert not (tmp_path / "experts").exists()


@pytest.mark.parametrize("suite", ["convex-toy", "linear-net", "merging-toy"])
def test_problems_in_closed_form_are_estimated_too(suite):
    assert estimate(fr.make_learner("pwe-moe-epo", upscale="auto"), suite).step.n_bytes > 0


def test_what_is_wrong_is_said(problem):
    with pytest.raises(ConfigError, match="cpu or cuda, found 'tpu'"):
        estimate(fr.make_learner("ls"), NAME, device_type="tpu")
    with pytest.raises(ConfigError, match="batch size is given twice"):
        learner_with("ls", {"batch_size": 2}, 4)
    with pytest.raises(UnknownNameError, match="nothing"):
        estimate(fr.make_learner("ls"), NAME, tasks=["nothing"])
    with pytest.raises((ConfigError, UnsupportedError), match=r"upscale = 'nowhere\.\*'"):
        estimate(fr.make_learner("pwe-moe-ls", upscale="nowhere.*"), NAME)


def test_a_fit_that_cannot_do_without_values_says_so(problem, monkeypatch):
    learner = fr.make_learner("ls")

    def fit(self, problem, preferences, context):
        next(problem.batches("train", 2, context.generator("batches")))
        raise TypeError("needs a number")

    monkeypatch.setattr(type(learner), "fit", fit)
    with pytest.raises(UnsupportedError, match=r"ls cannot be run without values \(TypeError: needs a number\)"):
        estimate(learner, NAME)


def test_torch_is_left_as_it_was(problem):
    before = torch.utils.swap_tensors, torch.optim.Optimizer.zero_grad
    estimate(fr.make_learner("phn-ls"), NAME)
    assert (torch.utils.swap_tensors, torch.optim.Optimizer.zero_grad) == before
    assert torch.ones(2).sum().item() == 2


def test_a_forecast_is_steps_times_their_median(problem):
    learner = fr.make_learner("ls", steps=7)
    measured = measure_fit(learner, problem, steps=3)
    assert len(measured.step_s) == 3
    assert min(measured.step_s) > 0
    assert measured.evaluation_s > 0
    slow = dataclasses.replace(measured, step_s=(1.0, 2.0, 9.0), evaluation_s=0.5)
    found = forecast(learner, estimate(learner, NAME), slow)
    assert (found.n_models, found.n_steps, found.fit_s) == (11, 7, 11 * 7 * 2.0)
    assert (found.n_members, found.evaluation_s) == (11, 5.5)
    assert forecast(learner, estimate(learner, NAME), None) is None


@pytest.mark.parametrize("method", ["mgda", "adamerging", "ls", "multi-task", "pwe-moe-ls"])
def test_a_forecast_evaluates_the_models_that_the_set_holds(method, problem):
    learner = fr.make_learner(method, steps=1)
    preferences = fr.simplex_grid(2, 11)  # the default
    held = learner.fit(problem, preferences, fr.Context()).n_members(preferences)
    measured = MeasuredFit(peak_bytes=1, reserved_bytes=None, step_s=(1.0,), evaluation_s=0.5)
    found = forecast(learner, estimate(learner, NAME), measured)
    assert (found.n_members, found.evaluation_s) == (held, held * 0.5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("suite", "n_tasks", "upscale", "trainable", "total"),
    [
        ("clip-vit-b-32-ta8", 2, "mlp", 264, 226_787_337),
        ("clip-vit-b-32-ta8", 3, "mlp", 540, 283_456_797),
        ("clip-vit-b-32-ta8", 8, "all", 18_200, 1_015_184_921),
        ("clip-vit-l-14-ta8", 2, "mlp", 528, 745_461_521),
    ],
)
def test_parameters_are_those_of_table_8(suite, n_tasks, upscale, trainable, total):
    tasks = ["sun397", "cars", "resisc45", "eurosat", "svhn", "gtsrb", "mnist", "dtd"][:n_tasks]
    found = estimate(fr.make_learner("pwe-moe-ls", upscale=upscale, batch_size=1), suite, tasks=tasks)
    assert (found.trainable_parameters, found.total_parameters) == (trainable, total)
