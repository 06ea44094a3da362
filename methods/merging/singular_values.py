"""Singular value decompositions without the directions that only rounding decides."""

from __future__ import annotations

import torch
from torch import Tensor


def singular_triplets(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return U (m, k), S (k,) and V^T (k, n) of a matrix (m, n), S descending and above rounding errors.

    What belongs to singular values of 0 is left out: a decomposition returns there whatever its implementation finds.
    """
    u, s, vh = torch.linalg.svd(matrix, full_matrices=False)
    rank = int(torch.count_nonzero(s > max(matrix.shape) * torch.finfo(s.dtype).eps * s[:1]))
    return u[:, :rank], s[:rank], vh[:rank]


def nearest_orthonormal(matrix: Tensor) -> Tensor:
    """Return the matrix of the same shape with all singular values 1, or 0 where they were: U V^T.

    Of all matrices with orthonormal columns (rows, if there are fewer) it is the nearest to one of full rank: the
    solution of the orthogonal Procrustes problem.
    """
    u, _, vh = singular_triplets(matrix)
    return u @ vh
