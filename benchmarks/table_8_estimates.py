"""Estimate the rows of table 8 of arXiv 2406.09770, and write them beside the paper's as a table of Markdown.

    python benchmarks/table_8_estimates.py

Memory is counted for a GPU, in GB of 10^9 bytes. No weights, no data and no GPU are needed.
"""

from pathlib import Path
from typing import Annotated

import typer
import yaml

import frontrunner as fr
from frontrunner.harness.estimating.estimate import estimate
from frontrunner.harness.scoring.units import as_bytes, as_count

TABLE = Path(__file__).parent.parent / "studies" / "paper" / "tables" / "table-8.yaml"
"""The rows as the paper prints them."""
HEADINGS = (
    "backbone",
    "method",
    "tasks",
    "batch",
    "trainable",
    "total",
    "paper's GPU memory",
    "estimate",
    "measured",
    "of which",
)
SHOWN = 3
"""The greatest parts that are shown."""


def learner_of(row, batch_size):
    """The learner of a row, which is called `method (upscale)` where it up-scales, perhaps with its batch size."""
    method, _, told = row["learner"].partition(" ")
    options = {"upscale": told.strip("()").partition(",")[0]} if told else {}
    return fr.make_learner(method, batch_size=batch_size, **options)


def line_of(row):
    """The cells of a row."""
    _, _, batch, printed, _ = row["values"]
    tasks = fr.tasks.SUITES.get(row["suite"]).tasks[: row["n_tasks"]]
    found = estimate(learner_of(row, int(batch)), row["suite"], tasks=tasks, device_type="cuda")
    parts = sorted(found.peak.parts.items(), key=lambda item: -item[1])[:SHOWN]
    backbone = {"clip-vit-b-32-ta8": "B/32", "clip-vit-l-14-ta8": "L/14"}[row["suite"]]
    return (
        backbone,
        row["learner"],
        row["n_tasks"],
        batch,
        as_count(found.trainable_parameters),
        as_count(found.total_parameters),
        printed,
        as_bytes(found.peak_bytes),
        "",
        ", ".join(f"{part} {n_bytes / 1e9:.2f}" for part, n_bytes in parts),
    )


def write(
    only: Annotated[str, typer.Option(help="Backbone whose rows are written, B/32 or L/14; all if empty.")] = "",
) -> None:
    rows = yaml.safe_load(TABLE.read_text(encoding="utf-8"))["rows"]
    print(f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}")
    for row in rows:
        if only.replace("/", "-").lower() in row["suite"]:
            print(f"| {' | '.join(map(str, line_of(row)))} |", flush=True)


if __name__ == "__main__":
    typer.run(write)
