"""Print how far a linear probe of a suite's pre-trained model gets: what was known before any expert was made.

    python -m frontrunner.tasks.real_text.probe build/minilm/suite.yaml

Heads of these suites are trained with their experts, so the pre-trained model is at chance with them and would look as
if it knew nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch import Tensor

from ...errors import FrontrunnerError
from ...one_line import as_one_line
from ..classification import ClassificationProblem
from ..datasets.text_format import MASK
from ..logistic_regression import logistic_regression
from ..progress import silent
from ..suite_file.file_suite import suite_class

HIDDEN = "last_hidden_state"
"""What the encoders of transformers call what they make of each token."""


def probe_errors(file: Path, split: str = "test") -> dict[str, float]:
    """Return the error of a linear probe on every task, fitted on train, by the mean over the tokens of each text.

    Args:
        file: a suite file of texts on a model of transformers.
        split: the split that errors are measured on.

    Raises:
        FrontrunnerError: the suite cannot be read.
    """
    suite = suite_class(file)
    problem: Any = suite().prepare(suite.tasks, device=torch.device("cpu"), seed=0, progress=silent)
    errors = {}
    for t, task in enumerate(problem.tasks):
        features, labels = _features(problem, t, "train")
        mean, scale = features.mean(dim=0), features.std(dim=0) + 1e-6
        fitted = logistic_regression((features - mean) / scale, labels, int(labels.max()) + 1)
        tested, expected = _features(problem, t, split)
        logits = (tested - mean) / scale @ fitted["weight"].T + fitted["bias"]
        errors[task] = float((logits.argmax(dim=1) != expected).float().mean())
    return errors


@torch.no_grad()
def _features(problem: ClassificationProblem, t: int, split: str, n_pass: int = 25) -> tuple[Tensor, Tensor]:
    """Return what the pre-trained model makes of each text of a task, the mean over its tokens (n, d), and labels."""
    examples = problem.examples(t, split)
    means = []
    for first in range(0, len(examples), n_pass):
        batch = problem.as_batch(examples.between(first, first + n_pass))
        made = problem.features(problem.pretrained, batch)
        mask = made[MASK].unsqueeze(2).to(made[HIDDEN].dtype)
        means.append((made[HIDDEN] * mask).sum(dim=1) / mask.sum(dim=1))
    return torch.cat(means), examples.labels


def probe(file: Annotated[Path, typer.Argument(help="The suite file.")]) -> None:
    """Print the accuracy of the linear probe on the test split of every task."""
    try:
        errors = probe_errors(file)
    except FrontrunnerError as error:
        typer.echo(f"error: {as_one_line(str(error))}", err=True)
        sys.exit(1)
    for task, share in errors.items():
        typer.echo(f"{task}: {1 - share:.3f}")


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(probe)
    app()
