"""Heads of `cnn-mini`: a logistic regression on what the pre-trained network makes of a task's train images."""

from __future__ import annotations

import importlib.metadata

import torch
from torch import Tensor, nn

from ...file_digest import digest_files, module_files
from .. import logistic_regression
from ..examples import Examples
from ..expert_cache import cached
from ..problem import Params
from ..threads import cpu_threads
from ..weight_files.weight_digest import digest_weights
from . import efficientnet
from .efficientnet import FEATURES, to_input

PASS = 50
"""Images of one forward pass."""
CODE = module_files(efficientnet, logistic_regression)


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
            return logistic_regression.logistic_regression(torch.cat(parts), train.labels, n_classes)

    head: nn.Linear = nn.utils.skip_init(nn.Linear, FEATURES, n_classes)  # type: ignore[no-untyped-call] # torch has no types here
    head.load_state_dict(cached(key, make, torch.device("cpu")))
    return head.to(images.device)
