"""Folders of models and data as users have them, made small, and the suite files of theirs."""

import shutil
from pathlib import Path

import yaml
from filelock import FileLock

TASKS = ("digits", "fashion")


def image_spec(**changes):
    """The content of a suite file over two tasks of the image example."""
    spec = {
        "name": "mine",
        "model": {"timm": "test_vit", "options": {"img_size": 32, "patch_size": 8}},
        "pretrained": "weights/pretrained",
        "tasks": {
            task: {"expert": f"weights/{task}.safetensors", "data": {"imagefolder": f"data/{task}"}} for task in TASKS
        },
        "budget": {"steps": 3, "batch_size": 4, "lr": 1e-3},
        "cpu_threads": 1,
    }
    return spec | changes


def write_suite(folder, spec, name="my-suite.yaml"):
    """Write a suite file into a folder, and return its path."""
    file = Path(folder) / name
    file.write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
    return file


def made_once(folder, make):
    """A folder that the first worker of pytest-xdist to ask makes; the others wait for it."""
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            make(folder)
    return folder


def copied(example, folder):
    """A copy of an example, which a test may change."""
    shutil.copytree(example, folder)
    return Path(folder)
