"""Backbones that suite files name take images and texts bit for bit as their libraries do."""

import json

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from tiny_transformers import make_model, saved
from tokenizers import Tokenizer, models, pre_tokenizers

from frontrunner.errors import ConfigError, DataError, UnknownNameError, UnsupportedError
from frontrunner.tasks.backbones import make_backbone
from frontrunner.tasks.suite_file.schema import ModelSpec
from frontrunner.tasks.weight_files.stored_weights import StoredWeights

SIZES = [(28, 28), (33, 100), (224, 225), (327, 224), (151, 150)]


@pytest.fixture(autouse=True)
def quiet():
    transformers.logging.set_verbosity_error()


def picture(height, width):
    generator = np.random.default_rng(height * width)
    return Image.fromarray(generator.integers(0, 256, (height, width, 3), dtype=np.uint8))


def found(image_format, image):
    return image_format.to_input(torch.from_numpy(image_format.stored([image])[""]))[0]


def backbone(base, *, pretrained=None, max_length=None, **spec):
    return make_backbone(ModelSpec(**spec), base, pretrained, max_length=max_length)


def stored_here(config=None):
    return StoredWeights({}, "base", config or {}, "")


class TestImages:
    @pytest.mark.parametrize(
        "options",
        [
            {"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}},
            {"feature_extractor_type": "ViTFeatureExtractor", "size": 32},
            {"image_processor_type": "ViTImageProcessor", "size": {"height": 30, "width": 40}, "do_normalize": False},
            {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 64}},
            {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 384}},
            {"image_processor_type": "DeiTImageProcessor", "image_mean": [0.1, 0.2, 0.3]},
            {"image_processor_type": "BitImageProcessor"},
            {"image_processor_type": "LevitImageProcessor", "size": {"shortest_edge": 64}, "crop_size": 64},
            {"image_processor_type": "MobileNetV2ImageProcessor"},
        ],
        ids=lambda options: str(next(iter(options.values()))),
    )
    def test_a_processor_of_transformers(self, options, tmp_path):
        saved(make_model("ViT"), tmp_path / "model")
        (tmp_path / "model" / "preprocessor_config.json").write_text(json.dumps(options))
        made = backbone(tmp_path, transformers="model", pretrained=stored_here()).inputs
        processor = transformers.AutoImageProcessor.from_pretrained(tmp_path / "model", backend="pil")
        for size in SIZES:
            expected = processor(picture(*size), return_tensors="pt")["pixel_values"][0]
            assert torch.equal(found(made, picture(*size)), expected)

    @pytest.mark.parametrize(
        ("options", "error", "says"),
        [
            (None, DataError, "no preprocessor_config.json"),
            ({"image_processor_type": "OwnProcessor"}, DataError, "no processor"),
            ({"image_processor_type": "X", "auto_map": {"AutoImageProcessor": "a.B"}}, DataError, "never run"),
            ({"image_processor_type": "ViTImageProcessor", "do_rescale": False}, UnsupportedError, "not read"),
            ({"image_processor_type": "MobileViTImageProcessor"}, UnsupportedError, "not read"),
            ({"image_processor_type": "BitImageProcessor", "do_center_crop": False}, UnsupportedError, "not read"),
        ],
    )
    def test_what_is_refused(self, options, error, says, tmp_path):
        saved(make_model("ViT"), tmp_path / "model")
        if options is not None:
            (tmp_path / "model" / "preprocessor_config.json").write_text(json.dumps(options))
        with pytest.raises(error, match=says):
            backbone(tmp_path, transformers="model", pretrained=stored_here())

    def test_options_in_its_place(self, tmp_path):
        saved(make_model("ViT"), tmp_path / "model")
        options = {"image_size": 32, "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.5, 1]}
        made = backbone(tmp_path, transformers="model", options=options, pretrained=stored_here()).inputs
        assert (made.shape, made.std) == ((3, 32, 32), (0.25, 0.5, 1))
        options = {"image_processor_type": "ViTImageProcessor", "size": {"height": 30, "width": 40}}
        (tmp_path / "model" / "preprocessor_config.json").write_text(json.dumps(options))
        made = backbone(tmp_path, transformers="model", options={"mean": [0, 0, 0.5]}, pretrained=stored_here()).inputs
        assert (made.shape, made.mean, made.std) == ((3, 30, 40), (0, 0, 0.5), (0.5, 0.5, 0.5))

    @pytest.mark.parametrize(
        ("name", "config"),
        [
            ("resnet10t", {}),
            ("resnet10t", {"crop_pct": 1.0, "interpolation": "bilinear", "mean": [0.5] * 3, "std": [0.5] * 3}),
            ("resnet10t", {"crop_mode": "squash", "crop_pct": 0.9}),
        ],
    )
    def test_the_transform_of_timm(self, name, config, tmp_path):
        import timm
        from timm.data import create_transform, resolve_data_config

        made = backbone(tmp_path, timm=name, pretrained=stored_here({"pretrained_cfg": config})).inputs
        own = {**timm.create_model(name).pretrained_cfg, **config}
        transform = create_transform(**resolve_data_config(pretrained_cfg=own))
        for size in SIZES:
            assert torch.equal(found(made, picture(*size)), transform(picture(*size)))

    def test_the_size_that_options_of_timm_ask_for(self, tmp_path):
        options = {"img_size": [32, 48], "depth": 1}
        assert backbone(tmp_path, timm="vit_tiny_patch16_224", options=options).inputs.shape == (3, 32, 48)
        arguments = stored_here({"model_args": {"img_size": 64, "depth": 1}})
        assert backbone(tmp_path, timm="vit_tiny_patch16_224", pretrained=arguments).inputs.shape == (3, 64, 64)

    @pytest.mark.parametrize("weights", [None, "IMAGENET1K_V2"])
    def test_the_transform_of_torchvision(self, weights, tmp_path):
        import torchvision

        options = {} if weights is None else {"weights": weights}
        made = backbone(tmp_path, torchvision="mobilenet_v3_large", options=options).inputs
        transform = torchvision.models.get_model_weights("mobilenet_v3_large")[weights or "DEFAULT"].transforms()
        for size in SIZES:
            assert torch.equal(found(made, picture(*size)), transform(picture(*size)))


@pytest.fixture
def texts(tmp_path):
    """A folder of a model with a tokenizer of 60 words."""

    def make(name, n_words=60, **changes):
        saved(make_model(name, **changes), tmp_path / name)
        tokenizer = Tokenizer(models.WordLevel({f"w{k}": k for k in range(n_words)}, unk_token="w1"))
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        tokenizer.save(str(tmp_path / name / "tokenizer.json"))
        return tmp_path

    return make


def test_a_clip_of_transformers(tmp_path):
    (tmp_path / "clip").mkdir()
    widths = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = {"model_type": "clip", "vision_config": {**widths, "image_size": 32, "patch_size": 16}}
    (tmp_path / "clip" / "config.json").write_text(json.dumps({**config, "text_config": widths}))
    processor = {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 32}, "crop_size": 32}
    (tmp_path / "clip" / "preprocessor_config.json").write_text(json.dumps(processor))
    made = backbone(tmp_path, transformers="clip", pretrained=stored_here())
    assert type(made).__name__ == "HfClipBackbone"
    assert made.inputs.shape == (3, 32, 32)
    head = made.random_head(4, torch.Generator().manual_seed(0))
    assert head(torch.randn(2, made.vision.projection_dim)).shape == (2, 4)
    with pytest.raises(ConfigError, match="max_length"):
        backbone(tmp_path, transformers="clip", pretrained=stored_here(), max_length=7)


class TestTexts:
    @pytest.mark.parametrize(
        ("name", "length", "types"),
        [("GPT2", 64, False), ("Bert", 512, True), ("DistilBert", 512, False), ("Roberta", 62, False)],
    )
    def test_as_long_as_positions_reach(self, name, length, types, texts):
        made = backbone(texts(name), transformers=name, pretrained=stored_here())
        assert made.inputs.max_length == length
        assert made.inputs.token_type_ids == types
        assert made.inputs.pad_token_id == made.config.pad_token_id
        stored = made.inputs.stored([("w7 w8 w9",), ("w5",)])
        assert stored["input_ids"][0, :4].tolist() == [7, 8, 9, made.config.pad_token_id]
        inputs = made.inputs.to_input({key: torch.from_numpy(array) for key, array in stored.items()})
        with torch.no_grad():
            features = make_model(name).base_model(**inputs)
        assert features[0].shape[:2] == (2, length)

    @pytest.mark.parametrize(
        ("name", "max_length", "says"),
        [("GPT2", 65, "64 at most"), ("Roberta", 63, "62 at most"), ("Llama", None, "set max_length")],
    )
    def test_lengths_that_cannot_be(self, name, max_length, says, texts):
        folder = texts(name, **({"max_position_embeddings": 100_000} if name == "Llama" else {}))
        with pytest.raises(ConfigError, match=says):
            backbone(folder, transformers=name, pretrained=stored_here(), max_length=max_length)

    def test_a_tokenizer_of_another_model(self, texts):
        with pytest.raises(DataError, match="up to number 60, expected less than the model's vocabulary of 60"):
            backbone(texts("GPT2", n_words=61), transformers="GPT2", pretrained=stored_here())

    def test_another_tokenizer_is_another_key(self, texts):
        first = backbone(texts("GPT2"), transformers="GPT2", pretrained=stored_here()).inputs.key
        assert backbone(texts("GPT2", n_words=59), transformers="GPT2", pretrained=stored_here()).inputs.key != first

    def test_an_export_brings_the_tokenizer(self, texts, tmp_path):
        made = backbone(texts("GPT2"), transformers="GPT2", pretrained=stored_here())
        params = {name: torch.zeros(tensor.shape) for name, tensor in made.build().state_dict().items()}
        made.export(params, None, stored_here(), tmp_path / "out")
        assert (tmp_path / "out" / "tokenizer.json").read_bytes() == (tmp_path / "GPT2" / "tokenizer.json").read_bytes()

    def test_random_weights_need_no_folder(self, tmp_path):
        made = backbone(tmp_path, transformers="openai-community/gpt2", max_length=32)
        n_parameters = sum(parameter.numel() for parameter in made.build().parameters())
        assert n_parameters == 124_439_808
        assert made.inputs.stored([("two words",)])["attention_mask"].sum() == len("two words")


class TestNames:
    @pytest.mark.parametrize(
        ("spec", "error", "says"),
        [
            ({"transformers": "./nowhere/at/all"}, DataError, "no folder"),
            ({"transformers": "empty"}, DataError, "holds no config.json"),
            ({"transformers": "clip"}, DataError, "no preprocessor_config.json"),
            ({"transformers": "vit", "options": {"image_sise": 3}}, UnknownNameError, "did you mean 'image_size'"),
            ({"transformers": "vit", "options": {"image_size": 0}}, ConfigError, "side of its images in pixels"),
            ({"python": "mine.py"}, ConfigError, "file.py:function"),
            ({"python": "mine.py:two words"}, ConfigError, "file.py:function"),
            ({"python": "mine.py:build"}, ConfigError, "mine.py"),
            ({"timm": "resnet1"}, UnknownNameError, "resnet"),
            ({"torchvision": "resnet1"}, UnknownNameError, "resnet"),
        ],
    )
    def test_what_is_refused(self, spec, error, says, tmp_path):
        (tmp_path / "empty").mkdir()
        for name in ("clip", "vit"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "config.json").write_text(json.dumps({"model_type": name}))
        with pytest.raises(error, match=says) as caught:
            backbone(tmp_path, pretrained=stored_here(), **spec)
        assert "\n" not in str(caught.value)

    def test_a_users_function_beside_the_suite_file(self, tmp_path):
        (tmp_path / "mine.py").write_text(
            "from torch import nn\ndef build(width):\n"
            "    body = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, width))\n"
            "    return {'model': body, 'image_size': 8, 'mean': [0.5] * 3, 'std': [0.5] * 3}\n"
        )
        made = backbone(tmp_path, python="mine.py:build", options={"width": 5})
        assert made.inputs.shape == (3, 8, 8)
        assert made.build()[1].weight.shape == (5, 192)
