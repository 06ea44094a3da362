"""CLIPs of the paper's size with random weights: both libraries' own code gives the logits of one model."""

from pathlib import Path

import open_clip
import pytest
import torch
from small_clips import randomized
from torch.func import functional_call

from frontrunner.tasks.backbones import make_backbone
from frontrunner.tasks.suite_file.schema import ModelSpec
from frontrunner.tasks.weight_files.read_weights import read_weights

CLASSES = ["annual crop land", "forest", "river"]
TEMPLATES = ["a centered satellite photo of {}.", "a centered satellite photo of the {}."]


@pytest.mark.slow
@torch.no_grad()
def test_a_clip_of_hugging_face_and_its_export_give_the_same_logits_at_full_size(tmp_path):
    from transformers import CLIPConfig, CLIPModel

    theirs = randomized(CLIPModel(CLIPConfig()))  # the default is ViT-B/32
    theirs.save_pretrained(tmp_path / "theirs")
    backbone = make_backbone(ModelSpec(open_clip="ViT-B-32-quickgelu"), Path(), None)
    pretrained = read_weights(tmp_path / "theirs")
    weights = backbone.encoder_weights(pretrained)
    head = backbone.zero_shot_head(pretrained, CLASSES, TEMPLATES)
    images = torch.randn(4, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    found = head(functional_call(backbone.build(), weights, (images,)))

    rows = []
    for name in CLASSES:
        tokens = open_clip.get_tokenizer("ViT-B-32")([template.replace("{}", name) for template in TEMPLATES])
        features = torch.nn.functional.normalize(theirs.get_text_features(tokens).pooler_output, dim=1)
        rows.append(torch.nn.functional.normalize(features.mean(dim=0), dim=0))
    embeds = torch.nn.functional.normalize(theirs.get_image_features(images).pooler_output, dim=1)
    expected = theirs.logit_scale.exp() * embeds @ torch.stack(rows).T
    assert torch.allclose(found, expected, atol=1e-5)

    backbone.export(weights, None, pretrained, tmp_path / "out")
    model, _, _ = open_clip.create_model_and_transforms(f"local-dir:{tmp_path / 'out'}")
    features = model.eval().encode_image(images)
    exported = head(features)
    assert torch.allclose(exported, expected, atol=1e-5)
    assert type(model.visual.transformer.resblocks[0].mlp.gelu).__name__ == "QuickGELU"

    (tmp_path / "theirs" / "preprocessor_config.json").write_text('{"image_processor_type": "CLIPImageProcessor"}')
    own = make_backbone(ModelSpec(transformers="theirs"), tmp_path, pretrained)
    back = own.encoder_weights(read_weights(tmp_path / "out"))
    assert all(torch.equal(back[name], theirs.state_dict()[name]) for name in back)
    own.export(back, None, pretrained, tmp_path / "back")
    again = CLIPModel.from_pretrained(tmp_path / "back").get_image_features(images).pooler_output
    assert torch.allclose(again, theirs.get_image_features(images).pooler_output, atol=1e-5)
