"""Encoders and heads of transformers give what the library's own classifiers give, before and after an export."""

import copy
import json
import pickle

import pytest
import torch
import transformers
from tiny_transformers import FORMAT, IMAGE_MODELS, TEXT_MODELS, inputs_of, make_model, saved

from frontrunner.tasks.backbones.transformers_models.transformers_backbone import TransformersBackbone
from frontrunner.tasks.problem import Params
from frontrunner.tasks.recomputation import call_within, with_weights
from frontrunner.tasks.rows import split_rows

NAMES = [*TEXT_MODELS, *IMAGE_MODELS]


@pytest.fixture(autouse=True)
def quiet():
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def backbone_of(stored):
    return TransformersBackbone(stored.config, stored.source, lambda made: FORMAT)


@torch.no_grad()
def features_of(backbone, params: Params, inputs):
    encoder = backbone.build()
    given = inputs.get("pixel_values", inputs)
    return call_within(with_weights(encoder, params), backbone.run, encoder, given)


@torch.no_grad()
def logits_of(model, inputs):
    return model(**inputs).logits


@pytest.mark.parametrize("name", NAMES)
class TestLogits:
    def test_encoder_and_head_give_the_classifiers_logits(self, name, tmp_path):
        model = make_model(name)
        stored = saved(model, tmp_path)
        backbone = backbone_of(stored)
        if name in TEXT_MODELS:
            model.config.pad_token_id = backbone.config.pad_token_id
        features = features_of(backbone, backbone.encoder_weights(stored), inputs_of(name))
        head = pickle.loads(pickle.dumps(copy.deepcopy(backbone.head(stored).module)))
        expected = logits_of(model, inputs_of(name))
        assert expected.std() > 1e-3
        torch.testing.assert_close(head(features), expected, atol=1e-5, rtol=1e-5)
        by_parts = torch.cat([head(part) for part in split_rows(features, [1, 2])])
        torch.testing.assert_close(by_parts, expected, atol=1e-5, rtol=1e-5)

    def test_the_head_holds_no_weight_of_the_encoder(self, name, tmp_path):
        stored = saved(make_model(name, n_classes=7), tmp_path)
        backbone = backbone_of(stored)
        encoder, head = backbone.encoder_weights(stored), backbone.head(stored).module
        n_stored = sum(tensor.numel() for tensor in stored.tensors.values())
        n_held = sum(tensor.numel() for tensor in (*encoder.values(), *head.state_dict().values()))
        assert n_held == n_stored
        assert not any(parameter.requires_grad for parameter in head.parameters())
        assert {key: tensor.shape for key, tensor in backbone.build().state_dict().items()} == {
            key: tensor.shape for key, tensor in encoder.items()
        }

    def test_the_library_loads_an_export(self, name, tmp_path):
        pretrained = saved(make_model(name, seed=1), tmp_path / "base")
        stored = saved(make_model(name, id2label={0: "cat", 1: "dog", 2: "cow"}), tmp_path / "expert")
        backbone = backbone_of(pretrained)
        base, expert = backbone.encoder_weights(pretrained), backbone.encoder_weights(stored)
        routed = {
            key: (base[key] + tensor) / 2 if tensor.is_floating_point() else tensor for key, tensor in expert.items()
        }
        head = backbone.head(stored)
        expected = head.module(features_of(backbone, routed, inputs_of(name)))
        backbone.export(routed, head, pretrained, tmp_path / "out")
        auto = "AutoModelForSequenceClassification" if name in TEXT_MODELS else "AutoModelForImageClassification"
        loaded, report = getattr(transformers, auto).from_pretrained(tmp_path / "out", output_loading_info=True)
        assert not any(report.values())
        assert loaded.config.id2label == {0: "cat", 1: "dog", 2: "cow"}
        torch.testing.assert_close(logits_of(loaded.eval(), inputs_of(name)), expected, atol=1e-5, rtol=1e-5)

    def test_the_library_loads_an_encoder_alone(self, name, tmp_path):
        stored = saved(make_model(name), tmp_path / "expert")
        backbone = backbone_of(stored)
        params = backbone.encoder_weights(stored)
        backbone.export(params, None, stored, tmp_path / "out")
        loaded, report = transformers.AutoModel.from_pretrained(tmp_path / "out", output_loading_info=True)
        assert not report["unexpected_keys"]
        assert all("pooler" in key for key in report["missing_keys"])  # which the classifier's base has not
        assert {key for key in params if not torch.equal(params[key], loaded.state_dict()[key])} == set()

    @pytest.mark.parametrize("kind", [None, "Model"])
    def test_an_encoder_keeps_its_own_configuration(self, name, kind, tmp_path):
        labels = {} if kind else {"id2label": {0: "cat", 1: "dog", 2: "cow"}}
        model = make_model(name, kind=kind, problem_type="multi_label_classification", **labels)
        stored = saved(model, tmp_path / "expert")
        backbone = backbone_of(stored)
        for part in backbone.build().modules():
            if (config := getattr(part, "config", None)) is not None:
                assert config.num_labels == model.config.num_labels == 3
                assert config.id2label == model.config.id2label
                assert config.label2id == model.config.label2id
                assert config.architectures == [type(model).__name__]
                assert config.problem_type == "multi_label_classification"
        base = getattr(model, model.base_model_prefix, model)
        params = {key: base.state_dict()[key] for key in backbone.build().state_dict()}
        backbone.export(params, None, stored, tmp_path / "out")
        written = json.loads((tmp_path / "out" / "config.json").read_text())
        given = {**stored.config, "architectures": [type(base).__name__]}
        if name in TEXT_MODELS:
            given["pad_token_id"] = backbone.config.pad_token_id  # texts are padded
        assert written == given


@pytest.mark.parametrize("name", TEXT_MODELS)
@pytest.mark.parametrize("length", [1, 5])
@pytest.mark.parametrize("ends_with_padding", [False, True])
def test_a_text_alone_and_in_a_padded_batch_are_equal(name, length, ends_with_padding, tmp_path):
    stored = saved(make_model(name), tmp_path)
    backbone = backbone_of(stored)
    params, head = backbone.encoder_weights(stored), backbone.head(stored).module
    text = inputs_of(name)["input_ids"][:1, :length].clone()
    if ends_with_padding:
        text[0, -1] = backbone.config.pad_token_id
    alone = head(features_of(backbone, params, {"input_ids": text, "attention_mask": torch.ones_like(text)}))
    batch = inputs_of(name)
    batch["input_ids"][0, :length] = text
    batch["attention_mask"][0, length:] = 0  # what it hides is a text that goes on: no token is known to pad
    together = head(features_of(backbone, params, batch))
    torch.testing.assert_close(together[:1], alone, atol=1e-5, rtol=1e-5)
    if length > 1:  # the mask decides
        batch["attention_mask"][0, 1:] = 0
        assert (head(features_of(backbone, params, batch))[:1] - alone).abs().max() > 1e-3


def test_tables_that_no_file_holds_have_values(tmp_path):
    stored = saved(make_model("Llama"), tmp_path)
    encoder = backbone_of(stored).build()
    buffers = dict(encoder.named_buffers())
    assert buffers
    assert all(not buffer.is_meta for buffer in buffers.values())
    assert all(parameter.is_meta for parameter in encoder.parameters())
