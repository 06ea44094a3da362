"""Activation checkpointing recomputes under the weights of its own forward pass."""

import functools
import threading

import pytest
import torch
from torch import nn
from torch.utils import checkpoint

import frontrunner as fr
from frontrunner.tasks import recomputation
from frontrunner.tasks.own_weights import require_passed_weights
from frontrunner.tasks.recomputation import call_within, with_weights

INPUTS = torch.randn(5, 4, generator=torch.Generator().manual_seed(1))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.scale = nn.Parameter(torch.ones(4))

    def forward(self, inputs):
        return self.inner(inputs) + inputs * self.scale

    def inner(self, inputs):
        return self.second(torch.tanh(self.first(inputs)))


class Blocks(nn.Module):
    """Three blocks, each run by a function of the block and its inputs."""

    def __init__(self, run=lambda block, inputs: block(inputs)):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.blocks = nn.ModuleList(Block() for _ in range(3))
        self.run = run

    def forward(self, inputs):
        for block in self.blocks:
            inputs = self.run(block, inputs)
        return inputs


reentrant = functools.partial(checkpoint.checkpoint, use_reentrant=True)
without_reentry = functools.partial(checkpoint.checkpoint, use_reentrant=False)
WAYS = {
    "reentrant": reentrant,
    "not reentrant": without_reentry,
    "whole": functools.partial(checkpoint.checkpoint, use_reentrant=False, early_stop=False)
    if "early_stop" in checkpoint.checkpoint.__code__.co_varnames
    else without_reentry,
    "of a lambda": lambda block, inputs: without_reentry(lambda given: block(given), inputs),
    "of a bound method": lambda block, inputs: reentrant(block.inner, inputs) + inputs * block.scale,
    "of one's own weight": lambda block, inputs: block.inner(inputs) + reentrant(lambda x: x * block.scale, inputs),
    "nested": lambda block, inputs: without_reentry(lambda x: without_reentry(block, x), inputs),
    "nested, reentrant": lambda block, inputs: reentrant(lambda x: reentrant(block, x), inputs),
    "sequential": lambda block, inputs: checkpoint.checkpoint_sequential(
        [block, nn.Identity()], 2, inputs, use_reentrant=True
    ),
    "some only": lambda block, inputs: block(inputs) if inputs.grad_fn is None else reentrant(block, inputs),
}


def two_models(module):
    generator = torch.Generator().manual_seed(2)
    return [
        {
            name: (tensor + 0.3 * torch.randn(tensor.shape, generator=generator)).requires_grad_()
            for name, tensor in module.state_dict().items()
        }
        for _ in range(2)
    ]


def gradients(module, accumulate=False):
    """Gradients of two models that wait for one backward pass, taken in any way torch has."""
    models = two_models(module)
    outputs = [call_within(with_weights(module, params), module, INPUTS) for params in models]
    total = outputs[0].square().sum() + 2 * outputs[1].square().sum()
    leaves = [tensor for params in models for tensor in params.values()]
    if accumulate:
        total.backward()
        return [leaf.grad for leaf in leaves]
    return torch.autograd.grad(total, leaves)


@pytest.mark.parametrize("accumulate", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_gradients_are_those_without_checkpoints(way, accumulate):
    expected = gradients(Blocks().requires_grad_(False), accumulate=accumulate)
    found = gradients(Blocks(WAYS[way]).requires_grad_(False), accumulate=accumulate)
    assert all(torch.equal(first, second) for first, second in zip(found, expected, strict=True))


@pytest.mark.parametrize("way", ["reentrant", "not reentrant", "nested"])
def test_gradients_of_many_outputs_at_once(way):
    def batched(module):
        params = two_models(module)[0]
        outputs = call_within(with_weights(module, params), module, INPUTS[:1])[0]
        return torch.autograd.grad(outputs, list(params.values()), torch.eye(4), is_grads_batched=True)

    for found, expected in zip(batched(Blocks(WAYS[way])), batched(Blocks()), strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(("recurrent", "gradients_recorded", "expected"), [(1, 1, False), (1, 0, True), (0, 1, True)])
def test_cudnn_is_off_only_where_gradients_of_recurrent_layers_are_recorded(recurrent, gradients_recorded, expected):
    module = nn.Sequential(nn.LSTM(4, 4) if recurrent else nn.Linear(4, 4))
    params = {name: tensor.detach() for name, tensor in module.state_dict().items()}
    with torch.set_grad_enabled(bool(gradients_recorded)), torch.backends.cudnn.flags(enabled=True):
        assert with_weights(module, params)(lambda: torch.backends.cudnn.enabled) is expected
        assert torch.backends.cudnn.enabled


@pytest.mark.parametrize("way", ["reentrant", "not reentrant"])
def test_evaluation_without_gradients(way):
    module = Blocks(WAYS[way])
    params = two_models(module)[0]
    with torch.no_grad():
        found = call_within(with_weights(module, params), module, INPUTS)
    torch.testing.assert_close(found, torch.func.functional_call(Blocks(), params, (INPUTS,)))


def test_dropout_is_recomputed_with_the_same_numbers():
    def dropped(run):
        module = Blocks(
            lambda block, inputs: run(lambda x: nn.functional.dropout(block(x), 0.5, training=True), inputs)
        )
        torch.manual_seed(3)
        return gradients(module)

    with torch.random.fork_rng(devices=[]):
        expected, found = dropped(lambda function, inputs: function(inputs)), dropped(reentrant)
    assert all(torch.equal(first, second) for first, second in zip(found, expected, strict=True))


def torch_as_it_is():
    return checkpoint._CheckpointFrame.__init__, checkpoint.CheckpointFunction.apply


def test_torch_is_left_as_it_was():
    before = torch_as_it_is()
    gradients(Blocks(reentrant))

    def fails(block, inputs):
        assert torch_as_it_is() != before
        raise KeyError("a model that fails")

    with pytest.raises(KeyError):
        gradients(Blocks(fails))
    assert torch_as_it_is() == before


def test_checkpoints_of_another_thread_are_left_alone():
    found = []

    def elsewhere():
        weight = torch.ones(3, requires_grad=True)
        reentrant(lambda given: given * 2, weight).sum().backward()
        found.append((weight.grad.tolist(), recomputation._entered.get()))

    def run(block, inputs):
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        return block(inputs)

    gradients(Blocks(run))
    assert found[0] == ([2.0, 2.0, 2.0], ())


class OwnCheckpoint(torch.autograd.Function):
    """Checkpointing as some libraries write it themselves."""

    @staticmethod
    def forward(ctx, function, inputs):
        ctx.function = function
        ctx.save_for_backward(inputs)
        with torch.no_grad():
            return function(inputs)

    @staticmethod
    def backward(ctx, gradient):
        (inputs,) = ctx.saved_tensors
        inputs = inputs.detach().requires_grad_()
        with torch.enable_grad():
            outputs = ctx.function(inputs)
        torch.autograd.backward(outputs, gradient)
        return None, inputs.grad


OWN_WAYS = {
    "a library's own": OwnCheckpoint.apply,
    "a library's own, without a module": lambda block, inputs: (
        block.inner(inputs) + OwnCheckpoint.apply(lambda x: x * block.scale, inputs)
    ),
}


@pytest.mark.parametrize("way", OWN_WAYS)
def test_a_model_that_recomputes_in_a_way_of_its_own_is_refused_at_its_first_gradients(way):
    module = Blocks(OWN_WAYS[way])
    with pytest.raises(fr.UnsupportedError, match="Blocks runs parts of itself again in the backward pass"):
        require_passed_weights(module, two_models(module)[0], (INPUTS,))


@pytest.mark.parametrize("way", [way for way in WAYS if way != "nested, reentrant"])
def test_a_checkpointed_model_is_refused_where_torch_has_other_names(way, monkeypatch):
    monkeypatch.setattr(recomputation._Checkpoints, "_change", lambda self: None)
    module = Blocks(WAYS[way])
    with pytest.raises(fr.UnsupportedError, match="in the backward pass"):
        require_passed_weights(module, two_models(module)[0], (INPUTS,))


@pytest.mark.parametrize("way", WAYS)
def test_others_are_not_refused_and_nothing_is_left_behind(way):
    module = Blocks(WAYS[way])
    params, state = two_models(module)[0], torch.get_rng_state()
    require_passed_weights(module, params, (INPUTS,))
    assert all(tensor.grad is None for tensor in params.values())
    assert torch.equal(torch.get_rng_state(), state)


def test_models_that_take_no_single_example_are_looked_at_with_all():
    class Centred(Blocks):
        def forward(self, inputs):
            assert len(inputs) > 1
            return super().forward(inputs - inputs.mean(dim=0))

    with pytest.raises(fr.UnsupportedError):
        require_passed_weights(Centred(OwnCheckpoint.apply), two_models(Blocks())[0], (INPUTS,))
    require_passed_weights(Centred(reentrant), two_models(Blocks())[0], (INPUTS,))


def test_buffers_are_left_as_they_were():
    module = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)).train()
    params = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    require_passed_weights(module, params, (INPUTS,))
    assert all(torch.equal(params[name], tensor) for name, tensor in module.state_dict().items())
