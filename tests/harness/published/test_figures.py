"""Figures of a bench: drawn in every format from what was recorded, and distances that are those of the weights."""

import csv
import dataclasses
import itertools

import numpy as np
import pytest
import torch
from made_up_results import made_up, measured
from torch import nn

import frontrunner as fr
from frontrunner.harness.cells.bench_file import BenchSpec
from frontrunner.harness.published import figures
from frontrunner.harness.published.block_distances import block_distances, layers_of_blocks
from frontrunner.harness.published.figures import draw_figures
from frontrunner.harness.published.measured import curve
from frontrunner.harness.published.study import PublishedStudy
from frontrunner.harness.records.coefficients import MergeCoefficients
from frontrunner.harness.reports.pictures.coefficients_png import shown_positions
from frontrunner.harness.running import recorded_problem
from frontrunner.harness.running.problem_digest import digest_problem

ENDINGS = {".pdf", ".png", ".svg"}


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.attn = nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.Linear(2 * width, width))


class Blocks(nn.Module):
    def __init__(self, width=3, depth=2):
        super().__init__()
        self.stem = nn.Linear(4, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))


class Stub:
    """What is looked at of a problem: an architecture and experts."""

    name = "stub"

    def __init__(self, model, n_tasks, seed=0):
        generator = torch.Generator().manual_seed(seed)
        self.model = model
        self.n_tasks = n_tasks
        self.pretrained = model.state_dict()
        self.experts = [
            {name: weight + torch.randn(weight.shape, generator=generator) for name, weight in self.pretrained.items()}
            for _ in range(n_tasks)
        ]


def study(kind, tasks=("a", "b"), name="mine"):
    spec = BenchSpec.model_validate(
        {
            "name": name,
            "suites": [{"name": "s", "tasks": list(tasks)}],
            "learners": ["pretrained"],
            "figures": [{"kind": kind, "title": "Figure 9"}],
        }
    )
    return PublishedStudy(spec, spec, {})


def files(folder):
    return {(file.stem, file.suffix) for file in folder.iterdir()}


def test_layers_are_counted_in_the_models_order_with_their_blocks():
    found = layers_of_blocks(Blocks())
    assert found == {
        (0, "attention"): ["blocks.0.attn"],
        (0, "feed-forward"): ["blocks.0.mlp"],
        (1, "attention"): ["blocks.1.attn"],
        (1, "feed-forward"): ["blocks.1.mlp"],
    }


def test_distances_are_those_of_every_pair_of_experts():
    problem = Stub(Blocks(), 3)
    found = {(one.layer, one.kind): one for one in block_distances(problem)}
    mlp = found[1, "feed-forward"]
    rows = [
        np.concatenate([w.double().numpy().ravel() for name, w in one.items() if name.startswith("blocks.1.mlp.")])
        for one in problem.experts
    ]
    assert mlp.parameters == len(rows[0]) == 3 * 6 + 6 + 6 * 3 + 3
    assert np.allclose(mlp.distances, [np.linalg.norm(a - b) for a, b in itertools.combinations(rows, 2)])
    assert np.isclose(mlp.per_weight, np.mean(mlp.distances) / np.sqrt(len(rows[0])))


def test_equal_experts_have_no_distance():
    problem = Stub(Blocks(), 2)
    problem.experts = [problem.experts[0]] * 2
    assert {one.mean for one in block_distances(problem)} == {0.0}


@pytest.mark.parametrize(
    ("problem", "told"), [(Stub(nn.Sequential(nn.Linear(4, 3)), 2), "0 blocks"), (Stub(Blocks(), 1), "1 experts")]
)
def test_what_has_no_distances_is_one_sentence(problem, told):
    with pytest.raises(fr.ConfigError, match=told):
        block_distances(problem)


def test_a_curve_is_read_off_the_names_of_its_models():
    _, result = made_up("one", [[0.2, 0.4], [0.1, 0.1]], labels=["lambda = 1", "lambda = 0.5"])
    lambdas, accuracies = curve(result.record)
    assert lambdas.tolist() == [0.5, 1.0]
    assert np.allclose(accuracies, [90.0, 70.0])
    assert curve(made_up("one", [[0.2, 0.4]])[1].record) is None


@pytest.mark.parametrize(("tasks", "named"), [(("a", "b"), "s-a-b"), (("a", "b", "c", "d"), "s-4-tasks")])
def test_fronts_are_drawn_of_the_lowest_seed(tasks, named, tmp_path):
    errors = np.linspace(0.1, 0.4, 2 * len(tasks)).reshape(2, -1)
    cells = [made_up("ls", errors, tasks=tasks, seed=seed) for seed in (3, 1)]
    drawn, missing = draw_figures(study("fronts", tasks), measured(*cells), tmp_path)
    assert [one.title for one in drawn] == ["Figure 9: s, seed 1"]
    assert files(tmp_path) == {(f"figure-9-{named}", ending) for ending in ENDINGS}
    assert missing == []


def test_a_figure_over_lambda_has_the_learners_that_are_a_curve(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(figures, "lambda_figure", lambda panels, path, *, title: shown.append(panels))
    curves = made_up("task-arithmetic", [[0.5, 0.5], [0.1, 0.3]], labels=["lambda = 0", "lambda = 1"])
    draw_figures(study("lambdas"), measured(curves, made_up("ls", [[0.1, 0.1]])), tmp_path)
    assert list(shown[0]) == ["s: a, b"]
    assert list(shown[0]["s: a, b"]) == ["task-arithmetic"]
    assert shown[0]["s: a, b"]["task-arithmetic"][0][1].tolist() == [50.0, 80.0]


def test_a_figure_over_lambda_is_drawn(tmp_path):
    cells = [
        made_up("ties-merging", [[0.5, 0.5], [0.1, 0.3]], labels=["lambda = 0", "lambda = 1"], seed=s) for s in (0, 1)
    ]
    draw_figures(study("lambdas"), measured(*cells), tmp_path)
    assert files(tmp_path) == {("figure-9", ending) for ending in ENDINGS}


def test_coefficients_are_drawn_of_every_learner_that_has_them(tmp_path, monkeypatch):
    record = MergeCoefficients(("a", "b"), ("blocks.0", "blocks.1"), np.eye(2), np.ones((2, 2, 2)))
    settled, result = made_up("pwe-moe-ls (mlp)", [[0.1, 0.1]])
    _, other = made_up("ls", [[0.1, 0.1]])
    monkeypatch.setattr(
        type(result.attempt), "coefficients", lambda attempt: record if attempt is result.attempt else None
    )
    draw_figures(study("coefficients"), measured((settled, result), (made_up("ls", [[0.1, 0.1]])[0], other)), tmp_path)
    assert files(tmp_path) == {("figure-9-pwe-moe-ls-mlp-s-a-b", ending) for ending in ENDINGS}


@pytest.mark.parametrize(
    ("preferences", "shown"),
    [
        ([[0, 1], [1, 0]], [1, 0]),
        ([[0, 1], [0.5, 0.5], [1, 0]], [2, 0, 1]),
        ([[1.0]], [0]),
    ],
)
def test_a_recorded_preference_has_one_panel_however_many_it_is_nearest_to(preferences, shown):
    held = np.array(preferences, dtype=float)
    n, n_tasks = held.shape
    record = MergeCoefficients(tuple("abc"[:n_tasks]), ("part",), held, np.ones((n, 1, n_tasks)))
    assert shown_positions(record) == shown


@pytest.fixture
def prepared(monkeypatch):
    """Has a suite of blocks; returns a made-up cell of a seed on it, whose record may say other things."""

    def load(suite, tasks, *, device, seed):
        torch.manual_seed(0)
        return Stub(Blocks(), len(tasks), seed)

    def cell(seed, **said):
        settled, result = made_up("ls", [[0.1, 0.1]], seed=seed)
        there = digest_problem(load("s", ("a", "b"), device="cpu", seed=seed))
        vars(result)["record"] = dataclasses.replace(result.record, **{"problem": there, **said})
        return settled, result

    monkeypatch.setattr(recorded_problem, "load_problem", load)
    return cell


def test_distances_are_drawn_and_written(prepared, tmp_path):
    assert draw_figures(study("distances"), measured(prepared(0)), tmp_path)[1] == []
    assert files(tmp_path) == {("figure-9-s-a-b", ending) for ending in ENDINGS | {".csv"}}
    rows = list(csv.DictReader((tmp_path / "figure-9-s-a-b.csv").read_text().splitlines()))
    assert [(row["layer"], row["kind"]) for row in rows] == [
        (layer, kind) for layer in "01" for kind in ("attention", "feed-forward")
    ]
    assert all(float(row["least"]) <= float(row["mean"]) <= float(row["largest"]) for row in rows)


def test_distances_are_those_of_the_seeds_that_have_finished(prepared, tmp_path):
    draw_figures(study("distances"), measured(prepared(3), prepared(1)), tmp_path)
    rows = list(csv.DictReader((tmp_path / "figure-9-s-a-b.csv").read_text().splitlines()))
    assert list(dict.fromkeys(row["seed"] for row in rows)) == ["1", "3"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"environment": {"device": "cuda:77"}}, "cuda:77"),
        ({"problem": "another"}, "the experts made on this machine are not those of the run"),
    ],
)
def test_distances_of_other_experts_than_the_cells_are_not_drawn(said, told, prepared, tmp_path):
    drawn, (sentence,) = draw_figures(study("distances"), measured(prepared(0, **said)), tmp_path)
    assert (drawn, files(tmp_path)) == ([], set())
    assert told in sentence


@pytest.mark.parametrize("kind", ["fronts", "lambdas", "coefficients", "distances"])
def test_a_figure_of_nothing_is_a_sentence_and_no_file(kind, tmp_path):
    drawn, (told,) = draw_figures(study(kind), measured(), tmp_path)
    assert drawn == []
    assert files(tmp_path) == set()
    assert told.startswith("Figure 9 of s (a, b) could not be drawn: ")


def test_the_title_says_what_was_run_in_the_place_of_the_bench(tmp_path):
    written = study("fronts")
    run = written.run.model_copy(update={"name": "mine on o"})
    planned = PublishedStudy(written.written, run, {}, {"a": "a", "b": "b"})
    drawn, _ = draw_figures(planned, measured(made_up("ls", [[0.1, 0.2]])), tmp_path)
    assert drawn[0].title == "Figure 9 (mine on o): s, seed 0"
