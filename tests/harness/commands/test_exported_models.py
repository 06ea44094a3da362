"""An exported model, loaded by its plain library, makes the recorded errors on the data, and names its classes."""

import csv
import json
import os
import re
import stat

import numpy as np
import open_clip
import pytest
import timm
import torch
import transformers
from crafted_suites import CLASSES, craft, craft_resnet, crafted_spec
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from small_clips import architecture_folder, open_clip_model
from suite_folders import copied, made_once, write_suite
from timm.data import create_transform, resolve_model_data_config
from tiny_transformers import make_model

from frontrunner.harness.records.store import Store
from frontrunner.tasks import SUITES
from frontrunner.tasks.suite_file.example_texts import TextExampleSize, make_text_example

MEAN = [0.5, 0.5, 0.5]
PROCESSOR = {
    "image_processor_type": "ViTImageProcessor",
    "size": {"height": 32, "width": 32},
    "image_mean": MEAN,
    "image_std": MEAN,
}


@pytest.fixture(scope="module")
def crafted(shared_folder):
    """A vision transformer of timm, its experts and image folders."""
    return made_once(shared_folder / "exported_images", craft)


@pytest.fixture(scope="module")
def sentences(shared_folder):
    """A GPT-2, its experts and tables, hardly trained."""
    size = TextExampleSize(pretraining_steps=0, expert_steps=3, train=20, test=40)
    return made_once(shared_folder / "exported_texts", lambda folder: make_text_example(folder, size))


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    monkeypatch.setattr(SUITES, "_entries", dict(SUITES.entries()))


def _timm(crafted, folder):
    copied(crafted, folder)
    return crafted_spec(("first", "second"))


def _resnet(crafted, folder):
    copied(crafted, folder)
    for file in (folder / "data").rglob("*.png"):
        if int(file.stem) >= 3:  # of a class and split: this model takes large images
            file.unlink()
    return craft_resnet(folder, ("first", "second"))


def _transformers(crafted, folder):
    copied(crafted, folder)
    for seed, name in enumerate(("pretrained", "first", "second")):
        make_model("ViT", seed=seed).save_pretrained(folder / "weights" / "vit" / name)
    (folder / "weights" / "vit" / "pretrained" / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    vit = "weights/vit/pretrained"
    spec = crafted_spec(("first", "second"), model={"transformers": vit}, pretrained=vit)
    for task in spec["tasks"]:
        spec["tasks"][task]["expert"] = f"weights/vit/{task}"
    return spec


def _open_clip(crafted, folder):
    copied(crafted, folder)
    name = architecture_folder(folder / "architecture", mean=MEAN, std=MEAN)
    for seed, weights in enumerate(("pretrained", "first", "second")):
        state = open_clip_model(seed=seed).state_dict()
        save_file({k: v.contiguous() for k, v in state.items()}, folder / "weights" / f"{weights}.safetensors")
    spec = crafted_spec(("first", "second"), model={"open_clip": name}, pretrained="weights/pretrained.safetensors")
    for said in spec["tasks"].values():
        said["head"] = {"zero_shot": {"templates": ["a photo of a {}", "{} all over"]}}
    return spec


def _texts(sentences, folder):
    copied(sentences, folder)
    for task in ("topic", "tense"):  # nothing but the data names the classes
        file = folder / "weights" / task / "config.json"
        said = json.loads(file.read_text())
        n_classes = len(said.pop("id2label"))
        said["label2id"] = {f"LABEL_{k}": k for k in range(n_classes)}
        said["id2label"] = {str(k): f"LABEL_{k}" for k in range(n_classes)}
        file.write_text(json.dumps(said))
    tasks = {task: {"expert": f"weights/{task}", "data": {"tsv": f"data/{task}"}} for task in ("topic", "tense")}
    model = {"model": {"transformers": "weights/pretrained"}, "pretrained": "weights/pretrained"}
    return {"name": "texts", **model, "tasks": tasks, "budget": {"steps": 2, "batch_size": 2}, "cpu_threads": 1}


def _images_of(folder, task):
    """(image, label) of every test image."""
    for label, name in enumerate(CLASSES):
        for file in sorted((folder / "data" / task / "test" / name).iterdir()):
            yield Image.open(file), label


def _timm_predicts(exported):
    model = timm.create_model(f"local-dir:{exported}", pretrained=True).eval()
    transform = create_transform(**resolve_model_data_config(model), is_training=False)
    return lambda image: model(transform(image.convert("RGB"))[None])


def _transformers_predicts(exported):
    model = transformers.AutoModelForImageClassification.from_pretrained(exported).eval()
    processor = transformers.AutoImageProcessor.from_pretrained(exported, backend="pil")
    return lambda image: model(**processor(image.convert("RGB"), return_tensors="pt")).logits


def _open_clip_predicts(exported):
    model, _, transform = open_clip.create_model_and_transforms(f"local-dir:{exported}")
    model.eval()
    weight = load_file(exported / "head.safetensors")["weight"]
    return lambda image: model.encode_image(transform(image)[None], normalize=True) @ weight.T


def run_card(folder, **given):
    """Run the code of a folder's model card, and return what it calls logits."""
    code = re.search(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)[1]
    exec(code.replace("FOLDER", str(folder)), given)
    return given["logits"]


def _timm_classes(exported):
    return json.loads((exported / "config.json").read_text())["label_names"]


def _transformers_classes(exported):
    return list(transformers.AutoConfig.from_pretrained(exported).id2label.values())


def _open_clip_classes(exported):
    with safe_open(exported / "head.safetensors", "pt") as file:
        return json.loads(file.metadata()["classes"])


IMAGES = {
    "timm": (_timm, "timm", _timm_predicts, _timm_classes),
    "resnet": (_resnet, "timm", _timm_predicts, _timm_classes),
    "transformers": (_transformers, "transformers", _transformers_predicts, _transformers_classes),
    "open_clip": (_open_clip, "open_clip", _open_clip_predicts, _open_clip_classes),
}


@pytest.fixture
def exported(command, in_process, tmp_path):
    """(suite file, task) -> the export's folder with this task's head; error and loss recorded at (0.5, 0.5)."""

    def export(file, task):
        store = tmp_path / "store"
        ran = command.within("run", "interpolation", file, "--store", store, "--points-per-edge", "3")
        assert ran.status == 0, ran.out + ran.err
        (attempt,) = Store(store, create=False).attempts()
        tasks = attempt.cell.tasks
        halves = ",".join(f"{name}=0.5" for name in tasks)
        ended = command.within(
            "export", attempt.run_id, "--preference", halves, "--store", store, "-o", tmp_path / "out", "--head", task
        )
        assert (ended.status, ended.err) == (0, "")
        recorded = attempt.record().evaluation
        (row,) = np.flatnonzero((recorded.preferences == 0.5).all(axis=1))
        return tmp_path / "out", (recorded.error[row, tasks.index(task)], recorded.loss[row, tasks.index(task)])

    return export


@pytest.fixture
def umask():
    """One that is neither the usual nor what safetensors leaves."""
    before = os.umask(0o002)
    yield 0o002
    os.umask(before)


def measured(predicted):
    """Error and loss of (logits (1, C), label), as far as sums in other orders allow."""
    logits, labels = zip(*predicted, strict=True)
    found, of = torch.cat(logits), torch.tensor(labels)
    assert found.std(0).max() > 0.01  # else it says little about the model
    error = (found.argmax(1) != of).double().mean()
    loss = torch.nn.functional.cross_entropy(found, of)
    return pytest.approx(float(error), abs=1e-9), pytest.approx(float(loss), rel=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("kind", IMAGES)
def test_images(kind, crafted, exported, umask, tmp_path):
    make, library, predicts, classes = IMAGES[kind]
    folder = tmp_path / "mine"
    file = write_suite(folder, make(crafted, folder))
    written, recorded = exported(file, "second")
    logits = predicts(written / library)
    assert measured((logits(image), label) for image, label in _images_of(folder, "second")) == recorded
    assert tuple(classes(written / library)) == CLASSES
    where = "lies in `head.safetensors`, too" if kind == "open_clip" else "is a part of the library's model"
    assert f" That of second {where}." in (written / library / "README.md").read_text()
    image = next(_images_of(folder, "second"))[0].convert("RGB")
    torch.testing.assert_close(run_card(written / library, image=image), logits(image))
    files = [file for file in written.rglob("*") if file.is_file()]
    assert len(files) > 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o666 & ~umask}


@torch.no_grad()
def test_texts(sentences, exported, tmp_path):
    folder = tmp_path / "mine"
    written, recorded = exported(write_suite(folder, _texts(sentences, folder)), "topic")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(written / "transformers").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(written / "transformers")
    with (folder / "data" / "topic" / "test.tsv").open() as opened:
        rows = list(csv.DictReader(opened, delimiter="\t"))
    names = model.config.label2id
    told = run_card(written / "transformers", text=rows[0]["sentence"])
    torch.testing.assert_close(told, model(**tokenizer(rows[0]["sentence"], return_tensors="pt")).logits)
    logits = (model(**tokenizer(row["sentence"], return_tensors="pt")).logits for row in rows)
    found = measured((of_one, names[row["label"]]) for of_one, row in zip(logits, rows, strict=True))
    assert found == recorded
    assert set(names) == set(model.config.id2label.values()) == {row["label"] for row in rows}


@pytest.mark.parametrize("kind", ["timm"])
def test_without_a_head_the_output_says_how_to_get_one(kind, crafted, command, in_process, tmp_path):
    make, library, *_ = IMAGES[kind]
    file = write_suite(tmp_path / "mine", make(crafted, tmp_path / "mine"))
    command.within("run", "weight-averaging", file, "--store", tmp_path / "store", "--points-per-edge", "2")
    (attempt,) = Store(tmp_path / "store", create=False).attempts()
    words = ["--preference", "first=0.5,second=0.5", "--store", tmp_path / "store", "-o", tmp_path / "out"]
    ended = command.within("export", attempt.run_id, *words)
    assert f"{library} has no head" in ended.out
    assert "--head TASK writes one in (tasks: first, second)" in ended.out
    with_head = command.within("export", attempt.run_id, *words, "--head", "first", "--force")
    assert "no head" not in with_head.out
