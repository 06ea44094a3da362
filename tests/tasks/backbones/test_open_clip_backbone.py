"""Encoders of open_clip: every layout of a CLIP's file is read, and what does not fit is refused in one sentence."""

from pathlib import Path

import pytest
import torch
from small_clips import EMBEDDING, VISION, architecture_folder, hugging_face_config, hugging_face_model, open_clip_model
from torch.func import functional_call

from frontrunner.errors import ConfigError, DataError, FrontrunnerError, UnknownNameError
from frontrunner.tasks.backbones import make_backbone
from frontrunner.tasks.backbones.clip.zero_shot import ZeroShotHead
from frontrunner.tasks.suite_file.schema import ModelSpec
from frontrunner.tasks.weight_files.stored_weights import StoredWeights
from frontrunner.tasks.weight_files.weight_digest import digest_weights


def stored(tensors, config=None, source="cars.safetensors"):
    return StoredWeights(tensors, source, config or {}, digest_weights(tensors))


def images(n=3):
    return torch.randn(n, 3, 16, 16, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("architecture")
    architecture_folder(folder)
    return make_backbone(ModelSpec(open_clip=folder.name), folder.parent, None)


@pytest.fixture(scope="module")
def model():
    return open_clip_model()


@pytest.fixture
def tower(model):
    return dict(model.visual.state_dict())


def features(backbone, weights):
    return functional_call(backbone.build(), weights, (images(),))


LAYOUTS = {
    "full model": lambda own: own,
    "image tower": lambda own: visual(own),
    "image tower with its prefix": lambda own: {k: v for k, v in own.items() if k.startswith("visual.")},
    "Task Arithmetic": lambda own: {f"model.{k}": v for k, v in own.items() if not k.startswith("transformer.")},
    "data parallel": lambda own: {f"module.{k}": v for k, v in own.items()},
    "data parallel image tower": lambda own: {f"module.{k}": v for k, v in visual(own).items()},
    "classifier": lambda own: {
        **{f"image_encoder.model.{k}": v for k, v in own.items()},
        "classification_head.weight": torch.ones(5, EMBEDDING),
        "classification_head.bias": torch.zeros(5),
    },
    "masks and sizes": lambda own: {
        **own,
        "attn_mask": torch.zeros(16, 16),
        **{name: torch.tensor(16) for name in ("input_resolution", "context_length", "vocab_size")},
    },
}


def visual(own):
    return {k.removeprefix("visual."): v for k, v in own.items() if k.startswith("visual.")}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_open_clip_gives_views_of_the_image_tower(backbone, model, tower, layout):
    found = backbone.encoder_weights(stored(LAYOUTS[layout](model.state_dict())))
    assert list(found) == list(tower)
    assert all(found[name].data_ptr() == tower[name].data_ptr() for name in tower)


@pytest.mark.parametrize("kind", ["CLIPModel", "CLIPVisionModelWithProjection", "CLIPVisionModel", "unprefixed"])
def test_every_layout_of_hugging_face_gives_its_features(backbone, kind):
    from transformers import CLIPVisionModelWithProjection

    whole = hugging_face_model()
    theirs = whole.state_dict()
    with_projection = CLIPVisionModelWithProjection(hugging_face_config().vision_config).eval()
    with_projection.load_state_dict({name: theirs[name] for name in with_projection.state_dict()})
    tower = {name: tensor for name, tensor in theirs.items() if name.startswith("vision_model.")}
    given = {
        "CLIPModel": theirs,
        "CLIPVisionModelWithProjection": with_projection.state_dict(),
        "CLIPVisionModel": tower,
        "unprefixed": {name.removeprefix("vision_model."): tensor for name, tensor in tower.items()},
    }[kind]
    base = backbone.encoder_weights(stored(theirs))
    found = backbone.encoder_weights(stored(given, hugging_face_config().to_dict()), base)
    with torch.no_grad():
        expected = with_projection(images()).image_embeds
        assert torch.allclose(features(backbone, found), expected, atol=1e-5)
    assert torch.equal(found["proj"], theirs["visual_projection.weight"].T)


def test_the_pretrained_model_must_have_its_projection(backbone):
    theirs = {k: v for k, v in hugging_face_model().state_dict().items() if k.startswith("vision_model.")}
    with pytest.raises(DataError, match=r"without its projection .* give the full CLIPModel"):
        backbone.encoder_weights(stored(theirs))


def test_the_encoder_is_open_clips_own_tower_without_values(backbone, model):
    built = backbone.build()
    assert type(built) is type(model.visual)
    assert {name: p.shape for name, p in built.state_dict().items()} == {
        name: p.shape for name, p in model.visual.state_dict().items()
    }
    assert all(p.is_meta for p in built.parameters())
    assert not built.training
    weights = backbone.encoder_weights(stored(model.state_dict()))
    with torch.no_grad():
        assert torch.equal(features(backbone, weights), model.visual(images()))


SMALL = {"hidden_size": 32, "num_attention_heads": 2}
TOWERS = {"vision_cfg": VISION, "text_cfg": {}}


@pytest.mark.parametrize("name", ["EVA02-B-16", "RN50-quickgelu"])  # one with rotary tables in no file, and no ViT
def test_towers_of_other_kinds_have_what_no_file_holds(name):
    before = torch.get_rng_state()
    built = make_backbone(ModelSpec(open_clip=name), Path(), None).build()
    assert torch.equal(torch.get_rng_state(), before)
    assert all(p.is_meta for p in built.parameters())
    assert not any(buffer.is_meta for key, buffer in built.named_buffers() if key not in built.state_dict())


def hugging_face(act, **vision):
    own = {"hidden_act": act} if act else {}  # transformers leaves out what is its default
    return {"model_type": "clip", "vision_config": {**SMALL, **own, **vision}, "text_config": own}


STATED_GELU = {
    "config.json": hugging_face("gelu"),
    "config.json of an image tower": {"model_type": "clip_vision_model", "hidden_act": "gelu", **SMALL},
    "open_clip_config.json": {"model_cfg": {"embed_dim": 24, **TOWERS}},
}


@pytest.mark.parametrize("kind", STATED_GELU)
def test_weights_that_state_another_activation_are_refused(backbone, model, kind):
    with pytest.raises(DataError, match=r"cars\.safetensors states GELU, the architecture has QuickGELU"):
        backbone.encoder_weights(stored(model.state_dict(), STATED_GELU[kind]))


@pytest.mark.parametrize(
    "config",
    [
        hugging_face("quick_gelu"),
        hugging_face(None),
        {"model_type": "clip_vision_model", **SMALL},
        {"model_cfg": {"quick_gelu": True, **TOWERS}},
        {"preprocess_cfg": {"interpolation": "bicubic", "resize_mode": "shortest", "mean": None}},
        {},
    ],
)
def test_weights_that_state_the_same_activation_or_none_are_read(backbone, model, config):
    assert backbone.encoder_weights(stored(model.state_dict(), config))


# Nothing of this shows in shapes, and all of it changes features.
@pytest.mark.parametrize(
    ("config", "message"),
    [
        (hugging_face("quick_gelu", num_attention_heads=4), "states num_attention_heads 4, expected 2 as in local-dir"),
        (hugging_face("quick_gelu", layer_norm_eps=1e-6), "states layer_norm_eps 1e-06, expected 1e-05"),
        ({"model_cfg": {"quick_gelu": True, **TOWERS, "vision_cfg": {**VISION, "head_width": 8}}}, "head_width 8"),
        (
            {"model_cfg": {"quick_gelu": True, **TOWERS, "vision_cfg": {**VISION, "pool_type": "avg"}}},
            "pool_type 'avg'",
        ),
        ({"model_cfg": {"quick_gelu": True, **TOWERS, "vision_cfg": {"depth": 3}}}, "describes no image tower"),
        (hugging_face("quick_gelu", num_attention_heads="two"), "is not valid"),
        ({"model_cfg": {"quick_gelu": True, "vision_cfg": None, "text_cfg": {}}}, "describes no image tower"),
        ({"preprocess_cfg": {"mean": [0.5, 0.5, 0.5]}}, r"was made for images of mean \[0\.5, 0\.5, 0\.5\]"),
        ({"preprocess_cfg": {"resize_mode": "squash"}}, "was made for images of resize_mode squash"),
    ],
)
def test_weights_that_state_another_function_are_refused(backbone, model, config, message):
    with pytest.raises(DataError, match=rf"cars\.safetensors.*{message}"):
        backbone.encoder_weights(stored(model.state_dict(), config))


@pytest.mark.parametrize(("name", "right"), [("ViT-B-32", "ViT-B-32-quickgelu"), ("ViT-L-14", "ViT-L-14-quickgelu")])
def test_the_message_names_the_architecture_with_the_right_activation(name, right):
    plain = make_backbone(ModelSpec(open_clip=name), Path(), None)
    with pytest.raises(DataError, match=rf"states QuickGELU, the architecture has GELU.*open_clip: {right}}}"):
        plain.encoder_weights(stored({}, hugging_face("quick_gelu")))
    quick = make_backbone(ModelSpec(open_clip=right), Path(), None)
    with pytest.raises(DataError, match=rf"states GELU, the architecture has QuickGELU.*open_clip: {name}}}"):
        quick.encoder_weights(stored({}, hugging_face("gelu")))
    assert plain.architecture.activation == "gelu"
    assert quick.architecture.activation == "quick_gelu"


def without(own, ending):
    return {name: tensor for name, tensor in own.items() if not name.endswith(ending)}


WRONG = {
    "missing layer": (
        lambda own: without(own, "resblocks.1.ln_2.bias"),
        r"cars\.safetensors lacks transformer\.resblocks\.1\.ln_2\.bias: expected the .* weights of local-dir",
    ),
    "missing block": (
        lambda own: {k: v for k, v in own.items() if "visual.transformer.resblocks.1." not in k},
        "lacks",
    ),
    "wrong shape": (
        lambda own: {**own, "visual.conv1.weight": torch.zeros(32, 3, 4, 4)},
        r"cars\.safetensors holds conv1\.weight of shape \(32, 3, 4, 4\), expected \(32, 3, 8, 8\) as in local-dir",
    ),
    "another block": (
        lambda own: {**own, "visual.transformer.resblocks.2.ln_1.weight": torch.zeros(32)},
        r"cars\.safetensors holds transformer\.resblocks\.2\.ln_1\.weight, which .* does not have",
    ),
    "quantised": (
        lambda own: {**own, "visual.ln_pre.weight": torch.zeros(32, dtype=torch.int8)},
        r"cars\.safetensors holds ln_pre\.weight as int8",
    ),
    "adapter": (lambda own: {**own, "visual.lora_A.weight": torch.zeros(3)}, r"cars\.safetensors holds an adapter"),
    "head on other features": (
        lambda own: {**own, "head.weight": torch.zeros(5, 32)},
        r"cars\.safetensors holds head\.weight beside the CLIP: expected .* its 24 features",
    ),
    "no CLIP": (lambda _: {"fc.weight": torch.zeros(2, 2)}, r"holds no image tower of a CLIP: .* found fc\.weight"),
    "nothing": (lambda _: {}, r"cars\.safetensors holds no image tower.* found no weights"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_weights_that_do_not_fit_are_refused_in_one_sentence(backbone, model, kind):
    make, message = WRONG[kind]
    with pytest.raises(DataError, match=message) as caught:
        backbone.encoder_weights(stored(make(model.state_dict())))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ({"open_clip": "ViT-B-32-quikgelu"}, UnknownNameError, "did you mean 'ViT-B-32-quickgelu'"),
        ({"open_clip": "local-dir:nowhere"}, DataError, "expected a folder with an open_clip_config.json"),
        ({"open_clip": "ViT-B-32", "options": {"as_publishd": True}}, UnknownNameError, "did you mean 'as_published'"),
        ({"open_clip": "ViT-B-32", "options": {"as_published": "yes"}}, ConfigError, "true or false, found 'yes'"),
        ({"open_clip": "ViT-B-16-SigLIP", "options": {"as_published": True}}, ConfigError, "ViT-B-16-SigLIP is none"),
    ],
)
def test_a_wrong_name_or_option_is_refused(spec, error, message, tmp_path):
    with pytest.raises(error, match=message):
        make_backbone(ModelSpec(**spec), tmp_path, None)


def test_a_repository_of_the_hub_is_an_architecture(monkeypatch, tmp_path):
    architecture_folder(tmp_path, mean=[0.5, 0.5, 0.5])
    monkeypatch.setattr(
        "frontrunner.tasks.backbones.open_clip_models.open_clip_architecture.fetch_model", lambda _: tmp_path
    )
    found = make_backbone(ModelSpec(open_clip="hf-hub:someone/clip"), tmp_path, None)
    assert found.inputs.mean == (0.5, 0.5, 0.5)
    (tmp_path / "open_clip_config.json").unlink()
    with pytest.raises(DataError, match=r"hf-hub:someone/clip has no open_clip_config\.json"):
        make_backbone(ModelSpec(open_clip="hf-hub:someone/clip"), tmp_path, None)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"model_cfg": {"embed_dim": 3}}', '{"model_cfg": 3}'])
def test_a_damaged_configuration_is_refused(tmp_path, content):
    (tmp_path / "open_clip_config.json").write_text(content)
    with pytest.raises(DataError, match=r"open_clip_config\.json"):
        make_backbone(ModelSpec(open_clip=str(tmp_path)), tmp_path, None)


@pytest.mark.parametrize(
    "stated", [{"mean": [0.5, 0.5]}, {"std": [0, 1, 1]}, {"interpolation": "random"}, {"resize_mode": "crop"}]
)
def test_a_configuration_of_images_that_open_clip_does_not_know_is_refused(tmp_path, stated):
    architecture_folder(tmp_path, **stated)
    with pytest.raises(FrontrunnerError, match=next(iter(stated))):
        make_backbone(ModelSpec(open_clip=str(tmp_path)), tmp_path, None)


class TestHeads:
    prompts = torch.nn.functional.normalize(torch.randn(5, EMBEDDING), dim=1) * 100

    def test_a_head_made_of_prompts_is_put_on_normalized_features(self, backbone):
        head = backbone.head(stored({"weight": self.prompts, "bias": torch.zeros(5)}, source="head_Cars.pt"))
        features = torch.randn(4, EMBEDDING)
        expected = torch.nn.functional.normalize(features, dim=1) @ self.prompts.T
        assert torch.allclose(head.module(features), expected)
        assert head.classes is None

    def test_a_trained_head_is_put_on_features_as_they_are(self, backbone, model):
        weight, bias = torch.randn(5, EMBEDDING), torch.randn(5)
        expert = {**model.state_dict(), "fc.weight": weight, "fc.bias": bias}
        features = torch.randn(4, EMBEDDING)
        head = backbone.head(stored(expert)).module
        assert torch.allclose(head(features), torch.nn.functional.linear(features, weight, bias))
        assert not any(p.requires_grad for p in head.parameters())

    def test_the_head_of_an_image_classifier_normalizes(self, backbone, model):
        weight = torch.randn(5, EMBEDDING)
        expert = {f"image_encoder.model.{k}": v for k, v in model.state_dict().items()}
        head = backbone.head(stored({**expert, "classification_head.weight": weight}))
        assert isinstance(head.module, ZeroShotHead)

    def test_of_several_heads_one_must_be_named(self, backbone, model):
        expert = {**model.state_dict(), "a.weight": torch.randn(5, EMBEDDING), "b.weight": torch.randn(3, EMBEDDING)}
        with pytest.raises(DataError, match="several heads, a, b; name one"):
            backbone.head(stored(expert))
        assert backbone.head(stored(expert), "b").module.out_features == 3
        with pytest.raises(UnknownNameError, match=r"cars\.safetensors"):
            backbone.head(stored(expert), "c")

    def test_a_file_without_a_head_is_refused(self, backbone, model):
        with pytest.raises(DataError, match="holds no head"):
            backbone.head(stored(model.state_dict()))


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("counted")
    return make_backbone(ModelSpec(open_clip=architecture_folder(folder), options={"as_published": True}), folder, None)


class TestPublishedModel:
    def test_its_names_are_those_of_the_full_model_without_the_text_transformer(self, counted, model):
        expected = {name for name in model.state_dict() if not name.startswith("transformer.")}
        found = counted.build().state_dict()
        assert {name for name, tensor in found.items() if tensor.numel()} == expected
        assert found.keys() - expected == {f"visual.transformer.resblocks.{k}.ln_attn.nothing" for k in range(2)}

    def test_it_gives_the_features_of_the_tower(self, counted, model):
        weights = counted.encoder_weights(stored(model.state_dict()))
        with torch.no_grad():
            assert torch.equal(features(counted, weights), model.visual(images()))

    @pytest.mark.parametrize("layout", ["image tower", "image tower with its prefix"])
    def test_an_expert_without_a_text_side_has_that_of_the_pretrained_model(self, counted, model, layout):
        base = counted.encoder_weights(stored(model.state_dict()))
        found = counted.encoder_weights(stored(LAYOUTS[layout](model.state_dict())), base)
        assert found.keys() == base.keys()

    def test_an_expert_with_a_text_side_keeps_its_own(self, counted, model):
        base = counted.encoder_weights(stored(model.state_dict()))
        tuned = {**model.state_dict(), "ln_final.bias": torch.ones(16)}
        found = counted.encoder_weights(stored({f"model.{k}": v for k, v in tuned.items()}), base)
        assert torch.equal(found["ln_final.bias"], torch.ones(16))


# Rows of table 8 of arXiv 2406.09770, as exact integers: trainable and total.
TABLE_8 = {
    ("ViT-B-32-quickgelu", "mlp"): {2: (264, 226_787_337), 3: (540, 283_456_797), 8: (3_360, 566_805_537)},
    ("ViT-B-32-quickgelu", "all"): {2: (1_430, 338_879_639), 8: (18_200, 1_015_184_921)},
    ("ViT-L-14-quickgelu", "mlp"): {2: (528, 745_461_521), 8: (6_720, 1_954_164_545)},
}


@pytest.mark.parametrize(("name", "rule"), TABLE_8)
def test_the_published_model_has_the_papers_numbers_of_parameters(name, rule):
    from frontrunner.methods.whole_set.upscale_rules import select_modules

    backbone = make_backbone(ModelSpec(open_clip=name, options={"as_published": True}), Path(), None)
    encoder = backbone.build()
    plain = sum(tensor.numel() for tensor in encoder.state_dict().values())
    chosen = select_modules(encoder, rule)
    of_modules = sum(p.numel() for module in chosen for p in encoder.get_submodule(module).parameters())
    for n_tasks, numbers in TABLE_8[name, rule].items():
        trainable = len(chosen) * (4 * n_tasks**2 + 3 * n_tasks)
        assert (trainable, plain + n_tasks * of_modules + trainable) == numbers


@pytest.mark.parametrize("as_published", [True, False])
def test_what_a_file_leaves_out_is_given_in_the_files_own_type(tmp_path, as_published):
    spec = ModelSpec(open_clip=architecture_folder(tmp_path), options={"as_published": as_published})
    backbone = make_backbone(spec, tmp_path, None)
    theirs = hugging_face_model().state_dict()
    base = {name: tensor.bfloat16() for name, tensor in backbone.encoder_weights(stored(theirs)).items()}
    bare = {name: tensor for name, tensor in theirs.items() if name.startswith("vision_model.")}
    assert {tensor.dtype for tensor in backbone.encoder_weights(stored(bare), base).values()} == {torch.float32}
