"""One rule says what a number is, whoever hands it over: a suite, a learner in a fit, or a set about itself."""

import dataclasses
import decimal
import fractions
from typing import Any

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.harness.running.worker_events import Reporter
from frontrunner.methods.options import read_options
from frontrunner.tasks.real_numbers import as_count, as_number, as_numbers, as_positive, as_whole

W = torch.ones(1, requires_grad=True)
READERS = [as_number, as_whole, as_count, as_positive]
MASKED = np.ma.masked_invalid([np.nan])


@pytest.mark.parametrize(
    "value",
    [
        *(2, 2.0, np.float32(2), np.float16(2), np.int64(2), np.array(2.0), np.array([[2]]), np.ma.array([2.0])),
        *(torch.tensor(2.0), (W * 2).sum(), W * 2, torch.nn.Parameter(torch.tensor(2.0))),
        *(torch.tensor(2, dtype=torch.bfloat16), torch.tensor([[2]]), fractions.Fraction(4, 2), decimal.Decimal("2.0")),
    ],
)
@pytest.mark.parametrize("read", READERS)
def test_a_number_of_any_library_is_taken(read, value):
    found = read("the loss", value)
    assert found == 2
    assert type(found) is (int if read in (as_whole, as_count) else float)
    assert as_numbers("the losses", value).flat[0] == 2


NONE = {
    "text": "2",
    "text of NumPy": np.str_("2"),
    "bytes": b"2",
    "none": None,
    "list": [2.0],
    "tuple": (2,),
    "mapping": {},
    "complex": 2j,
    "complex of NumPy": np.complex64(2),
    "two": np.ones(2),
    "empty": np.zeros(0),
    "array of texts": np.array(["2"]),
    "true": True,
    "true of NumPy": np.bool_(True),
    "true of torch": torch.tensor(True),
    "masked array": MASKED,
    "masked": np.ma.masked,
    "two of torch": torch.ones(2),
    "complex of torch": torch.tensor(2j),
    "without data": torch.ones(1, device="meta"),
    "date": np.datetime64(2, "s"),
    "object": object(),
    "too large": 10**400,
    "too large to be written": 10**5000,
}


@pytest.mark.parametrize("value", NONE.values(), ids=NONE)
@pytest.mark.parametrize("read", READERS)
def test_what_is_no_number_is_refused_by_its_name(read, value):
    message = r"^the loss (must be one real number, found \S|is too large for a float)"
    with pytest.raises(fr.ConfigError, match=message) as raised:
        read("the loss", value)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize("name", sorted(NONE.keys() - {"list", "tuple", "two", "two of torch", "empty"}))
def test_nor_is_it_one_among_others(name):
    with pytest.raises(fr.ConfigError, match=r"^the losses (must hold real numbers|is too large)"):
        as_numbers("the losses", [[1.0, NONE[name]]])


@pytest.mark.parametrize("value", [2.5, float("nan"), float("inf"), 10**30, torch.tensor(0.5)])
def test_a_step_is_a_whole_number(value):
    with pytest.raises(fr.ConfigError, match=r"the step must be a whole number of 2\^53 at most, found"):
        as_whole("the step", value)


@pytest.mark.parametrize("value", [True, [3], MASKED], ids=str)
def test_a_suite_and_a_learner_are_refused_the_same(value):
    reporter = Reporter(lambda _: None)
    reporter.start("fit")
    with pytest.raises(fr.ConfigError, match=r"steps of a Budget must be one real number"):
        fr.Budget(steps=value, batch_size=1)
    with pytest.raises(fr.ConfigError, match=r"the step of progress\(\) must be one real number"):
        reporter("fit", value, 3)
    with pytest.raises(fr.ConfigError, match=r"progress\(loss=\.\.\.\) must be one real number"):
        reporter("fit", 1, 3, loss=value)


@pytest.mark.parametrize("wrong", [MASKED, [MASKED], [[1.0, np.ma.masked]]], ids=["array", "list", "entry"])
def test_examples_hold_no_masked_entries(wrong):
    with pytest.raises(fr.ConfigError, match="inputs of Examples may hold no masked entries"):
        fr.Examples(wrong, torch.zeros(1))
    with pytest.raises(fr.ConfigError, match="labels of Examples may hold no masked entries"):
        fr.Examples(torch.zeros(1, 1), wrong)


@pytest.mark.parametrize("hint", [float | None, list[float | None], Any], ids=str)
def test_an_option_holds_no_masked_entries(hint):
    config = dataclasses.make_dataclass("Config", [("option", hint, None)], frozen=True)
    with pytest.raises(fr.ConfigError, match=r"may hold no masked entries, found masked_array"):
        read_options(config, {"option": MASKED}, kind="method", name="mine")
