"""A task's data as a whole: read once and shared, known by a digest, or generated, or only looked at."""

import numpy as np
import pytest
import torch
from data_folders import TinyImages, TinyTexts, data_spec, image, write_images

from frontrunner.errors import ConfigError, DataError
from frontrunner.tasks.datasets.data_inspection import inspect_task_data
from frontrunner.tasks.datasets.image_format import ImageFormat
from frontrunner.tasks.datasets.read_data import data_digest, read_task_data
from frontrunner.tasks.datasets.sources import file_digests


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def pets(tmp_path):
    level = write_images(tmp_path / "pets" / "train", {"cat": 10, "dog": 10})
    write_images(tmp_path / "pets" / "test", {"cat": 3, "dog": 3}, first=level)
    return tmp_path / "pets"


def read(base, form=None, *, task="pets", progress=None, head=None, **keys):
    spec = data_spec(**(keys or {"imagefolder": "pets"}))
    others = {} if progress is None else {"progress": progress}
    return read_task_data(task, spec, form or TinyImages(), base=base, canonical=head, **others)


def test_images_are_decoded_once(pets, tmp_path):
    form, told = TinyImages(), []
    first = read(tmp_path, form, progress=lambda *step, unit: told.append((*step, unit)))
    assert form.n_stored == 26
    assert ("decode pets train", 18, 18, "images") in told
    assert ("decode pets test", 6, 6, "images") in told
    assert {(activity, unit) for activity, _, _, unit in told if not activity.startswith("decode")} <= {
        ("read pets", "files"),
        ("compare pets", "images"),
    }
    told.clear()
    again = read(tmp_path, form, progress=lambda *step, unit: told.append((*step, unit)))
    assert form.n_stored == 26
    assert [step for step in told if step[0].startswith("decode")] == []
    assert again.digest == first.digest
    assert again.notes == first.notes
    assert torch.equal(again.splits["val"].inputs, first.splits["val"].inputs)


def test_examples_are_mapped_and_work_as_others_do(pets, tmp_path):
    examples = read(tmp_path).splits["train"]
    batch = next(examples.stream(5, torch.Generator().manual_seed(0)))
    assert batch.inputs.shape == (5, 3, 4, 4)
    assert batch.labels.dtype == torch.int64
    batch.inputs.add_(1)
    assert torch.equal(examples.inputs, read(tmp_path).splits["train"].inputs)


def test_what_decides_the_examples_decides_the_digest(pets, tmp_path):
    digests = [
        read(tmp_path).digest,
        read(tmp_path, imagefolder="pets", split_seed=1).digest,
        read(tmp_path, imagefolder="pets", at_most={"train": 5}).digest,
        read(tmp_path, imagefolder="pets", classes=["dog", "cat"]).digest,
        read(tmp_path, ImageFormat(size=8, mean=(0, 0, 0), std=(1, 1, 1))).digest,
        read(tmp_path, ImageFormat(size=8, mean=(0.5, 0.5, 0.5), std=(1, 1, 1))).digest,
    ]
    image(99).save(pets / "train" / "cat" / "0.png")
    digests.append(read(tmp_path).digest)
    assert len(set(digests)) == len(digests)
    pets.rename(tmp_path / "moved")
    assert read(tmp_path, imagefolder="moved").digest == digests[-1]


def test_tasks_of_other_names_share_what_is_decoded(pets, tmp_path):
    form = TinyImages()
    first = read(tmp_path, form)
    second = read(tmp_path, form, task="MNIST")
    assert form.n_stored == 26
    assert first.digest == second.digest
    assert [note for note in second.notes if note not in first.notes] == [
        "train has 20 examples, that of MNIST usually 60,000: results compare with those on the same data only",
        "test has 6 examples, that of MNIST usually 10,000: results compare with those on the same data only",
    ]


def test_what_is_in_no_split_that_is_used_decides_nothing(pets, tmp_path):
    first, digest = read(tmp_path).digest, data_digest(data_spec(imagefolder="pets"), tmp_path)
    write_images(pets / "corrupted", {"cat": 2, "dog": 2})
    assert read(tmp_path).digest == first
    assert data_digest(data_spec(imagefolder="pets"), tmp_path) == digest


def test_the_digest_of_data_needs_no_model(pets, tmp_path):
    spec = data_spec(imagefolder="pets")
    first = data_digest(spec, tmp_path)
    assert data_digest(spec, tmp_path) == first
    assert data_digest(data_spec(imagefolder="pets", val_share=0.2), tmp_path) != first
    pets.rename(tmp_path / "moved")
    assert data_digest(data_spec(imagefolder="moved"), tmp_path) == first
    image(99).save(tmp_path / "moved" / "test" / "cat" / "0.png")
    assert data_digest(data_spec(imagefolder="moved"), tmp_path) != first
    with pytest.raises(DataError, match="does not exist"):
        data_digest(spec, tmp_path)


def test_files_are_digested_once_while_they_stay_as_they_are(pets, tmp_path, monkeypatch):
    read_files = []
    plain = file_digests._digest
    monkeypatch.setattr(file_digests, "_digest", lambda file: read_files.append(file.name) or plain(file))
    monkeypatch.setattr(file_digests, "SETTLED_S", 0)
    first = data_digest(data_spec(imagefolder="pets"), tmp_path)
    assert len(read_files) == 26
    assert data_digest(data_spec(imagefolder="pets"), tmp_path) == first
    assert len(read_files) == 26
    image(99).save(pets / "train" / "cat" / "0.png")
    image(98).save(pets / "train" / "cat" / "new.png")
    assert data_digest(data_spec(imagefolder="pets"), tmp_path) != first
    assert read_files[26:] == ["0.png", "new.png"]


def test_a_file_that_changed_just_now_is_not_trusted(pets, tmp_path, monkeypatch):
    read_files = []
    plain = file_digests._digest
    monkeypatch.setattr(file_digests, "_digest", lambda file: read_files.append(file.name) or plain(file))
    for _ in range(2):
        data_digest(data_spec(imagefolder="pets"), tmp_path)
    assert len(read_files) == 52


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 oops", None])
def test_damaged_digests_are_computed_again(damage, pets, tmp_path):
    first = data_digest(data_spec(imagefolder="pets"), tmp_path)
    for file in (tmp_path / "cache" / "digests").glob("*.npz"):
        if damage is None:
            np.savez(file, names=np.zeros(3, np.uint8), states=np.zeros((2, 4)), digests=np.zeros((1, 16)))
        else:
            file.write_bytes(damage)
    assert data_digest(data_spec(imagefolder="pets"), tmp_path) == first


@pytest.mark.parametrize(
    ("sizes", "head", "n_classes"),
    [
        ({"train": 40, "val": 8, "test": 8, "classes": 4}, None, 4),
        ({"train": 40}, ["a", "b", "c"], 3),
        ({"train": 40, "classes": 3}, None, 3),
    ],
)
@pytest.mark.parametrize("form", [TinyImages, TinyTexts])
def test_generated_data_are_balanced_seeded_and_labelled(form, sizes, head, n_classes, tmp_path):
    data = read(tmp_path, form(), generated=sizes, head=head)
    n_train = len(data.splits["train"])
    assert n_train == (40 if "val" in sizes else 32)
    assert len(data.classes) == n_classes
    counts = np.bincount(data.splits["train"].labels, minlength=n_classes)
    assert counts.max() - counts.min() <= 1
    assert any("generated at random" in note for note in data.notes)
    assert read(tmp_path, form(), generated=sizes, head=head, split_seed=1).digest != data.digest
    inputs = data.splits["train"].inputs
    rows = inputs if form is TinyImages else inputs["ids"]
    assert len(torch.unique(rows.flatten(1), dim=0)) == n_train


def test_generated_pairs_are_pairs(tmp_path):
    data = read(tmp_path, TinyTexts(), generated={"train": 10, "classes": 2}, text=["a", "b"])
    assert data.splits["train"].inputs["ids"].shape == (8, 12)


@pytest.mark.parametrize(
    ("sizes", "part"),
    [
        ({"train": 5}, "needs `classes`"),
        ({"test": 5, "classes": 2}, "needs `train`"),
        ({"train": 0, "classes": 2}, "train: 0"),
    ],
)
def test_what_cannot_be_generated_is_refused(sizes, part, tmp_path):
    with pytest.raises(ConfigError, match=part):
        read(tmp_path, generated=sizes)


def test_data_of_another_kind_than_the_model_takes_are_refused(pets, tmp_path):
    with pytest.raises(ConfigError, match=r"the model takes texts, .*pets holds images"):
        read(tmp_path, TinyTexts())


def test_an_image_that_the_format_refuses_is_named(pets, tmp_path):
    image(7, mode="F").save(pets / "train" / "cat" / "deep.tiff")
    with pytest.raises(DataError, match=r"deep\.tiff: .*eight bits"):
        read(tmp_path, ImageFormat(size=8, mean=(0, 0, 0), std=(1, 1, 1)))


def test_inspection_counts_and_decodes_nothing(pets, tmp_path, monkeypatch):
    (pets / "train" / "emu").mkdir()
    (pets / "train" / "cat" / "broken.png").write_bytes(b"oops")
    monkeypatch.setattr(file_digests, "_digest", None)
    spec = data_spec(imagefolder="pets", classes=["dog", "cat", "emu"])
    found = inspect_task_data("pets", spec, base=tmp_path, canonical=None, kind="image")
    assert found.problems == ()
    assert found.classes == ("dog", "cat", "emu")
    assert {split: sum(counts) for split, counts in found.counts.items()} == {"train": 19, "val": 2, "test": 6}
    assert found.counts["test"] == (3, 3, 0)
    assert any("no example in train for 'emu'" in warning for warning in found.warnings)
    assert any(note.startswith("val: 2 of 21") for note in found.notes)


def test_inspection_returns_problems(pets, tmp_path):
    for keys, head, kind, part in (
        ({"imagefolder": "nowhere"}, None, None, "does not exist"),
        ({"imagefolder": "pets"}, ["cat", "dog", "emu"], None, "class 'emu' is missing"),
        ({"imagefolder": "pets"}, None, "text", "takes texts"),
    ):
        found = inspect_task_data("pets", data_spec(**keys), base=tmp_path, canonical=head, kind=kind)
        assert len(found.problems) == 1
        assert part in found.problems[0]
