"""What files of transformers look like in the wild is read; what is of another model is refused in one sentence."""

import copy

import pytest
import torch
import transformers
from tiny_transformers import FORMAT, changed, make_model, saved

from frontrunner.errors import ConfigError, DataError, FrontrunnerError, UnsupportedError
from frontrunner.tasks.backbones.transformers_models.transformers_backbone import TransformersBackbone
from frontrunner.tasks.backbones.transformers_models.transformers_config import (
    classification,
    read_config,
    with_padding,
)


@pytest.fixture(autouse=True)
def quiet():
    transformers.logging.set_verbosity_error()


def backbone_of(stored):
    return TransformersBackbone(stored.config, stored.source, lambda made: FORMAT)


def refusal(function, *args, error=DataError):
    with pytest.raises(error) as caught:
        function(*args)
    message = str(caught.value)
    assert "\n" not in message
    return message


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(tensor, other[name]) for name, tensor in one.items())


@pytest.fixture
def gpt2(tmp_path):
    return saved(make_model("GPT2"), tmp_path / "expert")


@pytest.fixture
def bert(tmp_path):
    return saved(make_model("Bert"), tmp_path / "expert")


class TestNames:
    def test_a_file_of_the_base_model_with_its_old_masks(self, gpt2):
        backbone = backbone_of(gpt2)
        base = {name.removeprefix("transformer."): t for name, t in gpt2.tensors.items() if name != "score.weight"}
        masks = {f"h.{layer}.attn.bias": torch.ones(1, 1, 64, 64) for layer in range(2)}
        masks |= {f"h.{layer}.attn.masked_bias": torch.tensor(-1e4) for layer in range(2)}
        stored = changed(gpt2, dict.fromkeys(gpt2.tensors) | base | masks)
        assert equal(backbone.encoder_weights(stored), backbone.encoder_weights(gpt2))

    def test_a_language_models_file(self, gpt2, tmp_path):
        language = make_model("GPT2", kind="LMHeadModel")
        stored = saved(language, tmp_path / "lm")
        stored = changed(stored, {"lm_head.weight": language.transformer.wte.weight.detach()})
        found = backbone_of(gpt2).encoder_weights(stored)
        assert equal(found, language.transformer.state_dict())

    @pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model.", "module.net."])
    def test_a_prefix_of_training_code(self, bert, prefix):
        backbone = backbone_of(bert)
        wrapped = {f"{prefix}{name}": tensor for name, tensor in bert.tensors.items()}
        stored = changed(bert, dict.fromkeys(bert.tensors) | wrapped)
        assert equal(backbone.encoder_weights(stored), backbone.encoder_weights(bert))
        assert equal(backbone.head(stored).module.state_dict(), backbone.head(bert).module.state_dict())

    def test_the_names_of_the_first_bert_files(self, bert):
        backbone = backbone_of(bert)
        old = {
            name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
            for name, tensor in bert.tensors.items()
        }
        old["bert.embeddings.position_ids"] = torch.arange(512)[None]
        stored = changed(bert, dict.fromkeys(bert.tensors) | old)
        assert any("gamma" in name for name in stored.tensors)
        assert equal(backbone.encoder_weights(stored), backbone.encoder_weights(bert))

    def test_names_that_the_library_changed(self, tmp_path):
        model = make_model("ViT")
        stored = saved(model, tmp_path)  # the library writes the names that it had before
        assert any("attention.attention.query" in name for name in stored.tensors)
        assert equal(backbone_of(stored).encoder_weights(stored), model.vit.state_dict())

    def test_weights_are_not_copied(self, gpt2):
        backbone = backbone_of(gpt2)
        places = {tensor.data_ptr() for tensor in gpt2.tensors.values()}
        assert {tensor.data_ptr() for tensor in backbone.encoder_weights(gpt2).values()} <= places

    def test_the_number_of_batches_may_be_missing(self, tmp_path):
        stored = saved(make_model("ResNet"), tmp_path)
        old = changed(stored, {name: None for name in stored.tensors if name.endswith("num_batches_tracked")})
        found = backbone_of(stored).encoder_weights(old)
        assert any(name.endswith("num_batches_tracked") for name in found)
        assert not any(tensor.is_meta for tensor in found.values())


class TestOtherModels:
    @pytest.mark.parametrize(
        ("tensors", "says"),
        [
            ({"transformer.h.1.mlp.c_fc.weight": None}, ["lacks h.1.mlp.c_fc.weight", "28 weights", "found 27"]),
            (
                {f"transformer.h.{k}.ln_1.weight": None for k in (0, 1)},
                ["h.0.ln_1.weight, h.1.ln_1.weight", "found 26"],
            ),
            ({"transformer.wpe.weight": torch.zeros(32, 16)}, ["wpe.weight of shape (32, 16), expected (64, 16)"]),
            ({"transformer.wte.weight": torch.zeros(61, 16)}, ["vocabulary of 61 tokens", "the model's 60"]),
            (
                {"transformer.h.2.mlp.c_fc.weight": torch.zeros(16, 64)},
                ["h.2.mlp.c_fc.weight", "does not have", "deeper"],
            ),
            ({"transformer.h.0.adapter.weight": torch.zeros(4, 4)}, ["h.0.adapter.weight", "does not have"]),
            ({"transformer.wpe.weight": torch.zeros(64, 16, dtype=torch.int8)}, ["wpe.weight as int8", "quantised"]),
        ],
    )
    def test_layers_that_do_not_fit(self, gpt2, tensors, says):
        message = refusal(backbone_of(gpt2).encoder_weights, changed(gpt2, tensors))
        for part in (gpt2.source, *says):
            assert part in message

    @pytest.mark.parametrize(
        ("name", "changes", "key"),
        [
            ("GPT2", {"activation_function": "gelu"}, "activation_function 'gelu', expected 'gelu_new'"),
            ("GPT2", {"n_head": 4}, "n_head 4, expected 2"),
            ("GPT2", {"scale_attn_weights": False}, "scale_attn_weights False, expected True"),
            ("Bert", {"hidden_act": "relu"}, "hidden_act 'relu', expected 'gelu'"),
            ("Bert", {"layer_norm_eps": 1e-5}, "layer_norm_eps 1e-05, expected 1e-12"),
            ("Llama", {"rms_norm_eps": 1e-5}, "rms_norm_eps 1e-05"),
            ("Llama", {"rope_parameters": {"rope_theta": 5e5, "rope_type": "default"}}, "rope_parameters"),
            ("ViT", {"hidden_act": "quick_gelu"}, "hidden_act 'quick_gelu', expected 'gelu'"),
            ("DistilBert", {"activation": "relu"}, "activation 'relu', expected 'gelu'"),
        ],
    )
    def test_a_configuration_that_states_another_function(self, name, changes, key, tmp_path):
        backbone = backbone_of(saved(make_model(name), tmp_path / "base"))
        other = saved(make_model(name, **changes), tmp_path / "expert")
        message = refusal(backbone.encoder_weights, other)
        assert other.source in message
        assert key in message

    @pytest.mark.parametrize(
        "changes",
        [{"resid_pdrop": 0.5}, {"pad_token_id": 3}, {"initializer_range": 0.1}, {"summary_first_dropout": 0.3}],
    )
    def test_a_configuration_that_differs_in_nothing_that_decides(self, changes, tmp_path):
        backbone = backbone_of(saved(make_model("GPT2"), tmp_path / "base"))
        assert backbone.encoder_weights(saved(make_model("GPT2", **changes), tmp_path / "expert"))

    def test_another_type(self, gpt2, bert):
        message = refusal(backbone_of(gpt2).encoder_weights, changed(bert, config={"model_type": "bert"}))
        assert "model_type 'bert', expected 'gpt2'" in message
        message = refusal(backbone_of(gpt2).encoder_weights, changed(bert, config={"model_type": None}))
        assert "holds no weights of the model" in message

    def test_an_adapter(self, gpt2):
        adapter = {"base_model.model.transformer.h.0.attn.c_attn.lora_A.weight": torch.zeros(4, 16)}
        message = refusal(backbone_of(gpt2).encoder_weights, changed(gpt2, dict.fromkeys(gpt2.tensors) | adapter))
        assert "merge_and_unload" in message

    def test_a_pooler_that_a_language_model_leaves_out(self, bert):
        missing = {name: None for name in bert.tensors if "pooler" in name}
        message = refusal(backbone_of(bert).encoder_weights, changed(bert, missing))
        assert "pooler.dense.weight" in message
        assert "random numbers" in message


class TestConfigurations:
    @pytest.mark.parametrize(
        ("raw", "error", "says"),
        [
            ({}, DataError, "no model_type"),
            ({"architecture": "resnet10t"}, DataError, "timm: resnet10t"),
            ({"model_type": "gpt22"}, DataError, "model_type 'gpt22'"),
            ({"model_type": "gpt2", "auto_map": {"AutoConfig": "x.Y"}}, DataError, "never run"),
            ({"model_type": "own", "auto_map": {"AutoConfig": "x.Y"}}, DataError, "never run"),
            ({"model_type": "gpt2", "quantization_config": {"bits": 4}}, UnsupportedError, "quantised"),
            ({"model_type": "gpt2", "n_embd": "wide"}, DataError, "not valid"),
            ({"model_type": "bart"}, UnsupportedError, "encoder-decoder"),
            ({"model_type": "xlnet"}, UnsupportedError, "on the left"),
        ],
    )
    def test_what_is_refused(self, raw, error, says):
        message = refusal(read_config, raw, "models/mine", error=error)
        assert "models/mine" in message
        assert says in message

    def test_a_model_that_classifies_nothing(self):
        config = read_config({"model_type": "vits"}, "models/mine")
        assert "neither" in refusal(classification, config, "models/mine", error=UnsupportedError)

    @pytest.mark.parametrize("ending", ["ForSequenceClassification", "ForImageClassificationLearned"])
    def test_a_model_that_classifies_both(self, ending):
        raw = {"model_type": "perceiver", "architectures": [f"Perceiver{ending}"]}
        if ending.endswith("Learned"):
            assert "expected architectures" in refusal(
                classification, read_config({"model_type": "perceiver"}, "m"), "m", error=ConfigError
            )
        else:
            assert classification(read_config(raw, "m"), "m")[0] == "text"

    @pytest.mark.parametrize("token", [None, 99])
    def test_no_token_that_pads(self, token):
        config = read_config({"model_type": "gpt2", "vocab_size": 60, "eos_token_id": token}, "m")
        assert "pad_token_id" in refusal(with_padding, config, "m")

    @pytest.mark.parametrize(("stated", "ends", "pads"), [(7, 5, 7), (0, 5, 0), (None, 5, 5), (-1, [5, 6], 5)])
    def test_which_token_pads(self, stated, ends, pads):
        raw = {"model_type": "llama", "vocab_size": 60, "eos_token_id": ends, "pad_token_id": stated}
        assert with_padding(read_config(raw, "m"), "m").pad_token_id == pads


class TestHeads:
    def test_classes_come_from_the_shape_and_names_from_the_configuration(self, tmp_path):
        backbone = backbone_of(saved(make_model("Bert", n_classes=2), tmp_path / "base"))
        named = saved(make_model("Bert", n_classes=5, id2label=dict(enumerate("abcde"))), tmp_path / "a")
        plain = saved(make_model("Bert", n_classes=4), tmp_path / "b")
        assert backbone.head(named).classes == tuple("abcde")
        assert backbone.head(plain).classes is None
        features = {"last_hidden_state": torch.randn(2, 4, 16), "pooler_output": torch.randn(2, 16)}
        features["input_ids"] = torch.ones(2, 4, dtype=torch.long)
        assert backbone.head(named).module(features).shape == (2, 5)
        assert backbone.head(plain).module(features).shape == (2, 4)

    @pytest.mark.parametrize("name", ["Bert", "GPT2", "ViT"])
    def test_a_head_by_another_name_or_alone(self, name, tmp_path):
        stored = saved(make_model(name), tmp_path)
        backbone = backbone_of(stored)
        expected = backbone.head(stored).module.state_dict()
        own = "score" if name == "GPT2" else "classifier"
        layer = {key.rpartition(".")[2]: tensor for key, tensor in stored.tensors.items() if key.startswith(f"{own}.")}
        renamed = changed(
            stored,
            {f"{own}.{key}": None for key in layer} | {f"my_head.{key}": tensor for key, tensor in layer.items()},
        )
        alone = changed(stored, dict.fromkeys(stored.tensors) | layer)
        only_head = changed(stored, {key: None for key in stored.tensors if not key.startswith(f"{own}.")})
        assert equal(backbone.head(renamed, "my_head").module.state_dict(), expected)
        assert equal(backbone.head(stored, own).module.state_dict(), expected)
        assert equal(backbone.head(alone).module.state_dict(), expected)
        assert equal(backbone.head(only_head).module.state_dict(), expected)

    @pytest.mark.parametrize(
        ("tensors", "config", "says"),
        [
            ({"classifier.weight": None, "classifier.bias": None}, {}, "no complete head: expected classifier.bias"),
            ({"classifier.weight": None, "cls.weight": torch.zeros(3, 16)}, {}, "beside the encoder it has"),
            ({"classifier.weight": torch.zeros(3, 15)}, {}, "expected ('classes', 16)"),
            ({"classifier.bias": torch.zeros(4)}, {}, "different numbers of classes"),
            ({"classifier.weight": torch.zeros(1, 16), "classifier.bias": torch.zeros(1)}, {}, "regression"),
            ({}, {"problem_type": "regression"}, "regression"),
            ({}, {"problem_type": "multi_label_classification"}, "one that tells classes apart"),
            ({}, {"id2label": {"0": "a", "1": "b"}}, "names 2 classes"),
            ({}, {"id2label": {"zero": "a", "1": "b", "2": "c"}}, "names 3 classes"),
        ],
    )
    def test_what_is_refused(self, bert, tensors, config, says):
        message = refusal(backbone_of(bert).head, changed(bert, tensors, config))
        assert says in message
        assert bert.source in message

    def test_a_name_that_is_not_there(self, bert, tmp_path):
        assert "no complete head" in refusal(backbone_of(bert).head, bert, "other")
        roberta = saved(make_model("Roberta"), tmp_path / "roberta")
        assert "cannot be called 'other'" in refusal(backbone_of(roberta).head, roberta, "other")

    def test_a_head_is_not_the_files_memory(self, bert):
        head = backbone_of(bert).head(bert).module
        before = copy.deepcopy(dict(bert.tensors))
        with torch.no_grad():
            for weight in head.parameters():
                weight.add_(1)
        assert equal(before, dict(bert.tensors))


def test_no_text_tower(bert):
    with pytest.raises(FrontrunnerError, match="text tower"):
        backbone_of(bert).zero_shot_head(bert, ["a"], ["{}"])
