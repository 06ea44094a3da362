"""The noise of the test sample, by resampling its examples."""

import numpy as np
import pytest

from frontrunner.metrics import Front, hypervolume
from frontrunner.metrics.sample_noise import RESAMPLES, resampled_hypervolumes


def drawn(errors, n_examples, seed=0):
    """For each task, which of its examples members with these true errors (n, T) get wrong; draws are shared."""
    rng = np.random.default_rng(seed)
    return [(rng.random(n_examples) < column[:, None]).astype(np.uint8) for column in np.transpose(errors)]


@pytest.mark.parametrize("n_examples", [50, 400, 5000])
def test_one_answer_to_one_task_has_the_binomial_standard_error(n_examples):
    wrong = drawn([[0.3]], n_examples)
    share = wrong[0].mean()
    found = resampled_hypervolumes(wrong, [1.0], 4000)
    assert found.std() == pytest.approx(np.sqrt(share * (1 - share) / n_examples), rel=0.05)
    assert found.mean() == pytest.approx(1 - share, abs=0.01)


def test_it_is_the_standard_error_that_new_test_samples_show():
    weights = np.linspace(0, 1, 7)[:, None]
    errors = 0.1 + 0.5 * np.hstack([weights, 1 - weights]) ** 2
    samples = [drawn(errors, 200, seed) for seed in range(400)]
    fronts = [Front(np.stack([one.mean(axis=1) for one in wrong], axis=1)) for wrong in samples]
    truly = np.std([hypervolume(front, [1, 1]).value for front in fronts])
    estimated = np.mean([resampled_hypervolumes(wrong, [1, 1]).std(ddof=1) for wrong in samples[:20]])
    assert estimated == pytest.approx(truly, rel=0.15)


@pytest.mark.parametrize("n_tasks", [2, 3, 4])
def test_lines_give_the_noise_that_exact_volumes_give(n_tasks, monkeypatch):
    errors = 0.1 + 0.5 * (1 - np.random.default_rng(0).dirichlet(np.ones(n_tasks), 20))
    wrong = drawn(errors, 300)
    exact = resampled_hypervolumes(wrong, np.ones(n_tasks))
    monkeypatch.setattr("frontrunner.metrics.sample_noise._EXACT_MEMBERS", 0)
    by_lines = resampled_hypervolumes(wrong, np.ones(n_tasks))
    assert by_lines.mean() == pytest.approx(exact.mean(), rel=0.05)
    assert by_lines.std() == pytest.approx(exact.std(), rel=0.05)
    assert np.corrcoef(exact, by_lines)[0, 1] > 0.99


def test_two_learners_are_resampled_alike_so_that_their_difference_is_paired():
    errors = np.array([[0.3, 0.4], [0.4, 0.3]])
    ours, theirs = drawn(errors, 300), drawn(errors + 0.02, 300)  # the same examples are hard for both
    one, other = (resampled_hypervolumes(wrong, [1, 1]) for wrong in (ours, theirs))
    assert (one - other).std() < 0.4 * one.std()
    np.testing.assert_array_equal(one, resampled_hypervolumes(ours, [1, 1]))
    assert one.shape == (RESAMPLES,)


def test_tasks_of_other_sizes_and_points_beyond_the_reference_are_taken():
    wrong = [np.array([[1, 0, 0], [1, 1, 1]], dtype=np.uint8), np.array([[0] * 7, [1] * 7], dtype=np.uint8)]
    found = resampled_hypervolumes(wrong, [0.9, 0.5], 50)
    assert found.min() >= 0
    assert set(np.round(found / 0.5, 6)) <= {round(max(0.0, 0.9 - k / 3), 6) for k in range(4)}


def test_members_are_resampled_in_parts_to_the_same_numbers(monkeypatch):
    wrong = drawn(np.full((5, 2), 0.4), 64)
    whole = resampled_hypervolumes(wrong, [1, 1])
    monkeypatch.setattr("frontrunner.metrics.sample_noise._MOST_TERMS", 64 * 3)
    np.testing.assert_array_equal(resampled_hypervolumes(wrong, [1, 1]), whole)
