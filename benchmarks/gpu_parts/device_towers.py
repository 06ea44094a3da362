"""Problems of the shape of the paper's suites whose random weights are made on the device, in a second or two."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from clip_towers import CLASSES, TOWERS, tower
from torch import nn

from frontrunner.tasks import SUITES
from frontrunner.tasks.classification import ClassificationProblem
from frontrunner.tasks.examples import Examples
from frontrunner.tasks.problem import Budget
from frontrunner.tasks.side_by_side import lay_side_by_side
from frontrunner.tasks.suite_file.loaded_model import load_encoder

SUITE_OF = {"B/32": "clip-vit-b-32-ta8-random", "L/14": "clip-vit-l-14-ta8-random"}
"""Tower -> the suite whose encoder it is, with what the paper counts of the text side; others have none."""


@dataclass(frozen=True)
class Architecture:
    """What is trained, without weights."""

    encoder: nn.Module
    run: Callable
    """Takes the encoder and its inputs to features."""
    to_input: Callable
    head: Callable
    """Makes a linear head, from a generator."""

    @classmethod
    def of(cls, name):
        if name not in SUITE_OF:
            return cls(tower(name), lambda encoder, inputs: encoder(inputs), _normalised, _head_of(TOWERS[name][3]))
        suite = SUITES.get(SUITE_OF[name])
        backbone, _, encoder = load_encoder(suite.spec, suite.file.parent)
        return cls(
            encoder, backbone.run, backbone.inputs.to_input, lambda generator: backbone.random_head(CLASSES, generator)
        )


def pretrained_weights(encoder, dtype, device):
    """Return random weights: matrices with a variance of one over their inputs, scales 1, all else 0."""
    torch.manual_seed(0)
    found = {}
    for name, like in encoder.state_dict().items():
        made = torch.zeros(like.shape, dtype=like.dtype, device=device)
        if like.ndim > 1 and like.is_floating_point():
            made.normal_(0.0, like[0].numel() ** -0.5)
        elif name.endswith("weight"):
            made.fill_(1)
        found[name] = made.to(dtype) if made.is_floating_point() else made
    return found


def expert_weights(pretrained, seed):
    """Return the weights with a random task vector added, a tenth of their spread."""
    torch.manual_seed(seed)
    found = {}
    for name, tensor in pretrained.items():
        size = 0.1 * tensor.float().std() if tensor.ndim > 1 else torch.full((), 0.01, device=tensor.device)
        moves = tensor.is_floating_point()
        found[name] = tensor + size.to(tensor.dtype) * torch.randn_like(tensor) if moves else tensor.clone()
    return found


def tower_problem(name, architecture, pretrained, experts, batch_size, n_examples):
    """Return a problem of random images, which lie in the CPU's memory as large data do, and linear heads."""
    first = next(iter(pretrained.values()))
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (n_examples, 3, 224, 224), dtype=torch.uint8, generator=generator)

    def split():
        examples = Examples(images, torch.randint(0, CLASSES, (n_examples,), generator=generator))
        return {"train": examples, "val": examples, "test": examples}

    problem = ClassificationProblem(
        name=f"clip-{name}",
        tasks=[f"task-{t}" for t in range(len(experts))],
        model=architecture.encoder,
        pretrained=pretrained,
        experts=experts,
        budget=Budget(steps=3, batch_size=batch_size),
        data=[split() for _ in experts],
        heads=[architecture.head(generator).to(first.device, first.dtype) for _ in experts],
        to_input=architecture.to_input,
        run=architecture.run,
    )
    lay_side_by_side(problem)
    return problem


def _normalised(images):
    return (images.float() / 255 - 0.5) / 0.25


def _head_of(n_features):
    def made(generator):
        head = nn.Linear(n_features, CLASSES)
        nn.init.normal_(head.weight, std=n_features**-0.5, generator=generator)
        nn.init.zeros_(head.bias)
        return head

    return made
