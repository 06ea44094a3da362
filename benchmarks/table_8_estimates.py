"""Estimate the rows of table 8 of arXiv 2406.09770, and write them beside the paper's as a table of Markdown.

    python benchmarks/table_8_estimates.py

Memory is counted for a GPU, in GB of 10^9 bytes. No weights, no data and no GPU are needed.
"""

from pathlib import Path
from typing import Annotated

import typer

import frontrunner as fr
from frontrunner.harness.cells.bench_file import read_bench
from frontrunner.harness.estimating.estimate import estimate
from frontrunner.harness.published.study import PublishedStudy
from frontrunner.harness.scoring.units import as_bytes, as_count

STUDY = Path(__file__).parent.parent / "studies" / "paper" / "table-8.yaml"
"""The bench that runs them, with the rows as the paper prints them."""
NAME = "table-8"
BACKBONES = {"clip-vit-b-32-ta8": "B/32", "clip-vit-l-14-ta8": "L/14"}
HEADINGS = (
    "backbone",
    "method",
    "tasks",
    "batch",
    "trainable",
    "total",
    "paper's GPU memory",
    "estimate",
    "of which",
)
SHOWN = 3
"""The greatest parts that are shown."""


def line_of(row, study):
    """The cells of a row, whose learner and tasks are those of the bench."""
    _, _, batch, printed, _ = row.values
    said = next(one for one in study.run.learners if one.called == row.learner)
    tasks = study.place(NAME, row).tasks
    found = estimate(fr.make_learner(said.method, **said.options), row.suite, tasks=tasks, device_type="cuda")
    parts = sorted(found.peak.parts.items(), key=lambda item: -item[1])[:SHOWN]
    return (
        BACKBONES[row.suite],
        row.learner,
        row.n_tasks,
        batch,
        as_count(found.trainable_parameters),
        as_count(found.total_parameters),
        printed,
        as_bytes(found.peak_bytes),
        ", ".join(f"{part} {n_bytes / 1e9:.2f}" for part, n_bytes in parts),
    )


def write(
    only: Annotated[str, typer.Option(help="Backbone whose rows are written, B/32 or L/14; all if empty.")] = "",
) -> None:
    spec = read_bench(STUDY)
    study = PublishedStudy.read(spec, spec, STUDY.parent)
    print(f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}")
    for row in study.tables[NAME].rows:
        if only in BACKBONES[row.suite]:
            print(f"| {' | '.join(map(str, line_of(row, study)))} |", flush=True)


if __name__ == "__main__":
    typer.run(write)
