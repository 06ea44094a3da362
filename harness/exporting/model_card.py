"""The model card of an export, in the form of the Hugging Face hub: YAML metadata, then Markdown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...one_line import as_one_line
from ..cells.cell import Cell
from .measured_errors import MeasuredErrors

UNKNOWN = "unknown"
"""The licence of what nobody has stated one for; the hub knows the word."""
OTHER = "other"
"""What the hub calls several licences, or one that it has no word for."""
HUB_LICENCES = frozenset(
    {"apache-2.0", "mit", "cc0-1.0", "cc-by-4.0", "cc-by-3.0", "cc-by-sa-4.0", "cc-by-sa-3.0", "cc-by-nc-4.0"}
    | {"cc-by-nc-sa-4.0", "bsd-2-clause", "bsd-3-clause", "gpl-3.0", "lgpl-3.0", "openrail", "pddl", "ofl-1.1"}
)
"""Words of the hub that sources are likely to state."""
_SPECIAL = str.maketrans({letter: f"\\{letter}" for letter in "\\`*_[]<>|#"})


@dataclass(frozen=True)
class CardContent:
    """What the card of one exported model says."""

    cell: Cell
    run_id: str
    preference: Mapping[str, float]
    """One weight a task."""
    measured: MeasuredErrors | None
    """None where they were not measured."""
    licences: Mapping[str, str | None]
    """By source; None where it is not known."""
    library: str | None
    """The library's name for the hub; None for a state dict."""
    head: str | None
    """The task whose head was asked for."""
    head_beside: bool
    """Whether it is a file beside the library's model, which has no place for it."""
    has_heads: bool
    """Whether heads lie beside the model."""
    loading: str
    """Python code that loads the model."""
    environment: Mapping[str, str]
    """Versions that the run was made with."""
    version: str
    """Frontrunner's version that exported the model."""


def model_card(content: CardContent) -> str:
    """Return the text of a README.md."""
    from huggingface_hub import ModelCardData

    cell = content.cell
    title = f"{cell.label} on {cell.suite}, " + ", ".join(f"{task} {w:.4g}" for task, w in content.preference.items())
    licence = hub_licence(content.licences)
    data = ModelCardData(
        license=licence,
        license_name="several" if licence == OTHER else None,
        library_name=content.library,
        tags=["frontrunner", "model-merging", "multi-objective", "pareto-front"],
        model_name=title,
        eval_results=_results(content) or None,
        frontrunner={
            "version": content.version,
            "run": content.run_id,
            "suite": cell.suite,
            "suite_version": cell.suite_version,
            "tasks": list(cell.tasks),
            "preference": dict(content.preference),
            "learner": cell.method,
            "learner_version": cell.method_version,
            "options": dict(cell.options),
            "seed": cell.seed,
        },
    )
    parts = [f"# {_plain(title)}", _what(content), _errors(content), _loading(content), _origin(content)]
    return f"---\n{data.to_yaml().strip()}\n---\n\n" + "\n\n".join([*parts, _licences(content.licences)]) + "\n"


def hub_licence(licences: Mapping[str, str | None]) -> str:
    """Return one word of the hub for all sources: theirs where it is one, `OTHER`, or `UNKNOWN` where one is so."""
    if not licences or None in licences.values():
        return UNKNOWN
    found = {str(licence).lower() for licence in licences.values()}
    return found.pop() if len(found) == 1 and found <= HUB_LICENCES else OTHER


def _results(content: CardContent) -> list[Any]:
    from huggingface_hub import EvalResult

    measured = content.measured
    if measured is None or not all(measured.n_examples):
        return []
    return [
        EvalResult(
            task_type="classification",
            dataset_type=f"{content.cell.suite}/{task}",
            dataset_name=f"{task} of {content.cell.suite}",
            dataset_split=measured.split,
            metric_type=kind,
            metric_name=name,
            metric_value=value,
        )
        for t, task in enumerate(content.cell.tasks)
        for kind, name, value in (
            ("error_rate", "error rate", measured.error[t]),
            ("loss", "mean loss", measured.loss[t]),
        )
    ]


def _what(content: CardContent) -> str:
    weights = ", ".join(f"{_plain(task)} {weight:.6g}" for task, weight in content.preference.items())
    return (
        f"One plain model of the architecture, taken from a Pareto set that `{content.cell.method}` learned: the one "
        f"for the preference {weights}. A larger weight means that the task matters more."
    )


def _errors(content: CardContent) -> str:
    measured = content.measured
    if measured is None:
        return "## Errors\n\nThe errors at this preference were not measured."
    lines = []
    with_examples = all(measured.n_examples)
    for t, (task, weight) in enumerate(content.preference.items()):
        error, n = measured.error[t], measured.n_examples[t]
        counted = [f"{error:.4f} ({round(error * n)} wrong)", f"{measured.loss[t]:.4f}", f"{n:,}"]
        row = [_plain(task), f"{weight:.6g}", *(counted if with_examples else [f"{error:.6g}"])]
        lines.append(f"| {' | '.join(row)} |")
    head = "| task | weight | error rate | mean loss | examples |\n|---|---:|---:|---:|---:|"
    if not with_examples:
        head = "| task | weight | objective |\n|---|---:|---:|"
    how = "as the run recorded them" if measured.recorded else "measured when the model was exported"
    return f"## Errors\n\nOn the {measured.split} split, {how}; lower is better.\n\n{head}\n" + "\n".join(lines)


def _loading(content: CardContent) -> str:
    used = "plain " + content.library if content.library else "safetensors"
    if "import frontrunner" in content.loading:
        used += " and Frontrunner"
    parts = [f"With {used} (`FOLDER` is the folder of this file):\n\n```python\n{content.loading}\n```"]
    if content.has_heads:
        told = ""
        if content.head is not None:
            where = "lies in `head.safetensors`, too" if content.head_beside else "is a part of the library's model"
            told = f" That of {_plain(content.head)} {where}."
        parts.append("Heads are frozen, one a task, and were never merged; they lie in `heads/`." + told)
    return "## Load it\n\n" + "\n\n".join(parts)


def _origin(content: CardContent) -> str:
    cell = content.cell
    options = json.dumps(dict(cell.options), sort_keys=True)
    versions = ", ".join(f"{_plain(k)} {_plain(v)}" for k, v in content.environment.items() if k in _VERSIONS)
    rows = [
        ("run", f"`{content.run_id}`"),
        ("learner", f"`{cell.method}` version {_plain(cell.method_version)}, {_plain(cell.label)}"),
        ("options", f"`{as_one_line(options, 10_000).replace('`', chr(39))}`"),
        ("suite", f"{_plain(cell.suite)} version {_plain(cell.suite_state)}: {_plain(', '.join(cell.tasks))}"),
        ("seed", str(cell.seed)),
        ("made with", versions),
        ("exported by", f"Frontrunner {content.version}"),
    ]
    return "## Where it comes from\n\n| | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows)


_VERSIONS = ("frontrunner", "torch", "open_clip_torch", "transformers", "python", "commit")


def _licences(licences: Mapping[str, str | None]) -> str:
    if not licences:
        return "## Licences of the sources\n\nThe suite does not state them, so they are unknown."
    rows = [f"| {_plain(source)} | {_plain(licence or UNKNOWN)} |" for source, licence in licences.items()]
    return "## Licences of the sources\n\n| source | licence |\n|---|---|\n" + "\n".join(rows)


def _plain(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line."""
    return as_one_line(text).translate(_SPECIAL)
