"""Tags of open_clip: checked against the architecture, read from the hub's cache, and never run."""

import json

import pytest
from safetensors.torch import save_file
from small_clips import open_clip_model

from frontrunner.errors import ConfigError, DataError, UnknownNameError
from frontrunner.tasks.backbones.open_clip_models.open_clip_tags import is_tag, read_tag
from frontrunner.tasks.weight_files import hub


@pytest.mark.parametrize(("text", "answer"), [("openai", True), ("laion2b-S34B-b79k", True), ("base.pt", False)])
def test_tags_are_told_from_files(text, answer):
    assert is_tag(text) is answer


@pytest.mark.parametrize(
    ("model", "tag", "right"),
    [
        ("ViT-B-32", "openai", "ViT-B-32-quickgelu"),
        ("ViT-B/32", "OpenAI", "ViT-B-32-quickgelu"),
        ("ViT-L-14", "openai", "ViT-L-14-quickgelu"),
        ("ViT-B-16", "metaclip_400m", "ViT-B-16-quickgelu"),
        ("ViT-B-32-quickgelu", "laion2b_s34b_b79k", "ViT-B-32"),
        ("ViT-L-14-quickgelu", "datacomp_xl_s13b_b90k", "ViT-L-14"),
    ],
)
def test_a_tag_of_the_other_activation_is_refused_with_the_right_architecture(model, tag, right):
    with pytest.raises(ConfigError, match=rf"write model: {{open_clip: {right}}}"):
        read_tag(model, tag)


def test_a_tag_of_no_weights_of_the_model_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"weights of ViT-B-32 in open_clip: .*did you mean 'laion2b_s34b_b79k'"):
        read_tag("ViT-B-32", "laion2b_s34b_b79")


def test_weights_come_from_the_hubs_cache_and_state_how_images_are_made(monkeypatch, tmp_path):
    asked = []
    save_file(dict(open_clip_model().state_dict()), tmp_path / "open_clip_model.safetensors")
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": {"quick_gelu": False}}))
    monkeypatch.setattr(
        "frontrunner.tasks.backbones.open_clip_models.open_clip_tags.fetch_model",
        lambda name: asked.append(name) or tmp_path,
    )
    found = read_tag("ViT-L-14", "laion2b_s32b_b82k")
    assert asked == ["laion/CLIP-ViT-L-14-laion2B-s32B-b82K"]
    assert found.source == "laion2b_s32b_b82k of ViT-L-14"
    assert tuple(found.config["preprocess_cfg"]["mean"]) == (0.5, 0.5, 0.5)  # where other weights have OpenAI's
    assert found.tensors.keys() == open_clip_model().state_dict().keys()


def test_without_a_network_the_message_gives_the_command(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(hub, "on_this_machine", lambda *_: None)
    with pytest.raises(DataError, match=r"hf download timm/vit_base_patch32_clip_224\.openai"):
        read_tag("ViT-B-32-quickgelu", "openai")
