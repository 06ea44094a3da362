"""Every mistake in a suite file, its weights or its data is one sentence on the command line, before any training."""

import os
import sqlite3

import pytest
import torch
import yaml
from crafted_suites import COLOURS, craft, crafted_spec
from safetensors.torch import load_file, save_file
from suite_folders import copied, made_once, write_suite
from weight_models import Runs

import frontrunner as fr
from frontrunner.errors import FrontrunnerError
from frontrunner.harness.running import run_cell, worker
from frontrunner.tasks import SUITES
from frontrunner.tasks.suite_file.example_texts import TextExampleSize, make_text_example

TASKS = ("first", "second")


@pytest.fixture(scope="session")
def crafted(shared_folder):
    """A vision transformer, four experts and four image folders."""
    return made_once(shared_folder / "crafted_suite", craft)


@pytest.fixture(scope="session")
def sentences(shared_folder):
    """A GPT-2, its experts and tables, all without training."""
    size = TextExampleSize(pretraining_steps=0, expert_steps=0, train=20, test=10)
    return made_once(shared_folder / "untrained_text_example", lambda folder: make_text_example(folder, size))


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """An empty cache, no network, no suite files of other tests, and no training."""
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(SUITES, "_entries", dict(SUITES.entries()))
    monkeypatch.setattr(run_cell, "_fit", lambda *_: pytest.fail("a learner was fitted"))
    monkeypatch.setattr(worker.traceback, "print_exc", lambda: None)  # a worker's own process has a log for it


class Case:
    """A copy of an example whose suite file holds two tasks, to be spoilt."""

    def __init__(self, folder, spec):
        self.folder = folder
        self.spec = spec

    @property
    def first(self):
        """What the suite file says of the first task."""
        return next(iter(self.spec["tasks"].values()))

    def written(self):
        return write_suite(self.folder, self.spec)

    def weights(self, change, file="weights/first.safetensors"):
        """Replace the tensors of a file by what `change` makes of them."""
        save_file(
            {name: tensor.contiguous() for name, tensor in change(load_file(self.folder / file)).items()},
            self.folder / file,
        )


PRETRAINED = "weights/pretrained/model.safetensors"
RED = sorted(COLOURS).index("red")


@pytest.fixture
def refused(command, in_process, tmp_path):
    """(case, beginning, parts, runs=) -> the check and the preparation, or a run, refuse it in one sentence.

    A run takes longer than all else: a few of a kind show what it does of such a sentence.
    """

    def refuse(case, beginning, parts, *, runs=False):
        file = case.written()
        checked = command.within("suite", "check", file)
        checked.assert_one_sentence(f"{file}: {beginning}", *parts)
        if runs:
            require_failed_run(file, beginning, parts)
        else:
            with pytest.raises(FrontrunnerError) as caught:
                fr.load_problem(file)
            assert [part for part in (f"{file}: {beginning}", *parts) if part not in str(caught.value)] == []
        assert [path for path in (tmp_path / "cache").rglob("*") if "partial" in path.name] == []

    def require_failed_run(file, beginning, parts):
        ran = command.within("run", "task-arithmetic", file, "--store", tmp_path / "store", "--points-per-edge", "2")
        ran.assert_one_sentence(f"{file}: {beginning}", *parts)
        assert "same command runs" not in ran.err
        database = tmp_path / "store" / "mlflow.db"
        if database.exists():
            with sqlite3.connect(database) as opened:
                statuses = {status for (status,) in opened.execute("select status from runs")}
            assert statuses == {"FAILED"}

    return refuse


def _with(name, value):
    return lambda weights: weights | {name: value(weights[name])}


def _without(part):
    return lambda weights: {name: tensor for name, tensor in weights.items() if part not in name}


def _filled(value):
    def fill(tensor):
        tensor = tensor.clone()
        tensor.view(-1)[-1] = value
        return tensor

    return fill


QKV = "blocks.0.attn.qkv.weight"
FIRST = "tasks.first.expert"
WEIGHTS = {
    "another shape": (FIRST, _with("pos_embed", lambda t: t[:, :3]), ["pos_embed", "(1, 3, 16)", "(1, 5, 16)"]),
    "a transposed layer": (FIRST, _with(QKV, lambda t: t.T), [QKV, "(16, 48)", "(48, 16)"]),
    "a head of another width": (
        "tasks.first.head",
        _with("head.weight", lambda t: t[:, :9]),
        ["(3, 9)", "(classes, 16)"],
    ),
    "a missing layer": (FIRST, _without("blocks.1"), ["blocks.1"]),
    "a missing head": ("tasks.first.head", _without("head."), ["head"]),
    "a layer too many": (
        FIRST,
        lambda w: w | {"blocks.99.norm1.bias": w["norm.bias"].clone()},
        ["blocks.99.norm1.bias"],
    ),
    "NaN": (FIRST, _with(QKV, _filled(torch.nan)), [QKV, "NaN"]),
    "infinity": (FIRST, _with("cls_token", _filled(torch.inf)), ["cls_token", "infinity"]),
    "NaN in a head": ("tasks.first.head", _with("head.bias", _filled(torch.nan)), ["bias", "NaN"]),
    "half precision": (FIRST, lambda w: {n: t.half() for n, t in w.items()}, ["float16", "float32", "dtype: "]),
    "mixed precision": (FIRST, _with(QKV, lambda t: t.bfloat16()), [QKV, "bfloat16", "float32", "dtype: "]),
}


@pytest.mark.parametrize("kind", WEIGHTS)
def test_weights(kind, crafted, refused, tmp_path):
    field, change, parts = WEIGHTS[kind]
    case = Case(copied(crafted, tmp_path / "mine"), crafted_spec(TASKS))
    case.weights(change)
    refused(case, f"{field}: ", parts, runs=kind in ("another shape", "NaN", "NaN in a head", "mixed precision"))


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (_with("pos_embed", lambda t: t[:, :3]), ["pos_embed", "(1, 3, 16)", "(1, 5, 16)"]),
        (_without("blocks.1"), ["blocks.1"]),
        (_with(QKV, _filled(torch.nan)), [QKV, "NaN"]),
    ],
)
def test_the_pretrained_model(change, parts, crafted, refused, tmp_path):
    case = Case(copied(crafted, tmp_path / "mine"), crafted_spec(TASKS))
    case.weights(change, PRETRAINED)
    refused(case, "pretrained: ", parts, runs="NaN" in parts)


@pytest.mark.parametrize("field", ["pretrained", FIRST, "tasks.first.head"])
def test_a_malicious_pickle(field, crafted, refused, tmp_path):
    case = Case(copied(crafted, tmp_path / "mine"), crafted_spec(TASKS))
    torch.save({"norm.bias": torch.zeros(3), "x": Runs(os.mkdir, str(tmp_path / "run"))}, case.folder / "bad.pt")
    if field == "pretrained":
        case.spec["pretrained"] = "bad.pt"
    else:
        case.first.update({"expert": "bad.pt"} if field == FIRST else {"head": {"file": "bad.pt"}})
    refused(case, f"{field}: ", ["bad.pt", "mkdir"], runs=True)
    assert not (tmp_path / "run").exists()


def _emptied(folder):
    for file in folder.rglob("*.png"):
        file.unlink()


def _class_gone(case):
    for split in ("train", "test"):
        _emptied(case.folder / "data" / "first" / split / "red")
        (case.folder / "data" / "first" / split / "red").rmdir()


def _class_gone_from_train(case):
    _emptied(case.folder / "data" / "first" / "train" / "red")
    (case.folder / "data" / "first" / "train" / "red").rmdir()


def _listed_class_gone(case):
    case.first["data"]["classes"] = ["blue", "green", "yellow"]


def _image(content):
    def spoil(case):
        file = case.folder / "data" / "first" / "test" / "green" / "03.png"
        file.write_bytes(content(file.read_bytes()))

    return spoil


def _split_empty(case):
    _emptied(case.folder / "data" / "first" / "test")


def _named_split_empty(case):
    _emptied(case.folder / "data" / "first" / "test")
    case.first["data"]["imagefolder"] = {"train": "data/first/train", "test": "data/first/test"}


def _everything_empty(case):
    _emptied(case.folder / "data" / "first")


def _imagefolder(given):
    return lambda case: case.first["data"].update(imagefolder=given)


DATA = {
    "a class is missing": (_class_gone, ["3 classes", "has 2"]),
    "a class is missing in train": (_class_gone_from_train, ["3 classes", "has 2"]),
    "a class is called otherwise": (_listed_class_gone, ["'red'", "yellow"]),
    "a text as an image": (_image(lambda _: b"no image"), ["03.png", "image"]),
    "an empty image": (_image(lambda _: b""), ["03.png", "empty"]),
    "half an image": (_image(lambda content: content[: len(content) // 2]), ["03.png", "truncated"]),
    "an empty split": (_split_empty, ["test", "empty"]),
    "an empty split that is named": (_named_split_empty, ["data/first/test"]),
    "no image at all": (_everything_empty, ["data/first", "no image"]),
    "one level too high": (_imagefolder("data"), ["one level too high", "data/first"]),
    "one level too deep": (_imagefolder("data/first/train/red"), ["one level too deep"]),
    "no such folder": (_imagefolder("data/frist"), ["data/frist", "first"]),
}


@pytest.mark.parametrize("kind", DATA)
def test_data(kind, crafted, refused, tmp_path):
    spoil, parts = DATA[kind]
    case = Case(copied(crafted, tmp_path / "mine"), crafted_spec(TASKS))
    spoil(case)
    refused(case, "tasks.first.data: ", parts, runs=kind in ("a class is missing", "half an image", "an empty split"))


@pytest.mark.parametrize("how", ["the file is missing", "the key is missing", "there is nothing"])
def test_three_checkpoints_for_four_tasks(how, crafted, refused, tmp_path):
    case = Case(copied(crafted, tmp_path / "mine"), crafted_spec())
    if how == "the file is missing":
        (case.folder / "weights" / "fourth.safetensors").unlink()
        parts = ["weights/fourth.safetensors", "first.safetensors"]
    elif how == "the key is missing":
        del case.spec["tasks"]["fourth"]["expert"]
        parts = ["is missing"]
    else:
        case.spec["tasks"]["fourth"]["expert"] = None
        parts = ["a valid string", "found None"]
    beginning = "the key 'tasks.fourth.expert' " if how == "the key is missing" else "tasks.fourth.expert: "
    refused(case, beginning, parts, runs=how == "the file is missing")


@pytest.mark.parametrize(
    ("change", "beginning", "part"),
    [
        ({"budget": {"lr": float("inf")}}, "budget.lr: ", "finite"),
        ({"model": {"timm": "test_vit", "options": {"drop_rate": float("nan")}}}, "model.options.drop_rate", "finite"),
        ({"tasks": []}, "tasks: ", "found []"),
        ({"budget": {"steps": -1}}, "budget.steps: ", "found -1"),
        ({"name": ""}, "a suite's name", "one line"),
        ({"tasks": {"first/part": {"expert": "a", "data": {"csv": "b"}}}}, "task names", "'first/part'"),
    ],
)
def test_a_value_that_no_suite_can_have(change, beginning, part, crafted, refused, tmp_path):
    refused(Case(copied(crafted, tmp_path / "mine"), crafted_spec(TASKS) | change), beginning, [part])


def _text_spec(data):
    return {
        "name": "texts",
        "model": {"transformers": "weights/pretrained"},
        "pretrained": "weights/pretrained",
        "tasks": {
            "topic": {"expert": "weights/topic", "data": data},
            "tense": {"expert": "weights/tense", "data": {"tsv": "data/tense"}},
        },
        "cpu_threads": 1,
    }


@pytest.mark.parametrize(("line", "found"), [("\n", "is empty"), ("  \n", "is empty"), ("\ttense\n", "empty")])
def test_a_text_file_with_an_empty_line(line, found, sentences, refused, tmp_path):
    case = Case(copied(sentences, tmp_path / "mine"), _text_spec({"tsv": "data/topic"}))
    file = case.folder / "data" / "topic" / "train.tsv"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join([*lines[:4], line, *lines[4:]]))
    refused(case, "tasks.topic.data: ", ["line 5", "train.tsv", found], runs=line == "\n")


def test_a_table_without_a_row(sentences, refused, tmp_path):
    case = Case(copied(sentences, tmp_path / "mine"), _text_spec({"tsv": "data/topic"}))
    (case.folder / "data" / "topic" / "test.tsv").write_text("sentence\tlabel\n")
    refused(case, "tasks.topic.data: ", ["test", "empty"])


def test_a_list_of_classes_with_an_empty_line(crafted, refused, tmp_path):
    case = Case(copied(crafted, tmp_path / "mine"), crafted_spec(TASKS))
    (case.folder / "classes.txt").write_text("blue\n\ngreen\nred\n")
    case.first["data"]["classes"] = "classes.txt"
    refused(case, "tasks.first.data: ", ["line 2", "classes.txt", "empty"])


@pytest.mark.parametrize(
    ("field", "command_line"),
    [
        (FIRST, "hf download nobody/nothing"),
        ("pretrained", "hf download nobody/nothing"),
        ("model", "hf download nobody/nothing"),
        ("tasks.first.head", "hf download nobody/nothing"),
        ("tasks.first.data", "hf download --repo-type dataset nobody/nothing"),
    ],
)
def test_a_hub_name_without_network(field, command_line, crafted, refused, tmp_path):
    case = Case(copied(crafted, tmp_path / "mine"), crafted_spec(TASKS))
    name = "nobody/nothing"
    if field in case.spec:
        case.spec[field] = {"transformers": name} if field == "model" else name
    else:
        key = field.rpartition(".")[2]
        case.first[key] = {"expert": name, "head": {"file": name}, "data": {"hub": name}}[key]
    refused(case, f"{field}: ", [command_line], runs=field == FIRST)


def test_labels_permuted(crafted, command, tmp_path):
    folder = copied(crafted, tmp_path / "mine")
    spec = crafted_spec()
    file = write_suite(folder, spec)
    sound = command.within("suite", "check", file)
    spec["tasks"]["second"]["data"]["classes"] = ["red", "blue", "green"]
    write_suite(folder, spec)
    checked = command.within("suite", "check", file)
    assert (sound.status, checked.status) == (0, 0)
    assert "permuted" not in sound.out
    assert "the labels of second look permuted" in checked.out
    assert "labels of first" not in checked.out
    json_ = command.within("suite", "check", file, "--format", "json")
    assert "warning: the labels of second look permuted" in json_.err
    assert yaml.safe_load(json_.out)["errors"]["second"]["second"] == 1.0
