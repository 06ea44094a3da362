import dataclasses
import json
import math
import os
import shutil
from typing import ClassVar

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import frontrunner as fr
from frontrunner.errors import PreferenceError, StoreError
from frontrunner.file_digest import digest_files
from frontrunner.harness.exporting.export_model import export_model
from frontrunner.harness.records.store import Store
from frontrunner.harness.running.plain_state import plain_state
from frontrunner.testing import TinyNet


@pytest.fixture(scope="module")
def attempt_of(everything):
    attempts = {attempt.cell.label: attempt for attempt in Store(everything.store, create=False).attempts()}
    return attempts.__getitem__


def written(preference, tasks):
    return ",".join(f"{task}={weight!r}" for task, weight in zip(tasks, preference.tolist(), strict=True))


@pytest.mark.parametrize("label", ["pwe-moe-ls", "interpolation", "experts", "weight-averaging"])
def test_an_exported_model_has_the_recorded_errors(label, attempt_of, command, everything, tiny, tmp_path):
    attempt = attempt_of(label)
    recorded = attempt.record().evaluation
    if recorded.preferences is None:
        row, preference = 0, np.array([0.2, 0.3, 0.5])
    else:
        row = len(recorded.preferences) // 2
        preference = recorded.preferences[row]
    order = [2, 0, 1]  # tasks are named, so that their order is free
    weights = written(preference[order], [attempt.cell.tasks[t] for t in order])
    model_folder = tmp_path / "deep" / "model"
    ended = command.within(
        "export", attempt.run_id[:12], "--preference", weights, "-o", model_folder, "--store", everything.store
    )
    assert (ended.status, ended.err) == (0, "")
    state = load_file(model_folder / "model.safetensors")
    model = TinyNet()
    model.load_state_dict(state, strict=True)
    problem = fr.load_problem("tiny")
    found = problem.evaluate(model.state_dict(), "test")
    assert found.error.tolist() == recorded.error[row].tolist()
    assert found.loss == pytest.approx(recorded.loss[row], abs=1e-6)
    about = json.loads((model_folder / "model.json").read_text())
    assert about["run"] == attempt.run_id
    assert list(about["preference"].values()) == preference.tolist()
    assert about["method"] == label


@pytest.mark.parametrize(("field", "kind"), [("method", "method"), ("suite", "suite")])
def test_a_run_of_a_plugin_that_is_not_given_is_refused_with_what_to_give(field, kind, attempt_of, tmp_path):
    attempt = attempt_of("interpolation")
    foreign = dataclasses.replace(attempt, cell=dataclasses.replace(attempt.cell, **{field: "pmtlx"}))
    weights = dict.fromkeys(attempt.cell.tasks, 1 / 3)
    with pytest.raises(StoreError, match=rf"the {kind} 'pmtlx', which comes from a plugin; give .* --plugin FILE"):
        export_model(foreign, weights, tmp_path)


def test_preferences_are_answered_by_different_models(attempt_of, tmp_path):
    attempt = attempt_of("pwe-moe-ls")
    first, second = (
        load_file(export_model(attempt, dict(zip(attempt.cell.tasks, row, strict=True)), tmp_path / str(row[0]))[0])
        for row in ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    )
    assert any(not first[name].equal(second[name]) for name in first)


WRONG = {
    "a task too few": ("task0=1", ["one weight for each of task0, task1, task2", "found task0"]),
    "an unknown task": ("task0=0.5,task1=0.5,task3=0", ["found task0, task1, task3"]),
    "weights that sum to 0.9": ("task0=0.3,task1=0.3,task2=0.3", ["sum to 1", "0.9"]),
    "a negative weight": ("task0=1.5,task1=-0.5,task2=0", ["not negative"]),
    "no weight": ("task0,task1=0.5,task2=0.5", ["task=weight", "'task0'"]),
    "not a number": ("task0=a,task1=0.5,task2=0.5", ["task=weight", "'task0=a'"]),
    "nan": ("task0=nan,task1=0.5,task2=0.5", ["finite"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_preference_is_one_sentence_and_writes_nothing(case, attempt_of, command, everything, tmp_path):
    weights, parts = WRONG[case]
    run = attempt_of("pwe-moe-ls").run_id
    ended = command.within(
        "export", run, "--preference", weights, "-o", tmp_path / "model", "--store", everything.store
    )
    assert ended.status == 1
    (sentence,) = ended.err.splitlines()
    assert sentence.startswith("error: ")
    assert [part for part in parts if part not in sentence] == []
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("label", "why"), [("task-arithmetic", "stand for no preference"), ("experts", "holds 3 preferences")]
)
def test_a_finite_set_says_what_it_cannot_answer(label, why, attempt_of, tmp_path):
    attempt = attempt_of(label)
    third = dict.fromkeys(attempt.cell.tasks, 1 / 3)
    with pytest.raises(PreferenceError, match=why):
        export_model(attempt, third, tmp_path / "deep" / "model")
    assert os.listdir(tmp_path) == []


def test_truncated_routers_are_a_store_error(attempt_of, tmp_path):
    attempt = attempt_of("pwe-moe-ls")
    folder = shutil.copytree(attempt.folder, tmp_path / "artifacts")
    saved = folder / "state.safetensors"
    saved.write_bytes(saved.read_bytes()[:-10])
    third = dict.fromkeys(attempt.cell.tasks, 1 / 3)
    with pytest.raises(StoreError, match="is damaged"):
        export_model(dataclasses.replace(attempt, folder=folder), third, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def _first(change):
    """Change the first of the weights that have a fraction."""

    def changed(state):
        name = next(name for name, tensor in state.items() if tensor.is_floating_point())
        return state | {name: change(state[name].clone())}

    return changed


def _filled(value):
    def fill(tensor):
        tensor.view(-1)[-1] = value
        return tensor

    return fill


STATES = {
    "NaN": (_first(_filled(math.nan)), "holds 1 values that are NaN or infinite"),
    "infinity": (_first(_filled(math.inf)), "holds 1 values that are NaN or infinite"),
    "double precision": (_first(torch.Tensor.double), "must be torch.float32 of shape .*, is torch.float64"),
    "half precision": (_first(torch.Tensor.half), "must be torch.float32 of shape .*, is torch.float16"),
    "whole numbers": (_first(torch.Tensor.long), "must be torch.float32 of shape .*, is torch.int64"),
    "another shape": (_first(lambda tensor: tensor.reshape(-1)[:1]), "does not fit|not those of 'pwe-moe-ls'"),
    "a weight too few": (lambda state: dict(list(state.items())[1:]), "does not fit|not those of 'pwe-moe-ls'"),
    "other names": (lambda state: {f"x{name}": t for name, t in state.items()}, "does not fit|not those of"),
}


@pytest.mark.parametrize("case", STATES)
def test_learned_weights_that_are_not_what_was_learned_write_nothing(case, attempt_of, command, everything, tmp_path):
    change, why = STATES[case]
    attempt = attempt_of("pwe-moe-ls")
    folder = shutil.copytree(attempt.folder, tmp_path / "artifacts")
    saved = folder / "state.safetensors"
    save_file({name: t.contiguous() for name, t in change(load_file(saved)).items()}, saved)
    digests = {**attempt.digests, "state.safetensors": digest_files(saved)}
    damaged = dataclasses.replace(attempt, folder=folder, digests=digests)
    with pytest.raises(fr.FrontrunnerError, match=why) as caught:
        export_model(damaged, dict.fromkeys(attempt.cell.tasks, 1 / 3), tmp_path / "model")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "model").exists()


ANSWERS = {
    "NaN": (lambda p: p | {"embed.bias": p["embed.bias"] * math.nan}, "embed.bias holds 6 values that are NaN"),
    "infinity": (lambda p: p | {"embed.bias": p["embed.bias"] / 0 + math.inf}, "embed.bias holds 6 values"),
    "half precision": (lambda p: p | {"embed.bias": p["embed.bias"].half()}, "must be float32 .* is float16"),
    "a weight too many": (lambda p: p | {"more": torch.zeros(1)}, "more is unknown"),
    "no mapping": (lambda p: list(p.values()), "found list"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer_that_is_no_model_writes_nothing(case, attempt_of, monkeypatch, tmp_path):
    change, why = ANSWERS[case]
    attempt = attempt_of("weight-averaging")

    def restore(self, problem, state, preferences, context):
        return fr.FiniteSet(3, lambda _: change(dict(problem.pretrained)), ["one"], total_parameters=1)

    monkeypatch.setattr(type(attempt.cell.learner()), "restore", restore)
    with pytest.raises(StoreError, match=f"for this preference is not exported: .*{why}"):
        export_model(attempt, dict.fromkeys(attempt.cell.tasks, 1 / 3), tmp_path / "model")
    assert not (tmp_path / "model").exists()


class PlainStates(fr.Learner):
    """Learns one number, and keeps what it has learned as numbers, arrays and lists."""

    name = "plain-states"
    STATE: ClassVar = {"number": 0.25, "array": np.arange(3.0), "list": [1, 2], "tensor": torch.ones(2)}

    def fit(self, problem, preferences, context):
        return PlainSet(problem, self.STATE)

    def restore(self, problem, state, preferences, context):
        return PlainSet(problem, {**self.STATE, "number": float(state["number"])})


class PlainSet(fr.ContinuousSet):
    """Answers with the pre-trained model times the number that was learned."""

    trainable_parameters = 1

    def __init__(self, problem, state):
        scale = state["number"]
        super().__init__(
            problem.n_tasks,
            lambda _: {n: w * scale if w.is_floating_point() else w for n, w in problem.pretrained.items()},
            total_parameters=1,
        )
        self._state = state

    def state(self):
        return self._state


@pytest.fixture
def plain_attempt(attempt_of, monkeypatch, tmp_path):
    """A run of `PlainStates`, as far as an export looks at it."""
    attempt = attempt_of("weight-averaging")
    folder = shutil.copytree(attempt.folder, tmp_path / "artifacts")
    save_file(plain_state(PlainStates.STATE), folder / "state.safetensors")
    digests = {**attempt.digests, "state.safetensors": digest_files(folder / "state.safetensors")}
    monkeypatch.setattr(type(attempt.cell.learner()), "restore", PlainStates.restore)
    monkeypatch.setattr(type(attempt.cell.learner()), "STATE", PlainStates.STATE, raising=False)
    return dataclasses.replace(attempt, folder=folder, digests=digests)


def test_a_state_of_numbers_arrays_and_lists_is_exported(plain_attempt, tmp_path):
    third = dict.fromkeys(plain_attempt.cell.tasks, 1 / 3)
    found = load_file(export_model(plain_attempt, third, tmp_path / "model")[0])
    problem = fr.load_problem("tiny", seed=plain_attempt.cell.seed)
    torch.testing.assert_close(found["embed.weight"], 0.25 * problem.pretrained["embed.weight"])


@pytest.mark.parametrize(
    "change", [lambda state: state | {"more": torch.ones(1)}, lambda state: {"number": state["number"]}]
)
def test_a_state_with_other_names_is_not_what_was_learned(change, plain_attempt, tmp_path):
    saved = plain_attempt.folder / "state.safetensors"
    save_file(change(load_file(saved)), saved)
    edited = dataclasses.replace(
        plain_attempt, digests={**plain_attempt.digests, "state.safetensors": digest_files(saved)}
    )
    with pytest.raises(
        StoreError, match=r"not those of 'weight-averaging' .*\(expected array, list, number, tensor, found"
    ):
        export_model(edited, dict.fromkeys(edited.cell.tasks, 1 / 3), tmp_path / "model")


def test_what_restore_returns_is_called_so(plain_attempt, monkeypatch, tmp_path):
    monkeypatch.setattr(type(plain_attempt.cell.learner()), "restore", lambda *_: None)
    with pytest.raises(fr.ConfigError, match="restore of 'weight-averaging' returned None"):
        export_model(plain_attempt, dict.fromkeys(plain_attempt.cell.tasks, 1 / 3), tmp_path / "model")


def test_a_folder_that_is_a_file_is_a_store_error(attempt_of, tmp_path):
    file = tmp_path / "model"
    file.write_text("precious")
    attempt = attempt_of("weight-averaging")
    with pytest.raises(StoreError, match="cannot be written"):
        export_model(attempt, dict.fromkeys(attempt.cell.tasks, 1 / 3), file)
    assert file.read_text() == "precious"
