"""Optuna's samplers by name, seeded anew for every trial."""

import optuna
import pytest

import frontrunner as fr
from frontrunner.studies.sampler import SAMPLERS, make_sampler
from frontrunner.studies.spec import SamplerSpec

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")  # run_study does it

CLASSES = {
    "tpe": optuna.samplers.TPESampler,
    "gp": optuna.samplers.GPSampler,
    "nsga2": optuna.samplers.NSGAIISampler,
    "nsga3": optuna.samplers.NSGAIIISampler,
    "random": optuna.samplers.RandomSampler,
}


def sampler(name, n_before=0, *, n_trials=20, seed=0, **options):
    return make_sampler(SamplerSpec(name=name, seed=seed, options=options), n_trials, n_before)


def proposals(name, n_before, seed=0):
    """Of a sampler that has seen a dozen trials, twice."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=4))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1) ** 2, n_trials=12)
    study.sampler = sampler(name, n_before, seed=seed)
    return study.ask().suggest_float("x", 0, 1)


@pytest.mark.parametrize("name", CLASSES)
def test_every_name_makes_its_sampler(name):
    assert set(CLASSES) == set(SAMPLERS)
    assert type(sampler(name)) is CLASSES[name]


@pytest.mark.parametrize("name", CLASSES)
def test_seed_and_count_decide_what_is_proposed(name):
    assert proposals(name, 12) == proposals(name, 12)
    if name != "gp":  # it proposes where its model has the highest hopes, whatever the seed
        assert proposals(name, 12) != proposals(name, 12, seed=1)
        assert proposals(name, 12) != proposals(name, 13)


def test_a_large_seed_is_one_that_numpy_takes():
    assert sampler("random", 7, seed=2**40)


@pytest.mark.parametrize("name", ["nsga2", "nsga3"])
def test_a_population_is_a_share_of_the_trials_unless_given(name):
    assert sampler(name, n_trials=40).population_size == 10
    assert sampler(name, n_trials=5).population_size == 4
    assert sampler(name, n_trials=40, population_size=6).population_size == 6


def test_options_reach_optunas_sampler():
    assert sampler("tpe", n_startup_trials=3)._n_startup_trials == 3


@pytest.mark.parametrize(
    ("name", "options"), [("tpe", {"populaton": 3}), ("nsga2", {"population_size": 1}), ("random", {"seed": 3})]
)
def test_an_option_that_it_does_not_take_is_one_sentence(name, options):
    with pytest.raises(fr.ConfigError, match=rf"^the sampler '{name}' cannot work .* \{{'{next(iter(options))}'"):
        make_sampler(SamplerSpec(name=name, options=options), 20, 0)
