"""The table expert x task, and what it warns of."""

import numpy as np
import pytest
import torch
from torch import nn

import frontrunner as fr
from frontrunner.tasks.suite_file.error_table import ErrorTable, error_table, permuted_labels, thinned

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


@pytest.mark.parametrize("relabel", [[1, 2, 3, 4, 5, 0], [1, 0, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0]])
def test_permuted_labels_are_noticed(relabel):
    sentence = permuted_labels(problem(relabel), 0, NAMES, "test")
    moved = sum(new != old for old, new in enumerate(relabel))
    assert f"for {moved} of 6 classes" in sentence
    assert "look permuted" in sentence


@pytest.mark.parametrize("wrong", [0.0, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_labels_in_order_are_not_taken_for_permuted(wrong, seed):
    assert permuted_labels(problem(range(6), wrong=wrong, seed=seed), 0, NAMES, "test") == ""


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
    examples = fr.Examples(torch.arange(100.0)[:, None], torch.arange(100))
    few = thinned({"test": examples}, 10)["test"]
    assert len(few) == 10
    assert int(few.labels.max()) > 50
    assert thinned({"test": few}, 50)["test"] is few
