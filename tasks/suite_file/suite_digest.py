"""The digest of everything that decides the problem of a suite file: what it says, weights and data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import ConfigError
from ...plugin_source import file_source_digest
from ..backbones import make_backbone
from ..datasets.classes.name_list import listed_names
from ..datasets.read_data import data_digest
from ..weight_files.content_digest import digest_of
from ..weight_files.hub import looks_like_hub_id, on_this_machine
from .locations import read_head_file, read_model
from .random_models import RECIPE
from .reading import field
from .schema import RANDOM, ModelSpec, SuiteFile, TaskSpec

CONFIGURATION = (".json", ".txt", ".model", ".jinja")
"""How files end, beside weights, that decide what a model of transformers computes: configurations and tokenizers."""


def digest_suite(spec: SuiteFile, base: Path, tasks: tuple[str, ...]) -> str:
    """Return a digest of what decides the problem of some tasks of a suite file.

    Files count by their content, wherever they are; what other tasks have does not count, nor the suite's summary.

    Args:
        spec: what the file says.
        base: its folder.
        tasks: the chosen tasks, in order.

    Raises:
        FrontrunnerError: a file is missing or cannot be read; the message names the field.
    """
    with field("model"):
        model = _model(spec.model, base, spec.max_length)
    with field("pretrained"):
        pretrained = _weights(spec.pretrained, base, spec.model)
    content = {
        "model": model,
        "pretrained": pretrained,
        "tasks": [[task, _task(task, spec.tasks[task], spec, base)] for task in tasks],
        **spec.model_dump(include={"budget", "cpu_threads", "max_length", "dtype"}),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _weights(where: str, base: Path, model: ModelSpec) -> str:
    """Return the digest of a model's weights, with the configuration beside them."""
    stored = read_model(where, base, model)
    return f"{RANDOM} {RECIPE}" if stored is None else stored.digest


def _model(spec: ModelSpec, base: Path, max_length: int | None) -> dict[str, Any]:
    """Return what is said of the architecture, with digests of the files that decide it."""
    said = spec.model_dump(exclude_none=True)
    if spec.python is not None:
        said["python"] = [spec.python.rpartition(":")[2], file_source_digest(python_file(spec.python, base))]
        # The function may name files that decide how inputs are made, such as a tokenizer.
        said["inputs"] = dict(make_backbone(spec, base, None, max_length=max_length).inputs.facts)
        return said
    for library, name in said.items():
        folder = _folder_of(name, base) if isinstance(name, str) else None
        if folder is not None:
            said[library] = [[file.name, digest_of(file)] for file in _configurations(folder)]
    return said


def _folder_of(name: str, base: Path) -> Path | None:
    """Return the folder that an architecture is read from; None where the library knows it by its name."""
    plain = name.removeprefix("local-dir:").removeprefix("hf-hub:")
    path = base / Path(plain).expanduser()
    if path.is_dir():
        return path
    return on_this_machine(plain, "model") if "/" in plain and looks_like_hub_id(plain) else None


def python_file(given: str, base: Path) -> Path:
    """Return the file of a function that is given as `file.py:name`.

    Raises:
        ConfigError: it is not written so, or there is no such file.
    """
    name, colon, function = given.rpartition(":")
    file = (base / Path(name).expanduser()).resolve()
    if not colon or not function or not file.is_file():
        raise ConfigError(f"expected a function as file.py:name, where the file exists, found {given!r}")
    return file


def _configurations(folder: Path) -> Iterator[Path]:
    return (file for file in sorted(folder.iterdir()) if file.suffix in CONFIGURATION and file.is_file())


def _task(task: str, said: TaskSpec, spec: SuiteFile, base: Path) -> dict[str, Any]:
    """Return what decides one task."""
    with field(f"tasks.{task}.expert"):
        found: dict[str, Any] = {"expert": _weights(said.expert, base, spec.model)}
    with field(f"tasks.{task}.head"):
        found["head"] = _head(said, base)
    with field(f"tasks.{task}.data"):
        found["data"] = data_digest(said.data, base)
    return found


def _head(said: TaskSpec, base: Path) -> Any:
    """Return what decides a task's head."""
    if said.head is None:
        return None
    if said.head.file is not None:
        return read_head_file(said.head.file, base).digest
    if said.head.zero_shot is None:
        return said.head.own
    prompts = said.head.zero_shot
    classes = None if prompts.classes is None else listed_names(prompts.classes, base)
    return {"classes": classes, "templates": listed_names(prompts.templates, base)}
