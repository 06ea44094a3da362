"""What is wrong with data is said of the file and the example that have it."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from data_folders import TinyImages, TinyTexts, data_spec, image, write_images
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from frontrunner.errors import ConfigError, DataError
from frontrunner.tasks.datasets.read_data import read_task_data
from frontrunner.tasks.datasets.text_format import TextFormat

LABELS = ["no", "yes"] * 5


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "cache"))


def tokens(*, special):
    """A tokenizer of words, which may put a token before and after each text."""
    made = Tokenizer(models.WordLevel({"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "good": 3}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    if special:
        made.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    return made


def write_texts(file, texts, labels=LABELS):
    file.write_text("text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in zip(texts, labels, strict=True)))


def refusal(base, format, **keys):
    with pytest.raises((DataError, ConfigError)) as caught:
        read_task_data("words", data_spec(**keys), format, base=base)
    return str(caught.value)


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize(
    ("texts", "line"), [([""] * 10, 2), (["  "] * 10, 2), (["good"] * 5 + [""] * 5, 7), (["good", *[" "] * 9], 3)]
)
@pytest.mark.parametrize("where", [{"tsv": "train.tsv"}, {"tsv": {"train": "train.tsv", "test": "test.tsv"}}])
def test_empty_texts_that_leave_nothing_to_carve_are_named_by_the_first(texts, line, special, where, tmp_path):
    write_texts(tmp_path / "train.tsv", texts)
    write_texts(tmp_path / "test.tsv", [f"good {i}" for i in range(10)])
    found = refusal(tmp_path, TextFormat(tokens(special=special), 8), **where, val_share=0.4)
    assert f"line {line} of {tmp_path / 'train.tsv'}: the text at position 0 has no tokens" in found
    assert "drop such examples" in found


@pytest.mark.parametrize(("n", "counted"), [(1, "1 different example,"), (2, "2 different examples,")])
def test_too_few_different_texts_are_counted_without_regard_to_copies(n, counted, tmp_path):
    write_texts(tmp_path / "data.tsv", [f"good {i % n}" for i in range(10)])
    for format in (TinyTexts(), TextFormat(tokens(special=False), 8)):
        found = refusal(tmp_path, format, tsv="data.tsv")
        assert f"train has {counted} too few to carve" in found


def test_too_few_different_images_are_counted_without_regard_to_copies(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for i in range(4):
            image(7).save(tmp_path / "data" / name / f"{i}.png")
    assert "train has 1 different example, too few to carve" in refusal(tmp_path, TinyImages(), imagefolder="data")


def write_rows(file, labels):
    texts = [f"good {i}" for i in range(len(labels))]
    if file.suffix == ".parquet":
        pq.write_table(pa.table({"text": texts, "label": pa.array(labels, pa.string())}), file)
    else:
        write_texts(file, texts, labels)


@pytest.mark.parametrize("form", ["tsv", "parquet"])
@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_label_that_is_no_class_is_blamed_on_the_file_of_its_split(form, split, tmp_path):
    files = {name: f"{name}.{form}" for name in ("train", "val", "test")}
    for name, file in files.items():
        write_rows(tmp_path / file, [*LABELS, "noo"] if name == split else LABELS)
    found = refusal(tmp_path, TinyTexts(), **{form: files}, classes=["no", "yes"])
    assert f"'noo' in {split!r} of {files[split]} matches no class" in found


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_an_empty_split_is_blamed_on_its_file(split, tmp_path):
    files = {name: f"{name}.parquet" for name in ("train", "val", "test")}
    for name, file in files.items():
        write_rows(tmp_path / file, [] if name == split else LABELS)
    found = refusal(tmp_path, TinyTexts(), parquet=files)
    assert f"the split {split!r} of {files[split]} is empty" in found


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_folder_that_is_no_class_is_blamed_on_the_folder_of_its_split(split, tmp_path):
    for name in ("train", "test"):
        write_images(tmp_path / name, {"cat": 3, "dgo" if name == split else "dog": 3})
    found = refusal(tmp_path, TinyImages(), imagefolder={"train": "train", "test": "test"}, classes=["cat", "dog"])
    assert f"'dgo' in {split!r} of {tmp_path / split} matches no class" in found


def test_a_single_class_is_blamed_on_the_file_to_train_on(tmp_path):
    write_rows(tmp_path / "train.tsv", ["no"] * 4)
    write_rows(tmp_path / "test.tsv", LABELS)
    found = refusal(tmp_path, TinyTexts(), tsv={"train": "train.tsv", "test": "test.tsv"})
    assert "words.data: train.tsv has the single class 'no'" in found
