"""Parquet of images and of texts, as the hub serves them."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from data_folders import TinyImages, TinyTexts, data_spec, image, texts_of

from frontrunner.errors import ConfigError, DataError
from frontrunner.tasks.datasets.read_data import read_task_data

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def read(tmp_path):
    def read(parquet="data", *, classes=None, form=TinyImages, **keys):
        return read_task_data("pets", data_spec(parquet=parquet, **keys), form(), base=tmp_path, canonical=classes)

    return read


def encoded(level):
    content = io.BytesIO()
    image(level).save(content, "PNG")
    return content.getvalue()


def write(file, columns, names=None, *, label="label", row_group_size=3):
    """A table as `datasets` writes it, the names of its classes in the metadata."""
    file.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(columns)
    if names is not None:
        features = {label: {"names": names, "_type": "ClassLabel"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, file, row_group_size=row_group_size)


def write_images(file, levels, labels, names=None, **options):
    column = pa.array([{"bytes": encoded(level), "path": f"{level}.png"} for level in levels], IMAGE)
    write(file, {"image": column, "label": pa.array(labels)}, names, **options)


def levels(data):
    """Grey level -> label."""
    parts = data.splits.values()
    return {
        level: label
        for part in parts
        for level, label in zip(part.inputs[:, 0, 0, 0].tolist(), part.labels.tolist(), strict=True)
    }


def test_embedded_images_are_read_by_the_files_names_of_classes(read, tmp_path):
    write_images(
        tmp_path / "data" / "train-00000-of-00001.parquet", range(20), [i % 2 for i in range(20)], ["dog", "cat"]
    )
    write_images(tmp_path / "data" / "test-00000-of-00001.parquet", range(20, 26), [0, 1] * 3, ["cat", "dog"])
    data = read()
    assert data.classes == ("dog", "cat")
    expected = {**{i: i % 2 for i in range(20)}, **{20 + i: 1 - i % 2 for i in range(6)}}
    assert levels(data) == expected
    swapped = read(classes=["Cat", "Dog"])
    assert levels(swapped) == {level: 1 - label for level, label in expected.items()}


def test_parts_of_a_split_are_one_table(read, tmp_path):
    for part in range(4):
        write_images(
            tmp_path / "data" / f"train-{part:05}-of-00004.parquet", range(5 * part, 5 * part + 5), [0, 1, 0, 1, 0]
        )
    data = read(at_most={"train": 6})
    assert len(data.splits["train"]) == 6
    assert all(label == (level % 5) % 2 for level, label in levels(data).items())
    assert len(levels(read())) == 20
    (tmp_path / "data" / "train-00002-of-00004.parquet").unlink()
    with pytest.raises(DataError, match=r"3 of 4 parts.*train-00002-of-00004\.parquet is missing"):
        read()


@pytest.mark.parametrize("layout", ["{split}/0000.parquet", "{split}.parquet", "sub/{split}-00000-of-00001.parquet"])
def test_other_layouts_of_files_are_known(layout, read, tmp_path):
    write_images(tmp_path / "data" / layout.format(split="train"), range(10), [0, 1] * 5)
    write_images(tmp_path / "data" / layout.format(split="validation"), range(10, 14), [0, 1] * 2)
    write_images(tmp_path / "data" / layout.format(split="contrast"), range(14, 16), [0, 1])
    data = read()
    assert {split: len(part) for split, part in data.splits.items()} == {"train": 9, "val": 1, "test": 4}
    assert any("not used: 'contrast'" in note for note in data.notes)
    assert len(read(splits={"test": "contrast"}).splits["test"]) == 2


def test_a_pattern_or_a_path_a_split_can_be_given(read, tmp_path):
    write_images(tmp_path / "data" / "one.parquet", range(10), [0, 1] * 5)
    write_images(tmp_path / "data" / "two.parquet", range(10, 14), [0, 1] * 2)
    assert len(levels(read("data/one.par*"))) == 10
    assert len(read({"train": "data/one.parquet", "test": "data/two.parquet"}).splits["test"]) == 4


def test_binary_columns_hold_images_too(read, tmp_path):
    write(tmp_path / "data.parquet", {"jpg": [encoded(i) for i in range(10)], "cls": ["a", "b"] * 5})
    assert levels(read("data.parquet", label="cls")) == {i: i % 2 for i in range(10)}


def test_texts_are_read(read, tmp_path):
    columns = {
        "sentence1": [f"a{i}" for i in range(10)],
        "sentence2": [f"b{i}" for i in range(10)],
        "label": [0, 1] * 5,
        "idx": list(range(10)),
    }
    write(tmp_path / "data" / "train-00000-of-00001.parquet", columns, ["entailment", "not_entailment"])
    data = read(form=TinyTexts)
    assert data.classes == ("entailment", "not_entailment")
    assert sorted(text for part in data.splits.values() for text in texts_of(part)) == [f"a{i}|b{i}" for i in range(10)]
    assert sorted(texts_of(read(form=TinyTexts, text="sentence2", at_most={"train": 8}).splits["train"]))[0][0] == "b"


def images(n=4):
    return pa.array([{"bytes": encoded(i), "path": None} for i in range(n)], IMAGE)


@pytest.mark.parametrize(
    ("columns", "keys", "parts"),
    [
        ({"image": images(), "label": [0, 1, 0, -1]}, {}, ["row 3", "label -1"]),
        ({"image": images(), "label": [0, 1, 0, None]}, {}, ["row 3", "label None"]),
        ({"image": images(), "label": [0, 1, 0, 2]}, {"names": ["a", "b"]}, ["'2'", "names 2 classes"]),
        ({"image": images(), "lab": [0, 1, 0, 1]}, {}, ["no column 'label'", "'lab'"]),
        ({"image": images(), "label": [0, 1, 0, 1]}, {"image": "img"}, ["no column 'img'", "nearest is 'image'"]),
        ({"image": images(), "label": [0, 1, 0, 1]}, {"image": "label"}, ["of int64, expected images"]),
        ({"image": images(), "mask": images(), "label": [0, 1, 0, 1]}, {}, ["several columns of images", "`image`"]),
        (
            {"image": pa.array([{"bytes": None, "path": "x.png"}] * 4, IMAGE), "label": [0, 1, 0, 1]},
            {},
            ["row ", "has no image", "'x.png'"],
        ),
        (
            {
                "image": pa.array([{"bytes": b"oops%d" % i, "path": None} for i in range(4)], IMAGE),
                "label": [0, 1, 0, 1],
            },
            {},
            ["row ", "data.parquet", "no image format"],
        ),
        ({"text": ["a"] * 4, "label": [0, 1, 0, 1]}, {}, ["takes images", "holds texts"]),
        ({"image": images(0), "label": pa.array([], pa.int64())}, {}, ["is empty"]),
    ],
)
def test_what_is_wrong_with_a_table_is_said(columns, keys, parts, read, tmp_path):
    keys = dict(keys)
    write(tmp_path / "data.parquet", columns, keys.pop("names", None))
    with pytest.raises((DataError, ConfigError)) as caught:
        read("data.parquet", **keys)
    assert [part for part in parts if part not in str(caught.value)] == []
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"PAR1 not at all", "cannot be read as Parquet"),
        (b"version https://git-lfs.github.com/spec/v1\n", "pointer of Git LFS"),
        (b"", "is empty"),
    ],
)
def test_a_damaged_file_is_named(content, part, read, tmp_path):
    (tmp_path / "data.parquet").write_bytes(content)
    with pytest.raises(DataError, match=part):
        read("data.parquet")


def test_a_truncated_file_is_named(read, tmp_path):
    write_images(tmp_path / "data.parquet", range(10), [0, 1] * 5)
    content = (tmp_path / "data.parquet").read_bytes()
    (tmp_path / "data.parquet").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"data\.parquet cannot be read as Parquet"):
        read("data.parquet")


def test_texts_that_are_no_utf8_are_named_by_their_row(read, tmp_path):
    (tmp_path / "data").mkdir()
    pq.write_table(pa.table({"text": ["grosse", "b", "c"], "label": [0, 1, 0]}), tmp_path / "data" / "train.parquet")
    content = (tmp_path / "data" / "train.parquet").read_bytes()
    (tmp_path / "data" / "train.parquet").write_bytes(content.replace(b"grosse", b"gro\xdfe "))
    with pytest.raises(DataError, match=r"row 0 of .*train\.parquet cannot be read \('utf-8'"):
        read(form=TinyTexts)


def test_two_configurations_are_not_mixed(read, tmp_path):
    for config in ("one", "two"):
        write_images(tmp_path / "data" / config / "train-00000-of-00001.parquet", range(4), [0, 1] * 2)
    with pytest.raises(DataError, match=r"the split 'train' is in 2 folders.*config"):
        read()


def test_a_data_set_of_the_hub_is_read_from_its_snapshot(tmp_path, monkeypatch):
    from frontrunner.tasks.weight_files import hub_data_sets

    write(
        tmp_path / "snapshot" / "rte" / "train-00000-of-00001.parquet", {"sentence": list("abcd"), "label": [0, 1] * 2}
    )
    write(tmp_path / "snapshot" / "rte" / "dev-00000-of-00001.parquet", {"sentence": list("ef"), "label": [0, 1]})
    asked = []

    def fetch(repo_id, config, *, splits):
        asked.append((repo_id, config, splits))
        return tmp_path / "snapshot" / config

    monkeypatch.setattr(hub_data_sets, "fetch_data_set", fetch)

    def read(**splits):
        spec = data_spec(hub="nyu-mll/glue", config="rte", splits=splits)
        return read_task_data("rte", spec, TinyTexts(), base=tmp_path).splits

    assert sorted(texts_of(read()["test"])) == ["e", "f"]
    named = read(train="train")  # as if nothing else were there, since what is on a machine must decide nothing
    assert sorted(text for part in named.values() for text in texts_of(part)) == list("abcd")
    assert asked == [("nyu-mll/glue", "rte", None), ("nyu-mll/glue", "rte", ["train"])]
