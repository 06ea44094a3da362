"""Weights whose experts lie side by side are merged by one product, to what they are merged to one by one."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import frontrunner as fr
from frontrunner.methods import expert_bank, task_vectors, weight_block
from frontrunner.methods.expert_bank import ExpertBank
from frontrunner.methods.weight_block import WeightBlock
from frontrunner.methods.weight_rows import MergeShares, WeightRows
from frontrunner.tasks.precision import master_type
from frontrunner.tasks.side_by_side import lay_side_by_side, rows_of_block

GRID = fr.simplex_grid(3, 3)
DTYPES = [torch.float32, torch.float64, torch.bfloat16, torch.float16]


def both_of(shape, dtype=torch.float32, n_tasks=3):
    """One weight held in both ways."""
    generator = torch.Generator().manual_seed(0)
    base = torch.randn(shape, generator=generator).to(dtype)
    block = torch.randn((n_tasks, *shape), generator=generator).to(dtype)
    rows = rows_of_block(block.unbind())
    return WeightBlock(base, rows), WeightRows(base, block.unbind())


@pytest.fixture
def large(monkeypatch):
    monkeypatch.setattr(task_vectors, "LARGEST_FLAT", 0)


@pytest.mark.parametrize("part", [1, 7, 10**6])
@pytest.mark.parametrize("n_gradients", [1, 2])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_block_gives_what_its_rows_give_one_by_one(dtype, n_gradients, part, monkeypatch):
    monkeypatch.setattr(weight_block, "BLOCK_PART", part)
    block, rows = both_of((5, 6), dtype)
    shares = MergeShares.of(torch.tensor([0.1, 0.3, -0.7]), master_type([dtype]))
    one_unit = torch.finfo(dtype).eps
    torch.testing.assert_close(block.merge(shares), rows.merge(shares), atol=one_unit, rtol=one_unit)
    gradients = [torch.randn(5, 6, generator=torch.Generator().manual_seed(t)).to(dtype) for t in range(n_gradients)]
    found, expected = (weight.contract(gradients) for weight in (block, rows))
    assert found.dtype == expected.dtype == master_type([dtype])
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("shape", [(), (1,), (2, 3, 4)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_an_expert_comes_back_to_the_bit(shape, dtype):
    block, rows = both_of(shape, dtype)
    merged = block.merge(MergeShares.of(torch.tensor([0.0, 1.0, 0.0]), master_type([dtype])))
    assert torch.equal(merged, rows.rows[1])
    assert block.contract([torch.ones(shape, dtype=dtype)] * 2).shape == (2, 3)


def test_only_tensors_that_lie_side_by_side_in_order_are_a_block():
    block = torch.arange(24.0).reshape(3, 2, 4)
    assert torch.equal(rows_of_block(block.unbind()), block.reshape(3, 8))
    first, second, third = block.unbind()
    others = [(second, first, third), (first, third), (first, second, third.clone()), block.mT.unbind()]
    others += [(first, second, third.double()), (first[:1], second[:1])]
    assert [rows_of_block(list(tensors)) for tensors in others] == [None] * len(others)


def test_experts_laid_side_by_side_are_the_same_experts_and_those_that_share_memory_stay(tiny):
    shared = min(tiny.merged)
    experts = [dict(expert) for expert in tiny.experts]
    experts[0][shared] = tiny.pretrained[shared]
    tiny.experts = tuple(experts)
    before = [{name: tensor.clone() for name, tensor in expert.items()} for expert in experts]
    lay_side_by_side(tiny)
    for name in tiny.merged:
        assert (rows_of_block([expert[name] for expert in tiny.experts]) is None) == (name == shared)
    for now, then in zip(tiny.experts, before, strict=True):
        assert list(now) == list(then)
        assert all(torch.equal(now[name], then[name]) for name in then)


@pytest.mark.parametrize("method", ["pwe-moe-ls", "pwe-moe-epo", "layerwise-interpolation", "task-arithmetic"])
def test_learners_give_the_same_set_of_experts_that_lie_side_by_side(method, tiny, large, monkeypatch):
    monkeypatch.setattr(expert_bank, "device_type", lambda _: "a device that is no processor")
    options = {"points": 4} if method == "task-arithmetic" else {"steps": 6}

    def models():
        found = fr.make_learner(method, **options).fit(tiny, GRID, fr.Context(seed=0))
        return [params for _, _, params in found.members(GRID)]

    one_by_one = models()
    lay_side_by_side(tiny)
    assert {type(weight) for weight in ExpertBank(tiny, tiny.merged).weights} == {WeightBlock}
    torch.testing.assert_close(models(), one_by_one, atol=1e-5, rtol=1e-4)


def test_a_processor_goes_on_with_one_expert_after_the_other(tiny, large):
    lay_side_by_side(tiny)
    assert {type(weight) for weight in ExpertBank(tiny, tiny.merged).weights} == {WeightRows}


class Counted(TorchDispatchMode):
    """Counts operations."""

    n = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.n += 1
        return func(*args, **(kwargs or {}))


def operations_of(problem, experts):
    """Operations of a merge on a device that is no processor, and of its backward pass."""
    bank = ExpertBank(problem, problem.merged, experts=experts)
    coefficients = torch.full((len(experts),), 0.1, device="meta", requires_grad=True)
    with Counted() as counted:
        sum(piece.sum() for piece in bank.merge_pieces(coefficients)).backward()
    return counted.n


def test_operations_of_a_merge_and_its_backward_pass_do_not_grow_with_the_experts_side_by_side(tiny, large):
    def made_there(name, shape):
        return torch.empty(shape, device="meta", dtype=tiny.pretrained[name].dtype)

    def experts_of(n_experts, apart):
        blocks = {name: made_there(name, (n_experts, *like.shape)) for name, like in tiny.pretrained.items()}
        return [
            {name: made_there(name, block.shape[1:]) if apart else block[t] for name, block in blocks.items()}
            for t in range(n_experts)
        ]

    few, many = (experts_of(n, apart=False) for n in (2, 16))
    few_apart, many_apart = (experts_of(n, apart=True) for n in (2, 16))
    tiny.pretrained = {name: tensor.to("meta") for name, tensor in tiny.pretrained.items()}
    assert operations_of(tiny, many) == operations_of(tiny, few) < operations_of(tiny, few_apart)
    assert operations_of(tiny, many_apart) > 3 * operations_of(tiny, many)
