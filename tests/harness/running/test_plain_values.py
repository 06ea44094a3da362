"""Numbers and states are taken in the types that come naturally, and anything else is refused in one sentence."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import frontrunner as fr
from frontrunner.harness.running.plain_state import plain_state
from frontrunner.harness.running.reason import in_one_line
from frontrunner.harness.running.worker_events import Progressed, Reporter

W = torch.ones(1, requires_grad=True)


def test_progress_is_sent_and_kept_in_plain_numbers():
    sent = []
    reporter = Reporter(sent.append)
    reporter.start("fit")
    reporter("fit", np.int64(1), torch.tensor(3), loss=(W * 0.5).sum(), rate=np.float32(0.25))
    assert sent[-1] == Progressed("fit", 1, 3, {"loss": 0.5, "rate": 0.25})
    assert reporter.curve == [{"step": 1, "loss": 0.5, "rate": 0.25}]
    assert {type(value) for value in reporter.curve[0].values()} == {int, float}


@pytest.mark.parametrize("name", ["loss=1", "ärger!", "a//b", "../loss", "x" * 201, "", "probe_hypervolume", "a/"])
def test_a_name_that_cannot_be_recorded_is_refused_when_it_is_reported(name):
    reporter = Reporter(lambda _: None)
    reporter.start("fit")
    with pytest.raises(fr.ConfigError, match=r"progress\(\) was to name its values"):
        reporter("fit", 1, 3, **{name: 1.0})
    reporter("fit", 1, 3, **{"task/größe 1.x": 1.0})


FLAT = torch.arange(8.0)
STATES = {
    "views": {"a": FLAT[:4], "b": FLAT[4:]},
    "transposed": {"a": FLAT.view(2, 4).T},
    "strided and flipped": {"a": FLAT[::2], "b": np.arange(6.0)[::-1]},
    "expanded": {"a": torch.ones(1).expand(5)},
    "one tensor twice": {"a": FLAT, "b": FLAT},
    "parameters": {"a": torch.nn.Parameter(FLAT.clone()), "b": (W * 2)},
    "numbers": {"a": 0.5, "b": 3, "c": True, "d": np.float32(0.5), "e": [1.0, 2.0], "f": ((1, 2), (3, 4))},
    "empty tensors": {"a": torch.zeros(0), "b": torch.zeros(0, 3)},
    "arrays": {"a": np.ones((2, 3), dtype=np.float32), "b": np.float64(2)},
    "odd names": {"a.b/c d": FLAT},
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_a_state_is_saved_and_read_again_as_what_it_was(state, tmp_path):
    save_file(plain_state(state), tmp_path / "state")
    found = load_file(tmp_path / "state")
    assert {name: tensor.tolist() for name, tensor in found.items()} == {
        name: value.tolist() if hasattr(value, "tolist") else torch.tensor(value).tolist()
        for name, value in state.items()
    }


def test_what_is_whole_already_is_not_copied():
    state = {"a": torch.ones(4), "b": torch.ones(4)}
    assert [plain_state(state)[name].data_ptr() for name in state] == [state[name].data_ptr() for name in state]


@pytest.mark.parametrize(
    ("state", "what"),
    [
        ({"a": {"b": FLAT}}, r"state\(\)\['a'\] was to be a tensor, a number or an array of numbers, found dict"),
        ({"a": "text"}, "found str"),
        ({"a": None}, "found NoneType"),
        ({"a": np.array(["x"])}, "found ndarray"),
        ({"a": np.ma.masked_invalid([1.0, np.nan])}, r"state\(\)\['a'\] has masked entries"),
        ({"a": torch.ones(2).to_sparse()}, "sparse_coo tensor, which cannot be saved"),
        ({"a": torch.ones(2, device="meta")}, "meta tensor"),
        ({3: FLAT}, "the name 3"),
        ([FLAT], "found list"),
        (None, "found NoneType"),
    ],
)
def test_a_state_that_cannot_be_saved_is_refused_by_its_name(state, what):
    with pytest.raises(fr.ConfigError, match=what):
        plain_state(state)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("a\n\tb \x1b[31mred\x1b[0m"), "ValueError: a b red"),
        (SystemExit(0), "the code called sys.exit(0)"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (fr.ConfigError("one sentence"), "one sentence"),
        (RuntimeError("\ud800"), "RuntimeError: \\ud800"),
        ("what a library\r\nprinted", "what a library printed"),
    ],
)
def test_a_reason_is_one_line_that_can_be_shown_anywhere(error, line):
    assert in_one_line(error) == line
    assert len(in_one_line(ValueError("x" * 10**6))) <= 500
