"""Usual mistakes in a suite of one's own end in one sentence that names the argument or the task."""

import pytest
import torch
from torch import nn

import frontrunner as fr
from frontrunner.tasks import SUITES, load_problem

TASKS = ("cars", "signs")


class Returns(nn.Module):
    """Computes three features and returns them as `wrap` has them."""

    def __init__(self, wrap):
        super().__init__()
        self.layer = nn.Linear(4, 3)
        self.wrap = wrap

    def forward(self, inputs):
        return self.wrap(self.layer(inputs))


def examples(labels=(0, 1, 2), dtype=torch.float32):
    return fr.Examples(torch.ones(len(labels), 4, dtype=dtype), torch.tensor(labels))


def make(*, model=None, splits=None, **changed):
    model = model or nn.Linear(4, 3)
    params = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    arguments = {
        "name": "own",
        "tasks": list(TASKS),
        "model": model,
        "pretrained": params,
        "experts": [{name: tensor + shift for name, tensor in params.items()} for shift in (1, 2)],
        "budget": fr.Budget(steps=1, batch_size=2),
        "data": [splits or {"train": examples(), "val": examples()} for _ in TASKS],
        "heads": [nn.Identity(), nn.Identity()],
        "to_input": nn.Identity(),
    }
    given = {name: value(arguments[name]) if callable(value) else value for name, value in changed.items()}
    return fr.ClassificationProblem(**{**arguments, **given})


def by_task(values):
    return dict(zip(TASKS, values, strict=True))


@pytest.mark.parametrize("what", ["experts", "data", "heads"])
def test_a_dict_by_task_is_no_list(what):
    with pytest.raises(fr.ConfigError, match=rf"{what} must be a list .*\(2\), found dict; .*\[{what}\[task\] for"):
        make(**{what: by_task})


@pytest.mark.parametrize("heads", [nn.Linear(3, 3), nn.Sequential(nn.Identity(), nn.Identity()), None, 2])
def test_one_head_is_no_list(heads):
    with pytest.raises(fr.ConfigError, match=rf"heads must be a list .* found {type(heads).__name__}; give a list"):
        make(heads=lambda _: heads)


@pytest.mark.parametrize("heads", [nn.ModuleList, tuple, iter])
def test_heads_may_be_anything_in_order(heads):
    assert len(make(heads=heads).heads) == 2


@pytest.mark.parametrize(
    ("head", "found"), [(lambda x: x, "function"), (nn.Identity, "Identity"), (torch.ones(3, 3), "Tensor")]
)
def test_a_head_is_a_module(head, found):
    with pytest.raises(fr.ConfigError, match=rf"head of task 'signs' must be a torch.nn.Module, found {found};"):
        make(heads=[nn.Identity(), head])


@pytest.mark.parametrize(
    ("wrap", "found"),
    [(lambda x: {"features": x}, "a dict"), (lambda x: (x, x), "a tuple"), (lambda x: x.long(), r"\(1, 3\) in int64")],
)
def test_logits_are_one_tensor(wrap, found):
    with pytest.raises(fr.ConfigError, match=rf"head of task 'cars' must give logits \(n, classes\), found {found}"):
        make(model=Returns(wrap))


@pytest.mark.parametrize(
    "head",
    [nn.Linear(7, 3), nn.Linear(3, 3).half(), nn.Linear(3, 3).double()],
    ids=["width", "half", "double"],
)
def test_a_head_fits_the_features(head):
    with pytest.raises(fr.ConfigError, match=r"head of task 'signs' .* \(1, 3\) in float32 on cpu \(\w+: .*\); give a"):
        make(heads=[nn.Identity(), head])


def test_a_head_has_values():
    with pytest.raises(fr.ConfigError, match="head of task 'signs' has no values in weight, it is on the meta device"):
        make(heads=[nn.Identity(), nn.Linear(3, 3, device="meta")])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.uint8])
def test_the_model_takes_the_inputs(dtype):
    splits = {"train": examples(dtype=dtype)}
    with pytest.raises(fr.ConfigError, match=rf"model cannot be run .* task 'cars', \(1, 4\) in {str(dtype)[6:]} on"):
        make(splits=splits)
    make(splits=splits, to_input=lambda _: torch.Tensor.float)


@pytest.mark.parametrize("budget", [{"steps": 1, "batch_size": 2}, None, fr.Budget, 100])
def test_a_budget_is_a_budget(budget):
    with pytest.raises(fr.ConfigError, match=r"budget of a problem must be a Budget, found .*; write Budget\(steps"):
        make(budget=lambda _: budget)


@pytest.mark.parametrize("model", [nn.Linear, "resnet18"])
def test_a_model_is_a_module(model):
    with pytest.raises(fr.ConfigError, match="model of a problem must be a Module, found "):
        fr.ClassificationProblem(
            name="own",
            tasks=["cars"],
            model=model,
            pretrained={},
            experts=[{}],
            budget=fr.Budget(steps=1, batch_size=2),
            data=[{"train": examples()}],
            heads=[nn.Identity()],
        )


@pytest.mark.parametrize("tasks", [None, 2, frozenset(["cars"]), "cars"])
def test_tasks_are_a_list_of_names(tasks):
    with pytest.raises(fr.ConfigError, match="tasks must be a list of names, found"):
        make(tasks=lambda _: tasks)


@pytest.mark.parametrize("pair", [(torch.ones(3, 4), torch.arange(3)), torch.ones(3, 4), None, []])
def test_a_split_is_examples(pair):
    with pytest.raises(fr.ConfigError, match=r"split 'val' of task 'cars' must be Examples, found \w+; write Examples"):
        make(splits={"train": examples(), "val": pair})


@pytest.mark.parametrize("splits", [examples(), (torch.ones(3, 4), torch.arange(3)), [examples()]])
def test_data_of_a_task_map_splits(splits):
    with pytest.raises(fr.ConfigError, match="data of task 'cars' must map names of splits to Examples"):
        make(data=[splits, splits])


@pytest.mark.parametrize(
    ("name", "usual"),
    [("validation", "val"), ("valid", "val"), ("dev", "val"), ("Val", "val"), ("training", "train"), ("Test", "test")],
)
def test_a_split_has_the_name_that_is_asked_for(name, usual):
    with pytest.raises(fr.ConfigError, match=rf"found '{name}' of task 'cars'; rename it to '{usual}'"):
        make(splits={name: examples()})
    make(splits={usual: examples(), name: examples()})


def test_a_split_may_have_a_name_of_its_own():
    make(splits={"train": examples(), "shifted": examples()})
    with pytest.raises(fr.ConfigError, match="splits of task 'cars' must be named by texts, found 0"):
        make(splits={0: examples()})


@pytest.mark.parametrize(
    ("labels", "advice"), [((1, 2, 3), "subtract 1"), ((0, 2, 3), "drop such"), ((1, 2, 4), "drop such")]
)
def test_labels_counted_from_one_are_recognised(labels, advice):
    with pytest.raises(fr.ConfigError, match=rf"'cars' .* 0 to 2.*; .*{advice}"):
        make(splits={"train": examples(labels)})


@pytest.mark.parametrize("given", [None, {}, fr.ClassificationProblem, (1, 2)])
def test_a_suite_prepares_a_problem(given, monkeypatch):
    class Forgets(fr.Suite):
        name, version, tasks = "forgets", "1", TASKS

        def prepare(self, tasks, *, device, seed, progress):
            return given

    monkeypatch.setattr(type(SUITES), "get", lambda *_: Forgets)
    with pytest.raises(fr.ConfigError, match="`prepare` of suite 'forgets' must return a Problem, found "):
        load_problem("forgets")
