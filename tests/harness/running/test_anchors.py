"""What experts and the pre-trained model achieve is measured once, and the same from the cache."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

import frontrunner as fr
from frontrunner.harness.records.front_record import METADATA_KEY, FrontRecord
from frontrunner.harness.running.anchors import find_anchors
from frontrunner.tasks.problem import Objectives


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def problem(tiny):
    return tiny.tiny_problem()


@pytest.fixture
def evaluated(problem, monkeypatch):
    """The splits that models were evaluated on, one an evaluation."""
    splits, evaluate = [], problem.evaluate
    monkeypatch.setattr(problem, "evaluate", lambda params, split: splits.append(split) or evaluate(params, split))
    return splits


def same(one, other):
    return one.experts.tobytes() == other.experts.tobytes() and one.pretrained.tobytes() == other.pretrained.tobytes()


def test_an_expert_counts_on_its_own_task_and_the_pretrained_model_on_all(cache, problem):
    found = find_anchors(problem, "test", {})
    experts = fr.evaluate(problem, fr.make_learner("experts").fit(problem, np.eye(3), fr.Context()), np.eye(3))
    pretrained = fr.make_learner("pretrained").fit(problem, np.eye(3), fr.Context())
    assert found.experts.tolist() == np.diag(experts.objectives).tolist()
    assert found.pretrained.tolist() == fr.evaluate(problem, pretrained, np.eye(3)).objectives[0].tolist()


def test_closed_form(cache):
    problem = fr.load_problem("merging-toy", ["e1", "e2", "e3"])
    found = find_anchors(problem, "test", {})
    losses = [problem.task_loss(t, problem.pretrained, None) for t in range(3)]
    assert found.experts == pytest.approx(np.zeros(3), abs=1e-12)  # an expert sits where its objective is 0
    assert found.pretrained == pytest.approx(np.array(losses))


def test_they_are_measured_once_and_the_same_from_the_cache(cache, problem, evaluated):
    first = find_anchors(problem, "test", {"seed": 0})
    assert evaluated == ["test"] * 4  # T + 1
    assert same(find_anchors(problem, "test", {"seed": 0}), first)
    assert len(evaluated) == 4


@pytest.mark.parametrize(("split", "made_with"), [("val", {"seed": 0}), ("test", {"seed": 1})])
def test_another_split_or_problem_is_measured_for_itself(split, made_with, cache, problem, evaluated):
    find_anchors(problem, "test", {"seed": 0})
    find_anchors(problem, split, made_with)
    assert evaluated[4:] == [split] * 4


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[1, 2]", '{"experts": [0.1]}', '{"experts": [0.1], "pretrained": [0.2]}', '{"experts": 1}'],
)
def test_a_file_that_cannot_be_read_is_made_again(damage, cache, problem, evaluated):
    first = find_anchors(problem, "test", {})
    (file,) = cache.rglob("*.json")
    whole = file.read_text()
    file.write_text(damage)
    assert same(find_anchors(problem, "test", {}), first)
    assert len(evaluated) == 8
    assert file.read_text() == whole
    assert [path for path in cache.rglob("*") if path.is_file()] == [file]


def test_without_a_cache_they_are_measured_all_the_same(tmp_path, monkeypatch, problem, evaluated):
    (tmp_path / "file").touch()
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "file"))
    first = find_anchors(problem, "test", {})
    assert same(find_anchors(problem, "test", {}), first)
    assert len(evaluated) == 8


def test_what_is_not_finite_is_absent(cache, problem, monkeypatch):
    broken, evaluate = problem.experts[1], problem.evaluate

    def diverged(params, split):
        found = evaluate(params, split)
        return Objectives(np.full(3, np.nan), found.loss) if params is broken else found

    monkeypatch.setattr(problem, "evaluate", diverged)
    for _ in range(2):  # measured, then from the cache
        found = find_anchors(problem, "test", {})
        assert found.experts is None
        assert found.pretrained.shape == (3,)


def test_a_recorded_front_carries_them_on_its_split(run_bench, tmp_path, problem):
    store, outcomes = run_bench(tmp_path, ["pretrained", "experts"])
    pretrained, experts = (store.find(outcome.run_id).record() for outcome in outcomes)
    for record in (pretrained, experts):
        assert record.pretrained_errors.tolist() == pretrained.evaluation.error[0].tolist()
        assert record.expert_errors.tolist() == np.diag(experts.evaluation.error).tolist()


def test_a_front_recorded_before_there_were_anchors_has_none(run_bench, tmp_path):
    store, (outcome,) = run_bench(tmp_path, ["pretrained"])
    file = store.find(outcome.run_id).folder / "front.parquet"
    table = pq.read_table(file)
    about = json.loads(table.schema.metadata[METADATA_KEY])
    del about["expert_errors"], about["pretrained_errors"]
    pq.write_table(table.replace_schema_metadata({METADATA_KEY: json.dumps(about)}), tmp_path / "old.parquet")
    old = FrontRecord.read(tmp_path / "old.parquet")
    assert (old.expert_errors, old.pretrained_errors) == (None, None)
    assert old.front().objectives.tolist() == FrontRecord.read(file).front().objectives.tolist()
