"""Zero-shot heads: those of the text tower of the pre-trained file, whoever wrote it, made once."""

import dataclasses
from unittest.mock import Mock

import pytest
import torch
from small_clips import TEXT, architecture_folder, hugging_face_model, open_clip_model

from frontrunner.errors import ConfigError, DataError
from frontrunner.tasks.backbones import make_backbone
from frontrunner.tasks.backbones.clip.zero_shot import ZeroShotHead, cached_zero_shot_head, zero_shot_weight
from frontrunner.tasks.suite_file.schema import ModelSpec
from frontrunner.tasks.weight_files.stored_weights import StoredWeights
from frontrunner.tasks.weight_files.weight_digest import digest_weights

CLASSES = ["annual crop land", "forest", "river", "sea or lake", "pasture"]
TEMPLATES = ["a satellite photo of {}.", "aerial imagery of the {}."]


def stored(tensors, config=None):
    return StoredWeights(tensors, "base.safetensors", config or {}, digest_weights(tensors))


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("architecture")
    return make_backbone(ModelSpec(open_clip=architecture_folder(folder)), folder, None)


def by_hand(model, classes, templates):
    """Section 3.1.4 of arXiv 2103.00020, one prompt at a time."""
    import open_clip

    tokenize = open_clip.get_tokenizer("ViT-B-32")
    rows = []
    for name in classes:
        tokens = [tokenize([t.replace("{}", name)], context_length=16) for t in templates]
        features = [model.encode_text(one)[0] for one in tokens]
        mean = torch.stack([one / one.norm() for one in features]).mean(dim=0)
        rows.append(mean / mean.norm() * model.logit_scale.exp())
    return torch.stack(rows)


@torch.no_grad()
def test_the_head_is_that_of_the_paper_in_the_order_of_classes(backbone):
    model = open_clip_model()
    head = backbone.zero_shot_head(stored(model.state_dict()), CLASSES, TEMPLATES)
    assert torch.allclose(head.weight, by_hand(model, CLASSES, TEMPLATES), atol=1e-4)
    features = torch.randn(4, 24)
    expected = features / features.norm(dim=1, keepdim=True) @ head.weight.T
    assert torch.allclose(head(features), expected, atol=1e-4)
    turned = backbone.zero_shot_head(stored(model.state_dict()), CLASSES[::-1], TEMPLATES)
    assert torch.allclose(turned.weight, head.weight.flip(0), atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("templates", [TEMPLATES, ["a photo of a {}"], ["{}", "a {}", "many {}", "the {}!"]])
@pytest.mark.parametrize("classes", [CLASSES, ["one", "two"]])
def test_the_head_is_open_clips_own_classifier(classes, templates, backbone):
    import open_clip

    model = open_clip_model()
    tokenize = open_clip.get_tokenizer("ViT-B-32", context_length=TEXT["context_length"])
    theirs = open_clip.build_zero_shot_classifier(model, tokenize, classes, templates)
    head = backbone.zero_shot_head(stored(model.state_dict()), classes, templates)
    torch.testing.assert_close(head.weight / model.logit_scale.exp(), theirs.T, atol=1e-6, rtol=1e-5)
    images = torch.randn(5, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    logits = model.logit_scale.exp() * model.encode_image(images, normalize=True) @ theirs
    torch.testing.assert_close(head(model.encode_image(images)), logits, atol=1e-4, rtol=1e-5)


@torch.no_grad()
def test_a_file_of_hugging_face_gives_the_head_of_its_text_tower(backbone):
    from small_clips import hugging_face_config

    theirs = hugging_face_model()
    head = backbone.zero_shot_head(stored(theirs.state_dict(), hugging_face_config().to_dict()), CLASSES, TEMPLATES)
    import open_clip

    tokens = open_clip.get_tokenizer("ViT-B-32")(["a satellite photo of river."], context_length=16)
    features = theirs.get_text_features(tokens).pooler_output
    one = backbone.zero_shot_head(stored(theirs.state_dict()), ["river", "sea"], TEMPLATES[:1])
    assert torch.allclose(one.weight[:1], features / features.norm() * theirs.logit_scale.exp(), atol=1e-4)
    assert head.weight.shape == (5, 24)


def test_a_head_is_made_once_and_its_prompts_and_weights_are_its_name():
    tower = Mock(return_value=(lambda prompts: torch.eye(3)[: len(prompts)], torch.tensor(2.0)))
    make = [
        ({"a": 1}, ("x", "y"), ("{}",)),
        ({"a": 1}, ("y", "x"), ("{}",)),
        ({"a": 1}, ("x", "y"), ("a {}",)),
        ({"a": 2}, ("x", "y"), ("{}",)),
    ]
    for key, classes, templates in make:
        first = cached_zero_shot_head(key, tower, classes, templates)
        again = cached_zero_shot_head(key, tower, classes, templates)
        assert torch.equal(first.weight, again.weight)
    assert tower.call_count == len(make)


@pytest.mark.parametrize("prompts_at_once", [1, 2, 3, 7, 100])
def test_batches_of_prompts_change_nothing(prompts_at_once):
    def encode(prompts):
        generator = torch.Generator().manual_seed(0)
        table = torch.nn.functional.normalize(torch.randn(1000, 4, generator=generator), dim=1)
        return table[[sum(prompt.encode()) % 1000 for prompt in prompts]]

    expected = zero_shot_weight(encode, CLASSES, TEMPLATES, prompts_at_once=1)
    found = zero_shot_weight(encode, CLASSES, TEMPLATES, prompts_at_once=prompts_at_once)
    assert torch.allclose(found, expected)
    assert torch.allclose(found.norm(dim=1), torch.ones(5))


@pytest.mark.parametrize(
    ("classes", "templates", "message"),
    [([], ["{}"], "0 and 1"), (["a"], [], "1 and 0"), (["a"], ["a photo of a {}", "a photo"], "found 'a photo'")],
)
def test_prompts_that_make_no_head_are_refused(classes, templates, message):
    with pytest.raises(ConfigError, match=message):
        cached_zero_shot_head({}, Mock(), classes, templates)


def test_braces_in_class_names_and_templates_are_letters(backbone):
    seen = []

    def encode(prompts):
        seen.extend(prompts)
        return torch.ones(len(prompts), 2)

    zero_shot_weight(encode, ["{a}"], ["{} of {set}"])
    assert seen == ["{a} of {set}"]


def test_a_pretrained_file_without_a_text_tower_is_refused(backbone):
    whole = open_clip_model().state_dict()
    tower = {name: tensor for name, tensor in whole.items() if name.startswith("visual.")}
    with pytest.raises(DataError, match=r"base\.safetensors holds no text tower, which a zero-shot head needs"):
        backbone.zero_shot_head(stored(tower), CLASSES, TEMPLATES)
    less = {name: tensor for name, tensor in whole.items() if name != "transformer.resblocks.1.ln_1.bias"}
    with pytest.raises(DataError, match=r"base\.safetensors lacks transformer\.resblocks\.1\.ln_1\.bias"):
        backbone.zero_shot_head(stored(less), CLASSES, TEMPLATES)


def test_a_text_tower_that_states_another_activation_is_refused(backbone):
    config = {"model_type": "clip", "vision_config": {}, "text_config": {"hidden_act": "gelu"}}
    weights = dataclasses.replace(stored(open_clip_model().state_dict()), config=config)
    with pytest.raises(DataError, match=r"base\.safetensors states GELU, the architecture has QuickGELU"):
        backbone.zero_shot_head(weights, CLASSES, TEMPLATES)


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "clip", "vision_config": {}, "text_config": {"num_attention_heads": 4}},
        {"model_cfg": {"quick_gelu": True, "vision_cfg": {}, "text_cfg": {**TEXT, "heads": 4}}},
    ],
)
def test_a_text_tower_that_states_other_heads_is_refused(backbone, config):
    weights = dataclasses.replace(stored(open_clip_model().state_dict()), config=config)
    with pytest.raises(DataError, match=r"base\.safetensors states (num_attention_)?heads 4, expected 2"):
        backbone.zero_shot_head(weights, CLASSES, TEMPLATES)


def test_half_precision_text_towers_are_run_in_single(backbone):
    whole = open_clip_model().state_dict()
    half = {name: tensor.half() for name, tensor in whole.items()}
    expected = backbone.zero_shot_head(stored(whole), CLASSES, TEMPLATES)
    found = backbone.zero_shot_head(stored(half), CLASSES, TEMPLATES)
    assert found.weight.dtype == torch.float32
    assert torch.allclose(found.weight, expected.weight, atol=0.1)
    assert not torch.equal(found.weight, expected.weight)


def test_a_trained_head_may_have_a_bias():
    head = ZeroShotHead(torch.eye(2), torch.tensor([1.0, -1.0]))
    assert torch.allclose(head(torch.tensor([[3.0, 4.0]])), torch.tensor([[1.6, -0.2]]))
    assert list(ZeroShotHead(torch.eye(2)).state_dict()) == ["weight"]


@torch.no_grad()
@pytest.mark.parametrize("shape", [(), (1,)])
def test_the_temperature_is_one_number_in_either_shape(backbone, shape):
    whole = dict(open_clip_model().state_dict())
    whole["logit_scale"] = torch.full(shape, 2.0)
    head = backbone.zero_shot_head(stored(whole), CLASSES, TEMPLATES)
    assert torch.allclose(head.weight.norm(dim=1), torch.tensor(2.0).exp().expand(5))


@torch.no_grad()
@pytest.mark.parametrize(
    "templates", [["{}"], ["a {}", "a much longer prompt that goes on about the {} and more words"]]
)
def test_prompts_are_read_to_the_end_of_the_longest(backbone, templates):
    model = open_clip_model(seed=3)
    head = backbone.zero_shot_head(stored(model.state_dict()), CLASSES, templates)
    assert torch.allclose(head.weight, by_hand(model, CLASSES, templates), atol=1e-4)
