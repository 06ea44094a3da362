import numpy as np
import pytest
import torch

from frontrunner.harness.estimating.live_storages import LiveStorages
from frontrunner.harness.estimating.memory_parts import MemoryPart, Storage, peak_between
from frontrunner.harness.estimating.stand_in_values import fake_tensors


def storage(n_bytes, part, born, died=None):
    made = Storage(n_bytes, part, born)
    made.died = died
    return made


def test_the_peak_is_the_most_at_once_and_not_the_sum():
    held = storage(10, MemoryPart.WEIGHTS, 1)
    first, second = storage(5, MemoryPart.ACTIVATIONS, 2, died=3), storage(4, MemoryPart.GRADIENTS, 4, died=5)
    peak = peak_between([held, first, second], 0, 10)
    assert peak.n_bytes == 15
    assert peak.parts == {**dict.fromkeys(MemoryPart, 0), MemoryPart.WEIGHTS: 10, MemoryPart.ACTIVATIONS: 5}
    assert peak_between([held, first, second], 4, 10).parts[MemoryPart.GRADIENTS] == 4


def test_what_was_there_when_a_span_begins_counts():
    assert peak_between([storage(3, MemoryPart.WEIGHTS, 1, died=6)], 5, 10).n_bytes == 3
    assert peak_between([storage(3, MemoryPart.WEIGHTS, 1)], 5, 6).n_bytes == 3
    assert peak_between([storage(3, MemoryPart.WEIGHTS, 7)], 5, 6).n_bytes == 0


def test_storages_are_followed_until_they_are_freed():
    with fake_tensors(), LiveStorages() as live:
        start = live.moment()
        one = torch.empty(1000)
        view = one[10:]
        del one
        middle = live.moment()
        assert peak_between(live.storages, start, middle).n_bytes == 4000  # a view keeps all of it
        del view
        freed = live.moment()
        other = torch.empty(10)
        assert peak_between(live.storages, freed, live.moment()).n_bytes == 40
        assert other.shape == (10,)


def test_gradients_are_told_from_what_made_them():
    with fake_tensors(), LiveStorages() as live:
        weight = torch.empty(100, requires_grad=True)
        loss = (weight * weight).sum()
        loss.backward()
        assert live.storage_of(weight.grad).part is MemoryPart.GRADIENTS
        assert live.storage_of(loss).part is MemoryPart.ACTIVATIONS


def test_the_first_settled_part_stays():
    with fake_tensors(), LiveStorages() as live:
        tensor = torch.empty(4)
        live.assign([tensor], MemoryPart.MERGED, settled=False)
        live.assign([tensor], MemoryPart.WEIGHTS)
        live.assign([tensor], MemoryPart.MERGED, settled=False)
        assert live.storage_of(tensor).part is MemoryPart.WEIGHTS


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda t: t.sum().item(), 1.0),
        (lambda t: float(t.mean()), 1.0),
        (lambda t: bool((t > 0).all()), True),
        (lambda t: t.long().sum().item(), 1),
        (lambda t: t.tolist(), [1.0, 1.0, 1.0]),
        (lambda t: t.numpy().tolist(), [1.0, 1.0, 1.0]),
        (lambda t: np.asarray(t).tolist(), [1.0, 1.0, 1.0]),
        (lambda t: torch.outer(t, t).double().numpy().tolist(), (np.ones((3, 3)) + np.eye(3)).tolist()),
        (lambda t: torch.equal(t, t + 1), False),
    ],
)
def test_values_that_are_read_are_stand_ins(read, expected):
    with fake_tensors(), LiveStorages():
        assert read(torch.zeros(3)) == expected


def test_real_tensors_among_themselves_have_their_values():
    real = torch.tensor([1.0, 2.0])
    with fake_tensors(), LiveStorages():
        assert (real + real).sum().item() == 6
        assert torch.equal(real, real)


def test_a_module_of_fake_weights_can_be_moved():
    with fake_tensors(), LiveStorages():
        layer = torch.nn.Linear(2, 3).to("cpu", torch.float64)
        assert layer.weight.dtype is torch.float64
        layer(torch.zeros(1, 2, dtype=torch.float64)).sum().backward()
        assert layer.weight.grad.dtype is torch.float64
