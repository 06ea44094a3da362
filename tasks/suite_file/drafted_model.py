"""The lines of a first suite file that say what models are: by configurations, else by what their tensors tell."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import FrontrunnerError
from ...one_line import as_one_line
from ..backbones.recognised_weights import RecognisedWeights, Shapes, is_head_alone, recognised
from ..backbones.weight_names import listed
from ..weight_files.read_weights import read_weights
from .found_models import FoundModel

DECIDE = "DECIDE"
"""The word that marks a line on which the user must decide."""
_PLAIN = re.compile(r"[a-z][\w.]*")
"""Names that YAML reads as texts without quotes."""


@dataclass(frozen=True)
class FileLook:
    """What the tensors of a file tell."""

    shapes: Shapes = field(default_factory=dict)
    """By name; empty where the file cannot be read."""
    why_unread: str = ""
    """Why it cannot be read; empty where it can."""

    @property
    def is_head(self) -> bool:
        """Whether the file holds a task's head and no model."""
        return is_head_alone(self.shapes)

    @property
    def kind(self) -> RecognisedWeights | None:
        """What the tensors look like, None where they look like nothing known."""
        return recognised(self.shapes)


def look_into(file: Path) -> FileLook:
    """Return what the tensors of a file or folder of weights tell; nothing of it is run."""
    try:
        tensors = read_weights(file).tensors
    except FrontrunnerError as error:
        return FileLook(why_unread=as_one_line(str(error), 300))
    return FileLook({name: tuple(tensor.shape) for name, tensor in tensors.items()})


def model_lines(model: FoundModel, look: FileLook, where: str) -> Iterator[str]:
    """Yield the lines that say the architecture, with what is for the user to decide.

    Args:
        model: the pre-trained model, or an expert in its place.
        look: what its tensors tell; looked at where it has no configuration.
        where: its path as YAML, relative to the suite file.
    """
    config: Mapping[str, Any] = model.config
    if "model_type" in config:
        yield f"model: {{transformers: {where}}}"
    elif isinstance(config.get("architecture"), str):
        options = config.get("model_args") or {}
        stated = f", options: {json.dumps(options)}" if options else ""
        name = config["architecture"]
        yield f"model: {{timm: {name if _PLAIN.fullmatch(name) else json.dumps(name)}{stated}}}"
    elif "model_cfg" in config:
        yield f"model: {{open_clip: {where}}}"
    else:
        yield from _by_tensors(model.path, look)


def _by_tensors(path: str, look: FileLook) -> Iterator[str]:
    """Yield the lines for a file without a configuration."""
    if look.why_unread:
        yield f"# {DECIDE}: which architecture it is; {look.why_unread}."
        yield "model: {python: my_model.py:build}"
    elif look.kind is None:
        yield f"# {DECIDE}: which architecture it is. No library that is known here calls its weights as {path} does:"
        yield f"# {listed(list(look.shapes))}. A model of open_clip, transformers, timm or torchvision,"
        yield "# or a function of yours that makes it, as here."
        yield "model: {python: my_model.py:build}"
    else:
        yield f"# {DECIDE}: {path} holds {look.kind.title}, by the names and shapes of its weights, which do not tell"
        yield f"# {look.kind.doubt}."
        yield f"model: {{{look.kind.model or f'{look.kind.library}: NAME'}}}"


def doubts(expert: FoundModel, look: FileLook, base: FileLook) -> Iterator[str]:
    """Yield what is to be decided about an expert's file: it cannot be read, or is of another kind than the model.

    Args:
        expert: the expert.
        look: what its tensors tell.
        base: what those of the pre-trained model tell.
    """
    if look.why_unread:
        yield look.why_unread
    elif base.kind is not None and look.shapes and (look.kind is None or look.kind.title != base.kind.title):
        found = listed(list(look.shapes)) if look.kind is None else look.kind.title
        yield f"{expert.path} holds {found}, the pre-trained model is {base.kind.title}"
