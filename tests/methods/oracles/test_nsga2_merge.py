"""NSGA-II against pymoo's own run of it: the same first generation and seed give the same evaluations in order."""

import numpy as np
import pytest
import torch
from oracle_models import problem
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.problem import ElementwiseProblem
from pymoo.operators.crossover.sbx import SBX
from pymoo.operators.mutation.pm import PM
from pymoo.optimize import minimize

import frontrunner as fr
from frontrunner.methods.task_vectors import ModelMerger


@pytest.mark.parametrize(
    ("options", "operators"),
    [
        ({"crossover_index": 15.0, "mutation_index": 20.0}, {}),  # pymoo's own choice
        ({}, {"crossover": SBX(eta=2.0, prob=0.9), "mutation": PM(eta=5.0)}),
    ],
    ids=["usual indices", "defaults"],
)
def test_the_merges_are_those_that_pymoo_evaluates(options, operators):
    posed = problem()
    learner = fr.make_learner("nsga2-merge", population=6, generations=3, **options)
    found = learner.fit(posed, np.eye(3), fr.Context(seed=4)).state()

    rng = fr.Context(seed=4).rng("coefficients")
    first = np.vstack([np.eye(3), np.full((1, 3), 1 / 3), rng.uniform(0, 1, (2, 3))])
    merge, record = ModelMerger(posed), {}

    class Merges(ElementwiseProblem):
        def _evaluate(self, x, out, *args, **kwargs):
            out["F"] = record.setdefault(tuple(x), posed.evaluate(merge(x.tolist()), "val").error)

    box = Merges(n_var=3, n_obj=3, xl=0.0, xu=1.0)
    algorithm = NSGA2(pop_size=6, sampling=first, **operators)
    minimize(box, algorithm, ("n_gen", 3), seed=int(rng.integers(2**31)), verbose=False)
    torch.testing.assert_close(found["coefficients"], torch.tensor(list(record), dtype=torch.float64))
    torch.testing.assert_close(found["objectives"], torch.tensor(np.array(list(record.values()))))
