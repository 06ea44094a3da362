"""The versions and default options of every method, which are in the keys of recorded cells."""

import frontrunner as fr
from frontrunner.methods import METHODS, recorded_options

KEYED = {
    "cosmos": (
        "1",
        {
            "batch_size": None,
            "dirichlet_alpha": 1.2,
            "final_lr_ratio": 0.1,
            "lr": None,
            "min_preference": 0.05,
            "penalty": 2.0,
            "steps": None,
        },
    ),
    "dare": (
        "1",
        {
            "coefficient": None,
            "conditioned": False,
            "drop": 0.2,
            "keep": 0.2,
            "max_lambda": 1.0,
            "merge": "mean",
            "points": 11,
            "then": "task-arithmetic",
        },
    ),
    "epo": ("2", {"batch_size": None, "final_lr_ratio": 0.1, "lr": None, "min_preference": 0.01, "steps": None}),
    "experts": ("1", {}),
    "fisher-merging": ("1", {"floor": 1e-06, "n_examples": 256, "normalize": True}),
    "imtl-g": ("2", {"batch_size": None, "final_lr_ratio": 0.1, "lr": None, "steps": None}),
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
        "2",
        {
            "evaluations": None,
            "generations": 150,
            "max_coefficient": 1.0,
            "min_coefficient": 0.0,
            "population": 100,
            "sigmoid": None,
            "start_with_experts": True,
        },
    ),
    "mgda": ("2", {"batch_size": None, "final_lr_ratio": 0.1, "lr": None, "steps": None}),
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
        "2",
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
        "2",
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
            "penalty": 4.0,
            "reference_loss": 2.0,
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
        "2",
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
        "2",
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
    "regmean": ("2", {"batch_size": 32, "n_examples": 256, "reduce_off_diagonal": 0.95}),
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


def test_cell_keys_stay():
    learners = {name: fr.make_learner(name) for name in BUILT_IN}
    assert {name: (made.version, recorded_options(made.config)) for name, made in learners.items()} == KEYED
