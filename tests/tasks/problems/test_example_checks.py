"""What is wrong with examples is said when a problem is made, with the task and the split."""

import math

import numpy as np
import pytest
import torch
from torch import nn

import frontrunner as fr


def examples(labels=(0, 1, 2, 1), inputs=None):
    return fr.Examples(torch.ones(len(labels), 4) if inputs is None else inputs, torch.as_tensor(labels))


def make(*, cars=None, split="val", heads=None, to_input=lambda inputs: inputs):
    """Two tasks of three classes; `cars` takes the place of the examples of task cars in one split."""
    model = nn.Linear(4, 3)
    params = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    data = [{"train": examples(), "val": examples()} for _ in range(2)]
    if cars is not None:
        data[0][split] = cars
    return fr.ClassificationProblem(
        name="labels",
        tasks=["cars", "signs"],
        model=model,
        pretrained=params,
        experts=[{name: tensor + shift for name, tensor in params.items()} for shift in (1, 2)],
        budget=fr.Budget(steps=1, batch_size=2),
        data=data,
        heads=heads or [nn.Identity(), nn.Identity()],
        to_input=to_input,
    )


@pytest.mark.parametrize("label", [-1, -100, 3, 255])
@pytest.mark.parametrize("split", ["train", "val"])
def test_a_label_that_is_no_class_of_the_head_is_refused(label, split):
    with pytest.raises(fr.ConfigError, match=rf"task 'cars' in split '{split}' .* 0 to 2.* found {label} \(1 of 4"):
        make(cars=examples([0, 1, label, 2]), split=split)


def test_the_classes_are_those_of_the_tasks_own_head():
    wide = nn.Linear(3, 5)
    make(cars=examples([0, 4, 3, 2]), heads=[wide, nn.Identity()])
    with pytest.raises(fr.ConfigError, match="0 to 2"):
        make(cars=examples([0, 4, 3, 2]), heads=[nn.Identity(), wide])


@pytest.mark.parametrize("dtype", [torch.int32, torch.int16, torch.uint8, torch.int8, torch.bool])
def test_integers_of_any_type_are_labels(dtype):
    labels = torch.tensor([0, 1, 1, 0]).to(dtype)
    problem = make(cars=examples(labels))
    assert problem.data[0]["val"].labels.dtype == torch.int64
    assert problem.data[0]["val"].labels.tolist() == [0, 1, 1, 0]
    assert np.isfinite(problem.evaluate(problem.pretrained, "val").loss).all()


@pytest.mark.parametrize(
    "labels",
    [torch.tensor([0.0, 1.0, 2.0, 1.0]), torch.tensor([[0], [1], [2], [1]]), torch.eye(4)[:, :3], torch.ones(4) * 1j],
)
def test_other_labels_are_refused(labels):
    with pytest.raises(fr.ConfigError, match=r"labels of task 'cars' in split 'val' must be class numbers, integers"):
        make(cars=examples(labels))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_inputs_that_are_not_finite_are_refused(value, dtype):
    inputs = torch.ones(4, 4, dtype=dtype)
    inputs[2, 1] = value
    with pytest.raises(fr.ConfigError, match=r"inputs of task 'cars' in split 'val' .* first in example 2 \(1 of 4\)"):
        make(cars=examples(inputs=inputs), to_input=torch.Tensor.float)


def test_arrays_and_lists_become_tensors():
    problem = make(cars=fr.Examples(np.ones((3, 4), np.float32), [0, 1, 2]))
    assert problem.data[0]["val"].inputs.shape == (3, 4)


@pytest.mark.parametrize("labels", [["cat", "dog"], None, 3])
def test_labels_that_are_no_numbers_are_refused(labels):
    with pytest.raises(fr.ConfigError, match="labels of Examples"):
        fr.Examples(torch.ones(2, 4), labels)


def test_every_input_has_a_label():
    with pytest.raises(fr.ConfigError, match="task 'cars' in split 'train' are 3 inputs and 4 labels"):
        make(cars=examples(inputs=torch.ones(3, 4)), split="train")


def test_every_task_has_the_same_splits_and_none_is_empty():
    with pytest.raises(fr.ConfigError, match=r"the same splits; 'cars' has .*'test'.* 'signs' has \['train', 'val'\]"):
        make(cars=examples(), split="test")
    with pytest.raises(fr.ConfigError, match="the split 'val' of task 'cars' is empty"):
        make(cars=fr.Examples(torch.ones(0, 4), torch.ones(0, dtype=torch.long)))


def test_heads_are_one_a_task_finite_and_give_logits():
    with pytest.raises(fr.ConfigError, match=r"heads must hold one entry a task \(2\), found 1"):
        make(heads=[nn.Identity()])
    broken = nn.Linear(3, 3)
    nn.init.constant_(broken.bias, math.nan)
    with pytest.raises(fr.ConfigError, match="the head of task 'signs' holds NaN or infinity in bias"):
        make(heads=[nn.Identity(), broken])
    with pytest.raises(fr.ConfigError, match=r"'cars' must give logits \(n, classes\), found \(3,\)"):
        make(heads=[nn.Flatten(0), nn.Identity()])
