"""Tell labels in another order than the head's from an expert that is merely wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import binom

from .error_table import Predictions

FALSE_ALARM = 1e-3
"""The probability, at most, that labels in order are reported as permuted, for each task that is looked at."""
LEAST_GAIN = 0.02
"""The least accuracy that other names must gain to be reported, however sure it is."""
SHOWN_CLASSES = 3


def permuted_labels(task: str, own: Predictions, classes: Sequence[str] = (), *, seed: int = 0) -> str:
    """Return a sentence where an expert's predictions fit its task far better under other names; empty where not.

    The renaming of classes is chosen on half of the examples and judged on the other half by an exact one-sided sign
    test (McNemar's): of the examples that are right under one of the two namings alone, as many or more are right under
    the other names with a probability of at most `FALSE_ALARM` where these are no better. So ten examples of the second
    half, at least, must be right under the other names alone.

    Args:
        task: the task's name.
        own: what its expert predicts.
        classes: names by label; numbers where there are none.
        seed: decides the halves.
    """
    half = np.random.default_rng(seed).permutation(len(own.labels)) % 2 == 0
    n_classes = max(len(classes), own.n_classes)
    matching = _best_names(own.labels[half], own.predicted[half], n_classes)
    labels, predicted = own.labels[~half], own.predicted[~half]
    renamed, named = matching[labels] == predicted, labels == predicted
    better, worse = int((renamed & ~named).sum()), int((named & ~renamed).sum())
    chance = float(binom.sf(better - 1, better + worse, 0.5))
    if better + worse == 0 or chance > FALSE_ALARM or better - worse < LEAST_GAIN * len(labels):
        return ""
    moved = np.flatnonzero(matching != np.arange(n_classes))
    shown = ", ".join(f"{_name(classes, k)} as {_name(classes, matching[k])}" for k in moved[:SHOWN_CLASSES])
    return (
        f"the labels of {task} look permuted: under other names for {len(moved)} of {n_classes} classes its "
        f"expert's error falls from {(~named).mean():.3f} to {(~renamed).mean():.3f} "
        f"({shown}{', ...' if len(moved) > SHOWN_CLASSES else ''}; of tasks that are in order at most 1 in "
        f"{round(1 / FALSE_ALARM):,} looks so); are `classes` in the order of the head?"
    )


def _best_names(labels: NDArray[np.int64], predicted: NDArray[np.int64], n_classes: int) -> NDArray[np.int64]:
    """Return the prediction (n_classes,) that means each label, one to one, so that most examples are right."""
    confusion = np.zeros((n_classes, n_classes))
    np.add.at(confusion, (labels, predicted), 1)
    # Where a class has no example or nothing speaks for another name, it keeps its own.
    confusion[np.diag_indices(n_classes)] += 1e-6
    _, matching = linear_sum_assignment(confusion, maximize=True)
    found: NDArray[np.int64] = matching
    return found


def _name(classes: Sequence[str], label: int) -> str:
    return repr(classes[label]) if label < len(classes) else f"class {label}"
