"""Stored images, normalised, equal open_clip's evaluation transform bit for bit, whatever the file is like."""

import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

import frontrunner as fr
from frontrunner.tasks.datasets.image_format import ImageFormat

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""CLIP's."""
MODES = ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK", "YCbCr"]


def image(mode="RGB", size=(40, 30), seed=0):
    """A smooth image with some noise, (width, height)."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (5, 7, 4), dtype=np.uint8)
    found = Image.fromarray(coarse, "RGBA").resize(size, Image.Resampling.BICUBIC)
    return found if mode == "RGBA" else found.convert(mode)


def with_orientation():
    """A JPEG that says that the camera lay on its side."""
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    image().save(file, "JPEG", exif=exif)
    return Image.open(io.BytesIO(file.getvalue()))


def saved(format, **options):
    file = io.BytesIO()
    image(options.pop("mode", "RGB")).save(file, format, **options)
    return Image.open(io.BytesIO(file.getvalue()))


IMAGES = {
    **{mode: image(mode) for mode in MODES},
    **{f"{width}x{height}": image(size=(width, height)) for width, height in ((28, 28), (24, 24), (25, 61), (97, 24))},
    "28x28 grey": image("L", (28, 28)),
    "turned": with_orientation(),
    "CMYK JPEG": saved("JPEG", mode="CMYK"),
    "GIF": saved("GIF", mode="P"),
    "transparent palette": saved("PNG", mode="P", transparency=3),
    "grey WebP": saved("WEBP", mode="L", lossless=True),
}


def open_clips(size, mode, interpolation="bicubic"):
    from open_clip.transform import image_transform

    return image_transform(
        size, is_train=False, mean=MEAN, std=STD, resize_mode=mode, interpolation=interpolation, fill_color=7
    )


@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated:DeprecationWarning")
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize("mode", ["shortest", "longest", "squash"])
@pytest.mark.parametrize("name", IMAGES)
def test_it_equals_open_clip_to_the_bit(name, mode, interpolation):
    own = ImageFormat(24, MEAN, STD, resize=mode, interpolation=interpolation, fill=7)
    stored = own.stored([IMAGES[name]])[""]
    assert stored.dtype == np.uint8
    assert stored.shape == (1, *own.shape) == (1, 3, 24, 24)
    assert torch.equal(own.to_input(torch.from_numpy(stored))[0], open_clips(24, mode, interpolation)(IMAGES[name]))


def test_oblong_images_equal_open_clip_too():
    for mode in ("shortest", "squash", "longest"):
        own = ImageFormat((20, 28), MEAN, STD, resize=mode, fill=7)
        found = own.to_input(torch.from_numpy(own.stored([image()])[""]))[0]
        assert torch.equal(found, open_clips((20, 28), mode)(image()))


def test_it_equals_timms_evaluation_transform():
    from timm.data import create_transform

    theirs = create_transform((3, 24, 24), crop_pct=0.9, interpolation="bicubic", mean=MEAN, std=STD)
    own = ImageFormat(int(24 / 0.9), MEAN, STD, crop=24, rgb_first=True)
    for name in ("RGB", "RGBA", "L", "P", "25x61"):
        found = own.to_input(torch.from_numpy(own.stored([IMAGES[name]])[""]))[0]
        assert torch.equal(found, theirs(IMAGES[name].convert("RGB")))


def test_many_images_are_stored_in_order():
    own = ImageFormat(8, MEAN, STD)
    images = [image(seed=seed, size=(8 + seed, 9)) for seed in range(3)]
    stored = own.stored(images)[""]
    assert stored.shape == (3, 3, 8, 8)
    for one, found in zip(images, stored, strict=True):
        assert np.array_equal(own.stored([one])[""][0], found)


def test_the_key_holds_what_decides_the_stored_arrays_and_facts_what_decides_the_input():
    own = ImageFormat(224, MEAN, STD)
    others = [
        ImageFormat(225, MEAN, STD, crop=224),
        ImageFormat(224, MEAN, STD, resize="squash"),
        ImageFormat(224, MEAN, STD, interpolation="bilinear"),
        ImageFormat(224, MEAN, STD, crop=200),
        ImageFormat(224, MEAN, STD, fill=1),
        ImageFormat(224, MEAN, STD, rgb_first=True),
    ]
    keys = [json.dumps(one.key, sort_keys=True) for one in (own, *others)]
    assert len(set(keys)) == len(keys)
    normalised = ImageFormat((224, 224), 0.5, 0.5, crop=(224, 224))
    assert normalised.key == own.key
    assert json.dumps(normalised.facts) != json.dumps(own.facts)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "size of an ImageFormat must be one or two positive"),
        ({"size": (3, 4, 5)}, "size of an ImageFormat must be one or two"),
        ({"size": "big"}, "size of an ImageFormat must be"),
        ({"crop": -1}, "crop of an ImageFormat"),
        ({"mean": (0.1, 0.2)}, r"mean of an ImageFormat must be 3 numbers, .* found \[0.1, 0.2\]"),
        ({"std": (0.1, 0.2, 0)}, "std of an ImageFormat must be a positive"),
        ({"resize": "stretch"}, "resize of an ImageFormat must be one of shortest, longest, squash, found 'stretch'"),
        ({"interpolation": "cubic"}, "interpolation .* bicubic.* found 'cubic'"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(fr.ConfigError, match=message):
        ImageFormat(**{"size": 8, "mean": MEAN, "std": STD, **options})


def truncated():
    file = io.BytesIO()
    image(size=(200, 200)).save(file, "JPEG")
    return Image.open(io.BytesIO(file.getvalue()[:2000]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (truncated, "position 1 cannot be decoded .*truncated"),
        (lambda: Image.fromarray(np.full((9, 9), 40000, np.uint16)), "position 1 has more than eight bits .* I;16"),
        (lambda: Image.new("F", (9, 9)), "position 1 has more than eight bits"),
    ],
)
def test_images_that_cannot_be_used_are_refused(make, message):
    with pytest.raises(fr.DataError, match=message):
        ImageFormat(8, MEAN, STD).stored([image(), make()])
