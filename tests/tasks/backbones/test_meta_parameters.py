"""Modules without values: parameters on meta, tables that no file holds in place, whatever a module needs when made."""

import pytest
import torch
from torch import nn

from frontrunner.tasks.backbones.meta_parameters import made_without_values


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)
        self.register_buffer("positions", torch.arange(3), persistent=False)


class RunsItself(Plain):
    def __init__(self):
        super().__init__()
        self.width = int(self.layer(torch.ones(1, 3)).sum().abs() * 0) + 2  # a number is read


class MadeFromWeights(Plain):
    def __init__(self):
        super().__init__()
        self.register_buffer("mask", torch.zeros_like(self.layer.weight), persistent=False)


@pytest.mark.parametrize("kind", [Plain, RunsItself, MadeFromWeights])
def test_parameters_have_no_values_and_tables_do(kind):
    before = torch.get_rng_state()
    made = made_without_values(kind)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(p.is_meta and not p.requires_grad for p in made.parameters())
    assert made.positions.tolist() == [0, 1, 2]
    assert not any(buffer.is_meta for buffer in made.buffers())
    assert not made.training


def test_what_cannot_be_made_at_all_raises_its_own_error():
    def make():
        raise ValueError("no such width")

    with pytest.raises(ValueError, match="no such width"):
        made_without_values(make)
