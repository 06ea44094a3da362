"""Learners with habits that break other harnesses: each ends in the right outcome, and none costs the others theirs."""

import dataclasses
from dataclasses import dataclass

import pytest

from frontrunner.harness.records.store import Store
from frontrunner.harness.running import worker_process

PLUGIN = """
import multiprocessing
import os
import subprocess
import sys
import threading
import warnings

import numpy as np
import torch

import frontrunner as fr

def habit(function):
    def fit(self, problem, preferences, context):
        found = function(problem, context)
        return blend(problem) if found is None else found

    name = function.__name__.replace("_", "-")
    return type(name, (fr.Learner,), {"__module__": __name__, "__doc__": "A habit.", "name": name, "fit": fit})


def blend(problem, kind=fr.ContinuousSet, **keys):
    def merge(preference):
        return {
            name: sum(float(weight) * expert[name] for weight, expert in zip(preference, problem.experts))
            if tensor.is_floating_point() else tensor
            for name, tensor in problem.pretrained.items()
        }
    return kind(problem.n_tasks, merge, total_parameters=1, **keys)


def with_state(state):
    return type("WithState", (fr.ContinuousSet,), {"state": lambda self: state})


@habit
def plain(problem, context):
    pass


@habit
def tensor_loss(problem, context):
    weight = torch.ones((), requires_grad=True)
    for step in np.arange(1, 4):
        context.progress("fit", step, np.int64(3), loss=weight * float(step), rate=np.float32(1))


@habit
def worded_loss(problem, context):
    context.progress("fit", 1, 3, loss="low")


@habit
def numpy_diagnostics(problem, context):
    return blend(problem, diagnostics={"mine": np.float32(1.5), "other": torch.tensor(2.0), "nothing": float("nan")})


@habit
def wrong_diagnostics(problem, context):
    return blend(problem, diagnostics={"mine": "many"})


@habit
def shared_state(problem, context):
    flat = torch.arange(6.0, requires_grad=True)
    return blend(problem, with_state({"a": flat[:3], "b": flat.view(2, 3).T, "c": flat, "lambda": 0.5}))


@habit
def nested_state(problem, context):
    return blend(problem, with_state({"a": {"b": torch.ones(1)}}))


@habit
def failing_state(problem, context):
    def state(self):
        raise RuntimeError("no state today")
    return blend(problem, type("Failing", (fr.ContinuousSet,), {"state": state}))


@habit
def without_number(problem, context):
    found = blend(problem)
    del found.total_parameters
    return found


@habit
def own_refusal(problem, context):
    class Held(fr.ContinuousSet):
        def solve(self, preference):
            if any(abs(6 * weight - round(6 * weight)) > 1e-6 for weight in preference):  # the grid has steps of 1/6
                raise KeyError("not trained for this preference")
            return super().solve(preference)
    return blend(problem, Held)


@habit
def exits(problem, context):
    sys.exit(0)


@habit
def exits_at_once(problem, context):
    os._exit(0)


@habit
def interrupts(problem, context):
    raise KeyboardInterrupt


@habit
def recurses(problem, context):
    def deeper():
        deeper()

    deeper()


@habit
def prints(problem, context):
    sys.stdout.buffer.write(b"\\xff\\xfe caf\\xe9\\n" * 3)
    print("x" * 100000)
    raise ValueError("broken \\x1b[31mred\\n[bold]no markup[/bold] \\ud800")


@habit
def closes_its_output(problem, context):
    sys.stdout.close()
    sys.stderr.close()
    raise ValueError("nobody reads this")


@habit
def settings(problem, context):
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    np.seterr(all="raise")
    warnings.simplefilter("error")
    os.chdir("/")


@habit
def writes_into_experts(problem, context):
    with torch.no_grad():
        for tensor in problem.experts[1].values():
            if tensor.is_floating_point():
                tensor.add_(1.0)


@habit
def merges_in_place(problem, context):
    def merge(preference):
        for name, tensor in problem.pretrained.items():
            if tensor.is_floating_point():
                tensor.data.mul_(1.5)
        return dict(problem.pretrained)
    return fr.ContinuousSet(problem.n_tasks, merge, total_parameters=1)


@habit
def thread(problem, context):
    threading.Thread(target=threading.Event().wait).start()


@habit
def orphan(problem, context):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])


@habit
def fork_that_comes_back(problem, context):
    child = os.fork()
    if child == 0:
        context.progress("fit", 1, 2, loss=1.0)
        raise RuntimeError("of the child")
    os.waitpid(child, 0)


@habit
def has_too_many_models(problem, context):
    return fr.FiniteSet(problem.n_tasks, lambda i: problem.pretrained, ["x"] * 20_001, total_parameters=1)


@habit
def reporting_children(problem, context):
    def report():
        for step in range(200):
            context.progress("fit" if step % 20 else f"part {step // 20}", step, 200, loss=1.0)
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=report), *(threading.Thread(target=report) for _ in range(4))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
"""

FAILED = {
    "has-too-many-models": "a front is recorded of 20,000 points at most, found a set of 20,001 models",
    "worded-loss": "progress(loss=...) must be one real number, found 'low'",
    "exits": "the code called sys.exit(0)",
    "exits-at-once": "its process ended with status 0: it printed nothing",
    "interrupts": "KeyboardInterrupt",
    "recurses": "RecursionError: maximum recursion depth exceeded",
    "prints": "ValueError: broken red [bold]no markup[/bold]",
    "closes-its-output": "ValueError: nobody reads this",
    "writes-into-experts": "the learner wrote into the weights of the expert of task1, from which the front",
    "merges-in-place": "the learner wrote into the weights of the pre-trained model, from which the front",
}
NOTED = {
    "wrong-diagnostics": "its diagnostics() is left out: diagnostics()['mine'] must be one real number, found 'many'",
    "nested-state": "its state(), which export makes models from, is left out: state()['a'] was to be a tensor",
    "failing-state": "its state(), which export makes models from, is left out: RuntimeError: no state today",
    "without-number": "its total_parameters is left out: AttributeError",
}
FINE = [
    *("plain", "tensor-loss", "numpy-diagnostics", "shared-state", "own-refusal", "settings"),
    *("thread", "orphan", "fork-that-comes-back", "reporting-children"),
]


@dataclass
class Habits:
    """What a bench of all habits said, and what is recorded of each."""

    ended: object
    attempts: dict


@pytest.fixture(scope="module")
def habits(command, tmp_path_factory):
    folder = tmp_path_factory.mktemp("habits")
    (folder / "habits.py").write_text(PLUGIN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker_process, "LAST_WORDS_S", 0.5)
        ended = command.within(*command.bench(folder, [*FINE, *NOTED, *FAILED], plugins=[folder / "habits.py"]))
    attempts = {attempt.cell.label: attempt for attempt in Store(folder / "store", create=False).attempts()}
    return Habits(ended, attempts)


def test_one_line_on_standard_error_says_that_some_cells_failed(habits):
    *notes, error = habits.ended.err.splitlines(keepends=True)
    assert [note for note in notes if not note.startswith("note: ")] == []
    assert len(notes) == len(NOTED)
    ended = dataclasses.replace(habits.ended, err=error)
    ended.assert_one_sentence(f"{len(FAILED)} of {len([*FINE, *NOTED, *FAILED])} cells did not finish")
    assert set(habits.attempts) == {*FINE, *NOTED, *FAILED}


@pytest.mark.parametrize("name", FAILED)
def test_a_habit_that_leaves_no_result_fails_with_its_reason(habits, name):
    attempt = habits.attempts[name]
    assert (attempt.status, attempt.reason[: len(FAILED[name])]) == ("failed", FAILED[name])


@pytest.mark.parametrize("name", [*FINE, *NOTED])
def test_any_other_habit_leaves_the_result_that_it_would_leave_without(habits, name):
    attempt = habits.attempts[name]
    assert attempt.status == "finished", attempt.reason
    plain = habits.attempts["plain"].record()
    assert attempt.record().evaluation.error.tolist() == plain.evaluation.error.tolist()
    assert attempt.record().evaluation.loss.tolist() == plain.evaluation.loss.tolist()


@pytest.mark.parametrize("name", NOTED)
def test_what_cannot_be_recorded_beside_the_front_is_a_note(habits, name):
    assert f"note: {name} on tiny, seed 0: {NOTED[name]}" in habits.ended.err
    assert habits.attempts[name].finished().notes[0].startswith(NOTED[name])


def test_numbers_and_states_are_recorded_as_what_they_were(habits):
    metrics = habits.attempts["numpy-diagnostics"].metrics
    assert (metrics["mine"], metrics["other"]) == (1.5, 2.0)
    assert "nothing" not in metrics
    assert habits.attempts["tensor-loss"].metrics["train_loss"] == 3.0
    assert "state.safetensors" in habits.attempts["shared-state"].digests
    assert "solve_time_s" not in habits.attempts["own-refusal"].metrics
