"""A small network of two linear layers and a norm, without buffers, and three experts: inputs of published merges."""

import torch
from oracle_models import N_EXAMPLES, N_TASKS, sines_of_squares
from torch import nn

import frontrunner as fr


def architecture():
    """Logits of seven classes from six inputs; its matrices are larger than there are tasks."""
    return nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.Tanh(), nn.Linear(8, 7)).eval()


def weights(phase, scale):
    """The weights of one model."""
    named = architecture().state_dict().items()
    return {name: sines_of_squares(tuple(tensor.shape), phase + i, scale) for i, (name, tensor) in enumerate(named)}


PRETRAINED = weights(0.1, 0.8)
VECTORS = [weights(1.0 + t, 0.3) for t in range(N_TASKS)]
EXPERTS = [{name: tensor + vector[name] for name, tensor in PRETRAINED.items()} for vector in VECTORS]
INPUTS = [sines_of_squares((N_EXAMPLES, 6), 0.5 * t, 1.0 + t) for t in range(N_TASKS)]


def problem(experts=EXPERTS):
    """The pre-trained model and its experts as a problem; its labels are of no account."""
    n_tasks = len(experts)
    examples = [fr.Examples(rows, torch.arange(N_EXAMPLES) % 7) for rows in INPUTS[:n_tasks]]
    return fr.ClassificationProblem(
        name="matrices",
        tasks=[f"task{t}" for t in range(n_tasks)],
        model=architecture(),
        pretrained=PRETRAINED,
        experts=experts,
        budget=fr.Budget(steps=1, batch_size=N_EXAMPLES),
        data=[dict.fromkeys(("train", "val", "test"), part) for part in examples],
        heads=[nn.Identity() for _ in range(n_tasks)],
    )
