"""Image folders: layouts that people have, and what is said of those that are none."""

import io
import os

import numpy as np
import pytest
from data_folders import TinyImages, data_spec, image, write_images
from PIL import Image

from frontrunner.errors import DataError, UnknownNameError
from frontrunner.tasks.datasets.read_data import read_task_data


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def read(tmp_path):
    def read(folder="data", *, classes=None, **keys):
        return read_task_data(
            "pets", data_spec(imagefolder=folder, **keys), TinyImages(), base=tmp_path, canonical=classes
        )

    return read


def levels(examples):
    """Grey level -> label."""
    return dict(zip(examples.inputs[:, 0, 0, 0].tolist(), examples.labels.tolist(), strict=True))


@pytest.mark.parametrize(
    ("train", "val", "test"),
    [
        ("train", "val", "test"),
        ("training", "validation", "testing"),
        ("TRAIN", "dev", "Test"),
        ("trn", "valid", "tst"),
    ],
)
def test_folders_of_splits_are_known_by_their_usual_names(train, val, test, read, tmp_path):
    level = write_images(tmp_path / "data" / train, {"cat": 2, "dog": 1})
    level = write_images(tmp_path / "data" / val, {"cat": 1, "dog": 1}, first=level)
    write_images(tmp_path / "data" / test, {"cat": 1, "dog": 2}, first=level)
    data = read()
    assert data.classes == ("cat", "dog")
    assert levels(data.splits["train"]) == {0: 0, 1: 0, 2: 1}
    assert levels(data.splits["val"]) == {3: 0, 4: 1}
    assert levels(data.splits["test"]) == {5: 0, 6: 1, 7: 1}
    assert data.splits["train"].inputs.shape == (3, 3, 4, 4)


def test_splits_are_carved_from_class_folders_and_said(read, tmp_path):
    write_images(tmp_path / "data", {"cat": 20, "dog": 40})
    data = read()
    assert {split: len(part) for split, part in data.splits.items()} == {"train": 48, "val": 6, "test": 6}
    assert np.bincount(data.splits["val"].labels).tolist() == [2, 4]
    seen = [level for part in data.splits.values() for level in levels(part)]
    assert sorted(seen) == list(range(60))
    assert "val: 6 of 60 of train, seed 0" in data.notes
    assert levels(read(split_seed=1).splits["val"]) != levels(data.splits["val"])


def test_only_a_validation_split_is_carved_where_there_is_a_test_split(read, tmp_path):
    level = write_images(tmp_path / "data" / "train", {"cat": 10, "dog": 10})
    write_images(tmp_path / "data" / "test", {"cat": 3, "dog": 3}, first=level)
    data = read(val_share=0.2)
    assert {split: len(part) for split, part in data.splits.items()} == {"train": 16, "val": 4, "test": 6}


def test_a_validation_split_is_tested_on_where_there_is_no_test_split(read, tmp_path):
    level = write_images(tmp_path / "data" / "train", {"cat": 10, "dog": 10})
    write_images(tmp_path / "data" / "val", {"cat": 3, "dog": 3}, first=level)
    data = read()
    assert {split: len(part) for split, part in data.splits.items()} == {"train": 18, "val": 2, "test": 6}
    assert any(note.startswith("val of the data") for note in data.notes)


def test_splits_can_be_named_or_given_by_path(read, tmp_path):
    level = write_images(tmp_path / "data" / "part_a", {"cat": 10, "dog": 10})
    write_images(tmp_path / "data" / "part_b", {"cat": 3, "dog": 3}, first=level)
    named = read(splits={"train": "part_a", "test": "part_b"})
    given = read({"train": "data/part_a", "test": "data/part_b"})
    assert len(named.splits["test"]) == len(given.splits["test"]) == 6
    with pytest.raises(UnknownNameError, match="did you mean 'part_b'"):
        read(splits={"train": "part_a", "test": "part_bb"})


def test_what_is_no_image_is_left_out(read, tmp_path):
    write_images(tmp_path / "data", {"cat": 5, "dog": 5})
    for name in ("Thumbs.db", ".DS_Store", "._1.png", "notes.txt"):
        (tmp_path / "data" / "cat" / name).write_bytes(b"x")
    write_images(tmp_path / "data", {".hidden": 2})
    data = read()
    assert data.classes == ("cat", "dog")
    assert sum(len(part) for part in data.splits.values()) == 10
    assert [note for note in data.notes if "1 .txt" in note]


def test_images_of_all_kinds_are_read(read, tmp_path):
    files = {
        "a.JPG": "RGB",
        "b.jpeg": "L",
        "c.PNG": "RGBA",
        "d.ppm": "RGB",
        "e.webp": "RGB",
        "f.bmp": "1",
        "g.gif": "P",
    }
    for folder in ("cat", "dog"):
        (tmp_path / "data" / folder).mkdir(parents=True)
        for i, (name, mode) in enumerate(files.items()):
            picture = image(20 * i + (7 if folder == "dog" else 0))
            picture.convert(mode).save(tmp_path / "data" / folder / name)
    assert sum(len(part) for part in read().splits.values()) == 2 * len(files)


def test_class_folders_may_be_nested(read, tmp_path):
    write_images(tmp_path / "data", {"a/abbey": 5, "a/airport_terminal": 5, "b/bar/indoor": 5})
    found = read()
    assert found.classes == ("a/abbey", "a/airport_terminal", "b/bar/indoor")
    classes = ["Bar (indoor)", "airport terminal", "abbey"]
    assert np.bincount(read(classes=classes).splits["train"].labels).tolist() == [3, 4, 4]


def test_the_first_level_is_the_class_where_folders_below_are_none(read, tmp_path):
    write_images(tmp_path / "data", {"cat/front": 5, "cat/back": 5, "dog": 10})
    assert read().classes == ("cat", "dog")
    assert read(classes=["dog", "cat"]).classes == ("dog", "cat")


def test_classes_are_matched_by_name_and_never_by_position(read, tmp_path):
    write_images(tmp_path / "data", {"AnnualCrop": 8, "sea_lake": 8, "Highway-or-Road": 8})
    data = read(classes=["sea lake", "highway or road", "annual crop"])
    assert data.classes == ("sea lake", "highway or road", "annual crop")
    by_level = {level: label for part in data.splits.values() for level, label in levels(part).items()}
    assert [by_level[level] for level in (0, 8, 16)] == [2, 0, 1]  # written in this order, one folder after the other


@pytest.mark.parametrize("padded", [True, False])
def test_folders_of_numbers_are_numbers(padded, read, tmp_path):
    for k in range(12):
        write_images(tmp_path / "data", {f"{k:05}" if padded else str(k): 3}, first=10 * k)
    for classes in (None, [f"sign {k}" for k in range(12)], [str(k) for k in range(12)]):
        data = read(classes=classes)
        for part in data.splits.values():
            assert all(level // 10 == label for level, label in levels(part).items())


@pytest.mark.parametrize(
    ("folders", "classes", "parts"),
    [
        (["cat", "dgo"], ["cat", "dog"], ["'dgo'", "matches no class", "nearest is 'dog'"]),
        (["cat"], ["cat", "dog"], ["class 'dog' is missing"]),
        (["cat", "Cat", "dog"], ["cat", "dog"], ["two classes", "'Cat'", "'cat'"]),
        (["cat", "dog"], ["cat", "CAT"], ["two classes", "of the head"]),
        (["cat", "dog", "emu"], ["cat", "dog"], ["'emu'", "matches no class"]),
        (["00", "01", "07"], ["cat", "dog", "emu"], ["numbers up to 7", "expected 0 to 2"]),
        (["1", "2", "3"], ["cat", "dog", "emu"], ["counted from 1"]),
        (["cat", "dog", "emu"], ["LABEL_0", "LABEL_1"], ["2 classes apart", "has 3"]),
        (["1", "2"], ["LABEL_0", "LABEL_1"], ["2 classes apart", "counted from 0"]),
        (["cat"], None, ["single class 'cat'"]),
    ],
)
def test_classes_that_do_not_match_are_refused_with_the_nearest(folders, classes, parts, read, tmp_path):
    write_images(tmp_path / "data", dict.fromkeys(folders, 4))
    with pytest.raises(DataError) as caught:
        read(classes=classes)
    assert [part for part in parts if part not in str(caught.value)] == []
    assert str(caught.value).startswith("tasks.pets.data: ")


def test_an_empty_class_folder_is_said_and_no_error(read, tmp_path):
    write_images(tmp_path / "data", {"cat": 10, "dog": 10, "emu": 0})
    data = read(classes=["cat", "dog", "emu"])
    assert data.classes == ("cat", "dog", "emu")
    assert any("no example in train for 'emu'" in warning for warning in data.warnings)
    assert set(data.warnings) <= set(data.notes)


def too_high(root):
    write_images(root / "pets" / "train", {"cat": 2, "dog": 2})
    return "one level too high", root / "pets"


def too_high_of_several(root):
    for name in ("cars", "pets"):
        write_images(root / name / "train", {"cat": 2, "dog": 2})
    return "one level too high", root / "cars"


def too_high_without_splits(root):
    write_images(root / "images", {"cat": 2, "dog": 2})
    return "one level too high", root / "images"


def too_high_within_a_split(root):
    write_images(root / "train" / "images", {"cat": 2, "dog": 2})
    write_images(root / "test" / "images", {"cat": 2, "dog": 2})
    return "one level too high", root / "train" / "images"


def too_deep(root):
    write_images(root.parent, {root.name: 3, "dog": 3})
    return "one level too deep", root.parent


@pytest.mark.parametrize(
    "make", [too_high, too_high_of_several, too_high_without_splits, too_high_within_a_split, too_deep]
)
def test_a_folder_one_level_off_is_refused_with_the_right_one(make, read, tmp_path):
    parts = make(tmp_path / "data")
    with pytest.raises(DataError) as caught:
        read()
    assert [str(part) for part in parts if str(part) not in str(caught.value)] == []


def test_one_split_in_place_of_all_is_refused(read, tmp_path):
    write_images(tmp_path / "data" / "train", {"cat": 2, "dog": 2})
    write_images(tmp_path / "data" / "test", {"cat": 2, "dog": 2})
    with pytest.raises(DataError, match=r"one level too deep: test lie.* give .*/data, or a path a split"):
        read("data/train")


def test_classes_called_like_splits_are_classes(read, tmp_path):
    write_images(tmp_path / "data", {"car": 10, "plane": 10, "train": 10})
    assert read().classes == ("car", "plane", "train")


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (lambda root: None, ["does not exist"]),
        (lambda root: root.mkdir(), ["holds no image"]),
        (lambda root: root.write_text("x"), ["is a file"]),
        (lambda root: (root / "cat").mkdir(parents=True), ["holds no image"]),
        (lambda root: write_images(root, {"train": 3, "test": 3}), ["holds 3 images and no class folders"]),
        (
            lambda root: [write_images(root, {"cat": 2, "dog": 2}), image(9).save(root / "x.png")],
            ["beside the class folders"],
        ),
        (lambda root: write_images(root / "test", {"cat": 2, "dog": 2}), ["no training split", "'test'"]),
        (lambda root: [write_images(root / s, {"cat": 2, "dog": 2}) for s in ("train", "val", "dev")], ["both", "val"]),
        (
            lambda root: [
                write_images(root / "train", {"cat": 2, "dog": 2}),
                write_images(root / "test", {"cat": 0, "dog": 0}),
            ],
            ["'test'", "is empty"],
        ),
        (lambda root: write_images(root, {"cat": 1, "dog": 0}), ["too few"]),
    ],
)
def test_folders_that_hold_no_data_are_refused(make, parts, read, tmp_path):
    make(tmp_path / "data")
    with pytest.raises(DataError) as caught:
        read()
    assert [part for part in parts if part not in str(caught.value)] == []


def encoded(size=(9, 7), form="JPEG"):
    content = io.BytesIO()
    Image.effect_noise(size, 50).save(content, form)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "is empty"),
        (b"not an image", "no image format"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "pointer of Git LFS"),
        (encoded((64, 64))[:500], "cannot be decoded"),
        (encoded((64, 64), "PNG")[:900], "cannot be decoded"),
        (encoded((64, 64), "PNG")[:60] + b"\0" * 900, "cannot be decoded"),
    ],
)
def test_a_damaged_image_is_named(content, part, read, tmp_path):
    write_images(tmp_path / "data", {"cat": 5, "dog": 5})
    (tmp_path / "data" / "dog" / "broken.jpg").write_bytes(content)
    with pytest.raises(DataError) as caught:
        read()
    assert part in str(caught.value)
    assert str(tmp_path / "data" / "dog" / "broken.jpg") in str(caught.value)


def test_a_decompression_bomb_is_named_and_not_decoded(read, tmp_path, monkeypatch):
    write_images(tmp_path / "data", {"cat": 5, "dog": 5})
    Image.new("1", (4000, 4000)).save(tmp_path / "data" / "cat" / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000_000)
    with pytest.raises(DataError, match=r"bomb\.png is too large to be decoded: .*16000000 pixels"):
        read()


def test_what_pillow_warns_of_is_no_error(read, tmp_path):
    write_images(tmp_path / "data", {"cat": 5, "dog": 5})
    image(7).convert("P").save(tmp_path / "data" / "cat" / "palette.png", transparency=b"\x00\x80")
    assert sum(len(part) for part in read().splits.values()) == 11


def test_names_that_are_no_utf8_are_read(read, tmp_path):
    write_images(tmp_path / "data" / "train", {"cat": 5, os.fsdecode(b"caf\xe9"): 5})
    data = read()
    assert data.classes == (os.fsdecode(b"caf\xe9"), "cat")
    assert read().digest == data.digest


def test_examples_in_two_splits_are_counted(read, tmp_path):
    write_images(tmp_path / "data" / "train", {"cat": 5, "dog": 5})
    write_images(tmp_path / "data" / "test", {"cat": 3, "dog": 3}, first=3)
    notes = [note for note in read().notes if "also in" in note]
    assert [note.partition(" of ")[2] for note in notes if "in train" in note] == [
        "6 examples of test are also in train"
    ]
    assert sum(int(note.split()[0]) for note in notes) == 6  # of train and of val, which is carved from it


def test_what_is_there_twice_is_never_parted(read, tmp_path):
    for copy in range(4):  # every image four times, in its class
        for k, name in enumerate(("cat", "dog")):
            (tmp_path / "data" / name).mkdir(parents=True, exist_ok=True)
            for i in range(10):
                image(20 * i + k).save(tmp_path / "data" / name / f"{i}-{copy}.png")
    parts = [set(levels(part)) for part in read().splits.values()]
    assert all(not parts[i] & parts[j] for i in range(3) for j in range(i))
    assert all(parts)


def test_fewer_examples_can_be_taken(read, tmp_path):
    write_images(tmp_path / "data", {"cat": 20, "dog": 60})
    data = read(at_most={"train": 8, "test": 4})
    assert np.bincount(data.splits["train"].labels).tolist() == [2, 6]
    assert {split: len(part) for split, part in data.splits.items()} == {"train": 8, "val": 8, "test": 4}
    assert "train: 8 of 64 by at_most, seed 0" in data.notes
