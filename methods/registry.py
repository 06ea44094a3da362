"""The registry of methods, and how to make a learner by a method's name."""

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
            "the T fine-tuned experts as they are",
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
        "ties-merging": (
            "frontrunner.methods.merging.ties_merging:TiesMerging",
            "task vectors trimmed and merged where their signs agree, a curve over lambda",
        ),
        "dare": (
            "frontrunner.methods.merging.dare:Dare",
            "task vectors with entries dropped at random, summed or merged by TIES, a curve over lambda",
        ),
        "iso-c": (
            "frontrunner.methods.merging.iso_c:IsoC",
            "summed task vectors with equal singular values in every matrix, a curve over lambda",
        ),
        "tsv-merge": (
            "frontrunner.methods.merging.tsv_merge:TsvMerge",
            "leading singular vectors of all tasks made orthogonal to each other, a curve over lambda",
        ),
        "adamerging": (
            "frontrunner.methods.merging.adamerging:AdaMerging",
            "merge coefficients of every weight or task trained to make predictions certain, without labels; one model",
        ),
        "wudi": (
            "frontrunner.methods.merging.wudi:Wudi",
            "linear layers' task vectors merged without interference, without data, a curve over lambda",
        ),
        "fisher-merging": (
            "frontrunner.methods.merging.fisher_merging:FisherMerging",
            "experts weighted by the preference and, parameter by parameter, by their Fisher information",
        ),
        "regmean++": (
            "frontrunner.methods.merging.regmean_plus_plus:RegMeanPlusPlus",
            "regmean block by block, on inputs that the blocks merged before have made",
        ),
        "regmean": (
            "frontrunner.methods.merging.regmean:RegMean",
            "linear layers merged by preference-weighted least squares on unlabelled inputs",
        ),
        "ls": (
            "frontrunner.methods.per_preference.scalarized:Ls",
            "linear scalarization, one full fine-tuning a preference",
        ),
        "epo": (
            "frontrunner.methods.per_preference.scalarized:Epo",
            "exact Pareto optimal search, one full fine-tuning a preference",
        ),
        "stch": (
            "frontrunner.methods.per_preference.scalarized:Stch",
            "smooth Tchebycheff scalarization, one full fine-tuning a preference",
        ),
        "pmtl": (
            "frontrunner.methods.per_preference.scalarized:Pmtl",
            "Pareto multi-task learning: one full fine-tuning a preference, each in its own cone",
        ),
        "pmgda": (
            "frontrunner.methods.per_preference.scalarized:Pmgda",
            "predict and correct towards the ray of 1 / r: one full fine-tuning a preference",
        ),
        "ferero": (
            "frontrunner.methods.per_preference.scalarized:Ferero",
            "descent constrained to the ray of 1 / r: one full fine-tuning a preference",
        ),
        "multi-task": (
            "frontrunner.methods.per_preference.multi_task:MultiTask",
            "multi-task learning until validation no longer improves: a yardstick, no preference",
        ),
        "mgda": (
            "frontrunner.methods.per_preference.scalarized:Mgda",
            "multiple-gradient descent: one full fine-tuning, no preference",
        ),
        "imtl-g": (
            "frontrunner.methods.per_preference.scalarized:ImtlG",
            "impartial multi-task learning: one full fine-tuning, no preference",
        ),
        "cagrad": (
            "frontrunner.methods.per_preference.scalarized:Cagrad",
            "conflict-averse gradient descent: one full fine-tuning, no preference",
        ),
        "nash-mtl": (
            "frontrunner.methods.per_preference.scalarized:NashMtl",
            "multi-task learning as a bargaining game: one full fine-tuning, no preference",
        ),
        "fairgrad": (
            "frontrunner.methods.per_preference.scalarized:Fairgrad",
            "alpha-fair decreases of the losses: one full fine-tuning, no preference",
        ),
        "upgrad": (
            "frontrunner.methods.per_preference.scalarized:Upgrad",
            "unconflicting projections of the gradients: one full fine-tuning, no preference",
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
        "layerwise-interpolation": (
            "frontrunner.methods.whole_set.layerwise_interpolation:LayerwiseInterpolation",
            "interpolation whose coefficients every weight tensor learns for itself; Frontrunner's own",
        ),
        "phn-ls": (
            "frontrunner.methods.whole_set.phn:PhnLs",
            "Pareto hypernetwork: a network from the preference to all weights, linear scalarization",
        ),
        "phn-epo": (
            "frontrunner.methods.whole_set.phn:PhnEpo",
            "Pareto hypernetwork trained by exact Pareto optimal search",
        ),
        "phn-hvi": (
            "frontrunner.methods.whole_set.phn_hvi:PhnHvi",
            "Pareto hypernetwork trained on the hypervolume of several answers a step",
        ),
        "pamal": (
            "frontrunner.methods.whole_set.pamal:Pamal",
            "Pareto manifold learning: T models trained so that every model between them is good",
        ),
        "palora": (
            "frontrunner.methods.whole_set.palora:Palora",
            "PaLoRA: one model and low-rank adapters of every task that the preference mixes",
        ),
        "cosmos": (
            "frontrunner.methods.whole_set.cosmos:Cosmos",
            "COSMOS: one model whose biases the preference shifts, trained to spread over the front",
        ),
        "pareto-merging": (
            "frontrunner.methods.whole_set.pareto_merging:ParetoMerging",
            "Pareto merging: the task-arithmetic model plus low-rank terms that the preference mixes",
        ),
        "map": (
            "frontrunner.methods.coefficient_search.map:Map",
            "MAP: the front of quadratic surrogates of the objectives over merge coefficients",
        ),
        "random-merge": (
            "frontrunner.methods.coefficient_search.random_merge:RandomMerge",
            "merge coefficients drawn at random: the baseline of every search of them",
        ),
        "nsga2-merge": (
            "frontrunner.methods.coefficient_search.nsga2_merge:Nsga2Merge",
            "merge coefficients evolved by NSGA-II on the validation split",
        ),
        "mobo-merge": (
            "frontrunner.methods.coefficient_search.mobo_merge:MoboMerge",
            "merge coefficients by multi-objective Bayesian optimization (ParEGO) on the validation split",
        ),
    },
)


def list_methods() -> dict[str, str]:
    """Map the name of every registered method to a one-line description."""
    return METHODS.summaries()


def make_learner(method: str, /, **options: object) -> Learner:
    """Make a learner by its method's name and options.

    Args:
        method: a registered name, see `list_methods`.
        options: values of the fields of the learner's `Config`; text is read as the option's type.

    Raises:
        UnknownNameError: the method or an option is not known; the message offers the nearest.
        ConfigError: an option's value has the wrong type or is out of bounds.
    """
    return configure(METHODS.get(method), options)
