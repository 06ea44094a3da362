"""The yardstick without a model: each example has the label of the nearest one of the train split."""

import numpy as np
import pytest
import torch
from quick_suites import FEW_TASKS, barely_train
from text_problems import text_problem

import frontrunner as fr
from frontrunner.tasks import nearest_neighbour
from frontrunner.tasks.nearest_neighbour import nearest_neighbour_errors
from frontrunner.testing import tiny_problem


def by_hand(points, labels, asked, wanted):
    nearest = [int(((points - one) ** 2).sum(axis=1).argmin()) for one in asked]
    return float((labels[nearest] != wanted).mean())


@pytest.mark.parametrize("rows", [3, 1024])
@pytest.mark.parametrize("split", ["val", "test"])
def test_errors_are_those_of_every_pair_compared(rows, split, monkeypatch):
    monkeypatch.setattr(nearest_neighbour, "_ROWS", rows)  # blocks change nothing
    problem = tiny_problem()
    expected = []
    for t in range(problem.n_tasks):
        train, asked = problem.examples(t, "train"), problem.examples(t, split)
        points, queries = (one.inputs.double().flatten(1).numpy() for one in (train, asked))
        expected.append(by_hand(points, train.labels.numpy(), queries, asked.labels.numpy()))
    assert nearest_neighbour_errors(problem, split).tolist() == expected


def test_what_was_trained_on_is_answered_rightly():
    assert nearest_neighbour_errors(tiny_problem(), "train").tolist() == [0.0, 0.0, 0.0]


def test_of_equally_near_ones_the_first_counts(monkeypatch):
    monkeypatch.setattr(nearest_neighbour, "_ROWS", 2)
    train = torch.tensor([[9.0], [1.0], [1.0], [-1.0], [1.0]])
    assert nearest_neighbour._nearest_points(train, torch.tensor([[1.0], [0.0], [8.0]])).tolist() == [1, 1, 0]


def test_large_images_are_averaged_down_and_small_ones_are_not():
    large = torch.randint(256, (2, 3, 64, 96), dtype=torch.uint8)
    expected = torch.nn.functional.adaptive_avg_pool2d(large.double(), 32).flatten(1)
    torch.testing.assert_close(nearest_neighbour._flat(large), expected)
    small = torch.randint(256, (2, 3, 33, 33), dtype=torch.uint8)
    assert torch.equal(nearest_neighbour._flat(small), small.double().flatten(1))


@pytest.mark.parametrize("ids", [torch.uint8, torch.uint16, torch.uint32, torch.int16, torch.int32, torch.int64])
@pytest.mark.parametrize("masks", [torch.bool, torch.uint8, torch.int64])
def test_texts_are_compared_by_the_cosine_of_token_counts_without_padding(ids, masks):
    mask = torch.tensor([[1, 1, 0], [1, 1, 1], [1, 1, 1]])
    train = {"input_ids": torch.tensor([[1, 2, 0], [3, 3, 2], [0, 0, 0]]), "attention_mask": mask}
    asked = {"input_ids": torch.tensor([[2, 1, 0], [3, 0, 0], [2, 2, 2]]), "attention_mask": mask[[0, 0, 1]]}
    asked["attention_mask"] = torch.tensor([[1, 1, 0], [1, 0, 0], [1, 1, 1]])
    for part in (train, asked):
        part |= {"input_ids": part["input_ids"].to(ids), "attention_mask": part["attention_mask"].to(masks)}
    # The padding of the second is the third's only token; 2 alone is nearer to (1, 2) than to (3, 3, 2).
    assert nearest_neighbour._nearest_texts(train, asked).tolist() == [0, 1, 0]


def test_a_problem_of_texts_has_errors():
    found = nearest_neighbour_errors(text_problem(n=8), "test")
    assert found.shape == (2,)
    assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize(("suite", "tasks"), [(name, FEW_TASKS[name]) for name in FEW_TASKS if name != "cnn-mini"])
def test_embedded_suites_have_errors_below_those_of_chance(suite, tasks, tmp_path, monkeypatch):
    barely_train(monkeypatch, tmp_path)
    problem = fr.load_problem(suite, tasks)
    found = nearest_neighbour_errors(problem, "test")
    chance = [1 - 1 / len(problem.data[t]["train"].labels.unique()) for t in range(problem.n_tasks)]
    assert (found > 0).all()
    assert (found < chance).all()


@pytest.mark.parametrize("kind", [torch.uint8, torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_images_of_any_kind_are_compared(kind):
    images = torch.tensor([[[[0.0]]], [[[4.0]]], [[[9.0]]]]).to(kind)
    assert nearest_neighbour._nearest(images, images[[2, 0]], 6).tolist() == [2, 0]


@pytest.mark.parametrize("suite", ["merging-toy", "zdt1", "linear-net"])
def test_objectives_that_are_no_classifications_have_none(suite):
    assert nearest_neighbour_errors(fr.load_problem(suite), "test") is None


def test_inputs_of_unknown_kind_have_none():
    whole = torch.zeros(2, 3, dtype=torch.long)
    assert nearest_neighbour._nearest(whole, whole, 4) is None
    assert nearest_neighbour._nearest({"pixels": whole}, {"pixels": whole}, 4) is None


def test_what_would_take_too_long_has_none(monkeypatch):
    monkeypatch.setattr(nearest_neighbour, "MOST_PRODUCTS", 10)
    assert nearest_neighbour_errors(tiny_problem(), "test") is None
    assert nearest_neighbour_errors(text_problem(n=8), "test") is None


def test_an_unknown_split_is_refused():
    with pytest.raises(fr.FrontrunnerError, match="tset"):
        nearest_neighbour_errors(tiny_problem(), "tset")


def test_it_is_the_same_every_time():
    assert np.array_equal(*(nearest_neighbour_errors(tiny_problem(), "test") for _ in range(2)))
