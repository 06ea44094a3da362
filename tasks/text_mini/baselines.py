"""Hold the experts of `text-mini` against what simpler means reach, in a table of accuracies on the test split.

    python -m frontrunner.tasks.text_mini.baselines

The linear probe is what the pre-trained model is worth: with an expert's head it is near chance, since heads are
trained with their expert. TF-IDF needs scikit-learn, which `pip install 'frontrunner[dev]'` brings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
import typer
from torch import Tensor

from ..backbones.transformers_models.transformers_head import HIDDEN
from ..classification import ClassificationProblem
from ..datasets.text_format import MASK
from ..probe_accuracy import probe_accuracy
from ..progress import silent
from .text_mini_suite import TextMini
from .texts import load_task


def majority(labels: Tensor, test: Tensor) -> float:
    """Return the share of test examples that have the most frequent label of the train split."""
    return float((test == labels.bincount().argmax()).double().mean())


def tf_idf(train: Sequence[str], labels: Tensor, test: Sequence[str], answers: Tensor) -> float:
    """Return the accuracy of a logistic regression on TF-IDF of words and pairs of words."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=10, max_iter=1000)
    )
    model.fit(list(train), labels.numpy())
    return float(model.score(list(test), answers.numpy()))


def last_states(features: Mapping[str, Tensor]) -> Tensor:
    """Return the state (n, width) at the last token of every text, which is what heads read."""
    states, mask = features[HIDDEN], features[MASK]
    return states[torch.arange(len(states)), mask.sum(dim=1) - 1]


def table(problem: ClassificationProblem) -> dict[str, list[float]]:
    """Return rows of test accuracies, a column a task; experts are tested with every task's own head."""
    shipped = [load_task(task).splits for task in problem.tasks]
    rows = {
        "majority": [majority(splits["train"][1], splits["test"][1]) for splits in shipped],
        "TF-IDF": [tf_idf(*splits["train"], *splits["test"]) for splits in shipped],
        "linear probe": [probe_accuracy(problem, t, "test", last_states) for t in range(problem.n_tasks)],
    }
    models = {"pre-trained": problem.pretrained}
    models |= {f"expert {task}": expert for task, expert in zip(problem.tasks, problem.experts, strict=True)}
    for row, params in models.items():
        rows[row] = [1 - float(error) for error in problem.evaluate(params, "test").error]
    return rows


def main(seed: Annotated[int, typer.Option(help="Seed of the experts.")] = 0) -> None:
    """Print the table as Markdown."""
    torch.set_num_threads(1)
    problem = TextMini().prepare(TextMini.tasks, device=torch.device("cpu"), seed=seed, progress=silent)
    assert isinstance(problem, ClassificationProblem)  # for the type checker
    typer.echo(f"| | {' | '.join(problem.tasks)} |")
    typer.echo(f"|---|{'---:|' * problem.n_tasks}")
    for row, accuracies in table(problem).items():
        typer.echo(f"| {row} | {' | '.join(f'{accuracy:.3f}' for accuracy in accuracies)} |")


if __name__ == "__main__":
    typer.run(main)
