"""Three small classifiers and their examples, written down by formula: inputs of published implementations."""

import numpy as np
import torch
from torch import nn

import frontrunner as fr

N_TASKS, N_EXAMPLES = 3, 6


def sines_of_squares(shape, phase, scale=1.0):
    """Numbers of full rank that need no generator, with three decimals."""
    count = int(np.prod(shape))
    return torch.tensor(np.round(scale * np.sin(0.37 * np.arange(count) ** 2 + phase), 3), dtype=torch.float32).view(
        shape
    )


def architecture():
    """A matrix, a normalization with buffers, and a matrix: logits of three classes from three inputs."""
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 3)).eval()


def weights(phase, scale):
    """The weights of one model; variances are positive and the counter stays 0."""
    found = {}
    for i, (name, tensor) in enumerate(architecture().state_dict().items()):
        numbers = sines_of_squares(tuple(tensor.shape), phase + i, scale) if tensor.is_floating_point() else tensor
        found[name] = 1 + 0.5 * numbers if name.endswith("running_var") else numbers
    return found


PRETRAINED = weights(0.1, 0.8)
EXPERTS = [
    {
        name: tensor + weights(1.0 + t, 0.3)[name] - (1 if name.endswith("running_var") else 0)
        for name, tensor in PRETRAINED.items()
    }
    for t in range(N_TASKS)
]
INPUTS = [sines_of_squares((N_EXAMPLES, 3), 0.5 * t, 1.0 + t) for t in range(N_TASKS)]


def problem():
    """The three models as a problem; its labels are of no account."""
    examples = [fr.Examples(rows, torch.arange(N_EXAMPLES) % 3) for rows in INPUTS]
    return fr.ClassificationProblem(
        name="oracle",
        tasks=[f"task{t}" for t in range(N_TASKS)],
        model=architecture(),
        pretrained=PRETRAINED,
        experts=EXPERTS,
        budget=fr.Budget(steps=1, batch_size=N_EXAMPLES),
        data=[dict.fromkeys(("train", "val", "test"), part) for part in examples],
        heads=[nn.Identity() for _ in range(N_TASKS)],
    )


def joined(params):
    """The floating-point numbers of a model as one list, in the architecture's order."""
    return torch.cat([tensor.flatten() for tensor in params.values() if tensor.is_floating_point()])


def stored(numbers):
    """Numbers that a published implementation gave, in single precision."""
    return torch.tensor([float(number) for number in numbers.split()])
