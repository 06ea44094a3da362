"""Boards made by hand, so that what the page must show of them is known."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
from front_scores import own_scores, reference_scores

from frontrunner.file_digest import digest_files
from frontrunner.harness.board.leaderboard import Board, Row
from frontrunner.harness.cells.cell import Cell
from frontrunner.harness.records.attempt import Attempt
from frontrunner.harness.records.coefficients import MergeCoefficients
from frontrunner.harness.records.evaluation import Evaluation
from frontrunner.harness.records.front_record import FrontRecord
from frontrunner.harness.records.status import Status
from frontrunner.harness.scoring.measures import MEASURES
from frontrunner.harness.scoring.scored_cells import ScoredCell
from frontrunner.metrics import reference_front, simplex_grid
from frontrunner.metrics.statistics import mean_interval, paired_differences

HOSTILE = "</script><img src=x onerror='window.hacked=1'><b>bold</b> & co"
SKILLS = {"steady": 0.8, HOSTILE: 0.75, "twice": 0.7, "plain": 0.6, "slow": 0.5, "fixed": 0.3, "partly": 0.15}
"""Of the learners that finish, best first; "fixed" answers with one model whatever is asked, "partly" lacks a seed."""
LARGE_SEED = 2**60 + 1
SEEDS = (0, 5, LARGE_SEED)
REASON = "failed: RuntimeError: no <luck> at all"
PARTS = ("first.weight", "second.weight")


def made_result(folder, label, seed, tasks, *, beyond=False):
    """One finished cell with its files: the closer the preference to a task, the lower its error.

    With `beyond`, the last answer lies beyond the reference point on every task.
    """
    n_tasks = len(tasks)
    points = 4 if n_tasks < 5 else 3
    cell = Cell(f"method-of-{label[:4]}", "3", {"rate": 0.25, "kind": None}, "made", "1", tasks, seed, points, label)
    folder = folder / f"{n_tasks}-{list(SKILLS).index(label)}-{seed}"
    folder.mkdir()
    grid = simplex_grid(n_tasks, points)
    preferences = None if label == "fixed" else grid
    weights = grid.mean(axis=0, keepdims=True) if preferences is None else grid
    noise = np.random.default_rng(seed + n_tasks).uniform(0, 0.01, weights.shape)
    error = 0.9 - SKILLS[label] * np.sqrt(weights) + noise
    error[-1] += 3.0 * beyond
    record = FrontRecord(
        cell=cell,
        evaluation=Evaluation(
            error=error,
            loss=weights,
            preferences=preferences,
            labels=("",) * len(weights),
        ),
        reference_point=np.ones(n_tasks),
        pareto_front=None,
        split="test",
        environment={},
        problem="problem",
        expert_errors=np.full(n_tasks, 0.05),
        pretrained_errors=np.full(n_tasks, 0.95),
    )
    record.write(folder / "front.parquet")
    if label == "steady":
        coefficients = np.stack([grid, 1 - grid], axis=1)
        MergeCoefficients(tasks, PARTS, grid, coefficients).write(folder / "coefficients.parquet")
        curve = [{"step": 1, "loss": 2.0}, {"step": 2, "probe_hypervolume": 0.25, "probe_fit_time_s": 1.5}]
        (folder / "curve.json").write_text(json.dumps(curve))
    skill = SKILLS[label]
    metrics = {
        "fit_time_s": 100 * skill**3 + seed % 7 + 50 * (label == "slow"),
        "trainable_parameters": 1000.0,
        "front_points": len(weights),
    }
    probed = {"train_probe_hypervolume": 0.25} if label == "steady" else {}
    digests = {file.name: digest_files(file) for file in folder.glob("*.parquet")}
    tags = {"frontrunner.torch": "2.7.1", "frontrunner.device": "cpu", "frontrunner.kind": "cell"}
    run_id = f"{n_tasks}{seed % 97:02d}{list(SKILLS).index(label)}" + "0123456789ab"
    attempt = Attempt(run_id, "7", cell, Status.FINISHED, "", metrics | probed, None, folder, digests, tags)
    return ScoredCell(attempt, own_scores(record))


def made_row(label, results, baseline):
    """The row of these results, against those of the baseline."""

    def values(found, name):
        every = {seed: result.scores | result.attempt.metrics for seed, result in found.items()}
        return {seed: numbers[name] for seed, numbers in every.items() if name in numbers}

    measured = [name for name in MEASURES if values(results, name)]
    differences = {name: paired_differences(values(results, name), values(baseline, name)) for name in measured}
    return Row(
        label=label,
        method=f"method-of-{label[:4]}",
        key=f"key-{list(SKILLS).index(label)}",
        unfinished={seed: REASON for seed in SEEDS if seed not in results},
        results=results,
        intervals={name: mean_interval(list(values(results, name).values())) for name in measured},
        against_baseline={name: d for name, d in differences.items() if d is not None and results is not baseline},
        tied_with_best=label == HOSTILE,
    )


def made_board(folder, tasks, *, beyond=()):
    """Every learner on one board; "partly" fails at its last seed, and one learner at all.

    Of the learners in `beyond`, an answer of every seed lies beyond the reference point.
    """
    results = {
        label: {
            seed: made_result(folder, label, seed, tasks, beyond=label in beyond)
            for seed in SEEDS[: 2 if label == "partly" else 3]
        }
        for label in SKILLS
    }
    every = [result for found in results.values() for result in found.values()]
    reference = reference_front(result.record.front() for result in every)
    for result in every:
        result.scores.update(reference_scores(result.record, reference))
    results["twice"][0].scores["hypervolume_error"] = 0.002
    failing = Row(label="failing", method="broken", key="key-failing", unfinished=dict.fromkeys(SEEDS, REASON))
    return Board(
        name=f"made v1: {', '.join(tasks)}",
        suite="made",
        tasks=tasks,
        rows=[*(made_row(label, found, results["plain"]) for label, found in results.items()), failing],
        reference_point=[1.0] * len(tasks),
        reference_source=f"union of {len(every)} runs",
        reference_digest=reference.digest[:12],
        baseline="plain",
    )


def errors(row, seed=0):
    return row.results[seed].record.evaluation.error


def crowded(board, n_learners):
    """The board with so many learners more, whose costs and qualities lie close together and whose names are long."""
    rng = np.random.default_rng(0)
    rows = []
    for i in range(n_learners):
        row = board.rows[i % 5]
        intervals = {
            name: mean_interval([value * rng.uniform(0.97, 1.03) for value in row.values(name).values()])
            for name in row.intervals
        }
        label = f"learner {i} of a family (rate 0.{i}, as published)"
        rows.append(dataclasses.replace(row, label=label, key=f"crowd-{i}", intervals=intervals))
    return dataclasses.replace(board, rows=[*board.rows, *rows])
