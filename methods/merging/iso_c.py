"""`iso-c`: the spectrum of the summed task vectors of every matrix is made flat."""

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
from .singular_values import nearest_orthonormal
from .task_vectors_by_weight import TaskVectorsByWeight


def isotropic(matrix: Tensor) -> Tensor:
    """Return a matrix (m, n) with every singular value replaced by their mean: U mean(S) V^T.

    The mean is over all min(m, n) singular values (Iso-C in arXiv 2502.04959, section 4). Directions of singular values
    of 0, which the authors' code gives the mean, too, keep 0: which directions they are is not determined.
    """
    mean = torch.linalg.matrix_norm(matrix, ord="nuc") / min(matrix.shape)
    flat: Tensor = mean * nearest_orthonormal(matrix)
    return flat


class IsotropicRule(MatrixRule):
    """Sums the task vectors of a matrix and makes the spectrum of the sum flat."""

    prefix: ClassVar[str] = "iso_c"

    def merge(self, name: str, matrices: Tensor, scale: Tensor) -> Tensor:
        """Return the sum of the scaled task vectors with equal singular values."""
        return isotropic(torch.einsum("t,tmn->mn", scale, matrices))


class IsoC(MatrixMerger):
    """Merges in the common subspace, isotropically (Iso-C; Marczak et al., arXiv 2502.04959, section 4).

    For every matrix, the sum of task vectors Delta = sum_t Delta_t = U S V^T becomes mean(S) U V^T; the model is
    theta_0 + lambda times that. As in the authors' code it is done for all two-dimensional parameters, linear layers
    and embeddings alike, stored either way round; all else (biases, norms, convolutions, running statistics) is
    averaged over the tasks and takes part with the same lambda. A matrix of one row or column is averaged as well.

    The default is a curve over lambda, of which the authors choose one on the validation split. `conditioned`,
    Frontrunner's extension, follows the preference at one lambda: Delta is sum_t T r_t Delta_t and the average is
    weighted by r, so that equal weights give the curve's model.
    """

    name: ClassVar[str] = "iso-c"

    @dataclass(frozen=True)
    class Config(CurveOptions):
        """Options of the curve over lambda, which is sampled at evenly spaced lambdas, both ends included."""

        max_lambda: Annotated[PositiveFloat, Range(0.5, 3.0)] = 2.0
        """End of the lambdas, which start at 0 (pre-trained); the authors search up to 3."""

    config: Config

    def rule(self, vectors: TaskVectorsByWeight, context: Context) -> IsotropicRule:
        """Return the rule for all matrices of the model."""
        return IsotropicRule(vectors, matrices_of(vectors.problem.model))
