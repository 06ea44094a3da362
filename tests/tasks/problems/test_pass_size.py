"""Evaluation takes as many examples at once as one example's largest tensor says, and 500 at most."""

import numpy as np
import pytest
import torch
from torch import nn

from frontrunner.tasks import pass_size
from frontrunner.tasks.pass_size import LARGEST_BYTES, LARGEST_CPU_BYTES, MOST_EXAMPLES, PassSize, largest_made
from frontrunner.testing import tiny_problem


@pytest.mark.parametrize("n", [1, 7])
def test_the_largest_tensor_that_was_made_is_found_whatever_it_is_made_of(n):
    weight, inputs = torch.ones(1000, 5), torch.ones(n, 5)
    assert largest_made(lambda: inputs @ weight.T + 1) == 4 * 1000 * n
    assert largest_made(lambda: (inputs @ weight.T).double().sum()) == 8 * 1000 * n
    assert largest_made(lambda: weight.T[:, :3].relu_()) == 0  # views and what is written in place
    assert largest_made(lambda: torch.zeros(1).expand(1000)) == 4


@pytest.mark.parametrize(("device_type", "most"), [("cpu", LARGEST_CPU_BYTES), ("cuda", LARGEST_BYTES)])
def test_more_memory_an_example_makes_smaller_batches(device_type, most):
    def sizes(model):
        return PassSize(device_type).n_examples(torch.ones(3, 4), model)

    assert sizes(nn.Linear(4, most // 4 // 10)) == 10
    assert sizes(nn.Linear(4, 4)) == MOST_EXAMPLES
    assert sizes(lambda inputs: inputs.new_ones(most)) == 1  # never none


def test_an_example_is_looked_at_once_a_shape():
    found, size = [], PassSize()
    for length in (4, 4, 6, 4, 6):
        size.n_examples(torch.ones(9, length), lambda inputs: found.append(inputs.shape))
    assert found == [(1, 4), (1, 6)]


@pytest.mark.parametrize("rows", [1, 7, 40, 1000])
def test_objectives_do_not_depend_on_how_many_go_at_once(rows, monkeypatch):
    problem = tiny_problem(n=23)
    whole = problem.evaluate(problem.experts[0], "test")
    passes = []
    problem = tiny_problem(n=23)
    monkeypatch.setattr(PassSize, "n_examples", lambda *_: rows)
    monkeypatch.setattr(pass_size, "MOST_EXAMPLES", 10)
    problem.model.register_forward_pre_hook(lambda _, inputs: passes.append(len(inputs[0])))
    found = problem.evaluate(problem.experts[0], "test")
    assert np.array_equal(found.error, whole.error)
    np.testing.assert_allclose(found.loss, whole.loss, rtol=1e-6)
    assert max(passes) == min(rows, 23)
    assert sum(passes) == 3 * 23


def test_looking_counts_as_no_pass():
    problem = tiny_problem()
    made = problem.forward_passes
    problem.evaluate(problem.pretrained, "test")
    first = problem.forward_passes - made
    problem.evaluate(problem.pretrained, "test")
    assert problem.forward_passes == made + 2 * first
