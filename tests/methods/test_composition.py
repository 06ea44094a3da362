"""Methods that are composed of a learner and a scalarization."""

import dataclasses
import inspect
import pickle

import numpy as np
import pytest

import frontrunner as fr
from frontrunner.methods import METHODS
from frontrunner.methods.options import configure
from frontrunner.methods.per_preference.fine_tuned_models import FineTunedModels
from frontrunner.methods.scalarization import LinearScalarization, Scalarization
from frontrunner.methods.scalarization.epo import EpoScalarization
from frontrunner.methods.scalarization.pmtl import PmtlScalarization
from frontrunner.methods.scalarized_learner import ScalarizedLearner, composed
from frontrunner.methods.whole_set.pamal import Pamal
from frontrunner.methods.whole_set.phn import PhnEpo
from frontrunner.methods.whole_set.pwe_moe import PweMoe
from frontrunner.plugin_import import import_plugin
from frontrunner.registry import Registry

BUILT_IN = [name for name in fr.list_methods() if METHODS.origin(name).startswith("frontrunner.")]
SCALARIZED = [name for name in BUILT_IN if issubclass(METHODS.get(name), ScalarizedLearner)]


@pytest.mark.parametrize("method", SCALARIZED)
def test_a_method_has_the_options_of_its_scalarization(method):
    """Declared once, beside the scalarization, with their defaults, bounds and documentation."""
    learner = fr.make_learner(method)
    declared = type(learner).scalarization.Options
    defaults = dataclasses.asdict(declared())
    assert defaults.items() <= dataclasses.asdict(learner.config).items()
    assert not defaults or isinstance(learner.config, declared)


@pytest.mark.parametrize("method", BUILT_IN)
def test_a_method_is_documented_and_can_be_sent_to_another_process(method):
    learner = fr.make_learner(method)
    first, *rest = inspect.getdoc(type(learner)).splitlines()
    assert len(first) > 20
    assert not rest or rest[0] == ""
    assert pickle.loads(pickle.dumps(learner.config)) == learner.config
    assert type(pickle.loads(pickle.dumps(learner))) is type(learner)


def test_a_composition_reads_as_both_its_parts():
    made = composed(PweMoe, EpoScalarization, name="a-b", summary="One sentence.")
    assert made.__name__ == "AB"
    documentation = inspect.getdoc(made)
    assert documentation.startswith("One sentence.\n\n")
    assert all(inspect.getdoc(part) in documentation for part in (PweMoe, EpoScalarization))


def test_a_scalarization_of_a_third_party_needs_one_line_to_become_a_method(tiny):
    class Squared(Scalarization):
        """Weights that grow with the square of the preference."""

        @dataclasses.dataclass(frozen=True)
        class Options:
            power: float = 2.0

        def weights(self, losses, preference, gramian):
            return LinearScalarization().weights(losses, preference**self.options.power, gramian)

    squared = composed(FineTunedModels, Squared, name="squared", summary="Squared preferences.")
    grid = fr.simplex_grid(3, 2)
    states = [
        made(made.Config(steps=3, lr=0.01, **options)).fit(tiny, grid, fr.Context()).state()["models"]
        for made, options in ((squared, {}), (squared, {"power": 1.0}), (METHODS.get("ls"), {}))
    ]
    assert states[1].equal(states[2])  # the power is the scalarization's, and it is used
    corners = np.eye(3)
    assert squared(squared.Config(steps=3)).fit(tiny, corners, fr.Context()).n_members(corners) == 3


def test_the_documented_composition_is_a_plugin(tiny, tmp_path, pytestconfig):
    page = (pytestconfig.rootpath / "docs" / "learners.md").read_text()
    (tmp_path / "composes.py").write_text(page.partition("```python\n")[2].partition("```")[0])
    methods = Registry("method", base="frontrunner.methods.learner:Learner", group="none", builtin={})
    assert methods.add_from_module(*import_plugin(tmp_path / "composes.py")) == 1
    learner = configure(methods.get("phn-stch"), {"mu": "0.1", "steps": 2})
    assert (learner.config.mu, learner.config.form) == (0.1, "auto")
    assert learner.fit(tiny, fr.simplex_grid(3, 2), fr.Context()).trainable_parameters
    assert methods.summaries() == {"phn-stch": "Pareto hypernetwork trained by smooth Tchebycheff scalarization."}
    with pytest.raises(fr.ConfigError, match=r"^phn-stch: mu must be positive, found 0$"):
        configure(methods.get("phn-stch"), {"mu": 0})


def test_parts_that_do_not_fit_are_refused(tiny):
    grid = fr.simplex_grid(3, 2)
    made = composed(Pamal, EpoScalarization, name="pamal-epo", summary="Gradients that are not computed.")
    with pytest.raises(fr.ConfigError, match="EpoScalarization looks at the tasks' gradients"):
        made().fit(tiny, grid, fr.Context())
    with pytest.raises(fr.ConfigError, match=r"twice cannot be composed: .* both have the options min_preference;"):
        composed(PhnEpo, EpoScalarization, name="twice", summary="The same options twice.")


def test_a_scalarization_that_follows_one_preference_cannot_train_a_whole_set(tiny):
    made = composed(PweMoe, PmtlScalarization, name="pwe-moe-pmtl", summary="One cone a preference.")
    with pytest.raises(fr.ConfigError, match="PMTL follows one preference a training"):
        made().fit(tiny, fr.simplex_grid(3, 2), fr.Context())
