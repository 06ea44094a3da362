"""A first suite file says of loose files what their tensors tell, and what they do not."""

import pytest
import timm
import torch
import torchvision
import yaml
from safetensors.torch import save_file

from frontrunner.errors import DataError
from frontrunner.tasks.backbones.recognised_weights import recognised
from frontrunner.tasks.suite_file.first_draft import draft_suite_file
from frontrunner.tasks.suite_file.schema import SuiteFile


def shapes_of(make):
    with torch.device("meta"):
        return {name: tuple(tensor.shape) for name, tensor in make().state_dict().items()}


def drafted(folder, files):
    """The text of the suite file of a folder of loose files; weights are (shapes) or tensors by name."""
    for name, shapes in files.items():
        file = folder / name
        tensors = {key: torch.zeros(shape) for key, shape in shapes.items()}
        if file.suffix == ".safetensors":
            save_file(tensors, file)
        else:
            torch.save(tensors, file)
    draft_suite_file(folder, folder / "suite.yaml")
    text = (folder / "suite.yaml").read_text()
    SuiteFile.model_validate(yaml.safe_load(text))
    return text


CLIP = {"visual.conv1.weight": (8, 3, 4, 4), "visual.transformer.resblocks.0.ln_1.weight": (8,)}
RESNET = {"conv1.weight": (8, 3, 7, 7), "layer1.0.conv1.weight": (8, 8, 3, 3), "fc.weight": (5, 8)}
UNKNOWN = {"stem.kernel": (8, 3), "tail.kernel": (5, 8), "tail.offset": (5,)}
GPT2 = {"transformer.h.0.attn.c_attn.weight": (8, 24), "transformer.wte.weight": (9, 8)}


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize(
    ("shapes", "said", "model"),
    [
        (CLIP, ["a CLIP of open_clip", "QuickGELU"], {"open_clip": "NAME"}),
        (RESNET, ["a ResNet of torchvision or timm"], {"torchvision": "NAME"}),
        (GPT2, ["a GPT-2 of transformers", "config.json"], {"transformers": "NAME"}),
        (UNKNOWN, ["stem.kernel", "tail.offset", "a function of yours"], {"python": "my_model.py:build"}),
    ],
)
def test_loose_files_are_told_by_their_tensors(shapes, said, model, suffix, tmp_path):
    text = drafted(tmp_path, {f"base{suffix}": shapes, f"cars{suffix}": {f"model.{k}": v for k, v in shapes.items()}})
    assert yaml.safe_load(text)["model"] == model
    about = text[: text.index("model: {")]
    assert "DECIDE" in about
    assert [part for part in [f"base{suffix}", *said] if part not in about] == []
    assert list(yaml.safe_load(text)["tasks"]) == ["cars"]
    assert "pre-trained model is" not in text


@pytest.mark.parametrize(
    ("make", "model"),
    [
        (lambda: torchvision.models.resnet18(), "torchvision: resnet18"),
        (lambda: torchvision.models.resnet50(), "torchvision: resnet50"),
        (lambda: timm.create_model("resnet34"), "torchvision: resnet34"),
        (lambda: torchvision.models.vit_b_32(), "torchvision: vit_b_32"),
        (lambda: timm.create_model("vit_small_patch16_224"), "timm: vit_small_patch16_224"),
        (
            lambda: timm.create_model("vit_tiny_patch16_224", img_size=64),
            "timm: vit_tiny_patch16_224, options: {img_size: 64}",
        ),
        (lambda: timm.create_model("convnext_tiny"), ""),
    ],
)
@pytest.mark.parametrize("prefix", ["", "model.", "module.encoder."])
def test_names_and_shapes_tell_an_architecture(make, model, prefix):
    found = recognised({f"{prefix}{name}": shape for name, shape in shapes_of(make).items()})
    assert found is not None
    assert found.model == model


@pytest.mark.parametrize("name", ["ViT-B-32", "ViT-B-16", "ViT-L-14", "ViT-H-14"])
def test_sizes_tell_a_clip(name):
    import open_clip

    shapes = shapes_of(lambda: open_clip.create_model(name, device="meta", precision="fp32"))
    assert recognised(shapes).model == f"open_clip: {name}"


def test_files_of_heads_go_to_their_experts(tmp_path):
    head = {"weight": (5, 8), "bias": (5,)}
    files = {
        "zeroshot.pt": CLIP,
        "Cars.pt": CLIP,
        "DTD.pt": CLIP,
        "head_Cars.pt": head,
        "DTD_head.safetensors": {"classification_head.weight": (5, 8)},
        "head_MNIST.pt": head,
    }
    spec = yaml.safe_load(text := drafted(tmp_path, files))
    assert {task: one["head"] for task, one in spec["tasks"].items()} == {
        "Cars": {"file": "head_Cars.pt"},
        "DTD": {"file": "DTD_head.safetensors"},
    }
    assert "no expert is called like these heads: head_MNIST.pt" in text
    for name in ("zeroshot.pt", "Cars.pt", "DTD.pt", "suite.yaml"):
        (tmp_path / name).unlink()
    with pytest.raises(DataError, match="holds heads alone"):
        draft_suite_file(tmp_path, tmp_path / "suite.yaml")


def test_a_pretrained_model_without_experts_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"one model alone \(pretrained.pt\), called pre-trained; expected experts"):
        drafted(tmp_path, {"pretrained.pt": CLIP})
    assert not (tmp_path / "suite.yaml").exists()


def test_what_cannot_be_read_or_is_of_another_kind_is_for_the_user_to_decide(tmp_path):
    (tmp_path / "broken.pt").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    text = drafted(tmp_path, {"base.pt": CLIP, "cars.pt": RESNET, "pets.safetensors": CLIP})
    assert (
        "DECIDE: cars.pt holds a ResNet of torchvision or timm, the pre-trained model is a CLIP of open_clip." in text
    )
    assert "Git LFS" in text
    assert text.count("pre-trained model is") == 1
