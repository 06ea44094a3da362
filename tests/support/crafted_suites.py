"""A folder of models and data as users have them whose experts are good without any training, and its suite file."""

import json

import numpy as np
import timm
import torch
from PIL import Image
from safetensors.torch import save_file
from suite_folders import write_suite

OPTIONS = {"img_size": 16, "patch_size": 8, "embed_dim": 16, "depth": 2, "num_heads": 2}
TASKS = ("first", "second", "third", "fourth")
CLASSES = ("blue", "green", "red")
COLOURS = {"blue": (30, 40, 220), "green": (30, 210, 40), "red": (220, 30, 40)}
SIZES = {"train": 8, "test": 16}
"""Images of a class."""


def crafted_spec(tasks=TASKS, **changes):
    """The content of a suite file over tasks of the crafted folder."""
    spec = {
        "name": "crafted",
        "model": {"timm": "test_vit", "options": dict(OPTIONS)},
        "pretrained": "weights/pretrained",
        "tasks": {
            task: {"expert": f"weights/{task}.safetensors", "data": {"imagefolder": f"data/{task}"}} for task in tasks
        },
        "budget": {"steps": 2, "batch_size": 2, "lr": 1e-3},
        "cpu_threads": 1,
    }
    return spec | changes


def craft(folder):
    """Write a vision transformer with random weights, an expert a task, and image folders of colours.

    An expert is the pre-trained model with noise, and the head that fits its features best by least squares.
    """
    rng = np.random.default_rng(0)
    generator = torch.Generator().manual_seed(0)
    model = timm.create_model("test_vit", num_classes=0, **OPTIONS).eval()
    base = {
        name: tensor + 0.1 * torch.randn(tensor.shape, generator=generator)
        for name, tensor in model.state_dict().items()
    }
    pretrained = folder / "weights" / "pretrained"
    pretrained.mkdir(parents=True)
    save_file(base, pretrained / "model.safetensors")
    settings = {"architecture": "test_vit", "num_classes": 0, "model_args": OPTIONS}
    (pretrained / "config.json").write_text(json.dumps(settings))
    for task in TASKS:
        expert = {name: tensor + 0.1 * torch.randn(tensor.shape, generator=generator) for name, tensor in base.items()}
        model.load_state_dict(expert)
        head = _fitted_head(model, *_written_images(folder / "data" / task, rng))
        save_file(expert | head, folder / "weights" / f"{task}.safetensors")
    write_suite(folder, crafted_spec())


def craft_resnet(folder, tasks):
    """Write a ResNet of timm and experts with weights, statistics and heads of their own beside crafted images.

    Returns the content of their suite file.
    """
    for seed, name in enumerate(("resnet", *(f"resnet-{task}" for task in tasks))):
        torch.manual_seed(seed)
        model = timm.create_model("test_resnet", num_classes=len(CLASSES))
        with torch.no_grad():
            for weight in model.parameters():
                weight.add_(0.3 * torch.randn_like(weight))
            for key, buffer in model.named_buffers():
                if "running" in key:
                    buffer.add_(torch.rand_like(buffer))
                else:
                    buffer.add_(seed)  # batches counted
        tensors = {key: tensor.contiguous() for key, tensor in model.state_dict().items()}
        save_file(tensors, folder / "weights" / f"{name}.safetensors")
    spec = crafted_spec(tasks, model={"timm": "test_resnet"}, pretrained="weights/resnet.safetensors")
    for task in tasks:
        spec["tasks"][task]["expert"] = f"weights/resnet-{task}.safetensors"
    return spec


def _written_images(folder, rng):
    """Write images of one colour each, with a little noise; return those of train with their labels."""
    pixels, labels = [], []
    for split, n in SIZES.items():
        for label, name in enumerate(CLASSES):
            (folder / split / name).mkdir(parents=True)
            for i in range(n):
                colour = np.clip(np.array(COLOURS[name]) + rng.integers(-25, 26, 3), 0, 255).astype(np.uint8)
                Image.fromarray(np.broadcast_to(colour, (16, 16, 3)).copy()).save(folder / split / name / f"{i:02}.png")
                if split == "train":
                    pixels.append(colour / 127.5 - 1)
                    labels.append(label)
    return torch.tensor(np.array(pixels), dtype=torch.float32), torch.tensor(labels)


@torch.no_grad()
def _fitted_head(model, colours, labels):
    features = model(colours[:, :, None, None].expand(-1, -1, 16, 16)).double()
    features = torch.cat([features, torch.ones(len(features), 1, dtype=torch.float64)], dim=1)
    targets = torch.nn.functional.one_hot(labels, len(CLASSES)).double() * 10
    ridge = 1e-3 * torch.eye(features.shape[1], dtype=torch.float64)
    weight = torch.linalg.solve(features.T @ features + ridge, features.T @ targets).float()
    return {"head.weight": weight[:-1].T.contiguous(), "head.bias": weight[-1].contiguous()}
