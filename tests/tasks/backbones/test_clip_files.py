"""CLIPs and heads from the files that are in circulation, as their makers' code writes them."""

import sys
import types

import open_clip
import pytest
import torch
from small_clips import EMBEDDING, architecture_folder, hugging_face_config, hugging_face_model, open_clip_model
from torch import nn

from frontrunner.errors import DataError
from frontrunner.tasks.backbones import make_backbone
from frontrunner.tasks.backbones.clip.zero_shot import ZeroShotHead
from frontrunner.tasks.suite_file.schema import ModelSpec
from frontrunner.tasks.weight_files.read_weights import read_weights


@pytest.fixture
def authors_code():
    """The module `src.modeling` of the Task Arithmetic authors, which is there while files are written only."""
    source = types.ModuleType("src.modeling")

    class ImageEncoder(nn.Module):
        def __init__(self, model):
            super().__init__()
            self.model = model
            self.train_preprocess = open_clip.image_transform(16, is_train=False)

    class ClassificationHead(nn.Linear):
        def __init__(self, weight):
            super().__init__(weight.shape[1], weight.shape[0])
            self.normalize = True
            self.weight = nn.Parameter(weight.clone())
            self.bias = nn.Parameter(torch.zeros_like(self.bias))

    for kind in (ImageEncoder, ClassificationHead):
        kind.__module__, kind.__qualname__ = "src.modeling", kind.__name__
        setattr(source, kind.__name__, kind)
    sys.modules["src"], sys.modules["src.modeling"] = types.ModuleType("src"), source
    yield source
    sys.modules.pop("src", None)
    sys.modules.pop("src.modeling", None)


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("architecture")
    return make_backbone(ModelSpec(open_clip=architecture_folder(folder)), folder, None)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    return make_backbone(ModelSpec(open_clip=architecture_folder(folder), options={"as_published": True}), folder, None)


def without_text_transformer(model):
    del model.transformer
    return model


def written(kind, file, authors_code):
    model = open_clip_model()
    if kind == "whole module":
        torch.save(authors_code.ImageEncoder(without_text_transformer(model)), file)
    elif kind == "state dict":
        torch.save({"model_name": "ViT-B-32", **authors_code.ImageEncoder(model).state_dict()}, file)
    elif kind == "checkpoint":
        torch.save({"epoch": 3, "state_dict": {f"module.{k}": v for k, v in model.state_dict().items()}}, file)
    else:
        torch.save(model.visual.state_dict(), file)


@pytest.mark.parametrize("kind", ["whole module", "state dict", "checkpoint", "image tower"])
def test_files_of_torch_are_read_without_their_code(kind, tmp_path, authors_code, backbone, published):
    if kind == "whole module" and sys.version_info < (3, 11, 4):
        pytest.skip("this Python pickles enumerations by getattr, which no file is allowed")
    written(kind, tmp_path / "finetuned.pt", authors_code)
    del sys.modules["src.modeling"], sys.modules["src"]
    stored = read_weights(tmp_path / "finetuned.pt")
    expected = open_clip_model().visual.state_dict()
    found = backbone.encoder_weights(stored)
    assert list(found) == list(expected)
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert published.encoder_weights(stored, published.encoder_weights(pretrained(tmp_path)))


def pretrained(folder):
    hugging_face_model().save_pretrained(folder / "base")
    return read_weights(folder / "base")


def test_a_pickled_head_is_read_with_its_normalization(tmp_path, authors_code, backbone):
    weight = 100 * nn.functional.normalize(torch.randn(7, EMBEDDING), dim=1)
    torch.save(authors_code.ClassificationHead(weight), tmp_path / "head_Cars.pt")
    head = backbone.head(read_weights(tmp_path / "head_Cars.pt"))
    assert isinstance(head.module, ZeroShotHead)
    assert torch.equal(head.module.weight, weight)


def test_an_exported_head_is_read_again(tmp_path, backbone):
    from frontrunner.tasks.backbones.backbone import Head

    stored = pretrained(tmp_path)
    head = backbone.zero_shot_head(stored, ["cat", "dog"], ["a {}"])
    backbone.export(backbone.encoder_weights(stored), Head(head, ("cat", "dog")), stored, tmp_path / "out")
    again = backbone.head(read_weights(tmp_path / "out" / "head.safetensors"))
    assert torch.equal(again.module.weight, head.weight)


@pytest.mark.parametrize("act", ["gelu", "quick_gelu"])
def test_a_folder_of_transformers_is_read_with_what_it_states(act, tmp_path, backbone):
    hugging_face_model(act).save_pretrained(tmp_path / "expert")
    stored = read_weights(tmp_path / "expert")
    if act == "gelu":
        with pytest.raises(DataError, match=r"expert states GELU, the architecture has QuickGELU"):
            backbone.encoder_weights(stored)
    else:
        assert backbone.encoder_weights(stored)


def test_a_tower_of_transformers_alone_is_read_by_both_backbones(tmp_path, backbone):
    from transformers import CLIPVisionModel

    tower = CLIPVisionModel(hugging_face_config().vision_config)
    tower.save_pretrained(tmp_path / "expert")
    base = pretrained(tmp_path)
    (tmp_path / "base" / "preprocessor_config.json").write_text(
        '{"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 16}, "crop_size": 16}'
    )
    own = make_backbone(ModelSpec(transformers="base"), tmp_path, base)
    stored = read_weights(tmp_path / "expert")
    for one in (backbone, own):
        found = one.encoder_weights(stored, one.encoder_weights(base))
        assert found.keys() == one.build().state_dict().keys()
