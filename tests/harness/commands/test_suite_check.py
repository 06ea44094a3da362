"""`frontrunner suite check` of suites that have a name: shipped ones, a plugin's, a suite file's."""

import json

import numpy as np
import pytest
from crafted_suites import craft, crafted_spec
from suite_folders import copied, made_once, write_suite

import frontrunner as fr
from frontrunner.tasks import SUITES


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    """Suites that a test registers are forgotten after it."""
    monkeypatch.setattr(SUITES, "_entries", dict(SUITES.entries()))


def errors_of(command, *arguments):
    checked = command.within("suite", "check", *arguments, "--format", "json")
    assert checked.status == 0, checked.err
    return json.loads(checked.out)


@pytest.mark.parametrize("seed", [0, 3])
def test_a_prepared_problem_has_the_table(seed, command, tiny):
    found = errors_of(command, "tiny", "--seed", seed, "--tasks", "task0,task1", "--device", "cpu", "--split", "val")
    asked = fr.load_problem("tiny", ["task0", "task1"], seed=seed)
    assert found["suite"] == "tiny"
    assert found["split"] == "val"
    assert found["examples"] == dict(zip(("task0", "task1"), asked.n_examples("val"), strict=True))
    for name, params in zip(("pre-trained", "task0", "task1"), (asked.pretrained, *asked.experts), strict=True):
        assert list(found["errors"][name].values()) == pytest.approx(asked.evaluate(params, "val").error, abs=1e-12)


def test_closed_forms_have_the_table_without_examples(command):
    found = errors_of(command, "convex-toy")
    assert "examples" not in found
    assert len(found["errors"]) == 3
    command.within("suite", "check", "convex-toy", "--examples", 5).assert_one_sentence("has no examples")
    shown = command.within("suite", "check", "convex-toy")
    assert "test split\n" in shown.out


PLUGIN = """
import torch
import frontrunner as fr


class Swapped(fr.Suite):
    '''One task whose labels are in another order than its expert's.'''

    name = "swapped"
    version = "1"
    tasks = ("a",)

    def prepare(self, tasks, *, device, seed, progress):
        inputs = torch.eye(3)[torch.arange(90) % 3]
        examples = fr.Examples(inputs, (torch.arange(90) + 1) % 3)
        return fr.ClassificationProblem(
            name=self.name,
            tasks=tasks,
            model=torch.nn.Linear(3, 3, bias=False),
            pretrained={"weight": torch.full((3, 3), 1e-3)},
            experts=[{"weight": torch.eye(3)}],
            budget=fr.Budget(1, 1),
            data=[dict.fromkeys(("train", "val", "test"), examples)],
            heads=[torch.nn.Identity()],
        )
"""


def test_a_plugins_suite_has_the_warnings(command, tmp_path):
    plugin = tmp_path / "mine.py"
    plugin.write_text(PLUGIN)
    shown = command.within("suite", "check", "swapped", "--plugin", plugin)
    assert shown.status == 0, shown.err
    assert "the labels of a look permuted: under other names for 3 of 3 classes" in shown.out
    assert "class 0 as class 2" in shown.out
    assert "no better on its own task" in shown.out


def test_a_suite_file_is_checked_by_its_name_and_by_tasks(command, shared_folder, tmp_path):
    folder = copied(made_once(shared_folder / "crafted_suite", craft), tmp_path / "mine")
    file = write_suite(folder, crafted_spec(("first", "second", "third")))
    by_file = errors_of(command, file)
    by_name = errors_of(command, "crafted", "--plugin", file)
    assert by_file == by_name
    some = errors_of(command, "crafted", "--plugin", file, "--tasks", "third,first")
    assert list(some["errors"]) == ["pre-trained", "third", "first"]
    assert some["errors"]["third"]["third"] == by_file["errors"]["third"]["third"]
    (folder / "weights" / "second.safetensors").unlink()
    assert errors_of(command, file, "--tasks", "third,first") == some  # what is not asked for is not looked at
    command.within("suite", "check", file, "--tasks", "frist").assert_one_sentence("did you mean 'first'?")
    command.within("suite", "check", "crafted", "--plugin", file).assert_one_sentence("crafted: tasks.second.expert")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["vision-mimi"], ["unknown suite 'vision-mimi'", "did you mean 'vision-mini'?"]),
        (["tiny", "--tasks", "x"], ["unknown task", "'x'"]),
        (["tiny", "--device", "gpu"], ["unknown device 'gpu'"]),
        (["tiny", "--device", "cpu,cpu"], ["one device", "cpu,cpu"]),
        (["tiny", "--plugin", "nowhere.py"], ["nowhere.py"]),
        (["tiny", "--examples", "1"], ["--examples is 2 or more"]),
        (["tiny", "--seed", "-1"], ["a seed must be 0 or more"]),
        (["convex-toy", "--seed", str(10**23)], ["a seed must be 0 or more and below 2^63"]),
        (["."], ["is a folder", "suite new"]),
        (["nowhere.yaml"], ["there is no suite file nowhere.yaml"]),
    ],
)
def test_what_cannot_be_checked_is_refused(arguments, parts, command, tiny):
    command.within("suite", "check", *arguments).assert_one_sentence(*parts)


def test_every_expert_of_the_tiny_suite_is_measured_on_few_examples(command, tiny):
    found = errors_of(command, "tiny", "--examples", 4)
    assert set(found["examples"].values()) == {4}
    assert all(np.isin(list(row.values()), np.arange(5) / 4).all() for row in found["errors"].values())
