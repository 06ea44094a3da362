"""A learner without training whose options decide how it fares; loaded by tests of tuning."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import frontrunner as fr


class Fussy(fr.Learner):
    """Interpolates, and fails in the ways that a study has to live with."""

    name = "fussy"

    @dataclass(frozen=True)
    class Config:
        x: Annotated[float, fr.Range(0.0, 1.0)] = 0.5
        """How far towards the experts."""
        y: Annotated[int, fr.Choice((1, 2, 3))] = 1
        """Parameters that it says it has trained."""
        fate: str = "fine"
        """fine, diverges, or hopeless (NaN until the last step)."""
        steps: int = 8
        gate: str = ""
        """Waits for this file; touches `fitting` beside it first."""

        def __post_init__(self):
            if self.y == 3 and self.fate == "diverges":
                raise fr.ConfigError("y = 3 is refused where it diverges")

    def fit(self, problem, preferences, context):
        if self.config.fate == "diverges":
            raise fr.DivergenceError("the loss is nan; lower the learning rate")

        def weighted(preference):
            return zip(preference, problem.experts, strict=True)

        def moved(preference, x):
            return {
                key: tensor + x * sum(float(r) * (e[key] - tensor) for r, e in weighted(preference))
                if tensor.is_floating_point()
                else tensor
                for key, tensor in problem.pretrained.items()
            }

        def partial_set():
            x = float("nan") if self.config.fate == "hopeless" else self.config.x
            return fr.ContinuousSet(problem.n_tasks, lambda r: moved(r, x), total_parameters=1)

        steps = self.config.steps
        for step in range(1, steps + 1):
            context.progress("fit", step, steps, loss=1 / step)
            if step < steps:
                context.probe(step, steps, partial_set)
        if self.config.gate:
            gate = Path(self.config.gate)
            (gate.parent / "fitting").touch()
            while not gate.exists():
                time.sleep(0.05)
        found = fr.ContinuousSet(
            problem.n_tasks, lambda r: moved(r, self.config.x), total_parameters=problem.model_parameters
        )
        found.trainable_parameters = self.config.y
        return found
