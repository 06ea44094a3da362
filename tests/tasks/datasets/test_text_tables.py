"""CSV, TSV and JSONL of texts: as they are found, and what is said of lines that are wrong."""

import codecs
import json

import pytest
from data_folders import TinyTexts, data_spec, texts_of

from frontrunner.errors import ConfigError, DataError, FrontrunnerError, UnknownNameError
from frontrunner.tasks.datasets.read_data import read_task_data

ROWS = [(f"text {i}", "yes" if i % 2 else "no") for i in range(10)]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def read(tmp_path):
    def read(*, head=None, task="words", **keys):
        return read_task_data(task, data_spec(**keys), TinyTexts(), base=tmp_path, canonical=head)

    return read


def labelled(data):
    """Text -> label, of all splits."""
    return {
        text: label
        for part in data.splits.values()
        for text, label in zip(texts_of(part), part.labels.tolist(), strict=True)
    }


def as_tsv(rows, header="text\tlabel\n"):
    return header + "".join("\t".join(map(str, row)) + "\n" for row in rows)


def as_csv(rows):
    return "text,label\n" + "".join(f'"{text}",{label}\n' for text, label in rows)


def as_jsonl(rows):
    return "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows)


@pytest.mark.parametrize(("form", "write"), [("tsv", as_tsv), ("csv", as_csv), ("jsonl", as_jsonl)])
@pytest.mark.parametrize("labels", [str, lambda name: int(name == "yes")])
def test_texts_and_labels_are_read(form, write, labels, read, tmp_path):
    (tmp_path / f"data.{form}").write_text(write([(text, labels(label)) for text, label in ROWS]))
    data = read(**{form: f"data.{form}"})
    assert labelled(data) == {text: int(label == "yes") for text, label in ROWS}
    assert data.classes == (("no", "yes") if labels is str else ("0", "1"))
    assert {split: len(part) for split, part in data.splits.items()} == {"train": 8, "val": 1, "test": 1}
    assert data.splits["train"].inputs["mask"].dtype.is_floating_point is False


def test_quotation_marks_of_tsv_mean_nothing(read, tmp_path):
    rows = [('"not closed', "no"), ('in "it"', "yes"), ('a,"b', "no"), ('"whole"', "yes")]
    (tmp_path / "data.tsv").write_text(as_tsv(rows))
    assert set(labelled(read(tsv="data.tsv"))) == {text for text, _ in rows}


def test_quotation_marks_of_csv_hold_commas_and_lines(read, tmp_path):
    (tmp_path / "data.csv").write_text('text,label\n"a,b",no\n"c\nd",yes\n"e""f",no\ng,yes\n')
    assert set(labelled(read(csv="data.csv"))) == {"a,b", "c\nd", 'e"f', "g"}


def test_lines_may_end_as_on_windows_and_begin_with_a_mark(read, tmp_path):
    (tmp_path / "data.tsv").write_bytes(codecs.BOM_UTF8 + as_tsv(ROWS).replace("\n", "\r\n").encode())
    assert labelled(read(tsv="data.tsv")) == {text: int(label == "yes") for text, label in ROWS}


def test_columns_without_a_header_are_numbered(read, tmp_path):
    (tmp_path / "train.tsv").write_text(as_tsv([("source", i % 2, "*", f"text {i}") for i in range(10)], header=""))
    data = read(tsv="train.tsv", header=False, text="3", label="1", classes=["unacceptable", "acceptable"])
    assert labelled(data) == {f"text {i}": i % 2 for i in range(10)}
    assert data.classes == ("unacceptable", "acceptable")


@pytest.mark.parametrize(
    ("names", "keys"),
    [
        (("sentence1", "sentence2", "label"), {}),
        (("question", "sentence", "label"), {}),
        (("index", "premise", "hypothesis", "gold_label"), {}),
        (("Quality", "#1 ID", "#1 String", "#2 String"), {}),
        (("left", "right", "label"), {"text": ["left", "right"]}),
    ],
)
def test_pairs_are_found_by_their_usual_names(names, keys, read, tmp_path):
    values = {"label": "x", "gold_label": "x", "Quality": "x", "index": "7", "#1 ID": "8"}
    lines = ["\t".join(names)]
    for i in range(10):
        texts = iter((f"a{i}", f"b{i}"))
        lines.append(
            "\t".join(values.get(name) or next(texts) for name in names).replace("x", "no" if i % 2 else "yes")
        )
    (tmp_path / "data.tsv").write_text("\n".join(lines))
    assert labelled(read(tsv="data.tsv", **keys)) == {f"a{i}|b{i}": int(i % 2 == 0) for i in range(10)}


def test_a_folder_of_files_has_a_split_each(read, tmp_path):
    for name, n in (("train", 10), ("dev", 4), ("test", 5)):
        (tmp_path / f"{name}.tsv").write_text(as_tsv([(f"{name} {i}", "no" if i % 2 else "yes") for i in range(n)]))
    data = read(tsv=".")
    assert {split: len(part) for split, part in data.splits.items()} == {"train": 10, "val": 4, "test": 5}
    tested_on_dev = read(tsv=".", splits={"test": "dev"})
    assert sorted(texts_of(tested_on_dev.splits["test"])) == [f"dev {i}" for i in range(4)]
    assert {text.split()[0] for text in texts_of(tested_on_dev.splits["val"])} == {"train"}
    by_path = read(tsv={"train": "train.tsv", "test": "dev.tsv"})
    assert by_path.splits["test"].labels.tolist() == tested_on_dev.splits["test"].labels.tolist()


@pytest.mark.parametrize("label", [-1, "-1"])
def test_unlabelled_rows_are_refused_with_their_reason(label, read, tmp_path):
    (tmp_path / "train.jsonl").write_text(as_jsonl(ROWS))
    (tmp_path / "test.jsonl").write_text(as_jsonl([(text, label) for text, _ in ROWS]))
    with pytest.raises(DataError, match=r"label -1, which means none, .* 10 of 10 .*GLUE.*splits: {test: validation}"):
        read(jsonl=".")


def test_a_test_part_without_labels_is_refused_with_its_reason(read, tmp_path):
    (tmp_path / "train.tsv").write_text(as_tsv(ROWS))
    (tmp_path / "test.tsv").write_text("index\ttext\n0\ta\n")
    with pytest.raises(DataError, match=r"test\.tsv has no column 'label'.*GLUE.*dev"):
        read(tsv=".")


@pytest.mark.parametrize(
    ("form", "content", "parts"),
    [
        ("tsv", as_tsv(ROWS) + "\n", ["line 12", "is empty"]),
        ("tsv", as_tsv(ROWS[:3]) + "  \t \n" + as_tsv(ROWS, ""), ["line 5", "is empty"]),
        ("csv", as_csv(ROWS[:3]) + "\n" + as_csv(ROWS), ["line 5", "is empty"]),
        ("jsonl", as_jsonl(ROWS[:2]) + "\n" + as_jsonl(ROWS), ["line 3", "is empty"]),
        ("tsv", as_tsv(ROWS) + "a\tb\tc\n", ["line 12", "3 fields", "expected 2"]),
        ("tsv", as_tsv(ROWS) + "a\n", ["line 12", "1 fields", "header"]),
        ("csv", as_csv(ROWS) + "a,b,c\n", ["line 12", "3 fields"]),
        ("csv", as_csv(ROWS) + '"a,b\n', ["line 12", "quotation marks"]),
        ("jsonl", as_jsonl(ROWS) + "{oops\n", ["line 11", "no JSON"]),
        ("jsonl", as_jsonl(ROWS) + "[1]\n", ["line 11", "expected an object"]),
        ("jsonl", as_jsonl(ROWS) + '{"txt": "a", "label": 0}\n', ["line 11", "has no 'text'", "'txt'"]),
        ("jsonl", as_jsonl(ROWS) + '{"text": 3, "label": 0}\n', ["line 11", "has 3 as 'text'", "expected a text"]),
        ("jsonl", as_jsonl(ROWS) + '{"text": "a\\ud800", "label": 0}\n', ["line 11", "half of a character"]),
        ("jsonl", as_jsonl(ROWS) + '{"text": "a", "label": null}\n', ["line 11", "label None"]),
        ("jsonl", as_jsonl(ROWS) + '{"text": "a", "label": 0.5}\n', ["line 11", "label 0.5"]),
        ("tsv", as_tsv(ROWS) + "a\t \n", ["line 12", "empty label"]),
        ("tsv", as_tsv(ROWS, "text\ttext\n"), ["line 1", "'text' twice"]),
        ("tsv", as_tsv(ROWS, "text\tlabl\n"), ["no column 'label'", "'labl'"]),
        (
            "tsv",
            as_tsv(ROWS, "a\tb\tlabel\n").replace("\tno", "\tx\tno").replace("\tyes", "\tx\tyes"),
            ["'a', 'b'", "`text`"],
        ),
        ("tsv", as_tsv(ROWS).replace("\n", "\r"), ["carriage returns alone"]),
        ("tsv", as_tsv([("a", "1", "*", "b")] * 4, ""), ["no column 'label'", "`header: false`"]),
        ("tsv", as_tsv([]), ["is empty"]),
        ("tsv", "", ["is empty"]),
        ("tsv", as_tsv([(text, "no") for text, _ in ROWS]), ["single class 'no'"]),
        ("tsv", as_tsv([*ROWS, ("a", "No")]), ["two classes", "'No'", "'no'"]),
        ("tsv", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", ["pointer of Git LFS"]),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line(form, content, parts, read, tmp_path):
    (tmp_path / f"data.{form}").write_text(content)
    with pytest.raises(DataError) as caught:
        read(**{form: f"data.{form}"})
    assert [part for part in parts if part not in str(caught.value)] == []
    assert f"data.{form}" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (as_tsv(ROWS).encode() + "größe\tno\n".encode("latin-1"), ["line 12", "not UTF-8", "0xf6"]),
        (as_tsv(ROWS).encode("utf-16"), ["is UTF-16, expected UTF-8"]),
    ],
)
def test_another_encoding_is_refused(content, parts, read, tmp_path):
    (tmp_path / "data.tsv").write_bytes(content)
    with pytest.raises(DataError) as caught:
        read(tsv="data.tsv")
    assert [part for part in parts if part not in str(caught.value)] == []


@pytest.mark.parametrize(
    ("keys", "error", "parts"),
    [
        ({"tsv": "datta.tsv"}, DataError, ["datta.tsv does not exist", "holds data.tsv"]),
        ({"tsv": "no/data.tsv"}, DataError, ["does not exist"]),
        ({"csv": "."}, DataError, ["holds", "expected .csv files"]),
        ({"tsv": "*.tsvx"}, DataError, ["no file matches"]),
        ({"tsv": "data.tsv", "text": "tex"}, DataError, ["no column 'tex'", "nearest is 'text'"]),
        ({"tsv": "data.tsv", "label": "lable"}, DataError, ["no column 'lable'", "nearest is 'label'"]),
        ({"tsv": "data.tsv", "splits": {"test": "dev"}}, UnknownNameError, ["'dev'"]),
        ({"tsv": {"train": "data.tsv"}, "splits": {"test": "dev"}}, ConfigError, ["splits are given by paths"]),
        ({"tsv": {"test": "data.tsv"}}, DataError, ["no training split"]),
        ({"tsv": "data.tsv", "classes": ["no"]}, ConfigError, ["names 1 class"]),
        ({"tsv": "data.tsv", "classes": ["no", "yes", ""]}, ConfigError, ["line 3", "is empty"]),
        ({"tsv": "data.tsv", "classes": "nowhere.txt"}, ConfigError, ["nowhere.txt"]),
        ({"tsv": "data.tsv", "classes": ["no", "maybe"]}, DataError, ["'yes'", "matches no class"]),
        ({"imagefolder": "."}, DataError, ["holds no image"]),
    ],
)
def test_a_wrong_specification_is_refused(keys, error, parts, read, tmp_path):
    (tmp_path / "data.tsv").write_text(as_tsv(ROWS))
    with pytest.raises(error) as caught:
        read(**keys)
    assert isinstance(caught.value, FrontrunnerError)
    assert [part for part in parts if part not in str(caught.value)] == []


@pytest.mark.parametrize(
    ("given", "head", "expected"),
    [
        (["entailment", "not_entailment"], None, {"entailment": 0, "not_entailment": 1}),
        (["not entailment", "Entailment"], None, {"entailment": 1, "not_entailment": 0}),
        (None, ["not_entailment", "entailment"], {"entailment": 1, "not_entailment": 0}),
        (None, ["LABEL_0", "LABEL_1"], {"entailment": 0, "not_entailment": 1}),
        (["not_entailment", "entailment"], ["LABEL_0", "LABEL_1"], {"entailment": 1, "not_entailment": 0}),
        (["not_entailment", "entailment"], ["entailment", "not_entailment"], {"entailment": 0, "not_entailment": 1}),
        (["not_entailment", "entailment"], ["wrong", "right"], {"entailment": 1, "not_entailment": 0}),
        (["no\tnot_entailment\t0", "yes\tentailment\t1"], None, {"entailment": 1, "not_entailment": 0}),
        (["no\tnot_entailment", "yes\tentailment"], ["Yes", "No"], {"entailment": 0, "not_entailment": 1}),
        (["no\tnot_entailment", "yes\tentailment"], ["LABEL_0", "LABEL_1"], {"entailment": 1, "not_entailment": 0}),
    ],
)
def test_the_heads_order_counts_where_it_is_known(given, head, expected, read, tmp_path):
    rows = [(f"{name[:3]} {i}", name) for i in range(10) for name in expected]
    (tmp_path / "data.tsv").write_text(as_tsv(rows))
    data = read(tsv="data.tsv", head=head, classes=given)
    assert not any("\t" in name for name in data.classes)
    assert labelled(data) == {text: expected[name] for text, name in rows}


@pytest.mark.parametrize(
    ("label", "head", "part"),
    [
        ("maybe", ["no", "yes"], "'maybe' in 'train' of"),
        (7, ["no", "yes"], "numbers up to 7"),
        (7, ["0", "1"], "'7' in"),
    ],
)
def test_a_label_outside_the_classes_is_named_with_its_line(label, head, part, read, tmp_path):
    rows = [
        *((f"{i}", head[i % 2] if isinstance(label, str) else i % 2) for i in range(10)),
        ("a", label),
        ("b", label),
    ]
    (tmp_path / "data.tsv").write_text(as_tsv(rows))
    with pytest.raises(DataError) as caught:
        read(tsv="data.tsv", head=head)
    assert part in str(caught.value)
    assert f"first in line 12 of {tmp_path / 'data.tsv'}" in str(caught.value)


def test_classes_may_be_in_a_file(read, tmp_path):
    (tmp_path / "data.tsv").write_text(as_tsv(ROWS))
    (tmp_path / "classes.txt").write_text("yes\nno\n")
    data = read(tsv="data.tsv", classes="classes.txt")
    assert data.classes == ("yes", "no")
    assert labelled(data) == {text: int(label == "no") for text, label in ROWS}


class PickyTexts(TinyTexts):
    """Refuses a text as formats do: by its position among those it is given."""

    def stored(self, examples):
        for position, texts in enumerate(examples):
            if "odd" in texts[0]:
                raise DataError(f"the text at position {position} has no tokens")
        return super().stored(examples)

    def notes(self, stored):
        return (f"{len(stored['ids'])} texts are fine.",)


@pytest.mark.parametrize("row", [0, 1, 2047, 2999])
def test_a_text_that_the_format_refuses_is_named_by_its_line(row, tmp_path):
    rows = [(f"odd {i}" if i == row else f"{i}", i % 2) for i in range(3000)]
    (tmp_path / "train.tsv").write_text(as_tsv(rows))
    (tmp_path / "test.tsv").write_text(as_tsv(ROWS))
    with pytest.raises(DataError, match=rf"line {row + 2} of .*train\.tsv: the text at position 0 has no tokens"):
        read_task_data("words", data_spec(tsv="."), PickyTexts(), base=tmp_path, canonical=["no", "yes"])


def test_what_the_format_decided_is_noted(tmp_path):
    (tmp_path / "data.tsv").write_text(as_tsv(ROWS))
    notes = read_task_data("words", data_spec(tsv="data.tsv"), PickyTexts(), base=tmp_path).notes
    assert {"train: 8 texts are fine", "test: 1 texts are fine"} <= set(notes)


def test_empty_texts_and_unusual_sizes_are_noted(read, tmp_path):
    (tmp_path / "train.tsv").write_text(as_tsv([*ROWS, ("", "no")]))
    (tmp_path / "dev.tsv").write_text(as_tsv([(text.upper() + " ", label) for text, label in ROWS[:4]]))
    notes = read(tsv=".", task="RTE").notes
    assert "1 examples of train have an empty text" in notes
    assert any("test has 4 examples, that of RTE usually 277" in note for note in notes)
    assert sum(int(note.split()[0]) for note in notes if "are also in train" in note or "are also in val" in note) == 4
