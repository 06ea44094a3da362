"""Random shifts of the images that vision-mini's models are trained on."""

import itertools

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from quick_suites import barely_train

import frontrunner as fr
from frontrunner.tasks.vision_mini import vision_mini_suite
from frontrunner.tasks.vision_mini.shifts import MAX_SHIFT, shifted


def crops(image):
    """Return all shifts of one image (channels, height, width), by padding it with its border and cutting windows."""
    wide = F.pad(image[None].float(), (MAX_SHIFT,) * 4, mode="replicate")[0].to(image.dtype)
    _, height, width = image.shape
    offsets = itertools.product(range(2 * MAX_SHIFT + 1), repeat=2)
    return torch.stack([wide[:, down : down + height, right : right + width] for down, right in offsets])


def test_an_image_is_moved_by_up_to_two_pixels_and_its_border_repeated():
    images = torch.randint(0, 256, (200, 3, 9, 7), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    before = images.clone()
    moved = shifted(images, torch.Generator().manual_seed(1))
    assert images.equal(before)
    assert moved.shape == images.shape
    assert moved.dtype == torch.uint8
    assert moved.is_contiguous()
    found = {
        int((crops(image) == one).flatten(1).all(1).nonzero()[0]) for image, one in zip(images, moved, strict=True)
    }
    assert found == set(range(25))  # every one of the 25 shifts, unmoved among them


def test_the_generator_decides_the_shifts():
    images = torch.randint(0, 256, (20, 1, 5, 5), dtype=torch.uint8)
    first, same, other = (shifted(images, torch.Generator().manual_seed(seed)) for seed in (3, 3, 4))
    assert first.equal(same)
    assert not first.equal(other)


@pytest.fixture(scope="module")
def problem(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        barely_train(monkeypatch, tmp_path_factory.mktemp("cache"))
        return fr.load_problem("vision-mini", ["optdigits", "emoji"])


@pytest.mark.parametrize(("split", "moves"), [("train", True), ("val", False)])
def test_images_to_train_on_are_shifted_and_those_to_judge_by_are_not(problem, split, moves):
    batch = next(problem.batches(split, 64, torch.Generator().manual_seed(0)))
    for part, splits in zip(batch, problem.data, strict=True):
        stored = {image.numpy().tobytes() for image in splits[split].inputs}
        as_stored = [image.numpy().tobytes() in stored for image in part.inputs]
        assert all(as_stored) is not moves
        assert part.labels.shape == (64,)


def test_experts_are_trained_on_shifted_images(tmp_path, monkeypatch):
    barely_train(monkeypatch, tmp_path)
    shapes = []

    def watched(images, generator):
        shapes.append(tuple(images.shape))
        return shifted(images, generator)

    monkeypatch.setattr(vision_mini_suite, "shifted", watched)
    fr.load_problem("vision-mini", ["optdigits"])
    assert shapes == [(8, 3, 32, 32)] * 3


def test_an_epoch_still_holds_every_example_once(problem, monkeypatch):
    stored = problem.data[0]["train"].inputs
    monkeypatch.setattr(problem, "augment", lambda images, generator: images)
    stream = problem.batches("train", len(stored), torch.Generator().manual_seed(0))
    for _ in range(2):
        assert sorted(map(bytes, next(stream)[0].inputs.numpy())) == sorted(map(bytes, stored.numpy()))


def test_the_cache_tells_experts_by_how_images_were_changed(tmp_path, monkeypatch):
    """Also where the file that chooses the change is not one of those whose digest is in the key."""
    barely_train(monkeypatch, tmp_path)
    made = []
    for augment in (shifted, lambda images, generator: images, None):
        monkeypatch.setattr(vision_mini_suite, "shifted", augment)
        made.append(fr.load_problem("vision-mini", ["optdigits"]).experts[0]["conv1.weight"])
    assert len(list((tmp_path / "experts").glob("*.safetensors"))) == 3
    assert not made[0].equal(made[1])
    assert made[1].equal(made[2])
