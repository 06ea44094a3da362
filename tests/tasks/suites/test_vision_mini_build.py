"""The pure parts of the script that built vision-mini's images, and what it wrote."""

import io
import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from frontrunner.errors import DataError
from frontrunner.tasks.shipped_data.split_shares import SPLITS
from frontrunner.tasks.vision_mini import build_arrays, build_sources
from frontrunner.tasks.vision_mini import build_data as build


def tiles(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)


@given(
    counts=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    per_class=st.none() | st.integers(1, 20),
    seed=st.integers(0, 99),
)
def test_order_draws_each_class_evenly_over_any_contiguous_part(counts, per_class, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    order = build.stratified_order(labels, np.random.default_rng(seed), per_class)
    drawn = [min(count, per_class or count) for count in counts]
    assert len(set(order.tolist())) == len(order) == sum(drawn)
    assert np.bincount(labels[order], minlength=len(counts)).tolist() == drawn
    half = np.bincount(labels[order[: len(order) // 2]], minlength=len(counts))
    # A class is off by its own jitter and by the place of the cut, which the jitter of all of them moves.
    assert np.all(np.abs(half - np.array(drawn) / 2) <= 2 + len(counts))


def test_order_is_shuffled_and_repeatable():
    labels = np.repeat([0, 1], 50)
    first, again, other = (build.stratified_order(labels, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


@given(st.integers(1, 10_000))
def test_splits_cover_everything_once_in_their_shares(count):
    ranges = build.split_ranges(count)
    assert list(ranges) == ["pretrain", "train", "val", "test"]
    assert [i for start, end in ranges.values() for i in range(start, end)] == list(range(count))
    for name, (start, end) in ranges.items():
        assert abs(end - start - SPLITS[name] * count) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 7, 8, 23])
def test_mosaic_and_its_webp_give_every_tile_back(n):
    original = tiles(n)
    image = build.mosaic(original, columns=8)
    assert np.array_equal(image[:32, :32], original[0])
    assert not image[-32:, 32 * ((n - 1) % 8 + 1) :].any(), "the rest of the last row is black"
    with Image.open(io.BytesIO(build.webp(image))) as decoded:
        assert np.array_equal(build.tiles_of(np.asarray(decoded.convert("RGB")), n, columns=8), original)


@pytest.mark.parametrize("array", [np.arange(12, dtype=np.uint8).reshape(3, 4), np.array([1, -2], dtype=np.int64)])
def test_unpickler_reads_arrays_written_by_old_and_new_numpy(array):
    content = pickle.dumps(array, protocol=3)  # the last that writes names without their lengths
    assert np.array_equal(build_arrays.unpickle_array(pickle.dumps(array, protocol=4)), array)
    assert b"numpy._core.multiarray" in content
    old = content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert np.array_equal(build_arrays.unpickle_array(old), array)


class Malicious:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return (open, (str(self.target), "w"))


def test_unpickler_refuses_a_malicious_pickle_before_it_acts(tmp_path):
    target = tmp_path / "owned"
    for payload in (Malicious(target), np.array([Malicious(target)], dtype=object)):
        with pytest.raises(DataError, match=r"io\.open"):
            build_arrays.unpickle_array(pickle.dumps(payload))
    assert not target.exists()


@pytest.mark.parametrize("value", [[1, 2], np.array(["a", None], dtype=object)])
def test_unpickler_refuses_what_is_no_array_of_numbers(value):
    with pytest.raises(DataError, match="array of numbers"):
        build_arrays.unpickle_array(pickle.dumps(value, protocol=4))


def png(picture):
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def test_margin_takes_the_background():
    tile = build_sources.colour(np.full((1, 28, 28), 7))
    assert tile.shape == (1, 32, 32, 3)
    assert (tile == 7).all()


def test_transparency_becomes_white_and_content_fills_the_square():
    page = Image.new("RGBA", (100, 60), (0, 0, 0, 0))
    page.paste((255, 0, 0, 255), (10, 20, 30, 30))
    square = build_sources.trimmed_square(build_sources.on_white(png(page)))
    assert square is not None
    assert square.size == (20, 20)
    assert square.getpixel((10, 0)) == (255, 255, 255)
    assert square.getpixel((0, 10)) == (255, 0, 0)
    assert build_sources.trimmed_square(Image.new("RGB", (9, 9), "white")) is None
    assert build_sources.is_huge(png(Image.new("1", (4001, 4000))))
    assert not build_sources.is_huge(png(Image.new("1", (4000, 4000))))


@pytest.fixture(scope="module")
def shipped():
    return json.loads((build.ASSETS / "manifest.json").read_text())["domains"]


@pytest.mark.parametrize("domain", build.DOMAINS, ids=lambda domain: domain.name)
def test_shipped_images_are_unique_whole_and_described(domain, shipped):
    entry = shipped[domain.name]
    with Image.open(build.ASSETS / entry["file"]) as opened:
        images = build.tiles_of(np.asarray(opened.convert("RGB")), entry["count"], entry["columns"])
    assert len({image.tobytes() for image in images}) == entry["count"] == len(entry["labels"])
    assert entry["splits"] == build.split_ranges(entry["count"])
    assert tuple(entry["classes"]) == domain.classes
    assert all(name.replace(" ", "").isalpha() and name.islower() for name in entry["classes"])
    assert np.bincount(entry["labels"]).min() >= 40
