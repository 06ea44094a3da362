"""A small network of two residual blocks, and three experts: inputs of published merges that go block by block."""

import torch
from oracle_models import N_EXAMPLES, N_TASKS, sines_of_squares
from torch import nn

import frontrunner as fr


class Block(nn.Module):
    """A feed-forward block with a norm inside."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 5)
        self.norm = nn.LayerNorm(5)
        self.second = nn.Linear(5, 4)

    def forward(self, rows):
        return rows + self.second(self.norm(self.first(rows)).tanh())


class Net(nn.Module):
    """An embedding that is no linear layer, and two blocks."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Parameter(torch.ones(4))
        self.layers = nn.ModuleList([Block(), Block()])

    def forward(self, rows):
        hidden = rows * self.embedding
        for layer in self.layers:
            hidden = layer(hidden)
        return hidden


def weights(phase, scale):
    """The weights of one model."""
    named = Net().state_dict().items()
    return {name: sines_of_squares(tuple(tensor.shape), phase + i, scale) for i, (name, tensor) in enumerate(named)}


PRETRAINED = weights(0.1, 0.8)
EXPERTS = [{name: tensor + weights(1.0 + t, 0.3)[name] for name, tensor in PRETRAINED.items()} for t in range(N_TASKS)]
INPUTS = [sines_of_squares((2 * N_EXAMPLES, 4), 0.5 * t, 1.0 + t) for t in range(N_TASKS)]


def problem():
    """The models as a problem; its labels are of no account."""
    examples = [fr.Examples(rows, torch.arange(2 * N_EXAMPLES) % 4) for rows in INPUTS]
    return fr.ClassificationProblem(
        name="blocks",
        tasks=[f"task{t}" for t in range(N_TASKS)],
        model=Net(),
        pretrained=PRETRAINED,
        experts=EXPERTS,
        budget=fr.Budget(steps=1, batch_size=N_EXAMPLES),
        data=[dict.fromkeys(("train", "val", "test"), part) for part in examples],
        heads=[nn.Identity() for _ in range(N_TASKS)],
    )
