"""Encoders of transformers' CLIPs: the library's own modules, files of both libraries, heads, and folders it loads."""

import json

import pytest
import torch
from safetensors import safe_open
from small_clips import EMBEDDING, hugging_face_config, hugging_face_model, open_clip_config, open_clip_model
from torch.func import functional_call

from frontrunner.errors import DataError, UnsupportedError
from frontrunner.tasks.backbones.backbone import Head
from frontrunner.tasks.backbones.hf_clip.hf_clip_backbone import HfClipBackbone
from frontrunner.tasks.datasets.image_format import ImageFormat
from frontrunner.tasks.weight_files.read_weights import read_weights
from frontrunner.tasks.weight_files.stored_weights import StoredWeights
from frontrunner.tasks.weight_files.weight_digest import digest_weights

IMAGES = ImageFormat(size=16, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
TOKENS = torch.tensor([[49406, 320, 1125, 49407, *[0] * 12]])


def stored(tensors, config=None, source="cars.safetensors"):
    return StoredWeights(tensors, source, config or {}, digest_weights(tensors))


def backbone_of(config=None, folder=None):
    config = hugging_face_config().to_dict() if config is None else config
    return HfClipBackbone(config, "models/clip", inputs=IMAGES, folder=folder)


@pytest.fixture(scope="module")
def backbone():
    return backbone_of()


def images():
    return torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def features(backbone, weights):
    encoder = backbone.build()
    return functional_call(encoder, weights, (images(),)).image_embeds


def vision(theirs):
    return {name: tensor for name, tensor in theirs.items() if name.startswith("vision_model.")}


LAYOUTS = {
    "CLIPModel": lambda theirs: theirs,
    "with projection": lambda t: {**vision(t), "visual_projection.weight": t["visual_projection.weight"]},
    "CLIPVisionModel": vision,
    "unprefixed": lambda t: {name.removeprefix("vision_model."): tensor for name, tensor in vision(t).items()},
    "data parallel": lambda t: {f"module.{name}": tensor for name, tensor in t.items()},
    "older, with positions": lambda t: {**vision(t), "vision_model.embeddings.position_ids": torch.arange(5)[None]},
}


@torch.no_grad()
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_transformers_gives_views_and_its_features(backbone, layout):
    theirs = hugging_face_model()
    base = backbone.encoder_weights(stored(theirs.state_dict()))
    given = LAYOUTS[layout](theirs.state_dict())
    found = backbone.encoder_weights(stored(given, hugging_face_config().to_dict()), base)
    assert torch.equal(features(backbone, found), theirs.get_image_features(images()).pooler_output)
    pointers = {tensor.data_ptr() for tensor in theirs.state_dict().values()}
    assert all(tensor.data_ptr() in pointers for tensor in found.values())


@torch.no_grad()
@pytest.mark.parametrize("prefix", ["", "model.", "module."])
def test_a_file_of_open_clip_gives_its_features(backbone, prefix):
    own = open_clip_model()
    found = backbone.encoder_weights(stored({f"{prefix}{k}": v for k, v in own.state_dict().items()}))
    assert torch.allclose(features(backbone, found), own.visual(images()), atol=1e-5)


def test_the_encoder_is_the_librarys_module_without_values(backbone):
    encoder = backbone.build()
    assert type(encoder).__name__ == "CLIPVisionModelWithProjection"
    assert all(p.is_meta for p in encoder.parameters())
    assert not encoder.training
    weights = backbone.encoder_weights(stored(hugging_face_model().state_dict()))
    assert weights.keys() == encoder.state_dict().keys()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (hugging_face_config("gelu").to_dict(), r"cars\.safetensors states GELU, the architecture has QuickGELU"),
        ({"model_cfg": open_clip_config(quick_gelu=False)}, r"states GELU, the architecture has QuickGELU"),
        (
            {**hugging_face_config().vision_config.to_dict(), "num_attention_heads": 4},
            "num_attention_heads 4, expected 2",
        ),
        ({**hugging_face_config().vision_config.to_dict(), "layer_norm_eps": 1e-6}, "layer_norm_eps 1e-06"),
    ],
)
def test_weights_that_state_another_function_are_refused_by_name(backbone, config, message):
    with pytest.raises(DataError, match=message):
        backbone.encoder_weights(stored(hugging_face_model().state_dict(), config))


def without(theirs, *endings):
    return {name: tensor for name, tensor in theirs.items() if not name.endswith(endings)}


WRONG = {
    "missing layer": (
        lambda t: without(t, "layers.1.mlp.fc2.bias"),
        r"lacks vision_model\.encoder\.layers\.1\.mlp\.fc2",
    ),
    "no projection": (lambda t: without(t, "visual_projection.weight"), r"lacks visual_projection\.weight.*CLIPModel"),
    "wrong shape": (
        lambda t: {**t, "visual_projection.weight": torch.zeros(5, 32)},
        r"holds visual_projection\.weight of shape \(5, 32\), expected \(24, 32\) as in models/clip",
    ),
    "another layer": (
        lambda t: {**t, "vision_model.encoder.layers.2.mlp.fc1.bias": torch.zeros(2)},
        r"holds vision_model\.encoder\.layers\.2\.mlp\.fc1\.bias, which models/clip does not have",
    ),
    "head of another width": (lambda t: {**t, "classifier.weight": torch.zeros(3, 32)}, r"holds classifier\.weight"),
    "no CLIP": (lambda _: {"fc.weight": torch.zeros(2, 2)}, "holds no image tower of a CLIP"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_weights_of_something_else_are_refused(backbone, kind):
    make, message = WRONG[kind]
    with pytest.raises(DataError, match=message) as caught:
        backbone.encoder_weights(stored(make(hugging_face_model().state_dict())))
    assert str(caught.value).startswith("cars.safetensors")


@torch.no_grad()
def test_the_zero_shot_head_is_that_of_the_librarys_text_model(backbone):
    import open_clip

    theirs = hugging_face_model()
    head = backbone.zero_shot_head(stored(theirs.state_dict()), ["cat", "dog"], ["a photo of a {}.", "a {}"])
    rows = []
    for name in ("cat", "dog"):
        prompts = [f"a photo of a {name}.", f"a {name}"]
        tokens = open_clip.get_tokenizer("ViT-B-32")(prompts, context_length=16)
        one = torch.nn.functional.normalize(theirs.get_text_features(tokens).pooler_output, dim=1).mean(dim=0)
        rows.append(one / one.norm() * theirs.logit_scale.exp())
    assert torch.allclose(head.weight, torch.stack(rows), atol=1e-5)


def test_both_libraries_make_the_same_zero_shot_head_of_one_file(backbone, tmp_path):
    from small_clips import architecture_folder

    from frontrunner.tasks.backbones import make_backbone
    from frontrunner.tasks.suite_file.schema import ModelSpec

    own = make_backbone(ModelSpec(open_clip=architecture_folder(tmp_path)), tmp_path, None)
    file = stored(hugging_face_model().state_dict())
    heads = [one.zero_shot_head(file, ["cat", "dog"], ["a photo of a {}"]).weight for one in (own, backbone)]
    assert torch.allclose(*heads, atol=1e-4)


def test_an_image_tower_alone_makes_no_zero_shot_head():
    tower = backbone_of(hugging_face_config().vision_config.to_dict())
    with pytest.raises(DataError, match=r"models/clip is an image tower .* a zero-shot head needs a text tower"):
        tower.zero_shot_head(stored(hugging_face_model().state_dict()), ["cat"], ["{}"])


def test_another_vocabulary_is_not_tokenized():
    config = hugging_face_config().to_dict()
    config["text_config"]["vocab_size"] = 100
    with pytest.raises(UnsupportedError, match="vocabulary of 100 tokens"):
        backbone_of(config).zero_shot_head(stored(hugging_face_model().state_dict()), ["cat"], ["{}"])


@torch.no_grad()
def test_transformers_loads_what_is_exported(backbone, tmp_path):
    from transformers import CLIPModel, CLIPVisionModel, CLIPVisionModelWithProjection

    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "preprocessor_config.json").write_text("{}")
    backbone = backbone_of(folder=tmp_path / "model")
    pretrained = stored(hugging_face_model().state_dict())
    base = backbone.encoder_weights(pretrained)
    expert = backbone.encoder_weights(stored(open_clip_model(seed=1).state_dict()), base)
    merged = {name: base[name].lerp(expert[name], 0.3) for name in base}
    head = backbone.zero_shot_head(pretrained, ["cat", "dog"], ["a photo of a {}"])
    backbone.export(merged, Head(head, ("cat", "dog")), pretrained, tmp_path / "out")

    expected = features(backbone, merged)
    for kind in (CLIPModel, CLIPVisionModel, CLIPVisionModelWithProjection):
        model, report = kind.from_pretrained(tmp_path / "out", output_loading_info=True)
        assert not report["missing_keys"]
        if kind is CLIPModel:
            found = model.get_image_features(images()).pooler_output
            text = model.get_text_features(TOKENS).pooler_output
            of_pretrained = hugging_face_model().get_text_features(TOKENS).pooler_output
            assert torch.allclose(text, of_pretrained, atol=1e-5)
            assert model.config.vision_config.hidden_act == "quick_gelu"
        elif kind is CLIPVisionModel:
            found = model(images()).pooler_output @ merged["visual_projection.weight"].T
        else:
            found = model(images()).image_embeds
        assert torch.allclose(found, expected, atol=1e-5)
    with safe_open(tmp_path / "out" / "head.safetensors", "pt") as file:
        assert json.loads(file.metadata()["classes"]) == ["cat", "dog"]
        assert torch.equal(file.get_tensor("weight"), head.weight)
    assert (tmp_path / "out" / "preprocessor_config.json").exists()
    again = backbone.encoder_weights(read_weights(tmp_path / "out"))
    assert all(torch.equal(again[name], merged[name]) for name in merged)


def test_a_head_beside_the_tower_is_found(backbone):
    expert = {**hugging_face_model().state_dict(), "head.weight": torch.randn(4, EMBEDDING)}
    assert backbone.head(stored(expert)).module.out_features == 4
    assert backbone.encoder_weights(stored(expert))


@pytest.mark.parametrize(
    "config", [{}, {"model_type": "vit"}, {"model_type": "clip", "vision_config": {"hidden_size": "wide"}}]
)
def test_a_configuration_of_no_clip_is_refused(config):
    with pytest.raises(DataError, match="models/clip"):
        backbone_of(config)


def test_a_clip_with_a_classifier_on_its_patches_is_refused():
    with pytest.raises(UnsupportedError, match="models/clip states CLIPForImageClassification"):
        backbone_of({**hugging_face_config().to_dict(), "architectures": ["CLIPForImageClassification"]})


def test_building_leaves_the_default_generator_alone(backbone):
    before = torch.get_rng_state()
    backbone.build()
    assert torch.equal(torch.get_rng_state(), before)
