"""A training step of torch alone: forward and backward pass and Adam's update of all weights."""

import torch
from torch.nn import functional

from .device_towers import Architecture


class PlainStep:
    """Fine-tunes all weights of a tower of its own on the sum of the tasks' losses.

    Args:
        name: the tower.
        problem: gives the first weights, the heads and the inputs.
    """

    def __init__(self, name, problem):
        self._problem = problem
        first = next(iter(problem.pretrained.values()))
        architecture = Architecture.of(name)
        self.model = architecture.encoder
        weights = {name: tensor.clone() for name, tensor in problem.pretrained.items()}
        self.model.load_state_dict(weights, assign=True)
        self.model.to(first.device).train().requires_grad_(True)
        self.run = lambda inputs: architecture.run(self.model, inputs)
        """Takes inputs to features; somebody may put in what runs the same tower otherwise."""
        self._dtype = first.dtype
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-5)

    def features(self, batch):
        """Return the features of T mini-batches that went through the tower as one."""
        return self.run(self._problem.to_input(torch.cat([part.inputs for part in batch])).to(self._dtype))

    def __call__(self, batch):
        self.optimizer.zero_grad()
        features = self.features(batch).split([len(part) for part in batch])
        losses = [
            functional.cross_entropy(head(part).float(), examples.labels)
            for head, part, examples in zip(self._problem.heads, features, batch, strict=True)
        ]
        torch.stack(losses).sum().backward()
        self.optimizer.step()
