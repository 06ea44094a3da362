"""Make an example of models and data as people have them: a small vision transformer, experts, folders of images."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from ...errors import DataError
from ..examples import Examples
from ..progress import Progress, silent
from ..vision_mini.images import Domain, load_domain
from ..weight_files.written_tensors import write_tensors

ARCHITECTURE = "test_vit"
"""Of timm: 264,000 parameters for images of 32x32."""
OPTIONS: Mapping[str, Any] = {"img_size": 32, "patch_size": 8}
TASKS = ("digits", "fashion", "animals", "clipart")
BATCH_SIZE = 32
PEAK_LR = 2e-3


@dataclass(frozen=True)
class ExampleSize:
    """How much of an example is made."""

    pretraining_steps: int = 300
    """Of the model that all experts start from, on all tasks at once."""
    expert_steps: int = 200
    train: int = 400
    """Images of a task, at most."""
    test: int = 200


def make_image_example(folder: Path, size: ExampleSize = ExampleSize(), progress: Progress = silent) -> None:
    """Write a pre-trained model, an expert a task, and image folders, of the images that ship with Frontrunner.

    The pre-trained model is a folder as timm writes it, experts are files: `weights/pretrained/`,
    `weights/<task>.safetensors`, `data/<task>/<split>/<class>/<number>.png`.

    Args:
        folder: where to write; created if it does not exist.
        size: how much is made.
        progress: told how the trainings go.
    """
    domains = {task: load_domain(task, torch.device("cpu")) for task in TASKS}
    for task, domain in domains.items():
        _write_images(folder / "data" / task, domain, size)
    data = {task: _training_data(domain, size.train) for task, domain in domains.items()}
    generator = torch.Generator().manual_seed(0)
    base = _new_model(generator)
    heads = {task: _new_head(base, len(domain.classes), generator) for task, domain in domains.items()}
    _train(base, heads, data, size.pretraining_steps, generator, lambda *of: progress("pre-train", *of))
    weights = {name: tensor.clone() for name, tensor in base.state_dict().items()}
    _write_pretrained(folder / "weights" / "pretrained", weights)
    for task in TASKS:
        expert = _new_model(generator)
        expert.load_state_dict(weights)
        head = {task: _new_head(base, len(domains[task].classes), generator)}
        told = lambda *of, task=task: progress(f"fine-tune {task}", *of)  # noqa: E731 - one line in a loop
        _train(expert, head, {task: data[task]}, size.expert_steps, generator, told)
        own = {f"head.{name}": tensor for name, tensor in head[task].state_dict().items()}
        _save(folder / "weights" / f"{task}.safetensors", {**expert.state_dict(), **own})


def _new_model(generator: torch.Generator) -> nn.Module:
    """Return the encoder with random weights that the generator decides."""
    import timm

    model: nn.Module = timm.create_model(ARCHITECTURE, num_classes=0, **OPTIONS)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                scale = 0.02 if "pos" in name or "token" in name else parameter[0].numel() ** -0.5
                parameter.normal_(0.0, scale, generator=generator)
    return model


def _new_head(model: nn.Module, n_classes: int, generator: torch.Generator) -> nn.Linear:
    head = nn.Linear(int(model.num_features), n_classes)  # type: ignore[arg-type] # timm says how many
    with torch.no_grad():
        head.weight.normal_(0.0, 0.02, generator=generator)
        head.bias.zero_()
    return head


def _training_data(domain: Domain, n: int) -> tuple[Tensor, Tensor]:
    """Return images and labels, where classes are numbered as their folders are sorted."""
    part = domain.splits["train"]
    rank = {name: k for k, name in enumerate(sorted(domain.classes))}
    labels = torch.tensor([rank[domain.classes[label]] for label in part.labels[:n].tolist()])
    return _images(part)[:n], labels


def _images(part: Examples) -> Tensor:
    """Return the images (n, 3, 32, 32) of a split."""
    inputs = part.inputs
    if not isinstance(inputs, Tensor):
        raise DataError(f"the shipped images are one tensor, found {type(inputs).__name__}; reinstall frontrunner")
    return inputs


def _batches(images: Tensor, labels: Tensor, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    while True:
        order = torch.randperm(len(labels), generator=generator)
        for start in range(0, len(order), BATCH_SIZE):
            chosen = order[start : start + BATCH_SIZE]
            yield _normalised(images[chosen]), labels[chosen]


def _normalised(images: Tensor) -> Tensor:
    """Return images as the architecture's settings in timm ask for them."""
    return (images.float() / 255 - 0.5) / 0.5


def _train(
    model: nn.Module,
    heads: Mapping[str, nn.Linear],
    data: Mapping[str, tuple[Tensor, Tensor]],
    steps: int,
    generator: torch.Generator,
    told: Any,
) -> None:
    """Train an encoder with heads on the mean loss of their tasks."""
    parameters = [*model.parameters(), *(p for head in heads.values() for p in head.parameters())]
    optimizer = torch.optim.AdamW(parameters, lr=PEAK_LR, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LR, total_steps=max(2, steps + 1))
    batches = {task: _batches(*part, generator) for task, part in data.items()}
    model.train()
    for step in range(steps):
        losses = []
        for task, head in heads.items():
            images, labels = next(batches[task])
            losses.append(F.cross_entropy(head(model(images)), labels))
        optimizer.zero_grad()
        torch.stack(losses).mean().backward()  # type: ignore[no-untyped-call] # torch declares no types for it
        optimizer.step()
        schedule.step()
        told(step + 1, steps)
    model.eval()


def _write_images(folder: Path, domain: Domain, size: ExampleSize) -> None:
    """Write a domain as folders of PNG files, a folder a class."""
    from PIL import Image

    for split, most in (("train", size.train), ("test", size.test)):
        part = domain.splits[split]
        for name in domain.classes:
            (folder / split / name).mkdir(parents=True, exist_ok=True)
        for number, (image, label) in enumerate(zip(_images(part)[:most], part.labels[:most].tolist(), strict=True)):
            picture = Image.fromarray(image.permute(1, 2, 0).numpy())
            picture.save(folder / split / domain.classes[label] / f"{number:05}.png")


def _write_pretrained(folder: Path, weights: Mapping[str, Tensor]) -> None:
    """Write the pre-trained model as timm does, with the configuration that says which architecture it is."""
    folder.mkdir(parents=True, exist_ok=True)
    _save(folder / "model.safetensors", weights)
    config = {"architecture": ARCHITECTURE, "num_classes": 0, "model_args": dict(OPTIONS)}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _save(file: Path, weights: Mapping[str, Tensor]) -> None:
    write_tensors({name: tensor.detach().contiguous() for name, tensor in weights.items()}, file)
