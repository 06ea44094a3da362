"""Several models in one export; what is refused; and that a folder holds a whole export or none."""

import csv
import json
import os
import subprocess
import sys
import threading

import pytest
from safetensors.torch import load_file

import frontrunner as fr
from frontrunner.errors import StoreError
from frontrunner.harness.exporting import export_model as exporting
from frontrunner.harness.exporting.export_folder import export_folder, require_free
from frontrunner.harness.exporting.export_model import export_model, export_models
from frontrunner.harness.exporting.export_options import ExportOptions
from frontrunner.harness.records.store import Store


@pytest.fixture(scope="module")
def ran(command, without_processes, tmp_path_factory):
    """A store with one run."""
    store = tmp_path_factory.mktemp("ran") / "store"
    with without_processes():
        ended = command.within("run", "interpolation", "tiny", "--points-per-edge", "3", "--store", store)
    assert ended.status == 0, ended.out + ended.err
    return store


@pytest.fixture(scope="module")
def attempt(ran):
    (found,) = Store(ran, create=False).attempts()
    return found


@pytest.fixture
def export(command, ran, attempt, tmp_path):
    def run(*words, to="out"):
        return command.within("export", attempt.run_id, "--store", ran, "-o", tmp_path / to, *words)

    return run


def table_of(folder):
    with (folder / "index.csv").open(newline="") as opened:
        return list(csv.DictReader(opened))


def errors_of(folder, task):
    return fr.load_problem("tiny").evaluate(load_file(folder / "model.safetensors"), "test").error[task]


def test_a_grid_is_a_folder_a_model_and_an_index(export, tmp_path):
    ended = export("--preferences", "grid:3")
    assert (ended.status, ended.err) == (0, "")
    assert "6 models" in ended.out
    rows = table_of(tmp_path / "out")
    assert [row["folder"] for row in rows] == list("012345")
    assert [[float(row[f"preference_task{t}"]) for t in range(3)] for row in rows] == fr.simplex_grid(3, 3).tolist()
    for row in rows:
        folder = tmp_path / "out" / row["folder"]
        assert float(row["error_task1"]) == errors_of(folder, 1)
        assert {"README.md", "model.json", "model.safetensors", "heads"} == {file.name for file in folder.iterdir()}


def test_recorded_preferences_have_the_recorded_errors(export, attempt, tmp_path):
    assert export("--preferences", "recorded", "--no-measure").status == 0
    rows = table_of(tmp_path / "out")
    recorded = attempt.record().evaluation
    assert [float(row["error_task2"]) for row in rows] == recorded.error[:, 2].tolist()
    assert len({row["folder"] for row in rows}) == len(recorded.error)


def test_a_file_names_tasks_in_any_order_and_unmeasured_errors_are_absent(export, tmp_path):
    file = tmp_path / "wanted.csv"
    file.write_text("\ufefftask2, task0,task1\n0.7,0.2,0.1\n\n0.123,0.877,0\n", encoding="utf-8")
    assert export("--preferences", file, "--no-measure").status == 0
    first, second = table_of(tmp_path / "out")
    assert [float(first[f"preference_task{t}"]) for t in range(3)] == [0.2, 0.1, 0.7]
    assert second["error_task0"] == ""
    assert "not measured" in (tmp_path / "out" / "1" / "README.md").read_text()
    assert json.loads((tmp_path / "out" / "export.json").read_text())["exported"][1]["errors"] is None


def test_a_repeated_option_is_several_models(export, tmp_path):
    words = [word for t in "01" for word in ("--preference", f"task{t}=1,task{1 - int(t)}=0,task2=0")]
    assert export(*words).status == 0
    assert [row["preference_task1"] for row in table_of(tmp_path / "out")] == ["0.0", "1.0"]


WRONG = {
    "neither": ([], ["found neither"]),
    "both": (["--preferences", "grid:3", "--preference", "task0=1,task1=0,task2=0"], ["found both"]),
    "a grid of one point": (["--preferences", "grid:1"], ["2 or more", "'grid:1'"]),
    "a grid of words": (["--preferences", "grid:many"], ["2 or more", "'grid:many'"]),
    "a grid of too many": (["--preferences", "grid:99"], ["1,000 models", "4,950"]),
    "no such file": (["--preferences", "absent.csv"], ["absent.csv", "cannot be read"]),
    "a library that the suite has none of": (
        ["--preferences", "grid:2", "--format", "open_clip"],
        ["exported as state-dict, found open_clip"],
    ),
    "a head for a state dict": (["--preferences", "grid:2", "--head", "task1"], ["leave --head out"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_one_sentence_and_writes_nothing(case, export, tmp_path):
    words, parts = WRONG[case]
    export(*words).assert_one_sentence(*parts)
    assert list(tmp_path.iterdir()) == []


FILES = {
    "another header": ("task0,task1\n0.5,0.5\n", "expected task0, task1, task2"),
    "nothing": ("", "names the tasks"),
    "no rows": ("task0,task1,task2\n", "expected 1 to 1,000"),
    "a word": ("task0,task1,task2\n0.5,half,0\n", "line 2"),
    "a number too few": ("task0,task1,task2\n1,0,0\n0.5,0.5\n", "line 3"),
    "a sum of 0.9": (
        "task0,task1,task2\n1,0,0\n0.5,0.4,0\n",
        "preference 2 of 2: the weights",
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_a_wrong_file_is_one_sentence(case, export, tmp_path):
    text, part = FILES[case]
    (tmp_path / "wanted.csv").write_text(text)
    export("--preferences", tmp_path / "wanted.csv").assert_one_sentence(part)
    assert not (tmp_path / "out").exists()


def test_an_export_is_replaced_by_force_alone_and_whatever_else_never(export, tmp_path):
    one = ["--preference", "task0=1,task1=0,task2=0"]
    assert export(*one).status == 0
    before = (tmp_path / "out" / "model.safetensors").read_bytes()
    other = ["--preference", "task0=0,task1=1,task2=0"]
    export(*other).assert_one_sentence("holds an export already", "--force")
    assert (tmp_path / "out" / "model.safetensors").read_bytes() == before
    assert export(*other, "--force").status == 0
    assert (tmp_path / "out" / "model.safetensors").read_bytes() != before
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious.txt").write_text("mine")
    export(*one, "--force", to="mine").assert_one_sentence("precious.txt", "no export")
    assert [entry.name for entry in (tmp_path / "mine").iterdir()] == ["precious.txt"]
    (tmp_path / "empty").mkdir()
    assert export(*one, to="empty").status == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError("disk full")])
def test_an_export_that_ends_early_leaves_what_was_there(error, attempt, monkeypatch, tmp_path):
    thirds = dict.fromkeys(attempt.cell.tasks, 1 / 3)
    export_model(attempt, thirds, tmp_path / "out")
    before = sorted(tmp_path.rglob("*"))

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(exporting, "_mark", fail)
    corner = dict(zip(attempt.cell.tasks, [1.0, 0.0, 0.0], strict=True))
    with pytest.raises((KeyboardInterrupt, StoreError)):
        export_models(attempt, [thirds, corner], tmp_path / "out", ExportOptions(force=True))
    assert sorted(tmp_path.rglob("*")) == before


def test_what_a_killed_export_left_is_hidden_and_goes_with_the_next(tmp_path):
    program = (
        "import os, pathlib, signal, sys\n"
        "from frontrunner.harness.exporting.export_folder import export_folder\n"
        "with export_folder(pathlib.Path(sys.argv[1]), force=False) as folder:\n"
        "    (folder / 'model.safetensors').write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    target = tmp_path / "out"
    subprocess.run([sys.executable, "-c", program, target], check=False)
    assert not target.exists()
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".")
    with export_folder(target, force=False) as folder:
        (folder / "whole").write_text("whole")
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


@pytest.fixture
def old(tmp_path):
    """A folder that holds an export."""
    with export_folder(tmp_path / "out", force=False) as folder:
        (folder / "export.json").write_text('{"exported": []}')
        (folder / "model").write_text("old")
    return tmp_path / "out"


def _replace(place, body=lambda _: None):
    with export_folder(place, force=True) as folder:
        (folder / "export.json").write_text('{"exported": []}')
        (folder / "model").write_text("new")
        body(folder)


def test_an_old_export_is_put_back_where_the_new_one_cannot_take_its_place(old):
    with pytest.raises(StoreError, match="cannot be written"):
        _replace(old, lambda folder: folder.rename(folder.with_name("elsewhere")))
    assert (old / "model").read_text() == "old"
    assert sorted(os.listdir(old.parent)) == ["elsewhere", "out"]


def test_an_interruption_between_old_and_new_puts_the_old_export_back(old, monkeypatch):
    rename = type(old).rename

    def interrupted(source, target):
        if source.suffix == ".partial":
            raise KeyboardInterrupt
        return rename(source, target)

    monkeypatch.setattr(type(old), "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _replace(old)
    assert (old / "model").read_text() == "old"
    assert os.listdir(old.parent) == ["out"]


MARKS = {
    "a list": '["exported"]',
    "a text": '"exported"',
    "another mapping": '{"exported": true}',
    "one that lists nothing": '{"exported": []}',
    "one too deep": "[" * 200_000,
    "no JSON": "exported",
}


@pytest.mark.parametrize("mark", MARKS)
def test_a_folder_is_no_export_for_a_file_of_that_name(mark, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "export.json").write_text(MARKS[mark])
    with pytest.raises(StoreError, match=r"holds export\.json, which is no export"):
        _replace(tmp_path / "out")
    assert (tmp_path / "out" / "export.json").read_text() == MARKS[mark]


@pytest.mark.parametrize("name", ["notes.txt", "data/x", "link"])
def test_what_somebody_has_put_into_an_export_stays_theirs(name, old):
    (old / name).parent.mkdir(exist_ok=True)
    if name == "link":
        (old / name).symlink_to("nowhere")
    else:
        (old / name).write_text("mine")
    with pytest.raises(StoreError, match=f"holds {name}, which is no export"):
        _replace(old)
    assert (old / "model").read_text() == "old"
    (old / name).unlink()
    _replace(old)
    assert (old / "model").read_text() == "new"


def test_of_two_exports_at_once_the_second_is_told_of_the_first(tmp_path):
    def second():
        with export_folder(tmp_path / "out", force=False) as folder:
            (folder / "export.json").write_text('{"exported": []}')
            other = threading.Thread(target=_replace, args=[tmp_path / "out"])
            other.start()
            other.join()

    with pytest.raises(StoreError, match="holds an export already"):
        second()
    assert (tmp_path / "out" / "model").read_text() == "new"


KILLED = """
import os, pathlib, signal, sys
from frontrunner.harness.exporting import export_folder

rename = pathlib.Path.rename

def killed(source, target):
    if source.suffix == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(source, target)

pathlib.Path.rename = killed
with export_folder.export_folder(pathlib.Path(sys.argv[1]), force=True) as folder:
    (folder / "export.json").write_text('{"exported": []}')
    (folder / "model").write_text("new")
"""


@pytest.mark.parametrize(("killed_before", "kept"), [(".partial", "old"), (".former", "new")])
def test_a_kill_between_old_and_new_loses_neither(killed_before, kept, old):
    """Killed before the new export is moved in, or before the old one is moved on to be removed."""
    subprocess.run([sys.executable, "-c", KILLED, old, killed_before], check=False)
    assert any(name.endswith(".former") for name in os.listdir(old.parent))
    assert old.exists() == (kept == "new")
    with pytest.raises(StoreError, match="holds an export already"), export_folder(old, force=False):
        pass
    assert (old / "model").read_text() == kept
    assert os.listdir(old.parent) == ["out"]


def test_a_folder_that_somebody_fills_meanwhile_stays_theirs(tmp_path):
    target = tmp_path / "out"

    def fill():
        with export_folder(target, force=False) as folder:
            (folder / "ours").write_text("ours")
            target.mkdir()
            (target / "theirs").write_text("theirs")

    with pytest.raises(StoreError, match="holds theirs, which is no export"):
        fill()
    assert [entry.name for entry in target.iterdir()] == ["theirs"]
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("target", ["gone", "no-folder/gone"])
def test_a_link_to_nothing_is_said_to_be_one(target, tmp_path):
    link = tmp_path / "out"
    link.symlink_to(tmp_path / target)
    with pytest.raises(StoreError, match="it is a link to what is not there"):
        require_free(link, force=False)
    assert link.is_symlink()
    assert os.listdir(tmp_path) == ["out"]


def test_from_python_one_or_several(ran, attempt, tmp_path):
    corner = {"task0": 1, "task1": 0.0, "task2": 0}
    (weights,) = fr.export(attempt.run_id[:12], corner, tmp_path / "one", store=ran, format="state-dict")
    assert weights == tmp_path / "one" / "model.safetensors"
    for name, several, n in (("list", [corner, corner], 2), ("grid", "grid:2", 3)):
        (index,) = fr.export(attempt.run_id, several, str(tmp_path / name), store=str(ran), measure=False)
        assert index == tmp_path / name / "index.csv"
        assert len(table_of(tmp_path / name)) == n
    same = load_file(tmp_path / "list" / "1" / "model.safetensors")
    assert all(tensor.equal(same[key]) for key, tensor in load_file(weights).items())


@pytest.mark.parametrize("wrong", [None, 3, [[1, 0, 0]], {"task0": "a lot"}, {1: 1.0}, b"grid:2"])
def test_from_python_what_is_no_preference_is_refused(wrong, ran, attempt, tmp_path):
    with pytest.raises(fr.ConfigError, match="preferences is a mapping"):
        fr.export(attempt.run_id, wrong, tmp_path / "out", store=ran)
    with pytest.raises(TypeError, match="'formats'"):
        fr.export(attempt.run_id, "recorded", tmp_path / "out", formats="open_clip")
    assert not (tmp_path / "out").exists()
