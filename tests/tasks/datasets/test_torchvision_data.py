"""torchvision's data sets in the layouts that torchvision reads, never downloaded."""

import hashlib
import struct

import numpy as np
import pytest
import scipy.io
from data_folders import TinyImages, data_spec, image, write_images

from frontrunner.errors import ConfigError, DataError, UnknownNameError
from frontrunner.tasks.datasets.read_data import read_task_data


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def read(tmp_path):
    def read(name, *, head=None, **keys):
        spec = data_spec(torchvision=name, root="data", **keys)
        return read_task_data("task", spec, TinyImages(), base=tmp_path, canonical=head)

    return read


@pytest.fixture
def root(tmp_path):
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def levels(examples):
    """Grey level -> label."""
    return dict(zip(examples.inputs[:, 0, 0, 0].tolist(), examples.labels.tolist(), strict=True))


def all_levels(data):
    return {level: label for part in data.splits.values() for level, label in levels(part).items()}


def write_idx(file, array):
    file.write_bytes(struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes())


def write_mnist(root):
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for split, first, n in (("train", 0, 30), ("t10k", 100, 10)):
        pixels = np.arange(first, first + n, dtype=np.uint8)[:, None, None] * np.ones((1, 28, 28), np.uint8)
        write_idx(raw / f"{split}-images-idx3-ubyte", pixels)
        write_idx(raw / f"{split}-labels-idx1-ubyte", np.arange(n, dtype=np.uint8) % 10)


@pytest.mark.parametrize(
    "head",
    [
        None,
        [str(k) for k in range(10)],
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    ],
)
def test_digits_are_called_by_their_numbers(head, read, root):
    write_mnist(root)
    data = read("MNIST", head=head)
    assert {split: len(part) for split, part in data.splits.items()} == {"train": 27, "val": 3, "test": 10}
    assert levels(data.splits["test"]) == {100 + k: k for k in range(10)}
    assert all(label == level % 10 for level, label in levels(data.splits["train"]).items())


def test_svhn_has_its_zeros_at_zero(read, root, monkeypatch):
    from torchvision.datasets import SVHN

    files = {}
    for split, n in (("train", 40), ("test", 10)):
        numbers = np.arange(n) % 10
        pixels = (np.arange(n, dtype=np.uint8) + 1)[None, None, None, :] * np.ones((32, 32, 3, 1), np.uint8)
        file = root / f"{split}_32x32.mat"
        scipy.io.savemat(file, {"X": pixels, "y": np.where(numbers == 0, 10, numbers)[:, None].astype(np.uint8)})
        files[split] = ["", file.name, hashlib.md5(file.read_bytes()).hexdigest()]
    monkeypatch.setattr(SVHN, "split_list", files)
    data = read("SVHN")
    assert levels(data.splits["test"]) == {k + 1: k for k in range(10)}
    assert len(data.classes) == 10


@pytest.mark.parametrize("name", ["{:05}", "{}"])
def test_signs_are_numbered_by_their_folders_names(name, read, root):
    for k in range(12):
        write_images(root / "gtsrb" / "GTSRB" / "Training", {name.format(k): 3}, first=10 * k, suffix=".ppm")
    tests = root / "gtsrb" / "GTSRB" / "Final_Test" / "Images"
    tests.mkdir(parents=True)
    lines = ["Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"]
    for k in range(12):
        image(200 + k).save(tests / f"{k:05}.ppm")
        lines.append(f"{k:05}.ppm;9;7;0;0;9;7;{k}")
    (root / "gtsrb" / "GT-final_test.csv").write_text("\n".join(lines))
    data = read("GTSRB", head=[f"sign {k}" for k in range(12)])
    assert levels(data.splits["test"]) == {200 + k: k for k in range(12)}
    assert all(
        label == level // 10 for split in ("train", "val") for level, label in levels(data.splits[split]).items()
    )


def test_textures_have_the_splits_of_the_first_partition(read, root):
    write_images(root / "dtd" / "dtd" / "images", {"banded": 9, "polka-dotted": 9})
    labels = root / "dtd" / "dtd" / "labels"
    labels.mkdir()
    for j, split in enumerate(("train1", "val1", "test1")):
        names = [f"{name}/{i}.png" for name in ("banded", "polka-dotted") for i in range(3 * j, 3 * j + 3)]
        (labels / f"{split}.txt").write_text("\n".join(names) + "\n")
    data = read("DTD", head=["polka dotted", "banded"])
    assert levels(data.splits["val"]) == {3: 1, 4: 1, 5: 1, 12: 0, 13: 0, 14: 0}
    assert {split: len(part) for split, part in data.splits.items()} == {"train": 6, "val": 6, "test": 6}


def test_what_has_no_splits_is_carved(read, root):
    write_images(root / "eurosat" / "2750", {"AnnualCrop": 10, "SeaLake": 10})
    data = read("EuroSAT", head=["sea lake", "annual crop"])
    assert all(label == int(level < 10) for level, label in all_levels(data).items())
    assert {split: len(part) for split, part in data.splits.items()} == {"train": 16, "val": 2, "test": 2}


def test_scenes_lose_their_initial(read, root):
    (root / "SUN397").mkdir()
    (root / "SUN397" / "ClassName.txt").write_text("/a/abbey\n/b/bar/indoor\n")
    for folder, first in (("a/abbey", 0), ("b/bar/indoor", 10)):
        (root / "SUN397" / folder).mkdir(parents=True)
        for i in range(10):
            image(first + i).save(root / "SUN397" / folder / f"sun_{i}.jpg")
    data = read("SUN397", head=["bar indoor", "abbey"])
    assert data.classes == ("bar indoor", "abbey")
    assert all(label == int(level < 10) for level, label in all_levels(data).items())


def test_cars_are_matched_by_the_names_of_the_devkit(read, root):
    cars = root / "stanford_cars"
    (cars / "devkit").mkdir(parents=True)
    names = np.array(["Acura TSX", "Acura RL, TL", "Ram C/V Cargo Van"], dtype=object)
    scipy.io.savemat(cars / "devkit" / "cars_meta.mat", {"class_names": names})
    for split, file, first in (
        ("cars_train", cars / "devkit" / "cars_train_annos.mat", 0),
        ("cars_test", cars / "cars_test_annos_withlabels.mat", 100),
    ):
        (cars / split).mkdir()
        rows = []
        for i in range(9):
            image(first + i).save(cars / split / f"{i:05}.jpg")
            rows.append((f"{i:05}.jpg", i % 3 + 1))
        scipy.io.savemat(file, {"annotations": np.array(rows, dtype=[("fname", object), ("class", object)])})
    data = read("StanfordCars", head=["acura rl tl", "acura tsx", "ram cv cargo van"])
    assert levels(data.splits["test"]) == {100 + i: (1, 0, 2)[i % 3] for i in range(9)}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("MNIST", ["train-images-idx3-ubyte", "MNIST/raw", "MNIST('", "train=True, download=True"]),
        ("CIFAR10", ["data_batch_1", "cifar-10-batches-py", "download=True"]),
        ("SVHN", ["train_32x32.mat", "split='train', download=True"]),
        ("GTSRB", ["gtsrb", "GTSRB('", "download=True"]),
        ("DTD", ["dtd/dtd", "download=True"]),
        ("EuroSAT", ["eurosat/2750", "download=True"]),
        ("SUN397", ["SUN397", "download=True"]),
        ("StanfordCars", ["stanford_cars", "cannot fetch it any more", "hub: tanganke/stanford_cars"]),
        ("Food101", ["food-101"]),
        ("OxfordIIITPet", ["oxford-iiit-pet", "split='trainval'"]),
    ],
)
def test_missing_files_are_named_with_the_command_that_gets_them(name, parts, read, root):
    with pytest.raises(DataError) as caught:
        read(name)
    message = str(caught.value)
    assert [part for part in [*parts, str(root), f"torchvision's {name}"] if part not in message] == []
    assert "\n" not in message


def test_files_that_are_not_unpacked_are_said(read, root):
    write_mnist(root)
    file = root / "MNIST" / "raw" / "t10k-labels-idx1-ubyte"
    file.rename(f"{file}.gz")
    with pytest.raises(DataError, match=r"not unpacked: .*t10k-labels-idx1-ubyte\.gz.*gunzip"):
        read("MNIST")


def test_a_damaged_file_is_said(read, root):
    write_mnist(root)
    (root / "MNIST" / "raw" / "train-images-idx3-ubyte").write_bytes(b"oops")
    with pytest.raises(DataError, match=r"torchvision's MNIST .* cannot be read"):
        read("MNIST")


def test_unknown_names_and_no_root_are_refused(tmp_path):
    for keys, error, part in (
        ({"torchvision": "MNITS", "root": "data"}, UnknownNameError, "did you mean 'MNIST'"),
        ({"torchvision": "MNIST"}, ConfigError, "need `root`"),
    ):
        with pytest.raises(error, match=part):
            read_task_data("task", data_spec(**keys), TinyImages(), base=tmp_path, canonical=None)
