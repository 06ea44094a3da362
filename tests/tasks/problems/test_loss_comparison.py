import pytest
import torch

from frontrunner.tasks.loss_comparison import LossComparison

T = 3


def models(dtype=torch.float32, shared=False):
    generator = torch.Generator().manual_seed(0)
    common = torch.randn(6, generator=generator).to(dtype).requires_grad_()
    return [
        {"own": common if shared else common.detach().clone().requires_grad_(), "fixed": torch.ones(6, dtype=dtype)}
        for _ in range(T)
    ]


def right(models):
    return torch.stack([(t + 1) * (m["own"] ** 2 + m["fixed"]).mean() for t, m in enumerate(models)])


def rounded(models):
    return right(models) * (1 + 4 * torch.finfo(models[0]["own"].dtype).eps)


def wrong_losses(models):
    return right(models) * 1.2


def gradients_of_others(models):
    """The T models hold equal values, so that only gradients tell them apart."""
    return right(models[1:] + models[:1])


def part_without_gradients(models):
    return right([{**m, "own": torch.cat([m["own"][:3], m["own"][3:].detach()])} for m in models])


def raises(models):
    raise KeyError("no such output")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize(
    ("fast", "expected"),
    [
        (right, True),
        (rounded, True),
        (wrong_losses, False),
        (gradients_of_others, False),
        (part_without_gradients, False),
        (raises, False),
    ],
)
def test_ways_agree_when_losses_and_gradients_do(fast, expected, dtype):
    given = models(dtype)
    assert LossComparison().agree("kind", fast, right, given) is expected
    assert all(tensor.grad is None for model in given for tensor in model.values())


def test_weights_that_models_share_stay_shared():
    def one_tensor(models):
        assert models[0]["own"] is models[1]["own"]
        return right(models)

    assert LossComparison().agree("kind", one_tensor, right, models(shared=True))


def test_each_kind_is_compared_once():
    calls = []
    comparison = LossComparison()
    for kind in ("a", "a", "b"):
        comparison.agree(kind, lambda given: calls.append("fast") or right(given), right, models())
    assert calls == ["fast", "fast"]


def test_losses_that_are_not_finite_decide_nothing():
    comparison = LossComparison()
    assert not comparison.agree("kind", right, lambda given: right(given) * torch.nan, models())
    assert comparison.agree("kind", right, right, models())


def test_randomness_is_neither_used_up_nor_different_in_the_two_ways():
    def random(given):
        return right(given) * torch.rand(T)

    state = torch.get_rng_state()
    assert LossComparison().agree("kind", random, random, models())
    assert torch.equal(torch.get_rng_state(), state)


def test_running_out_of_memory_and_what_the_right_way_raises_are_not_hidden():
    def full(given):
        raise torch.OutOfMemoryError("no room")

    with pytest.raises(torch.OutOfMemoryError):
        LossComparison().agree("kind", full, right, models())
    with pytest.raises(KeyError):
        LossComparison().agree("kind", right, raises, models())


def test_buffers_are_not_written_to():
    def counts(given):
        for model in given:
            model["fixed"] += 1
        return right(given)

    given = models()
    assert not LossComparison(buffers=["fixed"]).agree("kind", counts, right, given)
    assert all(torch.equal(model["fixed"], torch.ones(6)) for model in given)


def test_the_reason_is_logged_once(caplog):
    comparison = LossComparison()
    for kind in ("a", "b", "a"):
        assert not comparison.agree(kind, raises, right, models())
    comparison.agree("c", wrong_losses, right, models())
    first, second = (record.getMessage() for record in caplog.records)
    assert "KeyError: 'no such output'" in first
    assert "its losses or gradients are others" in second


def test_what_has_failed_later_is_not_tried_again():
    comparison = LossComparison()
    assert comparison.agree("kind", right, right, models())
    comparison.refuse("kind", ValueError("one more\nline"))
    assert not comparison.agree("kind", right, right, models())


@torch.no_grad()
def test_equal_weights_decide_nothing_where_there_are_no_gradients():
    """Losses of equal models are the same whichever model's weights are used."""
    comparison = LossComparison()
    assert comparison.agree("kind", gradients_of_others, right, models())
    others = [{**model, "own": model["own"] + t} for t, model in enumerate(models())]
    assert not comparison.agree("kind", gradients_of_others, right, others)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("scale", [1e-1, 1e-2, 1e-4])
def test_a_weight_whose_gradient_is_small_beside_others_counts(dtype, scale):
    """As of position embeddings that a batch of as many examples as positions is cut by."""

    def with_small(models, of):
        return right(models) + scale * torch.stack([(t + 1) * (of(t)["small"] ** 2).sum() for t in range(T)])

    given = models(dtype)
    for model in given:
        model["small"] = torch.arange(1, 7).to(dtype).requires_grad_()  # equal values: losses tell nothing
    assert LossComparison().agree(
        "a", lambda m: with_small(m, m.__getitem__), lambda m: with_small(m, m.__getitem__), given
    )
    assert not LossComparison().agree(
        "a",
        lambda m: with_small(m, [*m[1:], m[0]].__getitem__),
        lambda m: with_small(m, m.__getitem__),
        given,
    )
