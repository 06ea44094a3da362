"""Merges of a ResNet of timm, statistics of its batch norms included, against plain PyTorch on plain files."""

import numpy as np
import pytest
import timm
import torch
from crafted_suites import CLASSES, craft, craft_resnet
from PIL import Image
from safetensors.torch import load_file
from suite_folders import made_once, write_suite
from timm.data import create_transform, resolve_model_data_config

import frontrunner as fr
from frontrunner.methods import ROOT_PART
from frontrunner.tasks.suite_file.file_suite import suite_class

TASKS = ("first", "second", "third")
PREFERENCE = np.array([0.2, 0.5, 0.3])
SUITE = "resnet.yaml"


@pytest.fixture(scope="module")
def folder(shared_folder):
    def make(folder):
        craft(folder)
        for file in (folder / "data").rglob("*.png"):
            if int(file.stem) >= 3:  # of a class and split
                file.unlink()
        write_suite(folder, craft_resnet(folder, TASKS), SUITE)

    return made_once(shared_folder / "plain_resnet", make)


@pytest.fixture(scope="module")
def problem(folder):
    suite = suite_class(folder / SUITE)()
    return suite.prepare(TASKS, device=torch.device("cpu"), seed=0, progress=fr.tasks.silent)


@pytest.fixture(scope="module")
def files(folder):
    """State dicts as they are written: the pre-trained one, then the experts'."""
    return [load_file(folder / "weights" / f"resnet{name}.safetensors") for name in ("", *(f"-{t}" for t in TASKS))]


@pytest.fixture(scope="module")
def images(folder):
    """Test images of every task as timm itself makes inputs of them, with their labels."""
    transform = create_transform(**resolve_model_data_config(plain_model()), is_training=False)
    found = []
    for task in TASKS:
        paths = [sorted((folder / "data" / task / "test" / name).iterdir()) for name in CLASSES]
        inputs = torch.stack([transform(Image.open(path).convert("RGB")) for of_class in paths for path in of_class])
        found.append((inputs, torch.arange(len(CLASSES)).repeat_interleave(len(paths[0]))))
    return found


@pytest.fixture(scope="module")
def check(problem, files, images):
    """Merged weights are the plain ones; errors and losses are those of timm's own model with these and the heads."""

    @torch.no_grad()
    def check(merged, expected):
        assert merged.keys() == expected.keys()
        torch.testing.assert_close(dict(merged), expected, atol=2e-6, rtol=1e-5)
        found = problem.evaluate(merged, "test")
        for t, ((inputs, labels), expert) in enumerate(zip(images, files[1:], strict=True)):
            model = plain_model()
            model.load_state_dict(expected | {name: expert[name] for name in ("fc.weight", "fc.bias")})
            logits = model(inputs)
            assert logits.std(0).max() > 1e-3  # else it says little about the model
            assert found.error[t] == pytest.approx(float((logits.argmax(1) != labels).double().mean()), abs=1e-9)
            assert found.loss[t] == pytest.approx(float(torch.nn.functional.cross_entropy(logits, labels)), rel=1e-4)

    return check


def plain_model():
    return timm.create_model("test_resnet", num_classes=len(CLASSES)).eval()


def is_merged(name, tensor):
    return tensor.is_floating_point() and not name.startswith("fc.")


def plain_merge(files, coefficients):
    """theta_0 + sum_t c_t (theta_t - theta_0) in double; no variance below 0. `coefficients(name)` gives c (T,)."""
    base, *experts = files
    merged = {name: tensor for name, tensor in base.items() if not name.startswith("fc.")}
    for name, tensor in base.items():
        if is_merged(name, tensor):
            shifts = [
                c * (expert[name].double() - tensor.double())
                for c, expert in zip(coefficients(name), experts, strict=True)
            ]
            found = (tensor.double() + sum(shifts)).float()
            merged[name] = found.clamp(min=0) if name.endswith("running_var") else found
    return merged


def plain_ties(files, keep, scale):
    """The paper's three steps (arXiv 2306.01708) on vectors of whole models, joined by sums."""
    base, *experts = files
    names = [name for name, tensor in base.items() if is_merged(name, tensor)]
    start, *ends = (torch.cat([file[name].flatten() for name in names]) for file in files)
    vectors = torch.stack(ends) - start
    least = [vector.abs().sort().values[len(vector) - int(len(vector) * keep) - 1] for vector in vectors]
    trimmed = torch.stack([torch.where(v.abs() >= bound, v, 0) for v, bound in zip(vectors, least, strict=True)])
    signs = trimmed.sum(0).sign()
    signs[signs == 0] = signs.sum().sign()
    moved = start + scale * torch.where(trimmed.sign() == signs, trimmed, 0).sum(0)
    parts = moved.split([base[name].numel() for name in names])
    plain = plain_merge(files, lambda _: [0.0] * len(experts))
    for name, part in zip(names, parts, strict=True):
        found = part.view(base[name].shape)
        plain[name] = found.clamp(min=0) if name.endswith("running_var") else found
    return plain


def fit(problem, method, **options):
    return fr.make_learner(method, **options).fit(problem, fr.simplex_grid(3, 3), fr.Context(seed=0))


def routed_coefficients(found):
    """c (T,) by weight, of the part with the longest name that holds it; 0.3 outside all parts."""
    by_part = found.merge_coefficients(PREFERENCE)

    def of(name):
        parts = [part for part in by_part if name == part or name.startswith(f"{part}.")]
        return by_part[max(parts, key=len)] if parts else by_part.get(ROOT_PART, [0.3] * len(TASKS))

    return of


@pytest.mark.parametrize(
    ("method", "options", "coefficients"),
    [
        ("weight-averaging", {}, [1 / 3] * 3),
        ("interpolation", {}, PREFERENCE),
        ("task-arithmetic", {"points": 2, "max_lambda": 0.7}, [0.7] * 3),
    ],
)
def test_fixed_coefficients(method, options, coefficients, problem, files, check):
    found = fit(problem, method, **options)
    merged = found.solve(PREFERENCE) if isinstance(found, fr.ContinuousSet) else last(found)
    check(merged, plain_merge(files, lambda _: coefficients))


def last(found):
    """The last member of a finite set."""
    return [params for _, _, params in found.members(fr.simplex_grid(3, 3))][-1]


def test_variances_of_an_extrapolation_end_at_nothing(problem, files):
    merged = last(fit(problem, "task-arithmetic", points=2, max_lambda=2.0))
    torch.testing.assert_close(dict(merged), plain_merge(files, lambda _: [2.0] * 3), atol=5e-6, rtol=1e-5)
    assert any((tensor == 0).any() for name, tensor in merged.items() if name.endswith("running_var"))


@pytest.mark.parametrize("keep", [0.2, 0.5])
def test_ties(keep, problem, files, check):
    merged = last(fit(problem, "ties-merging", keep=keep, points=2, max_lambda=0.4))
    check(merged, plain_ties(files, keep, 0.4))


@pytest.mark.parametrize("upscale", ["auto", "layer1.*,layer2.0.conv1", "model"])
@pytest.mark.parametrize("method", ["pwe-moe-ls", "pwe-moe-epo"])
def test_routed_coefficients(method, upscale, problem, files, check):
    found = fit(problem, method, steps=2, batch_size=2, upscale=upscale, lr=0.1)
    check(found.solve(PREFERENCE), plain_merge(files, routed_coefficients(found)))
