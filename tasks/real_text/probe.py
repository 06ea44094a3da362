"""Print the accuracy of a linear probe of a suite's pre-trained model: what it knew before any expert was made.

    python -m frontrunner.tasks.real_text.probe build/minilm/suite.yaml

Heads of these suites are trained with their experts, so the pre-trained model is near chance with them and would look
as if it knew nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch import Tensor

from ..backbones.transformers_models.transformers_head import HIDDEN
from ..datasets.text_format import MASK
from ..probe_accuracy import probe_accuracy
from ..progress import silent
from ..suite_file.file_suite import suite_class
from .script_errors import ends_in_one_sentence


def probe_accuracies(file: Path, split: str = "test") -> dict[str, float]:
    """Return the accuracy of a linear probe on every task, fitted on train, by the mean over the tokens of each text.

    Args:
        file: a suite file of texts on a model of transformers.
        split: the split that accuracies are measured on.

    Raises:
        FrontrunnerError: the suite cannot be read.
    """
    suite = suite_class(file)
    problem: Any = suite().prepare(suite.tasks, device=torch.device("cpu"), seed=0, progress=silent)
    return {task: probe_accuracy(problem, t, split, mean_states) for t, task in enumerate(problem.tasks)}


def mean_states(features: Mapping[str, Tensor]) -> Tensor:
    """Return the mean state (n, width) over the tokens of every text."""
    mask = features[MASK].unsqueeze(2).to(features[HIDDEN].dtype)
    return (features[HIDDEN] * mask).sum(dim=1) / mask.sum(dim=1)


def probe(file: Annotated[Path, typer.Argument(help="The suite file.")]) -> None:
    """Print the accuracy of the linear probe on the test split of every task."""
    with ends_in_one_sentence():
        accuracies = probe_accuracies(file)
    for task, accuracy in accuracies.items():
        typer.echo(f"{task}: {accuracy:.3f}")


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(probe)
    app()
