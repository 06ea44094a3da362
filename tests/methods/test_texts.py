"""Every learner learns from texts: a GPT-2 of transformers, two tasks of two and three classes, mappings as inputs."""

import dataclasses

import numpy as np
import pytest
from text_problems import image_problem, text_problem

import frontrunner as fr
from frontrunner.testing import LearnerConformance
from frontrunner.testing.fits import Fits

QUICK = {"steps": 4, "batch_size": 4, "evaluations": 12, "population": 4, "n_examples": 6}
"""Where a learner has such options."""
TRAIN_WHOLE_MODELS = {
    *("ls", "epo", "stch", "pmtl", "pmgda", "ferero", "mgda", "imtl-g", "cagrad", "nash-mtl", "fairgrad", "upgrad"),
    *("multi-task", "pamal", "palora", "cosmos", "phn-ls", "phn-epo", "phn-hvi"),
}
MERGE_TASK_VECTORS = {
    *("interpolation", "layerwise-interpolation", "map", "nsga2-merge", "mobo-merge", "random-merge"),
    *("pwe-moe-ls", "pwe-moe-epo", "pwe-moe-stch"),
}
OF_EACH_KIND = ["fisher-merging", "regmean", "ls", "pwe-moe-ls", "pwe-moe-epo", "phn-ls", "cosmos", "pareto-merging"]
"""Learners that look at examples in ways of their own."""


def quick(name, **more):
    known = {field.name for field in dataclasses.fields(type(fr.make_learner(name).config))}
    return fr.make_learner(name, **{key: value for key, value in {**QUICK, **more}.items() if key in known})


@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_a_front_of_a_language_model(name):
    fits = Fits(quick(name), text_problem(n=8))
    assert np.isfinite(fits.first_objectives).all()
    assert not fits.second.problem_changes
    assert fits.second.objectives.tobytes() == fits.first_objectives.tobytes()


@pytest.mark.parametrize("name", ["pwe-moe-epo", "regmean"])
def test_a_front_of_a_model_whose_heads_take_a_model_output(name):
    fits = Fits(quick(name), image_problem(n=8))
    assert np.isfinite(fits.first_objectives).all()


@pytest.mark.slow
class TestOnTexts(LearnerConformance):
    weight_of_its_own = "h.0.mlp.c_fc.weight"

    def merges_task_vectors(self, learner):
        return learner.name in MERGE_TASK_VECTORS

    def trains_whole_models(self, learner):
        return learner.name in TRAIN_WHOLE_MODELS

    @pytest.fixture
    def problem(self):
        return text_problem()

    @pytest.fixture(params=fr.list_methods())
    def learner(self, request):
        return quick(request.param, steps=21)  # it is interrupted at the second report of progress, of three
