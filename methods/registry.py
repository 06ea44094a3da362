"""Which learners there are, and how to make one by name."""

from __future__ import annotations

from ..registry import Registry
from .learner import Learner
from .options import configure

METHODS: Registry[Learner] = Registry(
    "method",
    base="frontrunner.methods.learner:Learner",
    group="frontrunner.methods",
    builtin={
        "pretrained": (
            "frontrunner.methods.merging.pretrained:Pretrained",
            "the pre-trained model as it is: the floor",
        ),
        "experts": (
            "frontrunner.methods.merging.experts:Experts",
            "the T fine-tuned specialists as they are",
        ),
        "weight-averaging": (
            "frontrunner.methods.merging.weight_averaging:WeightAveraging",
            "the mean of the experts' weights",
        ),
        "task-arithmetic": (
            "frontrunner.methods.merging.task_arithmetic:TaskArithmetic",
            "pre-trained plus lambda times the sum of task vectors, a curve over lambda",
        ),
        "interpolation": (
            "frontrunner.methods.merging.interpolation:Interpolation",
            "experts weighted by the preference (rewarded soups)",
        ),
        "pwe-moe-ls": (
            "frontrunner.methods.whole_set.pwe_moe:PweMoeLs",
            "PWE MoE: trained routers from preference to per-module merge coefficients, linear scalarization",
        ),
        "pwe-moe-epo": (
            "frontrunner.methods.whole_set.pwe_moe:PweMoeEpo",
            "PWE MoE's routers trained by exact Pareto optimal search",
        ),
        "pwe-moe-stch": (
            "frontrunner.methods.whole_set.pwe_moe:PweMoeStch",
            "PWE MoE's routers trained by smooth Tchebycheff scalarization",
        ),
    },
)


def methods() -> dict[str, str]:
    """Name -> one-line description of every registered method."""
    return METHODS.summaries()


def make_learner(method: str, /, **options: object) -> Learner:
    """A configured learner by the method's name.

    Raises:
        UnknownNameError: the method or an option is not known; the message offers the nearest.
        ConfigError: an option's value has the wrong type or range.
    """
    return configure(METHODS.get(method), options)
