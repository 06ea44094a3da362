"""Hold the experts of `text-mini` against what simpler means reach, in a table of accuracies on the test split.

    python -m frontrunner.tasks.text_mini.baselines

The linear probe is what the pre-trained model is worth: with an expert's head it is at chance, since heads are trained
with their expert. TF-IDF needs scikit-learn, which `pip install 'frontrunner[dev]'` brings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
import typer
from torch import Tensor

from ..classification import ClassificationProblem
from ..logistic_regression import logistic_regression
from ..progress import silent
from .text_mini_suite import TextMini
from .texts import load_task

PASS = 256
"""Texts of one forward pass."""


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


@torch.no_grad()
def last_states(problem: ClassificationProblem, t: int, split: str) -> Tensor:
    """Return the pre-trained model's state (n, width) at the last token of every text, which is what heads read."""
    examples = problem.examples(t, split)
    found = []
    for start in range(0, len(examples), PASS):
        batch = problem.as_batch(examples.between(start, start + PASS))
        features = problem.features(problem.pretrained, batch)
        states, mask = features["last_hidden_state"], features["attention_mask"]
        found.append(states[torch.arange(len(states)), mask.sum(dim=1) - 1])
    return torch.cat(found)


def linear_probe(problem: ClassificationProblem, t: int) -> float:
    """Return the accuracy of a logistic regression on the pre-trained model's states, scaled to unit variance."""
    train, test = last_states(problem, t, "train"), last_states(problem, t, "test")
    mean, spread = train.mean(dim=0), train.std(dim=0)
    labels, answers = problem.examples(t, "train").labels, problem.examples(t, "test").labels
    head = logistic_regression((train - mean) / spread, labels, int(labels.max()) + 1)
    logits = F.linear((test - mean) / spread, head["weight"], head["bias"])
    return float((logits.argmax(dim=1) == answers).double().mean())


def table(problem: ClassificationProblem) -> dict[str, list[float]]:
    """Return rows of test accuracies, a column a task; experts are tested with every task's own head."""
    shipped = [load_task(task).splits for task in problem.tasks]
    rows = {
        "majority": [majority(splits["train"][1], splits["test"][1]) for splits in shipped],
        "TF-IDF": [tf_idf(*splits["train"], *splits["test"]) for splits in shipped],
        "linear probe": [linear_probe(problem, t) for t in range(problem.n_tasks)],
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
