"""Modules without values: parameters on meta, tables that no file holds in place, whatever a module needs when made."""

import threading

import pytest
import torch
from torch import nn

from frontrunner.tasks.backbones.meta_parameters import made_without_values, parameters_on_meta


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


def test_modules_of_other_threads_keep_their_values_meanwhile():
    made = {}

    def elsewhere():
        made["there"] = nn.Linear(2, 2)
        with parameters_on_meta():
            made["there, too"] = nn.Linear(2, 2)

    with parameters_on_meta():
        made["here"] = nn.Linear(2, 2)
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join(60)
        with parameters_on_meta():
            made["within"] = nn.Linear(2, 2)
        made["here again"] = nn.Linear(2, 2)
    made["after"] = nn.Linear(2, 2)
    on_meta = {name for name, module in made.items() if module.weight.is_meta}
    assert on_meta == {"here", "there, too", "within", "here again"}


def test_a_failure_leaves_no_module_without_values():
    with pytest.raises(ValueError, match="no"), parameters_on_meta():
        raise ValueError("no")
    assert not nn.Linear(2, 2).weight.is_meta
