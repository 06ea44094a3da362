"""What a set gives besides its models: what is noted, and what ends the cell such that it can be resumed."""

import pytest
import torch
from safetensors import SafetensorError

import frontrunner as fr
from frontrunner.harness.running import set_extras
from frontrunner.harness.running.set_extras import take_extras

GRID = fr.simplex_grid(3, 3)


class Stateful(fr.FiniteSet):
    """A set of one model with learned weights."""

    def __init__(self, problem, weights=torch.ones):
        super().__init__(problem.n_tasks, lambda _: problem.pretrained, ["only"], total_parameters=1)
        self.weights = weights

    def state(self):
        return {"learned": self.weights(3)}


@pytest.fixture
def problem(tiny):
    return tiny.tiny_problem()


FULL = [
    OSError(28, "No space left on device"),
    OSError(5, "Input/output error"),
    SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
]


@pytest.mark.parametrize("error", FULL, ids=repr)
def test_a_state_that_the_disk_refuses_ends_the_cell(error, problem, tmp_path, monkeypatch):
    def refuse(state, file):
        raise error

    monkeypatch.setattr(set_extras, "write_tensors", refuse)
    with pytest.raises(fr.StoreError, match=r"^the learned weights cannot be written .* from the last checkpoint$"):
        take_extras(Stateful(problem), problem, GRID, {}, tmp_path)


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory"), MemoryError(), RuntimeError("can't allocate memory: 8")]
)
def test_so_does_a_lack_of_memory(error, problem, tmp_path):
    def refuse(_):
        raise error

    with pytest.raises(type(error)):
        take_extras(Stateful(problem, refuse), problem, GRID, {}, tmp_path)


@pytest.mark.parametrize("error", [SafetensorError("invalid name"), RuntimeError("no"), OSError("of the learner")])
def test_what_a_method_gets_wrong_is_a_note(error, problem, tmp_path):
    def refuse(_):
        raise error

    extras = take_extras(Stateful(problem, refuse), problem, GRID, {}, tmp_path)
    assert extras.state is None
    assert [note.partition(":")[0] for note in extras.notes] == [
        "its state(), which export makes models from, is left out"
    ]


def test_a_state_that_can_be_written_is(problem, tmp_path):
    extras = take_extras(Stateful(problem), problem, GRID, {}, tmp_path)
    assert (extras.notes, extras.state) == ((), tmp_path / "state.safetensors")
