"""Which test examples members answer wrongly: a bit each, refused where it is no such file, and in no one's way."""

import json

import numpy as np
import pytest
from safetensors.numpy import save

import frontrunner as fr
from frontrunner.harness.records import example_errors
from frontrunner.harness.records.example_errors import ExampleErrors, ExampleErrorsSoFar
from frontrunner.harness.records.finished_cell import EXAMPLE_ERRORS, FinishedCell
from frontrunner.harness.running.evaluate import evaluate_members
from frontrunner.tasks.objectives import Objectives
from frontrunner.testing import tiny_problem

RNG = np.random.default_rng(0)


def collected(rows):
    so_far = ExampleErrorsSoFar(len(rows))
    for row in rows:
        so_far.add(row)
    return so_far


@pytest.mark.parametrize("n_examples", [(1,), (7, 8, 9), (40, 1, 1000)])
def test_what_is_written_is_read_bit_by_bit(n_examples, tmp_path):
    rows = [[RNG.random(n) < 0.5 for n in n_examples] for _ in range(5)]
    collected(rows).collected().write(tmp_path / "errors")
    found = ExampleErrors.read(tmp_path / "errors")
    assert (found.n_members, found.n_examples) == (5, n_examples)
    for t in range(len(n_examples)):
        np.testing.assert_array_equal(found.wrong(t), [row[t] for row in rows])
    assert found.fits(np.array([[one.mean() for one in row] for row in rows]))
    assert not found.fits(np.full((5, len(n_examples)), 2.0))
    assert not found.fits(np.zeros((4, len(n_examples))))


def file_of(tensors, n_examples):
    about = {} if n_examples is None else {"n_examples": json.dumps(n_examples)}
    return save({name: np.asarray(one) for name, one in tensors.items()}, metadata=about)


BYTES = np.zeros((2, 1), dtype=np.uint8)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nothing of the kind",
        file_of({"0": BYTES}, None),
        file_of({"0": BYTES}, [9]),
        file_of({"0": BYTES}, [0]),
        file_of({"0": BYTES}, [True]),
        file_of({"0": BYTES}, [7.0]),
        file_of({"0": BYTES}, {"0": 7}),
        file_of({"0": BYTES}, [7, 7]),
        file_of({"0": BYTES, "1": BYTES}, [7]),
        file_of({"first": BYTES}, [7]),
        file_of({"0": BYTES.astype(np.int8)}, [7]),
        file_of({"0": BYTES[0]}, [7]),
        file_of({"0": BYTES, "1": BYTES[:1]}, [7, 7]),
        file_of({}, []),
    ],
)
def test_any_other_file_is_refused_in_a_sentence(content, tmp_path):
    (tmp_path / "errors").write_bytes(content)
    with pytest.raises(fr.StoreError, match="errors by example"):
        ExampleErrors.read(tmp_path / "errors")


def test_a_missing_or_too_large_file_is_refused(tmp_path, monkeypatch):
    with pytest.raises(fr.StoreError):
        ExampleErrors.read(tmp_path / "errors")
    collected([[np.array([True])]]).collected().write(tmp_path / "errors")
    monkeypatch.setattr(example_errors, "MAX_BYTES", 10)
    with pytest.raises(fr.StoreError, match="10 bytes at most"):
        ExampleErrors.read(tmp_path / "errors")


def test_what_is_not_known_or_too_much_is_left_out_and_said(monkeypatch):
    assert collected([None, None]).collected() is None
    assert collected([None, None]).left_out == ""
    mixed = collected([[np.array([True])], None])
    assert (mixed.collected(), "other numbers" in mixed.left_out) == (None, True)
    monkeypatch.setattr(example_errors, "MAX_BYTES", 10)
    large = collected([[np.ones(80, dtype=np.bool_)]] * 2)
    assert (large.collected(), "20 bytes, 10 are kept" in large.left_out) == (None, True)


@pytest.mark.parametrize(
    "wrong",
    [
        [np.array([True, False])],
        [np.array([True, False]), np.array([1, 0])],
        [np.array([True, False]), np.array([[True], [False]])],
        [np.array([True, False]), np.array([], dtype=np.bool_)],
        [np.array([True, False]), np.array([True, True])],  # another share than the error
        "wrong",
    ],
)
def test_a_problem_that_marks_no_examples_or_others_is_told(wrong):
    with pytest.raises(fr.ConfigError, match="`wrong` of Objectives"):
        Objectives([0.5, 0.5], [1.0, 1.0], wrong)


def test_classifications_say_which_examples_are_wrong():
    problem = tiny_problem(2)
    found = problem.evaluate(problem.experts[0], "test")
    assert [one.mean() for one in found.wrong] == found.error.tolist()
    for t in range(2):
        ((logits, labels),) = problem.logits(t, problem.experts[0], "test")
        np.testing.assert_array_equal(found.wrong[t], (logits.argmax(dim=1) != labels).numpy())


def test_an_evaluated_set_keeps_them_in_the_order_of_its_members():
    problem = tiny_problem(2)
    chosen = fr.FiniteSet(2, lambda i: problem.experts[i], ["a", "b"], total_parameters=1)
    evaluation = evaluate_members(problem, chosen, fr.simplex_grid(2, 3), "test")
    np.testing.assert_allclose(evaluation.example_errors.errors(), evaluation.error)
    for i, expert in enumerate(problem.experts):
        np.testing.assert_array_equal(evaluation.example_errors.wrong(1)[i], problem.evaluate(expert, "test").wrong[1])


def test_a_cell_records_them_beside_its_front(run_bench, tmp_path):
    store, (outcome, analytic) = run_bench(tmp_path, ["experts"], suites=["tiny", "zdt1"])
    attempt = store.find(outcome.run_id)
    assert EXAMPLE_ERRORS in attempt.digests
    assert attempt.example_errors().fits(attempt.record().evaluation.error)
    assert attempt.finished().example_errors.n_examples == (40, 40, 40)
    assert store.find(analytic.run_id).example_errors() is None  # its objectives are no shares of examples
    contradicting = collected([[np.ones(40, dtype=np.bool_)] * 3] * 3).collected()
    finished = attempt.finished()
    (tmp_path / "other").mkdir()
    FinishedCell(finished.front, {}, example_errors=contradicting).write(tmp_path / "other")
    with pytest.raises(fr.StoreError, match="holds other errors than"):
        FinishedCell.read(tmp_path / "other")
