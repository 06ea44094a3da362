"""Every registered learner conforms, on a tiny network and on a problem whose front is known.

A new learner is tested by being registered; what it claims beyond that it selects in CLAIMS.
"""

import dataclasses

import pytest
import torch

import frontrunner as fr
from frontrunner.testing import (
    ErrorFallsWithWeight,
    ExpertsAtCorners,
    LearnerConformance,
    NeedsNetwork,
    OneModelForAll,
    PermutedWithTasks,
    tiny_problem,
)

LEARNERS = [
    *({"method": name} for name in fr.list_methods()),
    *({"method": "pwe-moe-ls", "upscale": rule} for rule in ("attn+mlp", "all", "model")),
    {"method": "pwe-moe-ls", "router_depth": 1},
    {"method": "pwe-moe-epo", "upscale": "all"},
    {"method": "layerwise-interpolation", "groups": "layers", "interactions": False},
    {"method": "ties-merging", "conditioned": True},
    {"method": "dare", "conditioned": True, "then": "ties-merging"},
    {"method": "adamerging", "coefficients": "model"},
    {"method": "iso-c", "conditioned": True},
    {"method": "tsv-merge", "conditioned": True},
    {"method": "wudi", "conditioned": True, "others": "average"},
]
QUICK = {"steps": 30, "batch_size": 8, "evaluations": 24, "population": 8, "iterations": 30}
"""Where a learner has such options."""
NEED_A_NETWORK = ["fisher-merging", "regmean", "regmean++", "iso-c", "tsv-merge", "wudi", "adamerging"]
"""They look inside predictions or layers, which a problem in closed form does not have."""
TRAIN_WHOLE_MODELS = {
    *("ls", "epo", "stch", "pmtl", "pmgda", "ferero", "mgda", "imtl-g", "cagrad", "nash-mtl", "fairgrad", "upgrad"),
    *("multi-task", "pamal", "palora", "cosmos", "phn-ls", "phn-epo", "phn-hvi"),
}
MERGE_TASK_VECTORS = {
    "adamerging",
    "interpolation",
    "layerwise-interpolation",
    "pwe-moe-ls",
    "pwe-moe-epo",
    "pwe-moe-stch",
    "map",
    "nsga2-merge",
    "mobo-merge",
    "random-merge",
}
CLAIMS = {
    "experts are its corners": ["experts", "interpolation", "fisher-merging", "regmean", "regmean++"],
    "a task's error falls as its weight rises": [
        "interpolation",
        "layerwise-interpolation",
        "ls",
        pytest.param("epo", marks=pytest.mark.slow),
        "stch",
        "nsga2-merge",
        "mobo-merge",
        "random-merge",
        "map",
    ],
    "answers are permuted with the tasks, network": ["fisher-merging", "regmean", "regmean++"],
    "answers are permuted with the tasks": ["interpolation", "ls", "stch"],
    "one model whatever the preference": [
        *("pretrained", "weight-averaging"),
        *("multi-task", "mgda", "imtl-g", "cagrad", "nash-mtl", "fairgrad", "upgrad"),
    ],
}


def make(described, **more):
    """A learner from its method and options; `more` and the quick ones only where it has such options."""
    options = dict(described)
    name = options.pop("method")
    known = {field.name for field in dataclasses.fields(type(fr.make_learner(name).config))}
    return fr.make_learner(
        name, **{key: value for key, value in (QUICK | more).items() if key in known and key not in options}, **options
    )


def name_of(described):
    return "-".join(str(value) for value in described.values())


class Registered(LearnerConformance):
    """A registered learner, which says of itself what the sets above say."""

    def merges_task_vectors(self, learner):
        return learner.name in MERGE_TASK_VECTORS

    def trains_whole_models(self, learner):
        return learner.name in TRAIN_WHOLE_MODELS


class TestOnATinyNetwork(Registered):
    weight_of_its_own = "blocks.0.mlp.0.weight"

    @pytest.fixture
    def problem(self):
        return tiny_problem()

    @pytest.fixture(params=LEARNERS, ids=name_of)
    def learner(self, request):
        return make(request.param)


class TestOnAKnownFront(Registered):
    weight_of_its_own = "x"

    @pytest.fixture
    def problem(self):
        return fr.load_problem("merging-toy", ["e1", "e2", "e3"])

    @pytest.fixture(
        params=[described for described in LEARNERS if described["method"] not in NEED_A_NETWORK],
        ids=name_of,
    )
    def learner(self, request):
        return make({**request.param, **upscaled_whole(request.param["method"])})


def upscaled_whole(method):
    """The option by which a learner of modules takes a problem without modules."""
    known = {field.name for field in dataclasses.fields(type(fr.make_learner(method).config))}
    return {"upscale": "model"} if "upscale" in known else {}


def claiming(claim, **more):
    """The fixture `learner` of those that claim something."""

    @pytest.fixture(params=CLAIMS[claim])
    def learner(self, request):
        return make({"method": request.param}, **more)

    return learner


class TestExpertsAtCorners(ExpertsAtCorners):
    learner = claiming("experts are its corners")


class TestErrorFallsWithWeight(ErrorFallsWithWeight):
    learner = claiming("a task's error falls as its weight rises", steps=400)


class TestPermutedWithTasks(PermutedWithTasks):
    learner = claiming("answers are permuted with the tasks")


class TestPermutedWithTasksOnANetwork(PermutedWithTasks):
    learner = claiming("answers are permuted with the tasks, network")

    @pytest.fixture
    def problem(self):
        return tiny_problem()


class TestOneModelForAll(OneModelForAll):
    learner = claiming("one model whatever the preference")


class TestNeedsNetwork(NeedsNetwork):
    @pytest.fixture(params=NEED_A_NETWORK)
    def learner(self, request):
        return make({"method": request.param})


@pytest.mark.parametrize("method", ["layerwise-interpolation"])
def test_it_starts_at_interpolation(method):
    problem, grid = tiny_problem(), fr.simplex_grid(3, 3)
    untrained = make({"method": method}).untrained(problem, torch.Generator())
    interpolation = fr.make_learner("interpolation").fit(problem, grid, fr.Context())
    for preference in grid:
        for name, tensor in interpolation.solve(preference).items():
            torch.testing.assert_close(untrained.solve(preference)[name], tensor)
