"""`tsv-merge`: the leading singular vectors of all tasks, made orthogonal to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from pydantic import PositiveFloat
from torch import Tensor

from ..learner import Context
from ..ranges import Range
from .direction_merger import CurveOptions
from .matrix_rule import MatrixMerger, MatrixRule, matrices_of
from .singular_values import nearest_orthonormal, singular_triplets
from .task_vectors_by_weight import TaskVectorsByWeight


def merge_singular_vectors(matrices: Tensor, scale: Tensor) -> Tensor:
    """Merge the task vectors (T, m, n) of one matrix by their leading singular vectors, to (m, n).

    Each task keeps its k = floor(min(m, n) / T) leading singular triplets. Side by side they are U (m, T k), S and V^T
    (T k, n); the merge is U' S V'^T, with the orthonormal matrices U' and V' nearest to U and V (TSV-Merge in arXiv
    2412.00081).

    Args:
        matrices: the task vectors; min(m, n) is T or more.
        scale: (T,) factors of the tasks' singular values.
    """
    k = min(matrices.shape[1:]) // len(matrices)
    left, values, right = [], [], []
    for factor, matrix in zip(scale, matrices, strict=True):
        u, s, vh = singular_triplets(matrix)
        left.append(u[:, :k])
        values.append(factor * s[:k])
        right.append(vh[:k])
    u, v = nearest_orthonormal(torch.cat(left, dim=1)), nearest_orthonormal(torch.cat(right))
    return (u * torch.cat(values)) @ v


class SingularVectorRule(MatrixRule):
    """Merges leading singular vectors of a matrix's task vectors."""

    prefix: ClassVar[str] = "tsv"

    def merge(self, name: str, matrices: Tensor, scale: Tensor) -> Tensor:
        """Return the merge; a factor of 0 leaves a task's directions reserved, with nothing in them."""
        return merge_singular_vectors(matrices, scale)


class TsvMerge(MatrixMerger):
    """Merges task singular vectors without interference (TSV-M; Gargiulo et al., arXiv 2412.00081).

    Of every matrix each task keeps its leading 1 / T of singular vectors; those of all tasks together are made
    orthonormal by an orthogonal Procrustes problem, and the model is theta_0 + lambda U' S V'^T. As in the authors'
    code it is done for all two-dimensional parameters, linear layers and embeddings alike, stored either way round; all
    else (biases, norms, convolutions, running statistics) is averaged over the tasks and takes part with the same
    lambda. So is a matrix with fewer than T rows or columns, of which the authors' code drops the task vectors.
    Singular vectors that only rounding decides, of values of 0, are left out. One task gives its expert at lambda = 1.

    The default is a curve over lambda, of which the authors choose one on the validation split. `conditioned`,
    Frontrunner's extension, follows the preference at one lambda: the singular values of task t are multiplied by
    T r_t, which is to scale its task vector, and the average is weighted by r; equal weights give the curve's model.
    """

    name: ClassVar[str] = "tsv-merge"

    @dataclass(frozen=True)
    class Config(CurveOptions):
        """Options of the curve over lambda, which is sampled at evenly spaced lambdas, both ends included."""

        max_lambda: Annotated[PositiveFloat, Range(0.5, 3.0)] = 2.0
        """End of the lambdas, which start at 0 (pre-trained); the authors search up to 3."""

    config: Config

    def rule(self, vectors: TaskVectorsByWeight, context: Context) -> SingularVectorRule:
        """Return the rule for all matrices of the model that have room for every task."""
        problem = vectors.problem
        matrices = matrices_of(problem.model)
        return SingularVectorRule(
            vectors, [name for name in matrices if min(problem.pretrained[name].shape) >= problem.n_tasks]
        )
