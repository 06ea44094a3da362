"""Weights that others wrote are read as they are, in order, mapped and without any code of theirs."""

import argparse
import datetime
import json
import pathlib
import shutil

import numpy as np
import pytest
import torch
from torch import nn
from weight_models import saved_module, tensors, written_safetensors

from frontrunner.tasks.weight_files.mapped_file import range_of
from frontrunner.tasks.weight_files.read_weights import read_weights


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "cache"))


def same(found, expected):
    assert list(found) == list(expected)
    assert all(torch.equal(found[name], expected[name]) and found[name].dtype == expected[name].dtype for name in found)
    return True


def test_safetensors_are_mapped_under_any_name(tmp_path):
    for name in ("a.safetensors", "b.pt", "c"):
        stored = read_weights(written_safetensors(tmp_path / name))
        assert same(stored.tensors, tensors())
        assert all(range_of(tensor).mapping.file == tmp_path / name for tensor in stored.tensors.values())
    assert stored.source == str(tmp_path / "c")
    assert stored.config == {}


def test_every_type_and_shape_of_safetensors(tmp_path):
    values = {
        "half": torch.ones(3, dtype=torch.float16),
        "brain": torch.ones(3, dtype=torch.bfloat16),
        "double": torch.ones(2, 2, dtype=torch.float64),
        "flag": torch.tensor([True, False, True]),
        "step": torch.tensor(7),
        "byte": torch.arange(3, dtype=torch.uint8),
        "none": torch.empty(0, 4),
        "eight": torch.ones(3).to(torch.float8_e4m3fn).view(torch.uint8).view(torch.float8_e4m3fn),
    }
    stored = read_weights(written_safetensors(tmp_path / "all.safetensors", values))
    assert set(stored.tensors) == set(values)
    for name, tensor in values.items():
        found = stored.tensors[name]
        assert found.dtype == tensor.dtype
        assert found.shape == tensor.shape
        if tensor.numel():
            assert torch.equal(found.float(), tensor.float())


CHECKPOINTS = {
    "plain": lambda values: values,
    "with a name": lambda values: {**values, "model_name": "ViT-B-32", "epoch": 3, "none": None},
    "state_dict": lambda values: {"epoch": 4, "state_dict": values, "optimizer": {"state": {0: {"m": torch.ones(3)}}}},
    "model": lambda values: {"model": values, "loss": torch.tensor(0.5), "args": {"w": torch.ones(2)}},
    "model_state_dict": lambda values: {"optimizer_state_dict": {"m": torch.ones(3)}, "model_state_dict": values},
    "settings": lambda values: {
        "model": values,
        "args": argparse.Namespace(lr=1e-3, output=pathlib.Path("runs")),
        "best": np.float64(0.9),
        "history": np.ones(3),
        "when": datetime.datetime(2026, 1, 1),
        "schedule": torch.optim.lr_scheduler.LambdaLR,
    },
    "twice": lambda values: {"model": {"state_dict": values}},
    "another name": lambda values: {"epoch": 2, "vit": values},
    "parameters": lambda values: {name: nn.Parameter(tensor) for name, tensor in values.items()},
}


@pytest.mark.parametrize("kind", CHECKPOINTS)
@pytest.mark.parametrize("is_zip", [True, False], ids=["archive", "legacy"])
def test_state_dicts_and_checkpoints_that_hold_one(tmp_path, kind, is_zip):
    file = tmp_path / "checkpoint.pt"
    torch.save(CHECKPOINTS[kind](tensors()), file, _use_new_zipfile_serialization=is_zip)
    stored = read_weights(file)
    prefix = "vit." if kind == "another name" else ""
    assert same(stored.tensors, {prefix + name: tensor for name, tensor in tensors().items()})
    assert all(range_of(tensor) is not None for tensor in stored.tensors.values())
    file.unlink()  # what is mapped does not depend on it
    assert float(stored.tensors[f"{prefix}layer0.weight"].sum()) == 66.0


def test_parts_of_a_checkpoint_keep_their_names(tmp_path):
    torch.save({"encoder": tensors(1), "head": {"weight": torch.ones(2)}, "note": "x"}, tmp_path / "a.pth")
    assert list(read_weights(tmp_path / "a.pth").tensors) == ["encoder.layer0.weight", "head.weight"]


def test_weights_that_share_memory_are_read_apart(tmp_path):
    flat = torch.arange(8.0)
    torch.save({"a": flat[:4], "b": flat[4:], "tied": flat[:4], "turned": flat.view(2, 4).T}, tmp_path / "a.pt")
    found = read_weights(tmp_path / "a.pt").tensors
    assert same(found, {"a": flat[:4], "b": flat[4:], "tied": flat[:4], "turned": flat.view(2, 4).T})


@pytest.mark.parametrize(
    ("module", "name"),
    [("src.modeling", "ImageEncoder"), ("src.models.modeling", "ImageEncoder"), ("src.modeling", "ClassificationHead")],
)
def test_whole_modules_whose_classes_are_gone(tmp_path, module, name):
    expected = saved_module(tmp_path / "finetuned.pt", module=module, name=name)
    found = read_weights(tmp_path / "finetuned.pt").tensors
    assert same(found, expected)
    assert "passing" not in found
    assert "model.2.in_proj_weight" in found


def test_a_module_within_a_checkpoint(tmp_path):
    linear = nn.Linear(4, 3)
    torch.save({"epoch": 1, "model": linear}, tmp_path / "nested.pt")
    assert same(read_weights(tmp_path / "nested.pt").tensors, linear.state_dict())


def test_what_was_converted_is_not_read_again(tmp_path, monkeypatch):
    torch.save(tensors(), tmp_path / "a.pt")
    first = read_weights(tmp_path / "a.pt")
    monkeypatch.setattr(torch, "load", None)
    shutil.copy(tmp_path / "a.pt", tmp_path / "same-content.pt")
    again = read_weights(tmp_path / "same-content.pt")
    assert same(again.tensors, first.tensors)
    assert again.digest == first.digest


def huggingface(folder, weights="model.safetensors"):
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"hidden_act": "gelu"}))
    if weights.endswith(".safetensors"):
        written_safetensors(folder / weights)
    else:
        torch.save(tensors(), folder / weights)
    return folder


@pytest.mark.parametrize("weights", ["model.safetensors", "pytorch_model.bin", "weights.pt"])
def test_folders_of_hugging_face(tmp_path, weights):
    folder = huggingface(tmp_path / "model", weights)
    torch.save({"lr": 1.0}, folder / "training_args.bin")
    torch.save({"state": {}}, folder / "optimizer.pt")
    stored = read_weights(folder)
    assert same(stored.tensors, tensors())
    assert stored.config == ({} if weights == "weights.pt" else {"hidden_act": "gelu"})


def test_folders_of_open_clip_beside_others(tmp_path):
    folder = huggingface(tmp_path / "model")
    written_safetensors(folder / "open_clip_model.safetensors", {"visual.proj": torch.ones(2)})
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": {"quick_gelu": True}}))
    assert list(read_weights(folder).tensors) == list(tensors())
    stored = read_weights(folder, library="open_clip")
    assert list(stored.tensors) == ["visual.proj"]
    assert stored.config["model_cfg"]["quick_gelu"] is True
    assert stored.digest != read_weights(folder).digest


def test_shards_are_one_model(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    shards = {"model-00001-of-00002.safetensors": {"a": torch.ones(2)}, "model-00002-of-00002.safetensors": tensors()}
    for name, values in shards.items():
        written_safetensors(folder / name, values)
    places = {key: name for name, values in shards.items() for key in values}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    assert set(read_weights(folder).tensors) == {"a", *tensors()}
    assert read_weights(folder).digest == read_weights(folder / "model.safetensors.index.json").digest


def test_the_digest_is_the_contents(tmp_path):
    one, other = (read_weights(written_safetensors(tmp_path / name)).digest for name in ("one.pt", "other.pt"))
    changed = read_weights(written_safetensors(tmp_path / "changed.pt", tensors(2))).digest
    assert one == other != changed
