from itertools import repeat

import pytest
import torch

import frontrunner as fr
from frontrunner.methods.training import Training, train


class Turning:
    """Follows one goal for some steps and the opposite one from then on."""

    def __init__(self, turns_after):
        self.turns_after = turns_after
        self.steps = 0

    @property
    def phase(self):
        return int(self.steps > self.turns_after)

    def state(self):
        return {"steps": self.steps}

    def load_state(self, state):
        self.steps = state["steps"]


class Steady(Turning):
    phase = 0


def path(stateful, steps):
    """Where a parameter is after every step: its loss rises with it at first and falls with it later."""
    parameter, places = torch.zeros(1, requires_grad=True), []

    def step(_):
        places.append(parameter.item())
        stateful.steps += 1
        loss = parameter.sum() if stateful.steps <= stateful.turns_after else -parameter.sum()
        loss.backward()
        return loss

    recipe = Training(lr=0.1, final_lr_ratio=1.0, steps=steps, batch_size=1)
    train([parameter], repeat(None), step, recipe, fr.Context(), stateful=stateful)
    return [*places, parameter.item()]


@pytest.mark.parametrize("turns_after", [1, 5, 20])
def test_a_new_phase_starts_without_the_momentum_of_the_last(turns_after):
    """Adam's first step has the learning rate's length along the gradient, whatever came before."""
    places = path(Turning(turns_after), turns_after + 3)
    assert places[turns_after] == pytest.approx(-0.1 * turns_after)
    assert places[-1] == pytest.approx(places[turns_after] + 0.3)


def test_within_a_phase_momentum_is_kept():
    places = path(Steady(20), 21)
    assert places[21] < places[20]
