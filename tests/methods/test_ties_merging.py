"""TIES: its golden values, its two forms, and how lambda is chosen."""

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.methods.merging.ties_merging import elect_and_merge
from frontrunner.methods.merging.trimmed_vectors import kept, trimming_threshold
from frontrunner.methods.merging.validation_choice import choose_on_validation

GRID = fr.simplex_grid(3, 3)
VECTORS = torch.tensor(
    [
        [0.5, -0.1, 0.3, 0.05, -0.9, 0.2, 0.0, 0.4, -0.3, 0.15],
        [-0.4, 0.2, 0.35, -0.6, 0.1, 0.05, 0.7, -0.2, 0.25, -0.1],
    ]
)


@pytest.fixture
def sealed(tiny, monkeypatch):
    """A problem whose test split nobody may look at; `looks` lists the splits that were."""
    evaluate, looks = tiny.evaluate, []

    def watched(params, split):
        looks.append(split)
        assert split != "test"
        return evaluate(params, split)

    monkeypatch.setattr(tiny, "evaluate", watched)
    tiny.looks = looks
    return tiny


def trim(vectors, keep):
    return kept(vectors, torch.stack([trimming_threshold(row, keep) for row in vectors.abs()]))


def fit(problem, **options):
    return fr.make_learner("ties-merging", **options).fit(problem, GRID, fr.Context())


def assert_same(first, second, **tolerance):
    assert first.keys() == second.keys()
    for name in first:
        torch.testing.assert_close(first[name], second[name], **tolerance)


def test_golden_values_of_the_papers_code():
    trimmed = trim(VECTORS, 0.2)
    assert (trimmed != 0).sum(dim=1).tolist() == [3, 3]
    merged = elect_and_merge(trimmed)
    torch.testing.assert_close(merged, torch.tensor([0.5, 0, 0, -0.6, -0.9, 0, 0.7, 0.4, 0, 0]))


def test_agreeing_entries_are_summed_or_averaged_and_the_others_left_out():
    trimmed = torch.tensor([[1.0, 1.0, 2.0, 0.0], [3.0, -4.0, 0.0, 0.0], [5.0, 2.0, -1.0, 0.0]])
    assert elect_and_merge(trimmed).tolist() == [9, -4, 2, 0]
    assert elect_and_merge(trimmed, mean=True).tolist() == [3, -4, 2, 0]


def test_a_tied_vote_goes_to_the_sign_of_the_majority():
    trimmed = torch.tensor([[1.0, -1.0, -2.0], [-1.0, -3.0, -1.0]])
    assert elect_and_merge(trimmed).tolist() == [-1, -4, -3]


@pytest.mark.parametrize("mean", [False, True])
def test_one_task_keeps_its_trimmed_vector(mean):
    trimmed = trim(VECTORS[:1], 0.5)
    assert torch.equal(elect_and_merge(trimmed, mean=mean), trimmed[0])


def test_everything_can_be_kept():
    assert torch.equal(trim(VECTORS, 1.0), VECTORS)


def test_one_task_with_everything_kept_is_the_expert_at_lambda_1(make_tiny):
    problem = make_tiny(1)
    *_, (_, label, last) = fr.make_learner("ties-merging", keep=1.0).fit(problem, [[1.0]], fr.Context()).members([])
    assert label == "lambda = 1"
    assert_same(last, problem.experts[0])


def test_the_curve_starts_at_the_pretrained_model_and_is_straight(tiny):
    start, middle, end = (params for _, _, params in fit(tiny, points=3, max_lambda=0.8).members(GRID))
    assert_same(start, tiny.pretrained)
    name = "embed.weight"
    torch.testing.assert_close(middle[name], (start[name] + end[name]) / 2)
    assert not torch.equal(start[name], end[name])


@pytest.mark.parametrize("merge", ["sum", "mean"])
def test_conditioned_on_equal_weights_is_the_curve_at_the_same_lambda(tiny, merge):
    on_curve = list(fit(tiny, points=11, merge=merge).members(GRID))[4][2]
    conditioned = fit(tiny, conditioned=True, coefficient=0.4, merge=merge)
    assert_same(conditioned.solve(np.full(3, 1 / 3)), on_curve)
    assert conditioned.diagnostics() == {"chosen_lambda": 0.4}


def test_conditioned_at_a_corner_is_t_times_the_trimmed_vector_of_that_task_alone(tiny):
    solved = fit(tiny, conditioned=True, coefficient=0.4, keep=1.0).solve([0, 1, 0])
    expected = {
        name: base + 0.4 * 3 * (tiny.experts[1][name] - base) if base.is_floating_point() else base
        for name, base in tiny.pretrained.items()
    }
    assert_same(solved, expected, atol=1e-6, rtol=1e-5)


def test_lambda_is_the_least_mean_validation_error_and_the_test_split_stays_sealed(sealed):
    learner = fr.make_learner("ties-merging", conditioned=True, points=6)
    chosen = learner.fit(sealed, GRID, fr.Context()).diagnostics()["chosen_lambda"]
    assert sealed.looks == ["val"] * 6
    errors = [sealed.evaluate(params, "val").error.mean() for _, _, params in fit(sealed, points=6).members(GRID)]
    assert chosen == pytest.approx(np.linspace(0, 1, 6)[int(np.argmin(errors))])
    held = sum(sealed.n_examples("val"))
    expected = fr.Needs(labelled_examples=held, gradient_examples=0, forward_examples=6 * held)
    assert learner.needs(sealed, GRID) == expected


@pytest.mark.parametrize("options", [{}, {"conditioned": True, "coefficient": 0.3}])
def test_without_a_choice_nothing_is_looked_at(sealed, options):
    fit(sealed, **options)
    assert sealed.looks == []
    assert fr.make_learner("ties-merging", **options).needs(sealed, GRID) == fr.Needs(
        gradient_examples=0, forward_examples=0
    )


def test_of_equal_candidates_the_first_is_chosen_and_of_broken_ones_none(sealed):
    broken = {
        name: torch.full_like(tensor, torch.nan) if tensor.is_floating_point() else tensor
        for name, tensor in sealed.pretrained.items()
    }
    models = {"broken": broken, "first": sealed.pretrained, "second": sealed.pretrained}
    assert choose_on_validation(sealed, list(models), models.get) == "first"


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"keep": 0.0}, "keep must be in"),
        ({"merge": "max"}, "merge must be one of sum, mean, found 'max'"),
        ({"points": 0}, "points must be positive, found 0"),
        ({"coefficient": 0.3}, "conditioned"),
    ],
)
def test_options_out_of_range_are_refused(options, match):
    with pytest.raises(fr.ConfigError, match=match):
        fr.make_learner("ties-merging", **options)


@pytest.mark.parametrize("conditioned", [False, True])
def test_weights_one_at_a_time_make_the_merge_of_whole_task_vectors(conditioned, tiny):
    names = [name for name in tiny.pretrained if name in tiny.merged]
    base, *rows = (torch.cat([params[name].flatten() for name in names]) for params in (tiny.pretrained, *tiny.experts))
    trimmed = trim(torch.stack(rows) - base, 0.2)
    options = {"conditioned": True, "coefficient": 0.5} if conditioned else {"points": 2, "max_lambda": 0.5}
    found = fit(tiny, **options)
    preference = np.array([0.5, 0.3, 0.2])
    scale = torch.tensor(3 * preference, dtype=base.dtype)[:, None] if conditioned else 1.0
    expected = base + 0.5 * elect_and_merge(scale * trimmed)
    params = found.solve(preference) if conditioned else list(found.members(GRID))[-1][2]
    assert torch.equal(torch.cat([params[name].flatten() for name in names]), expected)
