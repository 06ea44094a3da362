"""`frontrunner estimate` as users type it."""

import dataclasses
import json

import pytest
from estimated_suites import NAME, small_clip_suite

import frontrunner as fr
from frontrunner.harness.commands.estimate_shown import Shown
from frontrunner.harness.estimating.estimate import estimate
from frontrunner.harness.estimating.memory_parts import Peak
from frontrunner.harness.scoring.units import as_bytes


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    return str(small_clip_suite(tmp_path_factory.mktemp("estimated"), name=f"{NAME}-typed").file)


def test_it_shows_parameters_and_every_part(command, suite):
    ended = command.within("estimate", "pwe-moe-ls", suite, "--device", "cpu")
    assert (ended.status, ended.err) == (0, "")
    for what in ("trainable parameters", "total parameters", "peak of a training step", "activations", "gradients"):
        assert what in ended.out


def test_json_sums_up(command, suite):
    ended = command.within("estimate", "ls", suite, "--tasks", "task1,task0", "--batch-size", "4", "--format", "json")
    found = json.loads(ended.out)
    assert found["tasks"] == ["task1", "task0"]
    assert found["batch_size"] == 4
    assert sum(found["step_parts"].values()) == found["step_bytes"] <= found["peak_bytes"]
    assert "measured" not in found


@pytest.mark.parametrize("is_before", [False, True])
def test_the_peak_is_shown_whether_it_is_before_the_steps_or_in_one(suite, is_before):
    found = estimate(fr.make_learner("ls"), f"{NAME}-typed")
    more = Peak({part: 10 * n_bytes for part, n_bytes in found.step.parts.items()})
    found = dataclasses.replace(found, **{"before" if is_before else "step": more})
    lines = Shown(found, None, None).as_markdown().splitlines()
    (shown,) = (line for line in lines if line.startswith("| peak"))
    assert found.peak_bytes == more.n_bytes
    assert as_bytes(more.n_bytes) in shown
    assert ("before the first step" in shown) == is_before
    parts = lines[lines.index(shown) + 1 :][: len(more.parts)]
    assert parts == [f"| {part} | {as_bytes(n_bytes)} |" for part, n_bytes in more.parts.items()]


def test_markdown_is_a_table(command, suite):
    lines = command.within("estimate", "epo", suite, "--device", "cuda", "--format", "md").out.splitlines()
    assert lines[0].startswith("**epo on")
    assert lines[0].endswith("(cuda)**")
    assert lines[2:4] == ["| | |", "|---|---:|"]
    assert all(line.count("|") == 3 for line in lines[4:9])


def test_a_measurement_stands_beside_the_estimate(command, suite):
    ended = command.within("estimate", "pwe-moe-ls", suite, "--device", "cpu", "--measure", "--format", "json")
    found = json.loads(ended.out)
    assert found["peak_bytes"] / found["measured"]["peak_bytes"] == pytest.approx(1, abs=0.1)
    assert found["forecast"]["fit_s"] == pytest.approx(10 * found["measured"]["median_step_s"])
    shown = command.within("estimate", "pwe-moe-ls", suite, "--device", "cpu", "--measure").out
    for what in ("measured peak of tensors", "forecast of the fit, 10 steps", "forecast of evaluating 11 models"):
        assert what in shown


def test_a_learner_without_steps_says_what_is_not_known(command, suite):
    out = command.within("estimate", "weight-averaging", suite).out
    assert "Weight-averaging declares no gradient steps" in out
    assert "peak of a training step" not in out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--device", "tpu"), "a device is cpu, cuda"),
        (("--device", "mps"), "memory is estimated for cpu or cuda, found --device mps"),
        (("--set", "batch_size=2", "--batch-size", "3"), "given twice"),
        (("--tasks", "task9"), "task9"),
        (("--batch-size", "0"), "batch_size"),
    ],
)
def test_bad_input_gets_one_sentence(command, suite, words, sentence):
    ended = command.within("estimate", "ls", suite, *words)
    assert ended.status == 1
    assert sentence in ended.err
    assert len(ended.err.strip().splitlines()) == 1


def test_a_method_without_steps_says_that_nothing_was_measured(command, suite):
    ended = command.within("estimate", "weight-averaging", suite, "--device", "cpu", "--measure")
    assert ended.err == "warning: nothing was measured, since weight-averaging takes no training steps\n"
