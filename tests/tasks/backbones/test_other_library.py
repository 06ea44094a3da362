"""A CLIP of one library is written for the other, which gives the same features; or it is said that it cannot be."""

import json

import open_clip
import pytest
import torch
from safetensors.torch import load_file
from small_clips import (
    architecture_folder,
    hugging_face_config,
    hugging_face_model,
    open_clip_config,
    open_clip_model,
)
from transformers import CLIPModel

from frontrunner.tasks.backbones import make_backbone
from frontrunner.tasks.backbones.backbone import Head
from frontrunner.tasks.backbones.clip.other_library import other_libraries
from frontrunner.tasks.backbones.clip.zero_shot import ZeroShotHead
from frontrunner.tasks.backbones.hf_clip.hf_clip_backbone import HfClipBackbone
from frontrunner.tasks.datasets.image_format import ImageFormat
from frontrunner.tasks.library_model import LibraryModel
from frontrunner.tasks.suite_file.schema import ModelSpec
from frontrunner.tasks.weight_files.stored_weights import StoredWeights

TOKENS = torch.tensor([[49406, 320, 1125, 49407, *[0] * 12]])
HEAD = ZeroShotHead(torch.ones(2, 24))


def images():
    return torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def stored(model, config=None):
    return StoredWeights(model.state_dict(), "base.safetensors", config or {}, "")


def of_transformers(act="quick_gelu", size=16, **text):
    config = hugging_face_config(act)
    config.text_config.eos_token_id = 49407
    for key, value in text.items():
        setattr(config.text_config, key, value)
    inputs = ImageFormat(size=size, crop=16, mean=(0.5,) * 3, std=(0.5,) * 3)
    return HfClipBackbone(config.to_dict(), "theirs", inputs=inputs)


def of_open_clip(folder, quick_gelu=True, **preprocess):
    return make_backbone(ModelSpec(open_clip=architecture_folder(folder, quick_gelu, **preprocess)), folder, None)


@torch.no_grad()
@pytest.mark.parametrize("quick_gelu", [True, False])
def test_of_open_clip_for_transformers(quick_gelu, tmp_path):
    backbone = of_open_clip(tmp_path / "architecture", quick_gelu, mean=[0.4, 0.5, 0.6])
    whole = open_clip_model(quick_gelu)
    model = LibraryModel("open_clip", backbone, stored(whole))
    assert model.libraries == ("open_clip", "transformers")
    model.write(whole.visual.state_dict(), Head(HEAD, ("a", "b")), tmp_path / "out", "transformers")
    theirs = CLIPModel.from_pretrained(tmp_path / "out").eval()
    found = theirs(input_ids=TOKENS, pixel_values=images())
    torch.testing.assert_close(found.logits_per_image, whole.get_logits(images(), TOKENS)[0], atol=1e-5, rtol=1e-5)
    assert torch.equal(load_file(tmp_path / "out" / "head.safetensors")["weight"], HEAD.weight)
    said = json.loads((tmp_path / "out" / "preprocessor_config.json").read_text())
    assert (said["image_mean"], said["crop_size"]) == ([0.4, 0.5, 0.6], {"height": 16, "width": 16})
    assert {entry.name for entry in (tmp_path / "out").iterdir()} == {
        "config.json",
        "head.safetensors",
        "model.safetensors",
        "preprocessor_config.json",
    }


@torch.no_grad()
@pytest.mark.parametrize("act", ["quick_gelu", "gelu"])
def test_of_transformers_for_open_clip(act, tmp_path):
    backbone = of_transformers(act)
    whole = hugging_face_model(act)
    model = LibraryModel("transformers", backbone, stored(whole))
    assert model.libraries == ("transformers", "open_clip")
    model.write(backbone.encoder_weights(stored(whole)), None, tmp_path / "out", "open_clip")
    ours, _, transform = open_clip.create_model_and_transforms(f"local-dir:{tmp_path / 'out'}")
    found = ours.eval().get_logits(images(), TOKENS)[0]
    expected = whole(input_ids=TOKENS, pixel_values=images()).logits_per_image
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert transform.transforms[-1].mean == (0.5, 0.5, 0.5) or list(transform.transforms[-1].mean) == [0.5] * 3


@pytest.mark.parametrize(
    "backbone",
    [
        lambda: of_transformers(hidden_act="gelu"),
        lambda: of_transformers(layer_norm_eps=1e-6),
        lambda: of_transformers(eos_token_id=320),
        lambda: of_transformers(size=18),
        lambda: of_transformers("relu", hidden_act="relu"),
    ],
    ids=["activations", "norms", "pooling of texts", "a margin that is cut away", "another activation"],
)
def test_what_open_clip_has_no_word_for(backbone):
    assert other_libraries(backbone()) == {}


@pytest.mark.parametrize(
    "change",
    [
        {"vision_cfg": {"pool_type": "avg"}},
        {"vision_cfg": {"no_ln_pre": True}},
        {"vision_cfg": {"act_kwargs": {"approximate": "tanh"}}},
        {"text_cfg": {"pool_type": "last"}},
        {"text_cfg": {"proj_bias": True}},
        {"custom_text": True},
    ],
    ids=str,
)
def test_what_transformers_has_no_word_for(change, tmp_path):
    name = architecture_folder(tmp_path / "architecture", quick_gelu=False)
    content = {"model_cfg": open_clip_config(quick_gelu=False), "preprocess_cfg": {}}
    for key, value in change.items():
        part = content["model_cfg"]
        part[key] = {**part[key], **value} if isinstance(value, dict) else value
    (tmp_path / "architecture" / "open_clip_config.json").write_text(json.dumps(content))
    assert other_libraries(make_backbone(ModelSpec(open_clip=name), tmp_path, None)) == {}


def test_images_that_keep_their_longer_edge_have_no_word_in_transformers(tmp_path):
    assert other_libraries(of_open_clip(tmp_path / "one", resize_mode="longest")) == {}
    assert set(other_libraries(of_open_clip(tmp_path / "two"))) == {"transformers"}
