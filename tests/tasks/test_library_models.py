"""What shipped suites write is loaded by the plain library and gives the learner's logits, the head included."""

import json

import numpy as np
import open_clip
import pytest
import timm
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
import transformers
from PIL import Image
from safetensors.torch import load_file
from torch import nn

from frontrunner.tasks import SUITES
from frontrunner.tasks.backbones.backbone import Head
from frontrunner.tasks.cnn_mini import efficientnet
from frontrunner.tasks.text_mini.gpt2 import gpt2_backbone, load_gpt2
from frontrunner.tasks.vision_mini.clip import load_clip, to_input, zero_shot_head

CPU = torch.device("cpu")


def moved(weights):
    """A model near another, as a merge gives."""
    generator = torch.Generator().manual_seed(0)
    return {
        name: tensor + 0.05 * tensor.std().nan_to_num(0.0) * torch.randn(tensor.shape, generator=generator)
        if tensor.is_floating_point() and "running" not in name
        else tensor
        for name, tensor in weights.items()
    }


def picture(side):
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8))


def pixels(image):
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]


@torch.no_grad()
def test_vision_mini_is_a_clip_of_open_clip(tmp_path):
    suite = SUITES.get("vision-mini")()
    clip, tokenizer = load_clip(CPU)
    params = moved(clip.visual.state_dict())
    names = suite.class_names("digits")
    head = zero_shot_head(clip, tokenizer, "digits", names)
    suite.library_model().write(params, Head(head, names), tmp_path)

    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{tmp_path}")
    image = picture(32)
    features = model.eval().encode_image(preprocess(image)[None])
    logits = F.normalize(features, dim=-1) @ load_file(tmp_path / "head.safetensors")["weight"].T
    expected = head(torch.func.functional_call(clip.visual, params, (to_input(pixels(image)),)))
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=0)
    tokens = torch.tensor([[1, 2, 3, *[0] * 13]])
    torch.testing.assert_close(model.encode_text(tokens), clip.encode_text(tokens))  # the text tower as it was


@torch.no_grad()
def test_vision_mini_is_a_clip_of_transformers_too(tmp_path):
    suite = SUITES.get("vision-mini")()
    model = suite.library_model()
    assert model.libraries == ("open_clip", "transformers")
    clip, tokenizer = load_clip(CPU)
    params = moved(clip.visual.state_dict())
    head = zero_shot_head(clip, tokenizer, "digits", suite.class_names("digits"))
    model.write(params, Head(head, None), tmp_path, "transformers")
    tower = transformers.CLIPVisionModelWithProjection.from_pretrained(tmp_path).eval()
    prepare = transformers.AutoImageProcessor.from_pretrained(tmp_path, backend="pil")
    image = picture(32)
    features = tower(**prepare(image, return_tensors="pt")).image_embeds
    logits = F.normalize(features, dim=-1) @ load_file(tmp_path / "head.safetensors")["weight"].T
    expected = head(torch.func.functional_call(clip.visual, params, (to_input(pixels(image)),)))
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize("with_head", [True, False])
def test_text_mini_is_a_gpt2_of_transformers(with_head, tmp_path):
    suite = SUITES.get("text-mini")()
    names = suite.class_names("glosses")
    params = moved(load_gpt2(CPU).pretrained)
    backbone = gpt2_backbone()
    head = backbone.random_head(len(names), torch.Generator().manual_seed(0))
    suite.library_model().write(params, Head(head, names) if with_head else None, tmp_path)

    texts = ["the act of moving", "a plant with yellow flowers that grows by the sea"]
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    given = backbone.inputs.to_input({name: torch.from_numpy(v) for name, v in backbone.inputs.stored(texts).items()})
    kind = transformers.AutoModelForSequenceClassification if with_head else transformers.AutoModel
    model = kind.from_pretrained(tmp_path).eval()
    features = torch.func.functional_call(_Run(backbone), {f"encoder.{n}": t for n, t in params.items()}, (given,))
    for row, text in enumerate(texts):
        found = model(**tokenizer(text, return_tensors="pt"))
        if with_head:
            torch.testing.assert_close(found.logits[0], head(features)[row], atol=1e-5, rtol=0)
            assert tuple(model.config.id2label.values()) == names
        else:
            states = found.last_hidden_state[0]
            expected = features["last_hidden_state"][row, : len(states)]
            torch.testing.assert_close(states, expected, atol=1e-5, rtol=0)


class _Run(nn.Module):
    def __init__(self, backbone):
        super().__init__()
        self.backbone, self.encoder = backbone, backbone.build()

    def forward(self, inputs):
        return self.backbone.run(self.encoder, inputs)


@torch.no_grad()
def test_cnn_mini_is_a_network_of_timm(tmp_path):
    suite = SUITES.get("cnn-mini")()
    network = efficientnet.build()
    params = moved(network.state_dict())
    names = suite.class_names("emoji")
    head = nn.Linear(efficientnet.FEATURES, len(names))
    suite.library_model().write(params, Head(head, names), tmp_path)

    model = timm.create_model(f"local-dir:{tmp_path}", pretrained=True).eval()
    inputs = efficientnet.to_input(pixels(picture(32)))
    expected = head(torch.func.functional_call(network, params, (inputs,)))
    torch.testing.assert_close(model(inputs), expected, atol=1e-5, rtol=0)
    preprocess = timm.data.create_transform(**timm.data.resolve_model_data_config(model))
    # On images of the network's own size nothing is enlarged, so that the transforms agree but for rounding.
    image = picture(efficientnet.SIDE)
    own = (pixels(image).float() - efficientnet.MEAN) / efficientnet.DEVIATION
    torch.testing.assert_close(preprocess(image)[None], own, atol=1e-5, rtol=0)
    assert json.loads((tmp_path / "config.json").read_text())["label_names"] == list(names)


@pytest.mark.parametrize("name", ["vision-mini", "text-mini", "cnn-mini", "sequence-mini"])
def test_shipped_suites_say_what_their_sources_are_licensed_under(name):
    suite = SUITES.get(name)()
    task = suite.tasks[0]
    found = suite.licences((task,))
    assert all(found.values())
    assert any(task in source for source in found)
    assert suite.class_names(task)


def test_suites_without_a_library_say_so():
    assert SUITES.get("sequence-mini")().library_model() is None
    toy = SUITES.get("convex-toy")()
    assert (toy.library_model(), toy.class_names("a"), dict(toy.licences(toy.tasks))) == (None, None, {})
