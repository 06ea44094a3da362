"""Examples that a set is charged for: those of its fit, and those of the experts' fine-tuning that it builds on."""

from __future__ import annotations

from ...methods import Learner, Needs
from ...tasks import Problem, Suite


def charged_examples(needs: Needs, problem: Problem, of_experts: int | None) -> dict[str, float]:
    """Return the counts of examples and optimizer steps by the names they are recorded under; unknown ones are absent.

    Objectives that need no data have no examples: then only steps are counted.

    Args:
        needs: what the learner declares.
        problem: what was fitted.
        of_experts: see `charged_for_experts`.
    """
    found: dict[str, float | None] = {}
    if needs.training is not None:
        found |= {"training_runs": needs.training.runs, "training_steps": needs.training.steps}
    elif needs.gradient_examples == 0:
        found["training_runs"] = 0
    if any(problem.n_examples("train")):
        found["gradient_examples"] = needs.gradient_examples
        found["forward_examples"] = needs.forward_examples
        found["expert_gradient_examples"] = of_experts
        if needs.gradient_examples is not None and of_experts is not None:
            found["total_gradient_examples"] = needs.gradient_examples + of_experts
    return {name: float(count) for name, count in found.items() if count is not None}


def looked_at(needs: Needs) -> dict[str, float]:
    """Return what a fit looks at and trains by the names it is recorded under; what is unknown is absent."""
    found = {
        "labelled_examples": needs.labelled_examples,
        "unlabelled_examples": needs.unlabelled_examples,
        "full_trainings": needs.trainings,
    }
    return {name: float(count) for name, count in found.items() if count is not None}


def charged_for_experts(learner: Learner, suite: type[Suite], n_tasks: int) -> int | None:
    """Return the examples of the experts' fine-tuning that a learner is charged for; None where they are not known."""
    n_experts = learner.experts_used(n_tasks)
    return 0 if n_experts == 0 else None if suite.expert_examples is None else n_experts * suite.expert_examples
