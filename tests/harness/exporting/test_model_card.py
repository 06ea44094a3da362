"""The card of an exported model: the hub's metadata, measured errors, where it comes from, and licences."""

import json

import pytest
from huggingface_hub import ModelCard
from safetensors.torch import load_file

import frontrunner as fr
from frontrunner.harness.exporting.export_model import export_model
from frontrunner.harness.exporting.export_options import ExportOptions
from frontrunner.harness.exporting.model_card import hub_licence
from frontrunner.harness.records.store import Store

OFF_GRID = (0.123, 0.456, 0.421)
ON_GRID = (1.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def attempt(command, without_processes, tmp_path_factory):
    store = tmp_path_factory.mktemp("carded") / "store"
    words = ["--set", "steps=3", "--points-per-edge", "3", "--store", store]
    with without_processes():
        ended = command.within("run", "pwe-moe-ls", "tiny", *words)
    assert ended.status == 0, ended.out + ended.err
    (found,) = Store(store, create=False).attempts()
    return found


def exported(attempt, preference, folder, **options):
    weights = dict(zip(attempt.cell.tasks, preference, strict=True))
    export_model(attempt, weights, folder, options=ExportOptions(**options))
    return ModelCard.load(folder / "README.md")


@pytest.mark.parametrize("preference", [ON_GRID, OFF_GRID])
def test_the_hub_reads_the_errors_of_every_task_with_their_split(preference, attempt, tmp_path):
    card = exported(attempt, preference, tmp_path / "out")
    problem = fr.load_problem("tiny")
    found = problem.evaluate(load_file(tmp_path / "out" / "model.safetensors"), "test")
    errors = {one.dataset_type: one for one in card.data.eval_results if one.metric_type == "error_rate"}
    assert {one.dataset_split for one in errors.values()} == {"test"}
    assert [errors[f"tiny/task{t}"].metric_value for t in range(3)] == found.error.tolist()
    rows = [line for line in card.text.splitlines() if line.startswith("| task")][1:]
    for t, row in enumerate(rows):
        n = problem.n_examples("test")[t]
        assert f"{found.error[t]:.4f} ({round(found.error[t] * n)} wrong)" in row
        assert row.endswith(f" {n:,} |")
    assert ("as the run recorded them" in card.text) == (preference is ON_GRID)


def test_it_says_where_the_model_comes_from(attempt, tmp_path):
    card = exported(attempt, OFF_GRID, tmp_path / "out", measure=False)
    about = card.data.to_dict()["frontrunner"]
    cell = attempt.cell
    assert about["preference"] == dict(zip(cell.tasks, OFF_GRID, strict=True))
    assert (about["run"], about["suite"], about["tasks"]) == (attempt.run_id, "tiny", list(cell.tasks))
    assert (about["learner"], about["options"], about["seed"]) == ("pwe-moe-ls", dict(cell.options), 0)
    for part in (attempt.run_id, json.dumps(dict(cell.options), sort_keys=True), f"Frontrunner {about['version']}"):
        assert part in card.text
    assert card.data.eval_results is None
    assert "not measured" in card.text
    assert card.data.license == "unknown"
    assert "unknown" in card.text.partition("## Licences")[2]


def test_it_says_that_its_code_needs_frontrunner(attempt, tmp_path):
    text = exported(attempt, ON_GRID, tmp_path / "out", measure=False).text
    assert "With safetensors and Frontrunner (`FOLDER`" in text
    assert "import frontrunner as fr" in text


def test_of_objectives_without_examples(command, in_process, tmp_path):
    ended = command.within(
        "run", "interpolation", "convex-toy", "--points-per-edge", "3", "--store", tmp_path / "store"
    )
    assert ended.status == 0, ended.out + ended.err
    (toy,) = Store(tmp_path / "store", create=False).attempts()
    card = exported(toy, (0.5, 0.5), tmp_path / "out")
    assert card.data.eval_results is None
    assert "| task | weight | objective |" in card.text
    assert "heads" not in card.text
    assert "With safetensors (`FOLDER`" in card.text
    assert "import frontrunner" not in card.text
    assert {"README.md", "export.json", "model.json", "model.safetensors"} == {
        entry.name for entry in (tmp_path / "out").iterdir()
    }


@pytest.mark.parametrize(
    ("licences", "word"),
    [
        ({}, "unknown"),
        ({"model": "MIT", "data": None}, "unknown"),
        ({"model": "MIT", "data": "mit"}, "mit"),
        ({"model": "MIT", "data": "Apache-2.0"}, "other"),
        ({"model": "WordNet-3.0"}, "other"),
    ],
)
def test_one_word_stands_for_all_licences(licences, word):
    assert hub_licence(licences) == word
