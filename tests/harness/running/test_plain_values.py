"""Numbers and states are taken in the types that come naturally, and anything else is refused in one sentence."""

import decimal
import fractions

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import frontrunner as fr
from frontrunner.harness.running.plain_numbers import plain_number, plain_step
from frontrunner.harness.running.plain_state import plain_state
from frontrunner.harness.running.reason import in_one_line
from frontrunner.harness.running.worker_events import Progressed, Reporter

W = torch.ones(1, requires_grad=True)


@pytest.mark.parametrize(
    "value",
    [
        *(2, 2.0, np.float32(2), np.float16(2), np.int64(2), np.array(2.0), np.array([[2]])),
        *(torch.tensor(2.0), (W * 2).sum(), W * 2, torch.nn.Parameter(torch.tensor(2.0))),
        *(torch.tensor(2, dtype=torch.bfloat16), torch.tensor([[2]]), fractions.Fraction(4, 2), decimal.Decimal("2.0")),
    ],
)
def test_a_number_of_any_library_is_taken(value):
    found = plain_number(value, "the loss")
    assert (found, type(found)) == (2.0, float)
    assert (plain_step(value, "the step"), type(plain_step(value, "the step"))) == (2, int)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "2",
            np.str_("2"),
            b"2",
            None,
            [2.0],
            (2,),
            {},
            2j,
            np.complex64(2),
            np.ones(2),
            np.zeros(0),
            np.array(["2"]),
        ),
        *(torch.ones(2), torch.tensor(2j), torch.ones(1, device="meta"), np.datetime64(2, "s"), object(), 10**400),
    ],
)
def test_what_is_no_number_is_refused_by_its_name(value):
    with pytest.raises(
        fr.ConfigError, match=r"^the loss (was to be a number, found \w+|is too large for a float)"
    ) as raised:
        plain_number(value, "the loss")
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize("value", [2.5, float("nan"), float("inf"), 10**30, torch.tensor(0.5)])
def test_a_step_is_a_whole_number(value):
    with pytest.raises(fr.ConfigError, match="the step was to be a whole number, found"):
        plain_step(value, "the step")


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
