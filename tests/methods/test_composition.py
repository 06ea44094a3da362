"""Methods composed of a learner and a scalarization, and every method's options, which are in cell keys."""

import ast
import dataclasses
import inspect
import pickle
from collections import Counter

import numpy as np
import pytest

import frontrunner as fr
from frontrunner.methods import METHODS, option_docs
from frontrunner.methods.per_preference.fine_tuned_models import FineTunedModels
from frontrunner.methods.scalarization import LinearScalarization, Scalarization
from frontrunner.methods.scalarization.epo import EpoScalarization
from frontrunner.methods.scalarization.pmtl import PmtlScalarization
from frontrunner.methods.scalarized_learner import ScalarizedLearner, composed
from frontrunner.methods.whole_set.pwe_moe import PweMoe

KEYED = {
    "cosmos": (
        "1",
        {
            "batch_size": None,
            "dirichlet_alpha": 1.2,
            "final_lr_ratio": 0.1,
            "lr": None,
            "min_preference": 0.05,
            "penalty": 1.0,
            "steps": None,
        },
    ),
    "epo": ("1", {"batch_size": None, "final_lr_ratio": 0.1, "lr": None, "min_preference": 0.01, "steps": None}),
    "experts": ("1", {}),
    "fisher-merging": ("1", {"floor": 1e-06, "n_examples": 256, "normalize": True}),
    "imtl-g": ("1", {"batch_size": None, "final_lr_ratio": 0.1, "lr": None, "steps": None}),
    "interpolation": ("1", {}),
    "layerwise-interpolation": (
        "1",
        {
            "batch_size": None,
            "dirichlet_alpha": 1.0,
            "final_lr_ratio": 0.1,
            "groups": "tensors",
            "hypervolume_share": 0.0,
            "interactions": True,
            "lr": 0.03,
            "steps": None,
            "validate": True,
        },
    ),
    "ls": ("1", {"batch_size": None, "final_lr_ratio": 0.1, "lr": None, "steps": None}),
    "map": (
        "1",
        {
            "evaluations": None,
            "generations": 100,
            "max_coefficient": 1.0,
            "min_coefficient": 0.0,
            "population": 100,
            "sigmoid": None,
            "start_with_experts": True,
        },
    ),
    "mgda": ("1", {"batch_size": None, "final_lr_ratio": 0.1, "lr": None, "steps": None}),
    "mobo-merge": (
        "1",
        {"evaluations": 40, "max_coefficient": 1.0, "min_coefficient": 0.0, "start_with_experts": True},
    ),
    "nsga2-merge": (
        "1",
        {
            "generations": 10,
            "max_coefficient": 1.0,
            "min_coefficient": 0.0,
            "population": 20,
            "start_with_experts": True,
        },
    ),
    "pamal": (
        "1",
        {
            "batch_size": None,
            "dirichlet_alpha": 1.0,
            "final_lr_ratio": 0.1,
            "lr": None,
            "samples": 1,
            "start": "pretrained",
            "steps": None,
        },
    ),
    "pareto-merging": (
        "1",
        {
            "base_coefficient": 0.3,
            "batch_size": None,
            "dirichlet_alpha": 1.0,
            "final_lr_ratio": 0.1,
            "lr": None,
            "rank": 16,
            "steps": None,
        },
    ),
    "phn-epo": (
        "1",
        {
            "batch_size": None,
            "chunk_size": 4096,
            "dirichlet_alpha": 0.2,
            "final_lr_ratio": 0.1,
            "form": "auto",
            "hidden_size": 100,
            "lr": None,
            "max_exact_parameters": 10000000,
            "min_preference": 0.01,
            "steps": None,
        },
    ),
    "phn-hvi": (
        "1",
        {
            "batch_size": None,
            "chunk_size": 4096,
            "dirichlet_alpha": 1.0,
            "final_lr_ratio": 0.1,
            "form": "auto",
            "hidden_size": 100,
            "lr": None,
            "max_exact_parameters": 10000000,
            "min_preference": 0.05,
            "penalty": 1.0,
            "samples": 8,
            "steps": None,
        },
    ),
    "phn-ls": (
        "1",
        {
            "batch_size": None,
            "chunk_size": 4096,
            "dirichlet_alpha": 0.2,
            "final_lr_ratio": 0.1,
            "form": "auto",
            "hidden_size": 100,
            "lr": None,
            "max_exact_parameters": 10000000,
            "steps": None,
        },
    ),
    "pmtl": (
        "1",
        {
            "batch_size": None,
            "final_lr_ratio": 0.1,
            "lr": None,
            "min_preference": 0.01,
            "steps": None,
            "warm_up_share": 0.2,
        },
    ),
    "pretrained": ("1", {}),
    "pwe-moe-epo": (
        "1",
        {
            "batch_size": None,
            "dirichlet_alpha": 1.0,
            "final_lr_ratio": 0.1,
            "hidden_size": None,
            "init_lambda": 0.3,
            "init_std": 0.01,
            "lr": 0.01,
            "min_preference": 0.01,
            "router_depth": 2,
            "steps": None,
            "upscale": "mlp",
        },
    ),
    "pwe-moe-ls": (
        "2",
        {
            "batch_size": None,
            "dirichlet_alpha": 1.0,
            "final_lr_ratio": 0.1,
            "hidden_size": None,
            "init_lambda": 0.3,
            "init_std": 0.01,
            "lr": 0.01,
            "router_depth": 2,
            "steps": None,
            "upscale": "mlp",
        },
    ),
    "pwe-moe-stch": (
        "1",
        {
            "batch_size": None,
            "dirichlet_alpha": 1.0,
            "final_lr_ratio": 0.1,
            "hidden_size": None,
            "init_lambda": 0.3,
            "init_std": 0.01,
            "lr": 0.01,
            "mu": 0.01,
            "router_depth": 2,
            "steps": None,
            "upscale": "mlp",
        },
    ),
    "regmean": ("1", {"batch_size": 32, "n_examples": 256, "reduce_off_diagonal": 0.95}),
    "stch": ("1", {"batch_size": None, "final_lr_ratio": 0.1, "lr": None, "mu": 0.01, "steps": None}),
    "task-arithmetic": ("1", {"max_lambda": 1.0, "points": 11}),
    "ties-merging": (
        "1",
        {"coefficient": None, "conditioned": False, "keep": 0.2, "max_lambda": 1.0, "merge": "sum", "points": 11},
    ),
    "weight-averaging": ("1", {}),
}
"""Method -> version and options at their defaults: they decide the keys of cells that have been recorded."""
BUILT_IN = [name for name in fr.list_methods() if METHODS.origin(name).startswith("frontrunner.")]
SCALARIZED = [name for name in BUILT_IN if issubclass(METHODS.get(name), ScalarizedLearner)]


def test_cell_keys_stay():
    learners = {name: fr.make_learner(name) for name in BUILT_IN}
    assert {name: (made.version, dataclasses.asdict(made.config)) for name, made in learners.items()} == KEYED


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


def test_a_scalarization_that_follows_one_preference_cannot_train_a_whole_set(tiny):
    made = composed(PweMoe, PmtlScalarization, name="pwe-moe-pmtl", summary="One cone a preference.")
    with pytest.raises(fr.ConfigError, match="PMTL follows one preference a training"):
        made().fit(tiny, fr.simplex_grid(3, 2), fr.Context())


@pytest.mark.parametrize("method", ["ls", "pwe-moe-epo", "interpolation"])
def test_a_config_made_directly_is_checked_as_well(method):
    learner = METHODS.get(method)
    learner(learner.Config())
    for option, reader in {"lr": -1.0, "steps": 2.5, "min_preference": 0.7}.items():
        if option in {field.name for field in dataclasses.fields(learner.Config)}:
            with pytest.raises(fr.ConfigError, match=f"^{method}: {option} must be .*, found {reader}$"):
                learner(learner.Config(**{option: reader}))


@pytest.mark.parametrize("method", BUILT_IN)
def test_every_option_is_documented(method):
    config = METHODS.get(method).Config
    assert option_docs(config).keys() == {field.name for field in dataclasses.fields(config)}


@dataclasses.dataclass(frozen=True)
class Plain:
    power: float = 2.0
    """Above 1, answers
    move."""
    silent: int = 0


def test_a_plain_dataclass_is_documented_by_the_strings_below_its_fields():
    assert option_docs(Plain) == {"power": "Above 1, answers move."}


@pytest.mark.parametrize("floor", ["methods", "tasks"])
def test_no_two_classes_and_no_two_files_of_a_floor_share_a_name(floor, pytestconfig):
    files = [file for file in (pytestconfig.rootpath / floor).rglob("*.py") if file.name != "__init__.py"]
    classes = [
        node.name
        for file in files
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    assert [name for name, count in Counter([*classes, *(file.name for file in files)]).items() if count > 1] == []
