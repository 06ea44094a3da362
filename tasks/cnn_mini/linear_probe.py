"""Heads of `cnn-mini`: a logistic regression on what the pre-trained network makes of a task's train images."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from ...file_digest import digest_files
from ..examples import Examples
from ..expert_cache import cached
from ..problem import Params
from ..threads import cpu_threads
from ..weight_files.weight_digest import digest_weights
from . import efficientnet
from .efficientnet import FEATURES, to_input

PENALTY = 1e-2
"""Weight of half the squared norm of the head's matrix."""
ITERATIONS = 100
"""Steps of L-BFGS, at most."""
PASS = 50
"""Images of one forward pass."""
CODE = (Path(__file__), Path(str(efficientnet.__file__)))


def linear_probe(model: nn.Module, pretrained: Params, train: Examples, n_classes: int, *, task: str) -> nn.Linear:
    """Return the frozen head of a task, from the cache or fitted now.

    Args:
        model: the architecture.
        pretrained: its weights.
        train: the task's train split, uint8 images.
        n_classes: how many classes the task has.
        task: its name.
    """
    images: Tensor = train.inputs  # type: ignore[assignment] # this suite has one tensor
    key = {
        "suite": "cnn-mini",
        "stage": "linear probe",
        "task": task,
        "train": digest_weights({"inputs": images, "labels": train.labels}),
        "pretrained": digest_weights(pretrained),
        "code": digest_files(*CODE),
        "torch": torch.__version__,
        "timm": importlib.metadata.version("timm"),
        "device": images.device.type,
    }

    def make() -> Params:
        with cpu_threads(1):  # the same head however many cores there are
            with torch.no_grad():
                parts = [
                    torch.func.functional_call(model, dict(pretrained), (to_input(part),))
                    for part in torch.split(images, PASS)
                ]
            return logistic_regression(torch.cat(parts), train.labels, n_classes)

    head: nn.Linear = nn.utils.skip_init(nn.Linear, FEATURES, n_classes)  # type: ignore[no-untyped-call] # torch has no types here
    head.load_state_dict(cached(key, make, torch.device("cpu")))
    return head.to(images.device)


def logistic_regression(features: Tensor, labels: Tensor, n_classes: int) -> dict[str, Tensor]:
    """Return `weight` (classes, d) and `bias` (classes,) that minimise cross-entropy plus the penalty, in double.

    Args:
        features: (n, d).
        labels: (n,).
        n_classes: how many classes there are.
    """
    inputs = features.double()
    weight = inputs.new_zeros(n_classes, inputs.shape[1]).requires_grad_()
    bias = inputs.new_zeros(n_classes).requires_grad_()
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=ITERATIONS, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(F.linear(inputs, weight, bias), labels) + PENALTY / 2 * weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call] # torch has no types here
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call] # torch has no types here
    return {"weight": weight.detach().float(), "bias": bias.detach().float()}
