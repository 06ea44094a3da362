"""The errors of 1-nearest-neighbour on raw inputs: a yardstick without a model, which every learner should beat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from numpy.typing import NDArray
from torch import Tensor

from .classification import ClassificationProblem
from .datasets.text_format import IDS, MASK
from .problem import Problem
from .stored_inputs import Inputs

LONGEST_SIDE = 32
"""Images of more than 4,096 numbers are averaged down to at most this many pixels a side, as in CIFAR and SVHN."""
MOST_NUMBERS = 4096
"""The most numbers of an example that is compared as it is."""
MOST_PRODUCTS = 2e13
"""The most products of one task's comparison, above which there is no yardstick: minutes on a core for each 1e12."""
_ROWS = 1024
_NUMBERS_OF_A_TEXT = 1000  # what a pair of texts costs beside a pair of images with so many numbers


def nearest_neighbour_errors(problem: Problem, split: str) -> NDArray[np.float64] | None:
    """Return each task's error on a split if every example has the label of the nearest one of the train split.

    Images and other numbers are compared by their Euclidean distance, in double precision; texts by the cosine of
    their token counts, without padding. Of train examples that are equally near, the first counts. Examples are
    compared in blocks, so that memory does not grow with the split.

    Args:
        problem: the prepared problem.
        split: the split that is answered.

    Returns:
        Errors (T,), or None where some task has no raw inputs that can be compared: the problem predicts no classes,
        its inputs are of several parts, or there are more than `MOST_PRODUCTS`.

    Raises:
        UnknownNameError: the problem has no such split.
    """
    if not isinstance(problem, ClassificationProblem):
        return None
    errors = []
    for t in range(problem.n_tasks):
        train, asked = problem.examples(t, "train"), problem.examples(t, split)
        nearest = _nearest(train.inputs, asked.inputs, len(train) * len(asked))
        if nearest is None:
            return None
        answers = train.labels.cpu().numpy()[nearest]
        errors.append(float(np.mean(answers != asked.labels.cpu().numpy())))
    return np.array(errors, dtype=np.float64)


def _nearest(train: Inputs, asked: Inputs, n_pairs: int) -> NDArray[np.int64] | None:
    """Return the position in `train` of the example nearest to each that is asked for; None if not comparable."""
    if isinstance(train, Mapping):
        if IDS not in train or n_pairs * _NUMBERS_OF_A_TEXT > MOST_PRODUCTS:
            return None
        return _nearest_texts(train, cast("Mapping[str, Tensor]", asked))
    pixels = cast("Tensor", asked)
    if not (train.is_floating_point() or train.dtype == torch.uint8):
        return None  # numbers of tokens, of which it isn't known which one pads
    if n_pairs * _flat(train[:1]).shape[1] > MOST_PRODUCTS:
        return None
    return _nearest_points(train, pixels)


def _nearest_points(train: Tensor, asked: Tensor) -> NDArray[np.int64]:
    """Return the nearest points; each block of those asked for passes all of `train`."""
    found = []
    for queries in _blocks(asked):
        least = torch.full((len(queries),), torch.inf, dtype=torch.float64, device=queries.device)
        nearest = torch.zeros(len(queries), dtype=torch.long, device=queries.device)
        for number, block in enumerate(_blocks(train)):
            points = block.to(queries.device)
            # |a - b|^2 without |a|^2, which is the same for all b.
            distances, at = torch.min(points.square().sum(dim=1) - 2 * queries @ points.T, dim=1)
            nearer = distances < least
            least = torch.where(nearer, distances, least)
            nearest = torch.where(nearer, at + number * _ROWS, nearest)
        found.append(nearest.cpu().numpy())
    return np.concatenate(found)


def _blocks(inputs: Tensor) -> Iterator[Tensor]:
    """Yield points of double precision, so that distances of whole numbers are exact and ties are ties."""
    for start in range(0, len(inputs), _ROWS):
        yield _flat(inputs[start : start + _ROWS])


def _flat(inputs: Tensor) -> Tensor:
    """Return inputs (n, ...) as points (n, d), large images averaged down."""
    points = inputs.double()
    if points[0].numel() > MOST_NUMBERS and points.ndim >= 3:
        for axis in range(1, points.ndim):
            if points.shape[axis] > LONGEST_SIDE:
                last = points.movedim(axis, -1)
                points = F.adaptive_avg_pool1d(last.flatten(1, -2), LONGEST_SIDE).view(*last.shape[:-1], LONGEST_SIDE)
                points = points.movedim(-1, axis)
    return points.flatten(1)


def _nearest_texts(train: Mapping[str, Tensor], asked: Mapping[str, Tensor]) -> NDArray[np.int64]:
    """Return the texts with the largest cosine of token counts; of a text without known tokens, the first."""
    n_words = 1 + max(int(inputs[IDS].cpu().numpy().max()) for inputs in (train, asked))
    known = _counts(train, n_words)
    lengths = np.sqrt(np.asarray(known.multiply(known).sum(axis=1), dtype=np.float64)).ravel()
    counted = _counts(asked, n_words)
    found = []
    for start in range(0, counted.shape[0], _ROWS):
        # Products of counts are whole, so that equal texts tie exactly.
        products = (counted[start : start + _ROWS] @ known.T).toarray()
        found.append((products / np.maximum(lengths, 1.0)).argmax(axis=1))
    return np.concatenate(found).astype(np.int64)


def _counts(inputs: Mapping[str, Tensor], n_words: int) -> Any:
    """Return how often each text (row) has each token (column), a sparse matrix of SciPy."""
    from scipy.sparse import csr_array

    ids = inputs[IDS].cpu().numpy().astype(np.int64)
    used = inputs[MASK].cpu().numpy() != 0 if MASK in inputs else np.ones(ids.shape, dtype=bool)
    rows, columns = np.nonzero(used)
    ones = np.ones(len(rows), dtype=np.float64)
    matrix = csr_array((ones, (rows, ids[rows, columns])), shape=(len(ids), n_words))
    matrix.sum_duplicates()
    return matrix
