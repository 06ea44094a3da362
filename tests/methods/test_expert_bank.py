"""Banks of large models merge the experts where they lie, and give what flat banks of task vectors give."""

import numpy as np
import pytest
import torch
from torch.multiprocessing.reductions import StorageWeakRef

import frontrunner as fr
from frontrunner.methods import recorded_options, task_vectors, weight_rows
from frontrunner.methods.bank_options import BankOptions
from frontrunner.methods.expert_bank import ExpertBank
from frontrunner.methods.half_precision import left_for_base
from frontrunner.methods.task_vectors import ModelMerger, banks_by_type
from frontrunner.methods.weight_rows import MergeShares, WeightRows
from frontrunner.methods.whole_set import task_by_task, upscaling
from frontrunner.tasks.precision import master_type

PREFERENCE = np.array([0.2, 0.3, 0.5])
RULES = ["mlp", "all", "model", "blocks.0.*,norm"]
LEARNERS = ["pwe-moe-ls", "layerwise-interpolation"]


@pytest.fixture
def large(monkeypatch):
    """Whether a model is large is decided when its banks are made: all are from here on."""
    return lambda: monkeypatch.setattr(task_vectors, "LARGEST_FLAT", 0)


def untrained(problem, method="pwe-moe-ls", **options):
    routed = fr.make_learner(method, **options).untrained(problem, torch.Generator().manual_seed(0))
    with torch.no_grad():  # no two tasks alike
        for parameter in routed.network.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1))
    return routed


def a_batch(problem):
    return next(problem.batches("train", 8, torch.Generator().manual_seed(0)))


def weight_in(shape, n_tasks=3, dtype=torch.float32, transposed=False):
    generator = torch.Generator().manual_seed(0)
    base, *rows = (torch.randn(shape, generator=generator).to(dtype) for _ in range(1 + n_tasks))
    turned = [row.mT.contiguous().mT for row in rows] if transposed else rows
    return WeightRows(base, tuple(turned))


def read(coefficients, dtype=torch.float32):
    """As of coefficients on the CPU."""
    return MergeShares.of(torch.tensor(coefficients), master_type([dtype]))


def left_there(coefficients, dtype=torch.float32):
    """As of coefficients on any other device."""
    given = torch.tensor(coefficients, dtype=master_type([dtype]))
    return MergeShares(given.unbind(), left_for_base(given), given)


SHARES = pytest.mark.parametrize("shares", [read, left_there])


def test_coefficients_are_read_on_the_cpu_alone():
    found, there = (MergeShares.of(torch.ones(2, device=device), torch.float32) for device in ("cpu", "meta"))
    assert (found.of_experts, found.left) == ([1.0, 1.0], -1.0)
    assert {tensor.device.type for tensor in (*there.of_experts, there.left)} == {"meta"}


@SHARES
@pytest.mark.parametrize("part", [1, 7, 10**6])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_parts_of_a_weight_make_the_whole(part, transposed, dtype, shares, monkeypatch):
    monkeypatch.setattr(weight_rows, "PROCESSOR_PART", part)
    weight = weight_in((5, 6), dtype=dtype, transposed=transposed)
    gradients = [torch.randn(5, 6, generator=torch.Generator().manual_seed(t)).to(dtype) for t in range(2)]
    vectors = torch.stack(weight.rows).double() - weight.base.double()
    merged = weight.merge(shares([0.1, 0.3, -0.7], dtype))
    expected = weight.base.double() + torch.einsum("t,tij->ij", torch.tensor([0.1, 0.3, -0.7]).double(), vectors)
    rounding = torch.finfo(dtype).eps
    assert merged.dtype == dtype
    torch.testing.assert_close(merged.double(), expected, atol=8 * max(rounding, 1e-7), rtol=rounding)
    expected = torch.einsum("nij,tij->nt", torch.stack(gradients).double(), vectors)
    torch.testing.assert_close(weight.contract(gradients).double(), expected, atol=1e-4, rtol=1e-5)


@SHARES
@pytest.mark.parametrize("shape", [(), (1,), (3, 0), (2, 3, 4)])
def test_a_weight_of_any_shape_is_merged(shape, shares):
    weight = weight_in(shape)
    assert torch.equal(weight.merge(shares([0.0, 1.0, 0.0])), weight.rows[1])
    assert weight.contract([torch.ones(shape)] * 2).shape == (2, 3)


@SHARES
@pytest.mark.parametrize("shape", [(4, 9), (40,)])
def test_an_expert_comes_back_to_the_bit_and_equal_shares_leave_nothing_for_the_start(shape, shares):
    weight = weight_in(shape)
    start = WeightRows(torch.full(shape, 1e9), weight.rows)
    assert torch.equal(start.merge(shares([0.0, 0.0, 1.0])), weight.rows[2])
    torch.testing.assert_close(start.merge(shares([1 / 3] * 3)), torch.stack(weight.rows).mean(dim=0))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("method", LEARNERS)
def test_losses_and_gradients_are_those_of_flat_banks(rule, method, tiny, large):
    options = {"upscale": rule} if method == "pwe-moe-ls" else {}
    batch, found = a_batch(tiny), []
    for change in (lambda: None, large):
        change()
        routed = untrained(tiny, method, **options)
        losses = routed.losses(PREFERENCE, batch)
        (torch.tensor(PREFERENCE).float() @ losses).backward()
        gradients = [parameter.grad for parameter in routed.network.parameters()]
        found.append((losses.detach(), gradients, routed.task_gradients(PREFERENCE, batch), routed.solve(PREFERENCE)))
    assert isinstance(routed.model.banks[0], ExpertBank)
    torch.testing.assert_close(found[1], found[0], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("method", LEARNERS)
def test_tasks_one_by_one_give_what_they_give_together(rule, method, tiny, large, monkeypatch):
    large()
    options = {"upscale": rule} if method == "pwe-moe-ls" else {}
    batch, found = a_batch(tiny), []
    for most in (2**31, 0):
        monkeypatch.setattr(task_by_task, "LARGEST_ACTIVATIONS", most)
        routed, before = untrained(tiny, method, **options), tiny.forward_passes
        losses = routed.losses(PREFERENCE, batch)
        passes = tiny.forward_passes - before
        assert passes == (1 if most else tiny.n_tasks)
        (torch.tensor(PREFERENCE).float() @ losses).backward()
        gradients = [parameter.grad for parameter in routed.network.parameters()]
        found.append((losses.detach(), gradients, routed.task_gradients(PREFERENCE, batch)))
    torch.testing.assert_close(found[1], found[0], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("way", ["losses", "task_gradients"])
def test_one_by_one_a_single_tasks_activations_are_kept(way, tiny, large, monkeypatch):
    large()
    batch, alive, most = a_batch(tiny), [], []
    task_loss = type(tiny).task_loss

    def watched(problem, t, params, given):
        most.append(sum(not reference.expired() for reference in alive))

        def keep(tensor):
            if tensor.untyped_storage().data_ptr() not in own:
                alive.append(StorageWeakRef(tensor.untyped_storage()))
            return tensor.detach()

        own = {tensor.untyped_storage().data_ptr() for tensor in params.values()}
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            return task_loss(problem, t, params, given)

    routed = untrained(tiny, upscale="all")
    monkeypatch.setattr(task_by_task, "LARGEST_ACTIVATIONS", 0)
    getattr(routed, way)(PREFERENCE, batch)  # finds out how much is kept
    monkeypatch.setattr(type(tiny), "task_loss", watched)
    getattr(routed, way)(PREFERENCE, batch)
    assert len(most) == tiny.n_tasks
    assert len(alive) > 10
    # Inputs of the batch stay; what a task's forward pass made does not.
    assert max(most) <= 2 * tiny.n_tasks


def test_what_is_kept_is_counted_before_tasks_go_together(tiny, large, monkeypatch):
    large()

    def kept(batch_size):
        routed = untrained(tiny, upscale="all")
        with torch.no_grad():
            pieces = routed.model.merge_pieces(routed.network(routed.as_input(PREFERENCE)))
        weights = routed.model.assembled([[piece.requires_grad_() for piece in bank] for bank in pieces])
        batch = next(tiny.batches("train", batch_size, torch.Generator().manual_seed(0)))
        return task_by_task.kept_by_pass(tiny, 0, weights, batch)

    assert 1.5 * kept(8) < kept(16) < 2 * kept(8)  # all but what has no rows
    for most, n_passes in ((tiny.n_tasks * kept(8), 1), (tiny.n_tasks * kept(8) - 1, tiny.n_tasks)):
        monkeypatch.setattr(task_by_task, "LARGEST_ACTIVATIONS", most)
        batch, before = a_batch(tiny), tiny.forward_passes
        untrained(tiny, upscale="all").losses(PREFERENCE, batch)
        assert tiny.forward_passes - before == n_passes


def test_a_large_model_is_merged_from_the_experts_own_memory(tiny, large):
    large()
    (bank,) = banks_by_type(tiny, tiny.pretrained)
    own = {tensor.data_ptr() for params in (tiny.pretrained, *tiny.experts) for tensor in params.values()}
    assert {tensor.data_ptr() for weight in bank.weights for tensor in (weight.base, *weight.rows)} <= own


def test_models_up_to_a_size_have_flat_banks(tiny, monkeypatch):
    for largest, kind in ((tiny.model_parameters, "TaskVectorBank"), (tiny.model_parameters - 1, "ExpertBank")):
        monkeypatch.setattr(task_vectors, "LARGEST_FLAT", largest)
        assert [type(bank).__name__ for bank in banks_by_type(tiny, tiny.pretrained)] == [kind]


@pytest.mark.parametrize("coefficients", [[0.0, 1.0, 0.0], [0.4, 0.4, 0.4]])
def test_whole_models_are_merged_alike(coefficients, tiny, large):
    flat = ModelMerger(tiny)(coefficients)
    large()
    torch.testing.assert_close(ModelMerger(tiny)(coefficients), flat, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("n_copies", [1, 3])
def test_gradients_of_one_module_at_a_time_are_held(n_copies, tiny, large, monkeypatch):
    large()
    routed, held, leaves = untrained(tiny, upscale="all"), [], []
    enable = torch.Tensor.register_post_accumulate_grad_hook
    monkeypatch.setattr(
        torch.Tensor,
        "register_post_accumulate_grad_hook",
        lambda leaf, hook: (leaves.append(leaf), enable(leaf, hook))[1],
    )
    contract = ExpertBank.contract_piece

    def watched(bank, piece, gradients):
        held.append(sum(leaf.grad is not None for leaf in leaves))
        return contract(bank, piece, gradients)

    monkeypatch.setattr(ExpertBank, "contract_piece", watched)
    batch = a_batch(tiny)

    def step():
        held.clear()
        leaves.clear()
        if n_copies > 1:
            routed.task_gradients(PREFERENCE, batch)
        else:
            routed.losses(PREFERENCE, batch).sum().backward()

    step()  # finds out whether tasks may go through the model together, on leaves of its own
    step()
    sizes = [len(bank.weights) for bank in routed.model.banks]
    assert len(held) > max(sizes)
    assert max(held) <= max(sizes) * n_copies  # of one module


def test_losses_that_were_followed_backward_hold_no_merged_model(tiny, large, monkeypatch):
    large()
    routed, merged = untrained(tiny, upscale="all"), []
    merge = WeightRows.merge

    def watched(weight, shares):
        found = merge(weight, shares)
        merged.append(StorageWeakRef(found.untyped_storage()))
        return found

    monkeypatch.setattr(WeightRows, "merge", watched)
    losses = routed.losses(PREFERENCE, a_batch(tiny))
    assert merged
    assert not any(reference.expired() for reference in merged)
    losses.sum().backward(retain_graph=True)
    assert all(reference.expired() for reference in merged)
    with pytest.raises(RuntimeError, match="followed backward once"):
        losses.sum().backward()


def test_task_vectors_are_kept_in_half_precision_where_asked(tiny, large):
    large()
    exact, rounded = untrained(tiny), untrained(tiny, bank_dtype="bfloat16")
    (first, *_) = rounded.model.banks[0].weights
    assert {row.dtype for row in first.rows} == {torch.bfloat16}
    assert first.base.dtype == torch.float32
    found, expected = rounded.solve(PREFERENCE), exact.solve(PREFERENCE)
    reach = max(float((e[n] - tiny.pretrained[n]).abs().max()) for e in tiny.experts for n in tiny.pretrained)
    torch.testing.assert_close(found, expected, atol=3 * reach * 2**-8, rtol=0)
    assert any(not torch.equal(found[name], expected[name]) for name in expected)
    batch = a_batch(tiny)
    torch.testing.assert_close(
        rounded.task_gradients(PREFERENCE, batch)[1], exact.task_gradients(PREFERENCE, batch)[1], atol=1e-3, rtol=0.05
    )


def test_experts_held_by_the_cpu_give_the_same(tiny, large):
    assert isinstance(untrained(tiny, bank_device="cpu").model.banks[0], ExpertBank)
    large()
    held = untrained(tiny, bank_device="cpu")
    torch.testing.assert_close(held.solve(PREFERENCE), untrained(tiny).solve(PREFERENCE), atol=0, rtol=0)


@pytest.mark.parametrize("method", LEARNERS)
def test_options_of_banks_are_recorded_where_they_are_changed(method):
    assert not {"bank_dtype", "bank_device"} & recorded_options(fr.make_learner(method).config).keys()
    changed = recorded_options(fr.make_learner(method, bank_dtype="bfloat16").config)
    assert changed["bank_dtype"] == "bfloat16"
    assert "bank_device" not in changed
    assert fr.make_learner(method, **changed).config.bank_dtype == "bfloat16"


@pytest.mark.parametrize("value", ["float8", 3])
def test_other_types_of_banks_are_refused(value):
    with pytest.raises(fr.ConfigError, match="bank_dtype must be one of float32, bfloat16"):
        fr.make_learner("pwe-moe-ls", bank_dtype=value)


def test_weights_of_several_types_take_several_banks(tiny):
    mixed = {name: tensor.double() if "norm" in name else tensor for name, tensor in tiny.pretrained.items()}
    problem = type("Mixed", (), {})()
    problem.__dict__.update(pretrained=mixed, merged=tiny.merged, n_tasks=3, experts=[mixed] * 3, model=tiny.model)
    with pytest.raises(fr.ConfigError, match="weights of one type"):
        ExpertBank(problem, mixed, BankOptions())


def test_what_is_merged_once_is_given_back(tiny, large, monkeypatch):
    """Of the rest no page of a mapped file stays in memory."""
    large()
    given_back = []
    monkeypatch.setattr(upscaling, "release", given_back.extend)
    routed = untrained(tiny, upscale="mlp")
    rest = [name for name in tiny.merged if not any(name in bank.names for bank in routed.model.banks)]
    expected = {params[name].data_ptr() for name in rest for params in (tiny.pretrained, *tiny.experts)}
    assert {tensor.data_ptr() for tensor in given_back} == expected
