"""Make problems of the shape of CLIP's image towers with random weights and images, for benchmarks."""

import json
import struct
from pathlib import Path

import torch
from open_clip.transformer import QuickGELU, VisionTransformer
from torch import nn

from frontrunner.tasks.classification import ClassificationProblem
from frontrunner.tasks.examples import Examples
from frontrunner.tasks.problem import Budget
from frontrunner.tasks.weight_files.mapped_file import map_safetensors

TOWERS = {
    "B/32": (32, 768, 12, 512),
    "B/32-quarter": (32, 768, 3, 512),
    "L/14": (14, 1024, 24, 768),
    "L/14-quarter": (14, 1024, 6, 768),
    "tiny": (112, 64, 2, 32),
}
"""Architecture -> patch size, width, layers and outputs; a quarter has a quarter of the layers."""
CLASSES = 10
TASK_VECTOR_SHARE = 0.05
"""Standard deviation of a task vector's entries in units of the pre-trained weight's own."""


def tower(name, device="meta"):
    """Return an image tower with QuickGELU, on the device meta without values."""
    patch, width, layers, outputs = TOWERS[name]
    with torch.device(device):
        return VisionTransformer(
            224, patch, width, layers, width // 64, 4.0, output_dim=outputs, act_layer=QuickGELU
        ).eval()


def random_weights(name, seed=0):
    """Return random weights of a tower as it is initialised, its norms and biases moved a little."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        made = tower(name, "cpu").state_dict()
    generator = torch.Generator().manual_seed(seed)
    return {
        key: tensor.contiguous() if tensor.ndim > 1 else tensor + 0.01 * torch.randn(tensor.shape, generator=generator)
        for key, tensor in made.items()
    }


def random_expert(pretrained, seed):
    """Return the pre-trained weights with random task vectors added."""
    return dict(expert_tensors(pretrained, seed))


def expert_tensors(pretrained, seed):
    """Yield an expert's weights by name; the same two million normal numbers fill them, each from another place on."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(2**21, generator=generator)
    for key, tensor in pretrained.items():
        start = int(torch.randint(len(noise), (1,), generator=generator))
        turned = torch.cat([noise[start:], noise[:start]])
        repeated = turned.repeat(-(-tensor.numel() // len(turned)))[: tensor.numel()]
        size = TASK_VECTOR_SHARE * max(0.01, float(tensor.flatten()[: len(noise)].std()))
        yield key, torch.add(tensor, repeated.view(tensor.shape), alpha=size)


def write_weights(name, n_tasks, folder, distinct=0):
    """Write a pre-trained tower and its experts as safetensors files.

    Args:
        name: one of `TOWERS`.
        n_tasks: how many experts.
        folder: where they are written.
        distinct: how many of them differ, all if 0; the others are further names of these files, in turn.
    """
    pretrained = random_weights(name)
    first, *others = paths_of(n_tasks, folder)
    write_tensors(first, pretrained, pretrained.items())
    for t, path in enumerate(others):
        if distinct and t >= distinct:
            path.hardlink_to(others[t % distinct])
        else:
            write_tensors(path, pretrained, expert_tensors(pretrained, 1 + t))


def write_tensors(path, like, named):
    """Write a safetensors file of tensors that have the names and shapes of others, one after the other."""
    entries, end = {}, 0
    for key, tensor in like.items():
        entries[key] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [end, end + tensor.nbytes]}
        end += tensor.nbytes
    header = json.dumps(entries).encode()
    header += b" " * (-len(header) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        for _, tensor in named:
            file.write(tensor.contiguous().numpy().data)


def weights_of(name, n_tasks, folder=""):
    """Return random weights, pre-trained first: in memory, or mapped from a folder, where they are made once."""
    if not folder:
        pretrained = random_weights(name)
        return [pretrained, *(random_expert(pretrained, 1 + t) for t in range(n_tasks))]
    paths = paths_of(n_tasks, folder)
    if not all(path.exists() for path in paths):
        write_weights(name, n_tasks, folder)
    return [map_safetensors(path).tensors for path in paths]


def paths_of(n_tasks, folder):
    """Return the files of a folder, pre-trained first."""
    return [
        Path(folder) / "pretrained.safetensors",
        *(Path(folder) / f"expert-{t}.safetensors" for t in range(n_tasks)),
    ]


def problem_of(name, weights, batch_size, n_examples=None):
    """Return a problem of a pre-trained tower and its experts, with random images and linear heads.

    Args:
        name: one of `TOWERS`.
        weights: the pre-trained model and the experts.
        batch_size: recommended examples per task and step.
        n_examples: of each task; as many as a batch holds when None.
    """
    pretrained, *experts = weights
    generator = torch.Generator().manual_seed(0)
    outputs = TOWERS[name][3]
    count = n_examples or batch_size

    def split():
        images = torch.randint(0, 256, (count, 3, 224, 224), dtype=torch.uint8, generator=generator)
        return Examples(images, torch.randint(0, CLASSES, (count,), generator=generator))

    def head():
        made = nn.Linear(outputs, CLASSES)
        nn.init.normal_(made.weight, std=outputs**-0.5, generator=generator)
        nn.init.zeros_(made.bias)
        return made

    data = []
    for _ in experts:
        examples = split()
        data.append({"train": examples, "val": examples, "test": examples})
    return ClassificationProblem(
        name=f"clip-{name}",
        tasks=[f"task-{t}" for t in range(len(experts))],
        model=tower(name),
        pretrained=pretrained,
        experts=experts,
        budget=Budget(steps=3, batch_size=batch_size),
        data=data,
        heads=[head() for _ in experts],
        to_input=lambda images: (images.float() / 255 - 0.5) / 0.25,
    )
