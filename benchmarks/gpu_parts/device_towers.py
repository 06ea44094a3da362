"""Problems of the shape of CLIP's image towers whose random weights are made on the device, in a second or two."""

import torch
from clip_towers import CLASSES, TASK_VECTOR_SHARE, TOWERS, tower
from torch import nn

from frontrunner.tasks.classification import ClassificationProblem
from frontrunner.tasks.examples import Examples
from frontrunner.tasks.problem import Budget


def pretrained_weights(name, dtype, device):
    """Return random weights of a tower as it is initialised, its norms and biases moved a little."""
    torch.manual_seed(0)
    found = {}
    for key, tensor in tower(name, device).state_dict().items():
        moved = tensor if tensor.ndim > 1 else tensor + 0.01 * torch.randn_like(tensor)
        found[key] = moved.detach().to(dtype).clone()
    return found


def expert_weights(pretrained, seed):
    """Return the weights with a random task vector added."""
    torch.manual_seed(seed)
    found = {}
    for key, tensor in pretrained.items():
        size = TASK_VECTOR_SHARE * tensor.float().std().clamp(min=0.01)
        found[key] = tensor + size.to(tensor.dtype) * torch.randn_like(tensor)
    return found


def tower_problem(name, pretrained, experts, batch_size, n_examples):
    """Return a problem of random images, which lie in the CPU's memory as large data do, and linear heads."""
    first = next(iter(pretrained.values()))
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (n_examples, 3, 224, 224), dtype=torch.uint8, generator=generator)

    def split():
        examples = Examples(images, torch.randint(0, CLASSES, (n_examples,), generator=generator))
        return {"train": examples, "val": examples, "test": examples}

    return ClassificationProblem(
        name=f"clip-{name}",
        tasks=[f"task-{t}" for t in range(len(experts))],
        model=tower(name),
        pretrained=pretrained,
        experts=experts,
        budget=Budget(steps=3, batch_size=batch_size),
        data=[split() for _ in experts],
        heads=[_head(TOWERS[name][3], generator).to(first.device, first.dtype) for _ in experts],
        to_input=lambda images: (images.float() / 255 - 0.5) / 0.25,
    )


def _head(n_features, generator):
    made = nn.Linear(n_features, CLASSES)
    nn.init.normal_(made.weight, std=n_features**-0.5, generator=generator)
    nn.init.zeros_(made.bias)
    return made
