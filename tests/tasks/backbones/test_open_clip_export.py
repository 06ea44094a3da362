"""Exported folders: plain open_clip loads them unchanged, with the activation, images and text tower they had."""

import json

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from small_clips import architecture_folder, hugging_face_config, hugging_face_model, open_clip_model
from torch.func import functional_call

from frontrunner.errors import DataError
from frontrunner.tasks.backbones import make_backbone
from frontrunner.tasks.backbones.backbone import Head
from frontrunner.tasks.suite_file.schema import ModelSpec
from frontrunner.tasks.weight_files.read_weights import read_weights
from frontrunner.tasks.weight_files.stored_weights import StoredWeights
from frontrunner.tasks.weight_files.weight_digest import digest_weights

TOKENS = torch.tensor([[49406, 320, 1125, 49407, *[0] * 12]])


def stored(tensors, config=None):
    return StoredWeights(tensors, "base.safetensors", config or {}, digest_weights(tensors))


def images():
    return torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def backbone_of(folder, quick_gelu, as_published=False, **preprocess):
    name = architecture_folder(folder / "architecture", quick_gelu, **preprocess)
    return make_backbone(ModelSpec(open_clip=name, options={"as_published": as_published}), folder, None)


@torch.no_grad()
@pytest.mark.parametrize("quick_gelu", [True, False])
@pytest.mark.parametrize("as_published", [True, False])
def test_open_clip_gives_the_merged_models_logits(tmp_path, quick_gelu, as_published):
    backbone = backbone_of(tmp_path, quick_gelu, as_published, mean=[0.5, 0.5, 0.5])
    pretrained = stored(open_clip_model(quick_gelu).state_dict())
    other = stored(open_clip_model(quick_gelu, seed=1).state_dict())
    base = backbone.encoder_weights(pretrained)
    expert = backbone.encoder_weights(other, base)
    merged = {name: base[name].lerp(expert[name], 0.3) for name in base}
    head = backbone.zero_shot_head(pretrained, ["cat", "dog"], ["a photo of a {}"])
    backbone.export(merged, Head(head, ("cat", "dog")), pretrained, tmp_path / "out")

    model, _, transform = open_clip.create_model_and_transforms(f"local-dir:{tmp_path / 'out'}")
    model.eval()
    features = functional_call(backbone.build(), merged, (images(),))
    assert torch.equal(model.encode_image(images()), features)
    assert type(model.visual.transformer.resblocks[0].mlp.gelu).__name__ == ("QuickGELU" if quick_gelu else "GELU")
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (20, 31, 3), dtype=np.uint8))
    taken = backbone.inputs.to_input(torch.from_numpy(backbone.inputs.stored([picture])[""]))
    assert torch.equal(transform(picture)[None], taken)
    with safe_open(tmp_path / "out" / "head.safetensors", "pt") as file:
        weight = file.get_tensor("weight")
        assert json.loads(file.metadata()["classes"]) == ["cat", "dog"]
    assert torch.allclose(model.encode_image(images(), normalize=True) @ weight.T, head(features), atol=1e-5)
    if not as_published:  # the text tower is the pre-trained model's
        expected = open_clip_model(quick_gelu).encode_text(TOKENS)
        assert torch.equal(model.encode_text(TOKENS), expected)


def test_what_was_exported_is_read_again_and_states_its_activation(tmp_path):
    backbone = backbone_of(tmp_path, quick_gelu=True)
    pretrained = stored(open_clip_model().state_dict())
    params = backbone.encoder_weights(pretrained)
    backbone.export(params, None, pretrained, tmp_path / "out")
    again = read_weights(tmp_path / "out")
    found = backbone.encoder_weights(again)
    assert all(torch.equal(found[name], params[name]) for name in params)
    other = backbone_of(tmp_path / "other", quick_gelu=False)
    with pytest.raises(DataError, match="states QuickGELU, the architecture has GELU"):
        other.encoder_weights(again)
    assert not (tmp_path / "out" / "head.safetensors").exists()
    assert make_backbone(ModelSpec(open_clip="out"), tmp_path, None).inputs == backbone.inputs


@torch.no_grad()
def test_a_pretrained_file_of_hugging_face_gives_its_text_tower(tmp_path):
    backbone = backbone_of(tmp_path, quick_gelu=True)
    theirs = hugging_face_model()
    pretrained = stored(theirs.state_dict(), hugging_face_config().to_dict())
    backbone.export(backbone.encoder_weights(pretrained), None, pretrained, tmp_path / "out")
    model = open_clip.create_model(f"local-dir:{tmp_path / 'out'}").eval()
    expected = theirs(input_ids=TOKENS, pixel_values=images()).logits_per_image
    assert torch.allclose(model.get_logits(images(), TOKENS)[0], expected, atol=1e-5)


def test_without_a_text_tower_there_is_nothing_that_open_clip_loads(tmp_path):
    backbone = backbone_of(tmp_path, quick_gelu=True)
    whole = open_clip_model().state_dict()
    tower = stored({name: tensor for name, tensor in whole.items() if name.startswith("visual.")})
    with pytest.raises(DataError, match=r"base\.safetensors holds no text tower"):
        backbone.export(backbone.encoder_weights(tower), None, tower, tmp_path / "out")
