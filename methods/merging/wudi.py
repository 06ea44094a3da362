"""`wudi`: merged task vectors of linear layers are freed of interference with every task's inputs, without data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor, nn

from ..learner import Context
from ..ranges import Choice, Range
from .direction_merger import CurveOptions, DirectionMerger
from .gram_matrices import no_linear_layers
from .linear_layers import linear_weights
from .matrix_rule import MatrixRule
from .task_vectors_by_weight import TaskVectorsByWeight


class Interference:
    """Measures how far a merge of T linear layers' task vectors acts on each task's inputs unlike its own.

    It is L(M) = sum_t w_t |(M - tau_t) tau_t^T|^2 / |tau_t|^2 in Frobenius norms (arXiv 2503.08099): the rows of a
    task vector span, nearly, the inputs that the layer was fine-tuned on. A task vector of 0 has no part in it.

    Args:
        vectors: (T, out, in) the task vectors tau_t.
        weights: (T,) w_t.
    """

    def __init__(self, vectors: Tensor, weights: Tensor) -> None:
        norms = vectors.square().sum(dim=(1, 2))
        shares = torch.where(norms > 0, weights / norms.clamp(min=torch.finfo(norms.dtype).tiny), 0)
        # L is M A M^T - 2 B M^T + C: two matrices say all about it, whatever T is.
        self._quadratic = vectors.new_zeros(vectors.shape[2], vectors.shape[2])
        self._linear = torch.zeros_like(vectors[0])
        self._constant = vectors.new_zeros(())
        for share, vector in zip(shares, vectors, strict=True):
            gram = share * (vector.T @ vector)
            product = vector @ gram
            self._quadratic += gram
            self._linear += product
            self._constant += (product * vector).sum()

    def gradient(self, merged: Tensor) -> Tensor:
        """Return the gradient of L at a merge (out, in)."""
        return 2 * (merged @ self._quadratic - self._linear)

    def at(self, merged: Tensor) -> float:
        """Return L at a merge (out, in)."""
        value = ((merged @ self._quadratic - 2 * self._linear) * merged).sum() + self._constant
        return max(0.0, float(value))


class WudiRule(MatrixRule):
    """Descends on the interference of the linear layers' merged task vectors, from their sum on.

    Args:
        vectors: the task vectors.
        layers: names of the weights of linear layers, with whether they are stored transposed, (in, out).
        options: of the descent, and of what becomes of all other weights.
    """

    prefix: ClassVar[str] = "wudi"

    def __init__(self, vectors: TaskVectorsByWeight, layers: Mapping[str, bool], options: Wudi.Config) -> None:
        super().__init__(vectors, layers)
        self._layers = layers
        self._options = options
        self._before = self._after = 0.0

    def merge(self, name: str, matrices: Tensor, scale: Tensor) -> Tensor:
        """Return the merge; the scale weighs the tasks' terms of the interference, and their parts of the start."""
        transposed = self._layers[name]
        vectors = matrices.transpose(1, 2).contiguous() if transposed else matrices
        interference = Interference(vectors, scale)
        merged = torch.einsum("t,toi->oi", scale, vectors)
        self._before += interference.at(merged)
        optimizer = torch.optim.Adam([merged], lr=self._options.lr)
        for _ in range(self._options.iterations):
            merged.grad = interference.gradient(merged)
            optimizer.step()
        merged.grad = None
        self._after += interference.at(merged)
        return merged.T if transposed else merged

    def merge_other(self, rows: Tensor, scale: Tensor) -> Tensor:
        """Return no change, or the average of the task vectors."""
        if self._options.others == "pretrained":
            return torch.zeros_like(rows[0])
        return super().merge_other(rows, scale)

    def diagnostics(self) -> Mapping[str, float]:
        """Return the counts of layers, and the share of the sum's interference that the descent has left."""
        left = {"wudi_interference_left": self._after / self._before} if self._before > 0 else {}
        return {**super().diagnostics(), **left}


class Wudi(DirectionMerger):
    """Removes interference guided by task vectors (WUDI-Merging; Cheng et al., arXiv 2503.08099).

    For every linear layer a merged task vector M minimises sum_t |(M - tau_t) tau_t^T|^2 / |tau_t|^2, by Adam from the
    sum of the tau_t on; the model is theta_0 + M. No data is looked at. Linear layers are what multiplies its input by
    the one matrix that it holds, stored either way round (`nn.Linear`, GPT-2's `Conv1D`), and the projections of
    `nn.MultiheadAttention`; each is run alone on random rows to find out. All else (biases, norms, embeddings,
    convolutions, recurrent layers) stays pre-trained, as in the authors' code for vision transformers, or is averaged.

    The authors' learning rate suits task vectors whose entries are around 1e-4, as CLIP's are: what is left of the
    sum's interference is recorded as `wudi_interference_left`, and near 1 the rate is too small for the experts.

    The default is a curve over lambda, whose end is the authors' model, lambda = 1. `conditioned`, Frontrunner's
    extension, follows the preference at one lambda: terms of the sum to minimise, and of the sum to start from, are
    weighted by T r_t, so that equal weights give the curve's model.
    """

    name: ClassVar[str] = "wudi"

    @dataclass(frozen=True)
    class Config(CurveOptions):
        """Options of the descent, and of the curve over lambda, which is sampled evenly, both ends included."""

        iterations: Annotated[PositiveInt, Range(100, 2000, log=True, costs=True)] = 300
        """Steps of Adam, for each layer."""
        lr: Annotated[PositiveFloat, Range(1e-6, 1e-2, log=True)] = 1e-5
        """Adam's learning rate."""
        others: Annotated[Literal["pretrained", "average"], Choice(("pretrained", "average"))] = "pretrained"
        """What becomes of weights outside of linear layers: left as pre-trained, or averaged over the experts."""

    config: Config

    def rule(self, vectors: TaskVectorsByWeight, context: Context) -> WudiRule:
        """Return the rule for the linear layers of the model.

        Raises:
            UnsupportedError: it has none.
        """
        return WudiRule(vectors, _layers(vectors.problem.model), self.config)

    def check_model(self, model: nn.Module, n_tasks: int) -> None:
        """Refuse an architecture without linear layers.

        Raises:
            UnsupportedError: it has none.
        """
        _layers(model)


def _layers(model: nn.Module) -> dict[str, bool]:
    """Return the weights of a model's linear layers; UnsupportedError where there are none."""
    found = linear_weights(model)
    if not found:
        raise no_linear_layers(model)
    return found
