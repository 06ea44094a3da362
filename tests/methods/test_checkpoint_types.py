"""A checkpoint takes what a fit naturally holds, and refuses at once what it could not give back."""

import enum
from pathlib import Path

import numpy as np
import pytest
import torch

import frontrunner as fr


class Kind(enum.Enum):
    ONE = 1


@pytest.fixture
def checkpoints(tmp_path):
    return fr.Checkpoints(tmp_path, interval_s=0)


def test_numbers_and_arrays_of_numpy_come_back(checkpoints):
    state = {
        "step": np.int64(3),
        "best": [np.float32(0.5)],
        "seen": np.ones((2, 2), dtype=bool),
        "weight": torch.ones(2),
    }
    checkpoints.save("fit", state)
    found = checkpoints.load("fit")
    assert (found["step"], found["best"], found["seen"].tolist()) == (3, [0.5], [[True, True], [True, True]])
    assert found["weight"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (Path("x"), "pathlib."),
        (Kind.ONE, "getattr" if Kind.ONE.__reduce_ex__(2)[0] is getattr else "Kind"),  # as Python before 3.11.4 has it
        (np.random.default_rng(0), "numpy.random"),
        (lambda: 0, "lambda"),
        (object(), "object"),
    ],
)
def test_what_could_not_be_loaded_again_is_refused_when_it_is_saved(checkpoints, tmp_path, value, named):
    checkpoints.save("fit", {"step": 1})
    with pytest.raises(fr.ConfigError, match=r"the checkpoint 'other' was to hold tensors, .*; found ") as raised:
        checkpoints.save("other", {"value": value})
    assert named in str(raised.value)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["fit.pt"]
    assert checkpoints.load("fit") == {"step": 1}
