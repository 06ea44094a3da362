"""What is told to be a linear layer: by its values, whatever its class."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune
from transformers.pytorch_utils import Conv1D

from frontrunner.methods.merging.linear_layers import matrix_of, orientations


def told(module, inputs):
    """How its matrix is stored; None where it holds no matrix that could be one of a linear layer."""
    return None if matrix_of(module) is None else orientations(module, inputs, module(inputs))


def rows(*shape, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0)).to(dtype)


class Scaled(nn.Linear):
    """A subclass that is still a linear layer in what it computes, but not of the matrix that it holds."""

    def forward(self, inputs):
        return 3 * super().forward(inputs)


class Logged(nn.Linear):
    """A subclass that computes what its parent does."""

    def forward(self, inputs):
        return super().forward(inputs)


class Adapted(nn.Linear):
    """A low-rank update inside of the layer, as some adapters are written."""

    def __init__(self, *args):
        super().__init__(*args)
        self.down, self.up = nn.Parameter(torch.ones(1, self.in_features)), nn.Parameter(torch.ones(4, 1))

    def forward(self, inputs):
        return super().forward(inputs) + inputs @ self.down.T @ self.up.T


class Kernel(nn.Module):
    """Neither class nor names are torch's."""

    def __init__(self):
        super().__init__()
        self.kernel, self.shift = nn.Parameter(rows(4, 4)), nn.Parameter(torch.ones(4))

    def forward(self, inputs):
        return torch.einsum("...i,io->...o", inputs, self.kernel) + self.shift


class Pair(nn.Linear):
    """It returns more than its product."""

    def forward(self, inputs):
        return super().forward(inputs), self.bias


@pytest.mark.parametrize("shape", [(4,), (6, 4), (2, 3, 4), (2, 1, 3, 4)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_both_ways_of_storing_are_told_apart_for_square_matrices(shape, dtype):
    torch.manual_seed(0)
    linear = nn.Linear(4, 4, dtype=dtype)
    conv = Conv1D(4, 4).to(dtype)
    nn.init.normal_(conv.weight)
    assert told(linear, rows(*shape, dtype=dtype)) == {False}
    assert told(conv, rows(*shape, dtype=dtype)) == {True}


@pytest.mark.parametrize("bias", [True, False])
def test_a_large_bias_hides_no_other_matrix(bias):
    torch.manual_seed(0)
    linear = nn.Linear(4, 4, bias=bias)
    if bias:
        nn.init.constant_(linear.bias, 1e3)
    assert told(linear, rows(6, 4)) == {False}


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: Logged(4, 4), {False}),
        (lambda: nn.modules.linear.NonDynamicallyQuantizableLinear(4, 4), {False}),
        (lambda: nn.LazyLinear(4), {False}),
        (Kernel, {True}),
        (lambda: Scaled(4, 4), set()),
        (lambda: Pair(4, 4), set()),
        (lambda: nn.RMSNorm((6, 4)), set()),
        (lambda: prune.random_unstructured(nn.Linear(4, 4), "weight", amount=8), set()),
        (lambda: parametrizations.weight_norm(nn.Linear(4, 4)), None),
        (lambda: parametrizations.spectral_norm(nn.Linear(4, 4)), None),
        (lambda: parametrizations.orthogonal(nn.Linear(4, 4)), None),
        (lambda: parametrize.register_parametrization(nn.Linear(4, 4), "weight", nn.Tanh()), None),
        (lambda: Adapted(4, 4), None),
        (lambda: nn.LayerNorm((6, 4)), None),
        (lambda: nn.RNNCell(4, 4), None),
        (lambda: nn.LSTM(4, 4), None),
    ],
)
def test_what_counts_is_that_the_output_is_the_input_times_the_matrix_held(make, expected):
    torch.manual_seed(0)
    module = make()
    module(rows(6, 4))  # a lazy layer has no matrix before
    assert told(module, rows(6, 4)) == expected


def test_modules_of_other_inputs_hold_no_matrix_of_a_linear_layer():
    assert matrix_of(nn.Bilinear(4, 4, 4)) is None
    assert matrix_of(nn.Conv2d(4, 4, 1)) is None
    assert matrix_of(nn.BatchNorm1d(4)) is None
    assert matrix_of(nn.Sequential(nn.Linear(4, 4))) is None  # the layer in it does


@pytest.mark.parametrize("value", [0.0, torch.nan])
def test_both_ways_are_possible_where_values_do_not_tell(value):
    linear = nn.Linear(4, 4)
    nn.init.constant_(linear.weight, value)
    assert told(linear, rows(6, 4)) == {False, True}


def test_under_autocast_the_output_has_a_coarser_type():
    torch.manual_seed(0)
    linear = nn.Linear(64, 64)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert told(linear, rows(6, 64)) == {False}
