"""A problem's own losses that cannot be trained on end a fit in one sentence, at its first step."""

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.metrics import simplex_grid
from frontrunner.tasks import load_problem

WRONG = {
    "detached": (torch.Tensor.detach, "found some without a gradient"),
    "a float": (lambda found: [float(x) for x in found.detach().ravel()], "found list"),
    "an array": (lambda found: found.detach().numpy(), "found ndarray"),
    "NumPy's float": (lambda found: np.float32(found.detach().sum()), "found float32"),
    "another shape": (lambda found: found[None], "found float32 of shape"),
    "integers": (torch.Tensor.long, "found int64 of shape"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("method", "what"), [("ls", "losses"), ("mgda", "task_loss")])
def test_losses_that_cannot_be_trained_on_are_refused(method, what, wrong, monkeypatch):
    change, message = WRONG[wrong]
    problem = load_problem("merging-toy", ["e1", "e2"])
    right = getattr(problem, what)
    monkeypatch.setattr(problem, what, lambda *given: change(right(*given)))
    with pytest.raises(fr.ConfigError, match=rf"`{what}` of problem 'merging-toy' must return .*{message}"):
        fr.make_learner(method, steps=1).fit(problem, simplex_grid(2, 2), fr.Context())
