"""Fits in several processes: what they learn is what one process learns, to rounding."""

import numpy as np
import pytest
import torch
from rank_processes import (
    GRID,
    end_after_a_sum,
    fit_all,
    fit_alone,
    fit_from,
    in_ranks,
    take_two_steps_by_ddp,
    with_noise,
    without_data,
)
from unused_module import with_unused_module

import frontrunner as fr
from frontrunner.harness.cells.make_cell import make_cell
from frontrunner.methods.ranks import ALONE
from frontrunner.methods.scalarization import LinearScalarization
from frontrunner.methods.scalarization.epo import EpoScalarization
from frontrunner.methods.shared_step import shared_step
from frontrunner.tasks.batch_shares import share_of_batch

WHOLE_SET = ["pwe-moe-ls", "pwe-moe-epo", "pwe-moe-stch"]
UPSCALED = {"upscale": "all", "batch_size": 6}


def assert_equal_fits(found, expected):
    np.testing.assert_allclose(found.weights, expected.weights, atol=1e-6, rtol=0)
    np.testing.assert_allclose(found.answer, expected.answer, atol=1e-6, rtol=0)
    np.testing.assert_allclose(found.losses, expected.losses, atol=1e-6, rtol=1e-6)


def draws(problem, n, *, batch_size=6):
    batches = problem.batches("train", batch_size, torch.Generator().manual_seed(0))
    return list(zip(np.random.default_rng(0).dirichlet(np.ones(3), size=n), batches, strict=False))


POINT_A_RANK = {"upscale": "model", "preferences_per_step": 2}
CASES = {
    **{f"{method}, one preference": (method, UPSCALED) for method in WHOLE_SET},
    **{f"{method}, a preference a rank": (method, {**UPSCALED, "preferences_per_step": 2}) for method in WHOLE_SET},
    "model, odd batch": ("pwe-moe-ls", {"upscale": "model", "batch_size": 5}),
    "mlp, three preferences": ("pwe-moe-epo", {"upscale": "mlp", "batch_size": 5, "preferences_per_step": 3}),
    "attn+mlp, an idle rank": ("pwe-moe-stch", {"upscale": "attn+mlp", "batch_size": 1}),
    "experts merged where they lie": ("pwe-moe-stch", {**UPSCALED, "bank_dtype": "float32"}),
    "patterns": ("pwe-moe-epo", {"upscale": "blocks.0.*,norm", "batch_size": 2, "preferences_per_step": 4}),
    **{f"whole models, {name}": (name, {"batch_size": 5, "lr": 1e-3}) for name in ("ls", "epo", "stch", "mgda")},
    "examples changed at random": ("pwe-moe-stch", UPSCALED, 12, None, with_noise),
    "no data": ("pwe-moe-epo", {"upscale": "model"}, 12, None, without_data),
    "no data, a preference a rank": ("pwe-moe-ls", POINT_A_RANK, 12, None, without_data),
    "routers that never receive a gradient": ("pwe-moe-ls", UPSCALED, 12, None, with_unused_module),
    "to convergence": ("multi-task", {"batch_size": 5, "lr": 1e-2, "check_every": 2, "patience": 2, "steps": 40}),
}


@pytest.fixture(scope="module")
def in_two_ranks():
    """What both ranks have learned in every case."""
    return in_ranks(fit_all, list(CASES.values()))


@pytest.mark.parametrize("case", CASES)
def test_ranks_learn_what_one_process_learns(case, in_two_ranks):
    expected = fit_alone(*CASES[case])
    ranks = [of_rank[list(CASES).index(case)] for of_rank in in_two_ranks]
    for found in ranks:
        assert_equal_fits(found, expected)
        np.testing.assert_array_equal(found.weights, ranks[0].weights)
    for of_one in (expected, ranks[0]):
        of_one.diagnostics.pop("passes_per_step", None)
    assert ranks[0].diagnostics == expected.diagnostics


@pytest.mark.slow
@pytest.mark.parametrize("counts", [(2, 1), (1, 2), (2, 3)])
def test_a_fit_goes_on_with_another_number_of_ranks(counts, tmp_path):
    options = {**UPSCALED, "preferences_per_step": 2}
    expected = fit_alone("pwe-moe-epo", options, 20)
    for count, n_taken in zip(counts, (20, 10), strict=True):
        found = in_ranks(fit_from, tmp_path, "pwe-moe-epo", options, 20, count=count)[0]
        assert len(found.weights) == n_taken
        np.testing.assert_allclose(found.weights, expected.weights[-n_taken:], atol=1e-6, rtol=0)
    assert found.diagnostics["epo_balance_share"] == expected.diagnostics["epo_balance_share"]


@pytest.mark.parametrize("scalarization", [LinearScalarization, EpoScalarization])
def test_several_preferences_give_the_mean_of_their_gradients(scalarization, tiny):
    learner = fr.make_learner("pwe-moe-ls", upscale="all", init_std=0.5)
    routed = learner.untrained(tiny, torch.Generator().manual_seed(0))
    parameters, drawn = list(routed.network.parameters()), draws(tiny, 3)

    def gradient(some):
        routed.network.zero_grad()
        loss = shared_step(routed, parameters, scalarization(), some, ALONE)
        return loss, torch.cat([parameter.grad.flatten() for parameter in parameters])

    singles = [gradient([one]) for one in drawn]
    loss, found = gradient(drawn)
    torch.testing.assert_close(found, torch.stack([one for _, one in singles]).mean(dim=0))
    torch.testing.assert_close(loss, torch.stack([one for one, _ in singles]).mean())
    routed.network.zero_grad()
    (preference, batch) = drawn[0]
    if scalarization is LinearScalarization:
        expected = torch.as_tensor(preference, dtype=torch.float32) @ routed.losses(preference, batch)
        (bias,) = torch.autograd.grad(expected, parameters[-1])
        torch.testing.assert_close(singles[0][1][-bias.numel() :], bias.flatten())


def test_a_step_of_one_preference_is_that_of_the_option_left_out():
    given, left_out = (
        fit_alone("pwe-moe-epo", {**UPSCALED, "preferences_per_step": 1}),
        fit_alone("pwe-moe-epo", UPSCALED),
    )
    np.testing.assert_array_equal(given.weights, left_out.weights)


@pytest.mark.parametrize("value", [0, -1, 1.5, True, None, "two"])
def test_preferences_per_step_is_a_positive_whole_number(value):
    with pytest.raises(fr.ConfigError, match="preferences_per_step must be"):
        fr.make_learner("pwe-moe-stch", preferences_per_step=value)


def test_a_preference_a_rank_is_named_in_the_record():
    cell = make_cell("pwe-moe-ls", "tiny", tasks=None, seed=0, options={"preferences_per_step": 4}, points_per_edge=2)
    assert cell.title.startswith("pwe-moe-ls (preferences_per_step=4)")
    assert cell.to_json()["options"]["preferences_per_step"] == 4


def test_every_preference_of_a_step_has_examples_of_its_own(tiny):
    def needs(**options):
        return fr.make_learner("pwe-moe-ls", steps=2, batch_size=4, **options).needs(tiny, GRID)

    one, three = needs(), needs(preferences_per_step=3)
    assert (one.labelled_examples, three.labelled_examples) == (3 * 8, 3 * 24)
    assert three.gradient_examples == 3 * one.gradient_examples
    assert three.training.examples_per_step == 3 * one.training.examples_per_step


@pytest.mark.parametrize(("size", "count"), [(5, 2), (6, 2), (2, 3), (1, 4), (7, 3)])
def test_mean_losses_of_shares_add_up_to_those_of_the_batch(size, count, tiny):
    ((_, batch),) = draws(tiny, 1, batch_size=size)
    shares = [share_of_batch(tiny, batch, own, count) for own in range(count)]
    taken = [share for share in shares if share is not None]
    assert len(taken) == min(size, count)
    np.testing.assert_allclose(np.sum([share.weights for share in taken], axis=0), 1)
    sizes = [len(share.batch[0]) for share in taken]
    assert sum(sizes) == size
    assert max(sizes) - min(sizes) <= 1
    summed = sum(torch.tensor(share.weights) * tiny.losses(tiny.pretrained, share.batch) for share in taken)
    torch.testing.assert_close(summed, tiny.losses(tiny.pretrained, batch))


def test_objectives_without_data_are_computed_by_the_first(make_points):
    problem = make_points()
    assert share_of_batch(problem, None, 0, 2).weights == (1.0, 1.0, 1.0)
    assert share_of_batch(problem, None, 1, 2) is None


def test_other_batches_are_refused_in_one_sentence(tiny):
    with pytest.raises(fr.ConfigError, match=r"those of tiny are something else, so that it can only be fitted on one"):
        share_of_batch(tiny, {"inputs": torch.zeros(2)}, 0, 2)


def test_torchs_own_data_parallelism_stops_where_a_parameter_is_not_reached():
    """So gradients are summed here: routers of modules that never run receive none, as in a case above."""
    for error in in_ranks(take_two_steps_by_ddp):
        assert isinstance(error, RuntimeError)
        assert "finished reduction" in str(error)


@pytest.mark.parametrize("how", ["dies", "hangs"])
def test_a_rank_that_ends_or_hangs_is_told(how):
    timeout_s = 3.0 if how == "hangs" else 60.0
    ((message, took_s),) = in_ranks(end_after_a_sum, how, timeout_s=timeout_s, first_alone=True)
    assert "has ended or has not answered within" in message
    assert took_s < 30
