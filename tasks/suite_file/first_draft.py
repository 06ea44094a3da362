"""Write a first suite file from the weights and data that are in a folder."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from ...errors import ConfigError, DataError
from ...os_errors import because
from ..datasets.classes.class_names import normalised
from .drafted_model import DECIDE, FileLook, doubts, look_into, model_lines
from .found_data import FoundData, find_data
from .found_models import FoundModel, find_models

SHOWN = 12
"""How many files a comment names."""
FIRST_BYTES = 65_536
_UNUSUAL = re.compile(r"[^\w\-. ]+")
_HEAD = re.compile(r"^(classification )?head | (classification )?head$")


def draft_suite_file(folder: Path, file: Path) -> int:
    """Write a suite file for the models and data in a folder, and return how many lines of it are to be decided.

    Args:
        folder: what is searched; it is not changed but by the new file.
        file: the file to write.

    Raises:
        ConfigError: the file exists already, or cannot be written.
        DataError: there is no such folder, or there are no weights of models in it.
    """
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}; expected one that holds weights and data")
    if file.suffix not in (".yaml", ".yml"):
        raise ConfigError(f"a suite file is called *.yaml, found {str(file)!r}")
    models = find_models(folder)
    if not models:
        raise DataError(
            f"{folder} holds no weights (.safetensors, .pt, .bin); expected a pre-trained model and experts"
        )
    text = "\n".join(_lines(folder, file, models, find_data(folder))) + "\n"
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError as error:
        raise ConfigError(f"{file} exists already and is not overwritten; name another file with --output") from error
    except OSError as error:
        raise ConfigError(f"the suite file cannot be written {because(error)}") from error
    return sum(DECIDE in line for line in text.splitlines())


def _lines(folder: Path, file: Path, models: Sequence[FoundModel], data: Sequence[FoundData]) -> Iterator[str]:
    """Yield the lines of the suite file."""
    before = _from_there(folder, file)
    looks = {one.path: FileLook() if one.config else look_into(folder / one.path) for one in models}
    heads = [one for one in models if looks[one.path].is_head]
    models = [one for one in models if one not in heads]
    if not models:
        raise DataError(
            f"{folder} holds heads alone ({_named([one.path for one in heads])}); expected models beside them"
        )
    pretrained = next((one for one in models if one.is_pretrained), None)
    experts = [one for one in models if one is not pretrained]
    if not experts:
        raise DataError(
            f"{folder} holds one model alone ({models[0].path}), called pre-trained; expected experts beside it, "
            "models that were fine-tuned from it"
        )
    called = folder.resolve().name
    yield f"# Written by `frontrunner suite new` from what is in {called}/; relative paths start at this file's folder."
    yield f"name: {_plain(_UNUSUAL.sub('-', called).strip('-. ') or 'my-suite')}"
    base = pretrained or experts[0]
    yield from model_lines(base, looks[base.path], _plain(before + base.path))
    if pretrained is None:
        yield f"# {DECIDE}: none of the weights is called pre-trained; found {_named([one.path for one in models])}."
        yield "pretrained: weights/pretrained.safetensors"
    else:
        yield f"pretrained: {_plain(before + pretrained.path)}"
    yield "tasks:"
    used = set[str]()
    for expert in experts:
        found = _data_of(expert, data)
        used |= set() if found is None else {found.name}
        yield f"  {_plain(expert.task)}:"
        yield from (f"    # {DECIDE}: {doubt}." for doubt in doubts(expert, looks[expert.path], looks[base.path]))
        yield from _task_lines(expert, found, data, before)
        if (head := _head_of(expert, heads)) is not None:
            heads.remove(head)
            yield f"    head: {{file: {_plain(before + head.path)}}}"
    if heads:
        yield f"# {DECIDE}: no expert is called like these heads: {_named([one.path for one in heads])}."
    if unused := [one for one in data if one.name not in used]:
        yield f"# {DECIDE}: no expert is called like these data: {_named([one.path or one.name for one in unused])}."
    yield "budget: {steps: 1000, batch_size: 16, lr: 1.0e-5}  # of every fit; the learning rate is that of all weights"


def _head_of(expert: FoundModel, heads: Sequence[FoundModel]) -> FoundModel | None:
    """Return the file of a head that is called like an expert, such as head_Cars of Cars."""
    own = normalised(expert.task)
    return next((one for one in heads if own in (normalised(one.task), _HEAD.sub("", normalised(one.task)))), None)


def _task_lines(expert: FoundModel, found: FoundData | None, data: Sequence[FoundData], before: str) -> Iterator[str]:
    """Yield the lines of one task."""
    yield f"    expert: {_plain(before + expert.path)}"
    if found is None:
        paths = [one.path or one.name for one in data]
        yield f"    # {DECIDE}: which data are this expert's; found {_named(paths) if paths else 'none'}."
        yield f"    data: {{imagefolder: data/{expert.task}}}"
        return
    if found.files:
        where = ", ".join(f"{split}: {_plain(before + path)}" for split, path in found.files.items())
        parts = [f"{found.format}: {{{where}}}"]
    else:
        parts = [f"{found.format}: {_plain(before + found.path)}"]
    columns, decide = _columns(found)
    parts += columns
    if found.classes is not None:
        parts.append(f"classes: {_plain(before + found.classes)}")
    if decide:
        yield f"    # {DECIDE}: {decide}"
    yield f"    data: {{{', '.join(parts)}}}"


def _columns(found: FoundData) -> tuple[list[str], str]:
    """Return the keys that name the columns of a table of texts, and what is to be decided about them."""
    if found.example is None or found.format == "parquet":
        return [], ""
    names = _header(found)
    label = next((name for name in names if name.lower() in ("label", "labels", "class", "target")), None)
    texts = [name for name in names if name != label and name.lower() not in ("idx", "index", "id", "guid")][:2]
    if label is None or not texts:
        return [], f"the columns `text` and `label`; found {_named(names)}."
    text = _plain(texts[0]) if len(texts) == 1 else f"[{', '.join(map(_plain, texts))}]"
    return [f"text: {text}"] + ([] if label == "label" else [f"label: {_plain(label)}"]), ""


def _header(found: FoundData) -> list[str]:
    """Return the columns of a table, from its first line; empty where that cannot be read."""
    if found.example is None:
        return []
    try:
        with found.example.open(encoding="utf-8-sig", newline="") as opened:
            line = opened.readline(FIRST_BYTES)
        if found.format == "jsonl":
            content = json.loads(line)
            return list(content) if isinstance(content, dict) else []
    except (OSError, ValueError):
        return []
    if found.format == "tsv":
        return line.rstrip("\r\n").split("\t")
    return next(csv.reader([line]), [])


def _data_of(expert: FoundModel, data: Sequence[FoundData]) -> FoundData | None:
    """Return the data that are called like an expert."""
    own = normalised(expert.task)
    exact = [one for one in data if normalised(one.name) == own]
    near = [one for one in data if normalised(one.name) in own or own in normalised(one.name)]
    return next(iter([*exact, *near]), None)


def _from_there(folder: Path, file: Path) -> str:
    """Return what stands before paths so that they start at the file's folder."""
    here, there = file.resolve().parent, folder.resolve()
    if here == there:
        return ""
    return f"{there.relative_to(here).as_posix()}/" if there.is_relative_to(here) else f"{there.as_posix()}/"


def _plain(text: str) -> str:
    """Return a text as YAML writes it, in quotes where it would be read as something else."""
    written: str = yaml.safe_dump([text], default_flow_style=True, width=10**6, allow_unicode=True).strip()
    return written.removeprefix("[").removesuffix("]")


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
