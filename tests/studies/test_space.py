"""Search spaces from documented ranges and from what a file says."""

import math

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

import frontrunner as fr
from frontrunner.methods import METHODS, documented_ranges
from frontrunner.studies.space import make_space
from frontrunner.studies.spec import TunedLearnerSpec, TuneSpec


def space(asked=None, *, shared=None, method="pwe-moe-ls", options=None):
    keys = {} if asked is None else {"space": asked}
    learner = TunedLearnerSpec.model_validate({"method": method, "options": options or {}, **keys})
    file = {"name": "x", "suite": "tiny", "learners": [method], "trials": 1}
    return make_space(learner, TuneSpec.model_validate(file | ({} if shared is None else {"space": shared})).space)


def test_documented_ranges_become_distributions():
    assert space(["hidden_size", "lr", "init_lambda", "router_depth"]).distributions == {
        "hidden_size": IntDistribution(2, 256, log=True),
        "lr": FloatDistribution(1e-4, 1e-1, log=True),
        "init_lambda": FloatDistribution(0.0, 1.0),
        "router_depth": CategoricalDistribution((1, 2)),
    }


def test_a_mapping_says_where_to_search_instead():
    found = space({"hidden_size": {"low": 4, "high": 12, "step": 4}, "lr": [0.01, 0.1], "init_std": None})
    assert found.distributions == {
        "hidden_size": IntDistribution(4, 12, step=4),
        "lr": CategoricalDistribution((0.01, 0.1)),
        "init_std": FloatDistribution(1e-3, 1.0, log=True),
    }


def test_without_a_space_all_is_searched_that_does_not_cost_and_is_not_fixed():
    documented = documented_ranges(METHODS.get("pwe-moe-ls").Config)
    free = {option for option, values in documented.items() if not values.costs}
    assert {"steps", "batch_size"} == set(documented) - free
    assert set(space().distributions) == free
    assert set(space(options={"lr": 0.1}).distributions) == free - {"lr"}


def test_a_learners_own_space_replaces_the_files():
    assert set(space(shared=["lr"]).distributions) == {"lr"}
    assert set(space(["init_std"], shared=["lr"]).distributions) == {"init_std"}


def test_what_costs_is_searched_when_asked_for():
    assert space(["steps"]).distributions == {"steps": IntDistribution(50, 8000, log=True)}


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({"router_depth": None, "upscale": ["mlp", "all", "attn+mlp"]}, 6),
        ({"hidden_size": {"low": 4, "high": 12, "step": 4}}, 3),
        ({"init_lambda": {"low": 0, "high": 1, "step": 0.25}, "router_depth": [1, 2]}, 10),
        ({"lr": None, "router_depth": [1, 2]}, math.inf),
    ],
)
def test_its_size_is_how_many_configurations_there_are(asked, size):
    assert space(asked).size() == size


def test_every_unseen_configuration_comes_once_and_then_none():
    found = space({"hidden_size": {"low": 2, "high": 4}, "init_lambda": {"low": 0, "high": 0.3, "step": 0.1}})
    seen = []
    while (params := found.unseen(seen, np.random.default_rng(len(seen)))) is not None:
        assert params not in seen
        assert found.holds(params)
        seen.append(params)
    assert len(seen) == found.size() == 12


@pytest.mark.parametrize("sampler", [optuna.samplers.RandomSampler, optuna.samplers.TPESampler])
def test_unseen_configurations_are_those_that_a_sampler_would_propose(sampler):
    found = space({"init_lambda": {"low": 0.1, "high": 0.7, "step": 0.1}, "router_depth": [1, 2]})
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=sampler(seed=0))
    proposed = []
    for _ in range(120):
        trial = study.ask()
        proposed.append(found.suggest(trial))
        study.tell(trial, float(len(proposed) % 7))
    assert all(found.holds(params) for params in proposed)
    queued = found.unseen(proposed[:3], np.random.default_rng(0))
    study.enqueue_trial(queued)
    assert found.suggest(study.ask()) == queued
    assert found.unseen(proposed, np.random.default_rng(0)) is None


def test_what_is_unseen_does_not_depend_on_what_was_seen_beside_it():
    found = space({"router_depth": [1, 2]})
    assert found.unseen([{"router_depth": 1}], np.random.default_rng(0)) == {"router_depth": 2}


@pytest.mark.parametrize(
    ("params", "held"),
    [
        ({"lr": 0.01, "hidden_size": 4}, True),
        ({"lr": 1e-4, "hidden_size": 256}, True),
        ({"lr": 0.2, "hidden_size": 4}, False),
        ({"lr": None, "hidden_size": 4}, False),
        ({"lr": 0.01, "hidden_size": None}, False),
        ({"lr": 0.01, "hidden_size": 1}, False),
        ({"lr": 0.01}, False),
        ({"lr": 0.01, "hidden_size": 4, "steps": 3}, False),
    ],
)
def test_it_holds_a_value_within_every_range_and_nothing_else(params, held):
    assert space(["lr", "hidden_size"]).holds(params) is held


def test_proposals_are_values_that_the_learner_takes():
    found = space(method="pwe-moe-epo")
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    for _ in range(20):
        params = found.suggest(study.ask())
        assert found.holds(params)
        assert fr.make_learner("pwe-moe-epo", **params)


def test_people_read_where_is_searched():
    described = space({"hidden_size": {"low": 4, "high": 12, "step": 4}, "lr": None, "router_depth": None}).described()
    assert described == {
        "hidden_size": "4 to 12 by 4",
        "lr": "0.0001 to 0.1, logarithmic",
        "router_depth": "1 or 2",
    }


def test_a_wide_range_of_whole_numbers_is_counted_and_not_listed():
    assert space({"steps": {"low": 1, "high": 10**12}}).size() == 10**12
    assert space({"steps": {"low": 1, "high": 10**12}}).holds({"steps": 10**11})


@pytest.mark.parametrize(
    ("keys", "error", "message"),
    [
        ({"asked": ["learning"]}, fr.UnknownNameError, r"method 'pwe-moe-ls': 'learning'; choose one of:.* lr,"),
        ({"asked": ["hiden_size"]}, fr.UnknownNameError, r"'hiden_size'; did you mean 'hidden_size'\?$"),
        ({"asked": ["upscale"]}, fr.ConfigError, r"documents no range for upscale; give one under space"),
        ({"asked": ["lr"], "options": {"lr": 1}}, fr.ConfigError, r"lr is given under options and under space; drop"),
        ({"asked": {"lr": {"low": 1, "high": 1}}}, fr.ConfigError, r"ls: lr .* low must be below high, found 1"),
        ({"asked": {"lr": {"low": 2, "high": 1}}}, fr.ConfigError, "low must be below high, found 2.0 and 1.0"),
        ({"asked": {"hidden_size": {"low": 1.5, "high": 4}}}, fr.ConfigError, "holds whole numbers, found 1.5 to 4.0"),
        ({"asked": {"hidden_size": {"low": 1, "high": 4, "step": 0.5}}}, fr.ConfigError, "holds whole numbers"),
        ({"asked": {"init_std": {"low": 0, "high": 1, "log": True}}}, fr.ConfigError, "init_std cannot be searched"),
        ({"asked": {"lr": {"low": 1e-3, "high": 1, "log": True, "step": 0.1}}}, fr.ConfigError, "cannot be searched"),
        ({"asked": {"lr": {"low": 0.1, "high": 1, "step": 5}}}, fr.ConfigError, "a step of 5.0 leaves one value"),
        ({"asked": {"lr": {"low": 0.1, "high": 1, "step": 0.4}}}, fr.ConfigError, "steps of 0.4 do not lead from"),
        ({"asked": {"lr": {"low": 0.1, "high": 1, "step": 1e-300}}}, fr.ConfigError, "cannot be searched"),
        ({"asked": {"steps": {"low": 1, "high": 1e300}}}, fr.ConfigError, "whole numbers are searched up to"),
        ({"asked": {"lr": [0.1]}}, fr.ConfigError, r"two or more distinct values, found \[0.1\]"),
        ({"asked": {"lr": [0.1, 0.1]}}, fr.ConfigError, "two or more distinct values"),
        ({"asked": {"lr": {"low": -1, "high": 1}}}, fr.ConfigError, "lr must be positive, found -1"),
        ({"asked": {"router_depth": [1, 3]}}, fr.ConfigError, "router_depth must be 1 or 2, found 3"),
        ({"asked": {"router_depth": [1, "two"]}}, fr.ConfigError, "router_depth must be int"),
        ({"asked": ["lr"], "options": {"stpes": 3}}, fr.UnknownNameError, "did you mean 'steps'"),
        ({"asked": {}}, fr.ConfigError, "name options under space"),
        ({"method": "pretrained"}, fr.ConfigError, r"pretrained documents nothing to tune .*\(no option\)"),
        ({"method": "pwe-moe"}, fr.UnknownNameError, "pwe-moe-ls"),
    ],
)  # fmt: skip
def test_a_space_that_is_none_is_refused(keys, error, message):
    with pytest.raises(error, match=message):
        space(keys.pop("asked", None), **keys)
