import dataclasses
import json
import shutil

import numpy as np
import pytest
from safetensors.torch import load_file

import frontrunner as fr
from frontrunner.errors import PreferenceError, StoreError
from frontrunner.harness.records.store import Store
from frontrunner.harness.running.export_model import export_model
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


def test_preferences_are_answered_by_different_models(attempt_of, tmp_path):
    attempt = attempt_of("pwe-moe-ls")
    first, second = (
        load_file(export_model(attempt, dict(zip(attempt.cell.tasks, row, strict=True)), tmp_path / str(row[0])))
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
        export_model(attempt, third, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_truncated_routers_are_a_store_error(attempt_of, tmp_path):
    attempt = attempt_of("pwe-moe-ls")
    folder = shutil.copytree(attempt.folder, tmp_path / "artifacts")
    saved = folder / "state.safetensors"
    saved.write_bytes(saved.read_bytes()[:-10])
    third = dict.fromkeys(attempt.cell.tasks, 1 / 3)
    with pytest.raises(StoreError, match="is damaged"):
        export_model(dataclasses.replace(attempt, folder=folder), third, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_folder_that_is_a_file_is_a_store_error(attempt_of, tmp_path):
    file = tmp_path / "model"
    file.write_text("precious")
    attempt = attempt_of("weight-averaging")
    with pytest.raises(StoreError, match="cannot be written"):
        export_model(attempt, dict.fromkeys(attempt.cell.tasks, 1 / 3), file)
    assert file.read_text() == "precious"
