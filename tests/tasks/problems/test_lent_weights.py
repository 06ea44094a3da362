"""A problem's architecture holds the pre-trained weights and no second copy, and can be loaded and copied as ever."""

import copy
import gc
import weakref

import pytest
import torch
from torch import nn

import frontrunner as fr


class Rotary(nn.Module):
    """Weights, statistics, a recurrent layer, and a buffer that no state dict holds."""

    def __init__(self, device=None):
        super().__init__()
        self.layer = nn.Linear(3, 4, device=device)
        self.norm = nn.BatchNorm1d(4, device=device)
        self.lstm = nn.LSTM(4, 5, batch_first=True, device=device)
        self.register_buffer("frequencies", torch.linspace(1, 2, 4), persistent=False)

    def forward(self, inputs):
        return self.lstm((self.norm(self.layer(inputs)) * self.frequencies)[:, None])[0][:, 0]


def params_of(model, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.rand(tensor.shape, generator=generator) if tensor.is_floating_point() else torch.zeros(())
        for name, tensor in model.state_dict().items()
    }


def pose(model, pretrained):
    examples = fr.Examples(torch.ones(4, 3), torch.arange(4) % 3)
    return fr.ClassificationProblem(
        name="rotary",
        tasks=("a", "b"),
        model=model,
        pretrained=pretrained,
        experts=[params_of(Rotary(), seed) for seed in (1, 2)],
        budget=fr.Budget(steps=1, batch_size=2),
        data=[dict.fromkeys(("train", "val", "test"), examples)] * 2,
        heads=[nn.Linear(5, 3)] * 2,
    )


def copied(params):
    return {name: tensor.clone() for name, tensor in params.items()}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture
def pretrained():
    return params_of(Rotary())


def test_every_weight_is_the_pretrained_tensor(pretrained):
    problem = pose(Rotary(), pretrained)
    held = problem.model.state_dict()
    assert all(held[name].data_ptr() == tensor.data_ptr() for name, tensor in pretrained.items())
    assert not any(parameter.requires_grad for parameter in problem.model.parameters())


def test_its_own_weights_are_given_up(pretrained):
    model = Rotary()
    own = [weakref.ref(tensor.untyped_storage()) for tensor in (model.layer.weight, model.lstm.weight_hh_l0)]
    storages = [weakref.ref(parameter) for parameter in model.parameters()]
    problem = pose(model, pretrained)
    problem.evaluate(pretrained, "test")
    gc.collect()
    assert all(reference() is None for reference in (*own, *storages))


def test_an_architecture_on_meta_gives_what_a_real_one_gives(pretrained):
    real = pose(Rotary(), pretrained).forward(pretrained, torch.ones(2, 3))
    on_meta = pose(Rotary("meta"), pretrained).forward(pretrained, torch.ones(2, 3))
    assert torch.equal(real, on_meta)


def test_a_buffer_without_values_is_refused(pretrained):
    model = Rotary().to("meta")
    with pytest.raises(fr.ConfigError, match=r"buffer frequencies has no values, it is on the device meta"):
        pose(model, pretrained)


class TestAsEver:
    """What scripts do with a module leaves the pre-trained weights alone."""

    @pytest.mark.parametrize("assign", [False, True])
    def test_loading(self, pretrained, assign):
        problem, before, other = pose(Rotary(), pretrained), copied(pretrained), params_of(Rotary(), 3)
        problem.model.load_state_dict(other, assign=assign)
        assert same(problem.model.state_dict(), other)
        assert same(pretrained, before)
        expected = problem.forward(other, torch.ones(2, 3))
        assert torch.equal(problem.model(torch.ones(2, 3)), expected)

    def test_loading_a_part(self, pretrained):
        problem, before = pose(Rotary(), pretrained), copied(pretrained)
        problem.model.layer.load_state_dict({"weight": torch.ones(4, 3), "bias": torch.ones(4)})
        assert float(problem.model.layer.weight.sum()) == 12
        assert same(pretrained, before)

    def test_loading_leaves_out_what_is_not_loaded(self, pretrained):
        problem = pose(Rotary(), pretrained)
        problem.model.load_state_dict({"layer.bias": torch.ones(4)}, strict=False)
        assert torch.equal(problem.model.layer.weight, pretrained["layer.weight"])

    def test_a_copy_is_its_own(self, pretrained):
        problem, before = pose(Rotary(), pretrained), copied(pretrained)
        net = copy.deepcopy(problem.model)
        with torch.no_grad():
            for parameter in (*net.parameters(), *net.buffers()):
                parameter.zero_()
        assert same(pretrained, before)

    def test_moving_and_converting(self, pretrained):
        problem, before = pose(Rotary(), pretrained), copied(pretrained)
        problem.model.double()
        assert same(pretrained, before)

    def test_two_problems_of_one_architecture(self, pretrained):
        model, other = Rotary(), params_of(Rotary(), 3)
        first = pose(model, pretrained)
        expected = first.evaluate(pretrained, "test").loss
        pose(model, other)
        assert (first.evaluate(pretrained, "test").loss == expected).all()
