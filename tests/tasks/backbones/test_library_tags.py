"""Weights by the name that a library has for them, read from where it keeps them."""

import json

import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file

from frontrunner.errors import DataError
from frontrunner.tasks.backbones import make_backbone
from frontrunner.tasks.backbones.library_tags import library_weights, nearest_weights
from frontrunner.tasks.suite_file.locations import read_model
from frontrunner.tasks.suite_file.schema import ModelSpec

MODEL = "resnet10t"


@pytest.fixture(autouse=True)
def no_hub(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")


def test_a_tag_of_timm(tmp_path, monkeypatch):
    asked = []

    def folder_of(repo_id):
        asked.append(repo_id)
        save_file(timm.create_model(MODEL).state_dict(), tmp_path / "model.safetensors")
        config = {"architecture": MODEL, "pretrained_cfg": {"input_size": [3, 64, 64], "crop_pct": 1.0}}
        (tmp_path / "config.json").write_text(json.dumps(config))
        return tmp_path

    monkeypatch.setattr("frontrunner.tasks.backbones.library_tags.fetch_model", folder_of)
    spec = ModelSpec(timm=MODEL)
    stored = library_weights(spec, "c3_in1k")
    assert asked == ["timm/resnet10t.c3_in1k"]
    assert stored.source == "c3_in1k of resnet10t"
    backbone = make_backbone(spec, tmp_path, stored)
    assert backbone.inputs.shape == (3, 64, 64)
    assert backbone.encoder_weights(stored)


def test_weights_of_torchvision(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    spec = ModelSpec(torchvision="resnet18")

    def offline(*args, **kwargs):
        raise OSError("no network")

    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    with pytest.raises(
        DataError, match=r"no network\); where there is a network, download https://.*resnet18-f37072fd"
    ):
        library_weights(spec, "IMAGENET1K_V1")
    file = tmp_path / "hub" / "checkpoints" / "resnet18-f37072fd.pth"
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save(torchvision.models.resnet18().state_dict(), file)
    stored = library_weights(spec, "IMAGENET1K_V1")
    assert stored.source == "IMAGENET1K_V1 of resnet18"
    assert make_backbone(spec, tmp_path, stored).encoder_weights(stored)


@pytest.mark.parametrize(
    "spec",
    [
        {"timm": MODEL},
        {"torchvision": "resnet18"},
        {"torchvision": "resnet1"},
        {"transformers": "m"},
        {"python": "m.py:f"},
    ],
    ids=str,
)
def test_a_path_is_no_name(spec):
    assert library_weights(ModelSpec(**spec), "weights/base.safetensors") is None


@pytest.mark.parametrize(
    ("spec", "given", "meant"),
    [
        ({"open_clip": "ViT-B-32-quickgelu"}, "opena", "openai"),
        ({"open_clip": "ViT-B-32"}, "laion2b_s34b", "laion2b_s34b_b79k"),
        ({"timm": MODEL}, "c3_in1", "c3_in1k"),
        ({"torchvision": "resnet18"}, "IMAGENET1K_V3", "IMAGENET1K_V1"),
        ({"torchvision": "resnet18"}, "default", "DEFAULT"),
    ],
)
def test_a_misspelt_name_of_weights_is_answered_with_the_nearest(spec, given, meant, tmp_path):
    spec = ModelSpec(**spec)
    assert nearest_weights(spec, given) == meant
    assert nearest_weights(spec, "quite another") == ""
    with pytest.raises(DataError, match=rf"did you mean the weights '{meant}' of {spec.library}"):
        read_model(given, tmp_path, spec)
