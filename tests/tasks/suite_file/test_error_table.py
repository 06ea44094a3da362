"""The table expert x task, and what it warns of."""

import numpy as np
import pytest
import torch
from torch import nn

import frontrunner as fr
from frontrunner.errors import ConfigError
from frontrunner.tasks.pass_size import PassSize
from frontrunner.tasks.suite_file.error_table import ErrorTable, Predictions, error_table, thinned
from frontrunner.tasks.suite_file.measured_models import measure_models
from frontrunner.tasks.suite_file.permuted_labels import FALSE_ALARM, permuted_labels

N_CLASSES = 6


def problem(relabel, *, n=240, wrong=0.2, seed=0):
    """One task: one-hot inputs go through an expert that names the right class of most, labels are then renamed."""
    rng = np.random.default_rng(seed)
    classes = np.arange(n) % N_CLASSES
    shown = np.where(rng.random(n) < wrong, rng.integers(N_CLASSES, size=n), classes)
    inputs = torch.eye(N_CLASSES)[shown]
    examples = fr.Examples(inputs, torch.tensor(np.asarray(relabel)[classes]))
    model = nn.Linear(N_CLASSES, N_CLASSES, bias=False)
    return fr.ClassificationProblem(
        name="p",
        tasks=["a"],
        model=model,
        pretrained={"weight": torch.zeros(N_CLASSES, N_CLASSES) + 1e-3},
        experts=[{"weight": torch.eye(N_CLASSES)}],
        budget=fr.Budget(1, 1),
        data=[dict.fromkeys(("train", "val", "test"), examples)],
        heads=[nn.Identity()],
    )


NAMES = tuple("abcdef")


def warned(relabel, **how):
    """What is said of the labels of the problem."""
    (own,) = error_table(problem(relabel, **how), "test").own
    return permuted_labels("a", own, NAMES)


@pytest.mark.parametrize("relabel", [[1, 2, 3, 4, 5, 0], [1, 0, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0]])
@pytest.mark.parametrize("n", [120, 240, 2000])
def test_permuted_labels_are_noticed(relabel, n):
    sentence = warned(relabel, n=n)
    moved = sum(new != old for old, new in enumerate(relabel))
    assert f"for {moved} of 6 classes" in sentence
    assert "look permuted" in sentence
    assert "at most 1 in 1,000" in sentence


@pytest.mark.parametrize("wrong", [0.0, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_labels_in_order_are_not_taken_for_permuted(wrong, seed):
    assert warned(range(6), wrong=wrong, seed=seed) == ""


@pytest.mark.parametrize("n", [1, 2, 3, 5, 10, 18])
def test_few_examples_prove_nothing(n):
    labels = np.arange(n) % 2
    assert permuted_labels("a", Predictions(labels, 1 - labels, 2)) == ""


def test_twenty_examples_that_are_all_right_under_other_names_are_enough():
    labels = np.arange(24) % 2
    assert "for 2 of 2 classes" in permuted_labels("a", Predictions(labels, 1 - labels, 2))


@pytest.mark.parametrize(("n", "n_classes"), [(8, 2), (40, 2), (40, 10), (300, 10), (1000, 3)])
def test_an_expert_that_guesses_is_seldom_taken_for_one_with_permuted_labels(n, n_classes):
    rng = np.random.default_rng(0)
    runs = 400
    found = [
        permuted_labels("a", Predictions(rng.integers(n_classes, size=n), rng.integers(n_classes, size=n), n_classes))
        for _ in range(runs)
    ]
    assert sum(map(bool, found)) <= 5 * FALSE_ALARM * runs


def test_own_predictions_are_computed_once_in_passes_that_memory_has_room_for(monkeypatch):
    asked = problem(range(6))
    monkeypatch.setattr(PassSize, "n_examples", lambda *_: 7)
    before = asked.forward_passes
    measure_models(asked, "test")
    assert asked.forward_passes - before == 2 * -(-240 // 7)


def test_a_class_without_an_example_is_warned_of_unless_its_name_is_known():
    asked = problem([0, 1, 2, 3, 4, 4])
    told = measure_models(asked, "test").warnings
    assert "a: no example in test for class 5" in told
    assert not any("no example" in one for one in measure_models(asked, "test", classes={"a": NAMES}).warnings)


def test_a_problem_without_classes_has_a_table_too():
    asked = fr.load_problem("convex-toy")
    table = measure_models(asked, "test").table
    assert table.rows == ("pre-trained", *asked.tasks)
    assert np.array_equal(table.errors[1], asked.evaluate(asked.experts[0], "test").error)
    assert (table.n_examples, table.own) == ((), ())
    with pytest.raises(ConfigError, match="convex-toy has no examples"):
        measure_models(asked, "test", most=5)


class Tolerant(fr.ClassificationProblem):
    def evaluate(self, params, split):
        found = super().evaluate(params, split)
        return type(found)(found.error / 2, found.loss)


def test_errors_are_those_that_the_problem_itself_counts():
    asked = problem(range(6), wrong=1.0)
    expected = asked.evaluate(asked.experts[0], "test").error
    assert np.array_equal(error_table(asked, "test").errors[1], expected)
    asked.__class__ = Tolerant
    assert np.array_equal(error_table(asked, "test").errors[1], expected / 2)


def test_the_table_holds_every_model_on_every_task():
    table = error_table(problem(range(6), wrong=0.0), "test")
    assert table.rows == ("pre-trained", "a")
    assert table.errors.shape == (2, 1)
    assert table.errors[1, 0] == 0
    assert table.warnings() == []


def test_an_expert_that_does_not_beat_the_pretrained_model_is_warned_of():
    table = ErrorTable(("a", "b"), "test", np.array([[0.5, 0.5], [0.5, 0.1], [0.9, 0.4]]), (10, 10))
    first, second = table.warnings()
    assert "the expert of a is no better on its own task" in first
    assert "the expert of a is better on b" in second


def test_thinned_examples_are_a_choice_of_all():
    asked = problem(range(6))
    few = thinned(asked, "test", 10)
    assert few.n_examples("test") == (10,)
    assert few.n_examples("val") == asked.n_examples("test") == (240,)
    assert len(set(few.examples(0, "test").labels.tolist())) > 2
    assert thinned(few, "test", 50).examples(0, "test") is few.examples(0, "test")
