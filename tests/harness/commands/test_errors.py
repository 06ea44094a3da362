"""What goes wrong before a cell starts is one sentence and leaves nothing behind."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from frontrunner.harness.records.store import Store

COMMANDS = {
    "unknown method": (["weight-averagin", "tiny"], ["unknown method", "did you mean 'weight-averaging'?"]),
    "method like no other": (["zzz", "tiny"], ["unknown method", "choose one of:", "pretrained"]),
    "unknown suite": (["pretrained", "tinny"], ["unknown suite", "did you mean 'tiny'?"]),
    "unknown task": (["pretrained", "tiny", "--tasks", "task0,task9"], ["task of suite 'tiny'", "'task9'"]),
    "a task twice": (["pretrained", "tiny", "--tasks", "task0,task0"], ["distinct tasks"]),
    "unknown option": (["pwe-moe-ls", "tiny", "--set", "step=4"], ["'step'", "did you mean 'steps'?"]),
    "wrong type": (["pwe-moe-ls", "tiny", "--set", "steps=many"], ["steps must be int | None", "'many'"]),
    "not a whole number": (["pwe-moe-ls", "tiny", "--set", "steps=0.5"], ["steps must be int"]),
    "out of range": (["pwe-moe-ls", "tiny", "--set", "lr=-1"], ["lr must be positive", "-1"]),
    "not key=value": (["pwe-moe-ls", "tiny", "--set", "steps"], ["--set expects key=value", "'steps'"]),
    "negative seed": (["pretrained", "tiny", "--seed", "-1"], ["seed must be 0 or more", "-1"]),
    "no grid": (["pretrained", "tiny", "--points-per-edge", "0"], ["points_per_edge is an integer of 1 or more"]),
    "unknown device": (["pretrained", "tiny", "--device", "quantum"], ["unknown device 'quantum'", "auto"]),
    "unknown flag": (["pretrained", "tiny", "--sed", "0"], ["--sed"]),
    "missing argument": (["pretrained"], ["Missing argument", "suite"]),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_a_wrong_word_is_one_sentence_and_makes_no_store(case, command, tmp_path):
    words, parts = COMMANDS[case]
    store = tmp_path / "store"
    command.within("run", *words, "--store", store).assert_one_sentence(*parts)
    assert not store.exists()


def test_a_device_that_this_machine_lacks_is_one_sentence(command, tmp_path):
    device = f"cuda:{torch.cuda.device_count() + 7}"
    ended = command.within("run", "pretrained", "tiny", "--device", device, "--store", tmp_path / "store")
    ended.assert_one_sentence("is not on this machine")
    assert not (tmp_path / "store").exists()


BENCHES = {
    "misspelt key": ("name: x\nsuites: [tiny]\nlerners: [pretrained]\n", ["lerners", "did you mean 'learners'?"]),
    "misspelt inner key": (
        "name: x\nsuites: [{name: tiny, task: [task0]}]\nlearners: [pretrained]\n",
        ["'suites.0.task'", "did you mean 'tasks'?"],
    ),
    "missing key": ("name: x\nsuites: [tiny]\n", ["'learners' is missing"]),
    "no learner": ("name: x\nsuites: [tiny]\nlearners: []\n", ["learners", "found []"]),
    "a word for a list": ("name: x\nsuites: tiny\nlearners: [pretrained]\n", ["suites", "list", "'tiny'"]),
    "seed that is no number": ("name: x\nsuites: [tiny]\nlearners: [pretrained]\nseeds: [one]\n", ["seeds.0", "'one'"]),
    "not YAML": ("name: [x\nsuites: }", ["is not valid YAML"]),
    "not text": (b"\x80\xff\xfe\x00", ["line 1", "is not UTF-8"]),
    "empty": ("", ["must hold the keys name, suites and learners"]),
    "a list": ("- 1\n", ["must hold the keys", "found list"]),
    "unknown method": ("name: x\nsuites: [tiny]\nlearners: [pretrainde]\n", ["did you mean 'pretrained'?"]),
    "option of the wrong type": (
        "name: x\nsuites: [tiny]\nlearners: [{method: task-arithmetic, options: {points: [3]}}]\n",
        ["points must be int", "[3]"],
    ),
}


@pytest.mark.parametrize("case", BENCHES)
def test_a_wrong_bench_file_is_one_sentence_and_makes_no_store(case, command, tmp_path):
    content, parts = BENCHES[case]
    file = tmp_path / "bench.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    command.within("bench", file, "--store", tmp_path / "store").assert_one_sentence(str(file), *parts)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_bench_file_that_cannot_be_read_is_one_sentence(name, command, tmp_path):
    ended = command.within("bench", tmp_path / name, "--store", tmp_path / "store")
    ended.assert_one_sentence("cannot be read")
    assert "YAML" not in ended.err  # a word on its content, which nobody has seen
    assert not (tmp_path / "store").exists()


PLUGINS = {
    "missing": (None, ["is not a Python file"]),
    "raises": ("raise RuntimeError('first line\\nsecond line')", ["cannot be imported", "first line second line"]),
    "not Python": ("def (", ["cannot be imported", "invalid syntax"]),
    "defines nothing": ("import frontrunner as fr\nx = fr.Learner\n", ["defines no concrete subclass"]),
    "without a name": (
        "import frontrunner as fr\nclass Nameless(fr.Learner):\n    def fit(self, p, r, c): ...\n",
        ["Nameless", "class attribute `name`"],
    ),
    "takes a built-in name": (
        "import frontrunner as fr\nclass Mine(fr.Learner):\n    name = 'pretrained'\n    def fit(self, p, r, c): ...\n",
        ["'pretrained' is registered twice", "frontrunner.methods.merging.pretrained", "plugin.py"],
    ),
}


@pytest.mark.parametrize("case", PLUGINS)
def test_a_wrong_plugin_is_one_sentence_and_makes_no_store(case, command, tmp_path):
    content, parts = PLUGINS[case]
    file = tmp_path / "plugin.py"
    if content is not None:
        file.write_text(content)
    ended = command.within("run", "pretrained", "tiny", "--plugin", file, "--store", tmp_path / "store")
    ended.assert_one_sentence(*parts)
    assert not (tmp_path / "store").exists()


READERS = {
    "leaderboard": ["leaderboard"],
    "front": ["front", "abc"],
    "export": ["export", "abc", "--preference", "task0=1", "-o", "model"],
    "ui": ["ui"],
}


@pytest.mark.parametrize("reader", READERS)
def test_reading_where_there_is_no_store_makes_none(reader, command, tmp_path):
    store = tmp_path / "store"
    command.within(*READERS[reader], "--store", store).assert_one_sentence("there is no store in", str(store))
    assert not store.exists()


def test_a_store_that_is_a_file_is_one_sentence_and_stays_as_it_is(command, tmp_path):
    file = tmp_path / "store"
    file.write_text("precious")
    command.within("run", "pretrained", "tiny", "--store", file).assert_one_sentence(str(file), "cannot be used")
    assert file.read_text() == "precious"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that not even root can write to")
def test_a_store_that_cannot_be_written_is_one_sentence(command):
    command.within("run", "pretrained", "tiny", "--store", "/proc/store").assert_one_sentence("cannot be used")


@pytest.mark.parametrize("words", [["run", "pretrained", "tiny"], ["leaderboard"]])
def test_a_corrupt_database_is_one_sentence_and_stays_as_it_is(words, command, tmp_path):
    database = tmp_path / "mlflow.db"
    noise = random.Random(0).randbytes(8192)
    database.write_bytes(noise)
    command.within(*words, "--store", tmp_path).assert_one_sentence(str(tmp_path), "cannot be")
    assert database.read_bytes() == noise


def test_an_unknown_run_is_one_sentence_that_names_those_there_are(command, everything):
    ended = command.within("front", "zzzzzzzz", "--store", everything.store)
    ended.assert_one_sentence("unknown finished run 'zzzzzzzz'", "choose one of")


def test_the_beginning_of_several_runs_is_one_sentence(command, everything):
    command.within("front", "", "--store", everything.store).assert_one_sentence("7 runs start with ''")


def test_an_unknown_recorded_suite_is_one_sentence(command, everything):
    ended = command.within("leaderboard", "--suite", "tinny", "--store", everything.store)
    ended.assert_one_sentence("unknown recorded suite 'tinny'", "did you mean 'tiny'?")


@pytest.mark.parametrize("name", ["front.bmp", "front", "front.PNG", "front.pdf.gz", "nowhere/front.pdf"])
def test_a_picture_that_cannot_be_drawn_is_one_sentence(name, command, everything, tmp_path):
    attempts = Store(everything.store, create=False).attempts()
    run = next(attempt.run_id for attempt in attempts if attempt.status == "finished")
    ended = command.within("front", run, "--store", everything.store, "-o", tmp_path / name)
    said = "does not exist; make it first" if "nowhere" in name else "drawn to a .png, .pdf, .svg or .html file, found"
    ended.assert_one_sentence(said, name)
    assert ended.out == ""
    assert list(tmp_path.iterdir()) == []


def test_an_error_records_nothing_in_a_store_that_exists(command, everything):
    before = (everything.store / "mlflow.db").read_bytes()
    command.within("run", "pretrained", "tiny", "--tasks", "task", "--store", everything.store).assert_one_sentence()
    assert (everything.store / "mlflow.db").read_bytes() == before


LAUNCHED = """
import sys
from frontrunner.harness.commands.launch import launch

def app(standalone_mode):
    raise KeyboardInterrupt

launch(app)
"""


@pytest.mark.parametrize(("name", "kept"), [("bench", True), ("tune", True), ("export", False), ("estimate", False)])
def test_an_interrupted_command_says_what_is_kept_where_something_is(name, kept):
    ended = subprocess.run([sys.executable, "-c", LAUNCHED, name], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: interrupted")
    assert ("the same command goes on" in ended.stderr) == kept


@pytest.mark.parametrize(
    "words",
    [
        ["--store", "elsewhere", "by-budget"],
        ["--suite", "tiny", "export", "a.zip"],
        ["-o", "board.csv", "by-budget"],
        ["--format", "md", "import", "a.zip"],
        ["--hide-failed", "by-budget"],
    ],
)
def test_options_before_a_subcommand_are_refused_and_not_ignored(words, command, tmp_path):
    ended = command.within("leaderboard", *words)
    ended.assert_one_sentence("would be ignored; put what", "behind it")
    assert list(tmp_path.iterdir()) == []
