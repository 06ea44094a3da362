"""Where a plugin's own code fails, its last line is told, the line of the plugin, and where the traceback lies."""

import re
from pathlib import Path

import pytest

from frontrunner.methods import METHODS
from frontrunner.metrics import INDICATORS
from frontrunner.tasks import SUITES

LEARNER = """import frontrunner as fr
from dataclasses import dataclass
class Mine(fr.Learner):
    name = "mine"
    {}
    def fit(self, problem, preferences, context): ...
"""
CONFIG = "@dataclass(frozen=True)\n    class Config:\n        lr: float = 1.0\n        def __post_init__(self): "
SUITE = """import frontrunner as fr
class Ours(fr.Suite):
    name, version, tasks = "ours", "1", ("a", "b")
    {}
    def prepare(self, tasks, *, device, seed, progress): ...
"""
IN_THE_COMMAND = {
    "imports": ("table = {}\n\nlr = table['lr']\n", "KeyError: 'lr' (line 3 of mine.py)"),
    "is no Python": ("x = 1\ndef (\n", "SyntaxError: invalid syntax (mine.py, line 2)"),
    "reads its options": (LEARNER.format(f"{CONFIG}{{}}[self.lr]"), "mine: KeyError: 1.0 (line 8 of mine.py)"),
    "tells its digest": (
        SUITE.format("def content_digest(self, tasks): return [][0]"),
        "a plugin failed: IndexError: list index out of range (line 4 of mine.py)",
    ),
}


@pytest.fixture(autouse=True)
def registered_for_one_test(monkeypatch):
    for registry in (METHODS, SUITES, INDICATORS):
        monkeypatch.setattr(registry, "_entries", dict(registry.entries()))


@pytest.fixture
def run(command, tmp_path):
    """(source) -> how a run of what it defines ended."""

    def started(source):
        file = tmp_path / "mine.py"
        file.write_text(source)
        names = ("mine", "tiny") if "Learner" in source else ("pretrained", "ours" if "Suite" in source else "tiny")
        return command.within("run", *names, "--plugin", file, "--store", tmp_path / "store")

    return started


@pytest.mark.parametrize("case", IN_THE_COMMAND)
def test_in_the_command(case, run):
    source, said = IN_THE_COMMAND[case]
    ended = run(source)
    ended.assert_one_sentence(said)
    kept = Path(re.search(r"; its traceback is in (\S+)$", ended.err)[1]).read_text()
    assert kept.splitlines()[-1].startswith(re.search(r"\w+Error", said)[0])
    assert 'mine.py", line' in kept


def test_in_a_worker_also_where_a_helper_beside_it_fails(run, in_process, tmp_path):
    (tmp_path / "helpers.py").write_text("\n\ndef look(table):\n    return table['lr']\n")
    ended = run(LEARNER.format("").replace("...", "\n        import helpers\n        helpers.look({})"))
    reason = "KeyError: 'lr' (line 4 of helpers.py)"
    assert reason in ended.err
    assert ended.out.splitlines()[-1].endswith(reason)


def test_a_worker_of_its_own_keeps_it_in_its_log(everything):
    lines = everything.ended.out.splitlines()
    failed = next(i for i, line in enumerate(lines) if "this learner always [fails] (line 41 of tiny_plugin" in line)
    log = Path(lines[failed + 1].removeprefix("  its traceback and output: "))
    assert log.read_text().splitlines()[-1] == "RuntimeError: this learner always [fails]"


@pytest.mark.parametrize(
    "source",
    ["import no_such_package_here\n", LEARNER.format(f"{CONFIG}raise ValueError('lr is odd')")],
    ids=["a missing package", "a refused value"],
)
def test_what_a_sentence_says_whole_has_no_traceback(source, run):
    ended = run(source)
    ended.assert_one_sentence()
    assert "traceback" not in ended.err


def test_without_a_folder_to_write_to_the_sentence_stays(run, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "file"))
    ended = run("x = 1 / 0\n")
    ended.assert_one_sentence("ZeroDivisionError: division by zero (line 1 of mine.py)")
    assert "traceback" not in ended.err


def test_a_defect_of_our_own_is_not_called_a_plugin_s(command, monkeypatch, tmp_path):
    monkeypatch.setattr(type(METHODS), "get", lambda *_: {}["a defect"])
    with pytest.raises(KeyError, match="a defect"):
        command.within("run", "pretrained", "tiny", "--store", tmp_path / "store")
