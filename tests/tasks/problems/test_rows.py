import dataclasses
from collections import OrderedDict, namedtuple
from types import SimpleNamespace

import pytest
import torch

from frontrunner.tasks.rows import join_rows, leaves_of, map_tensors, split_rows

Point = namedtuple("Point", ["x", "y"])


@dataclasses.dataclass(frozen=True)
class Frozen:
    x: object
    y: object = None


def model_output(**values):
    from transformers.modeling_outputs import BaseModelOutput

    return BaseModelOutput(**values)


ROWS = torch.arange(10.0).view(5, 2)
CONTAINERS = {
    "tensor": ROWS,
    "mapping": {"a": ROWS, "b": 3},
    "ordered": OrderedDict(a=ROWS, b=None),
    "list": [ROWS, "kept"],
    "tuple": (ROWS, (ROWS + 1, None)),
    "named tuple": Point(ROWS, ROWS + 1),
    "dataclass": Frozen(ROWS, [ROWS]),
    "model output": model_output(last_hidden_state=ROWS, hidden_states=(ROWS, ROWS + 1)),
    "nested": {"a": [Point((ROWS,), Frozen(ROWS))]},
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_what_is_split_is_joined_to_what_it_was(name):
    value = CONTAINERS[name]
    parts = split_rows(value, [1, 4])
    for part, size in zip(parts, [1, 4], strict=True):
        assert type(part) is type(value)
        assert all(len(leaf) == size for leaf in leaves_of(part) if isinstance(leaf, torch.Tensor))
    joined = join_rows(parts, [1, 4])
    assert type(joined) is type(value)
    assert len(leaves_of(joined)) == len(leaves_of(value))
    for found, expected in zip(leaves_of(joined), leaves_of(value), strict=True):
        assert torch.equal(found, expected) if isinstance(found, torch.Tensor) else found is expected


def test_attributes_of_a_model_output_are_split_with_its_items():
    first, second = split_rows(CONTAINERS["model output"], [2, 3])
    assert torch.equal(first.last_hidden_state, ROWS[:2])
    assert torch.equal(second["hidden_states"][1], ROWS[2:] + 1)


def test_what_has_other_lengths_is_given_to_every_part():
    scalar, table, mask = torch.tensor(1.0), torch.zeros(4, 2), torch.zeros(2, 5)
    for part in split_rows((scalar, table, mask), [2, 3]):
        assert part[0] is scalar
        assert part[1] is table
        assert part[2] is mask


def test_values_without_rows_are_broadcast_over_those_of_their_part():
    joined = join_rows([torch.full((1, 3), 1.0), torch.full((1, 3), 2.0)], [2, 1])
    assert joined.tolist() == [[1.0] * 3, [1.0] * 3, [2.0] * 3]
    assert join_rows([torch.tensor(1.0), torch.tensor(2.0)], [2, 1]).tolist() == [1.0, 1.0, 2.0]


@pytest.mark.parametrize("parts", [(1.0, 2.0), (SimpleNamespace(), SimpleNamespace()), (ROWS, None), ([ROWS], [])])
def test_parts_that_differ_otherwise_are_not_joined(parts):
    with pytest.raises(ValueError, match=r"rows|argument"):
        join_rows(parts, [5, 5])


def test_tensors_are_mapped_in_their_places():
    assert map_tensors(lambda tensor: tensor.shape[0], {"a": [ROWS, 7]}) == {"a": [5, 7]}
