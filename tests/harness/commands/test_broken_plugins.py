"""What `frontrunner list` says of plugins that could not be run, and what is said where a plugin was forgotten."""

import pytest

import frontrunner as fr
from frontrunner.methods import METHODS
from frontrunner.metrics import INDICATORS
from frontrunner.tasks import SUITES

LEARNER = """
from dataclasses import dataclass
import frontrunner as fr
class Mine(fr.Learner):
    name = "mine"
    {}
    def fit(self, problem, preferences, context): ...
"""
SUITE = """
import frontrunner as fr
class Ours(fr.Suite):
    name = "ours"
    {}
    def prepare(self, tasks, *, device, seed, progress): ...
"""
LEARNERS = {
    "no dataclass": ("class Config:\n        lr: float = 1.0", "must be a dataclass; decorate it as @dataclass"),
    "no class": ("Config = 5", "options are a class, `Config`, decorated as @dataclass; found 5"),
    "unknown type": ("@dataclass(frozen=True)\n    class Config:\n        lr: 'Speed' = 1.0", "name 'Speed' is not"),
    "no type of values": ("@dataclass(frozen=True)\n    class Config:\n        lr: fr.Learner = None", "option 'lr'"),
}
SUITES_OF_PLUGINS = {
    "no version": ("tasks = ('a', 'b')", "the version of suite 'ours' must be a text such as '1', found None"),
    "no tasks": ("version = '1'", "the tasks of suite 'ours' must be a tuple of names, found None"),
    "tasks in one text": ("version, tasks = '1', 'ab'", "must be a tuple of names, found 'ab'"),
}


@pytest.fixture(autouse=True)
def registered_for_a_test(monkeypatch):
    for registry in (METHODS, SUITES, INDICATORS):
        monkeypatch.setattr(registry, "_entries", dict(registry.entries()))


@pytest.fixture
def plugin(tmp_path):
    def write(source):
        file = tmp_path / "mine.py"
        file.write_text(source)
        return file

    return write


@pytest.mark.parametrize("case", LEARNERS)
def test_a_learner_that_could_not_be_run_is_shown_as_the_sentence_that_run_says(case, plugin, command, tmp_path):
    body, said = LEARNERS[case]
    file = plugin(LEARNER.format(body))
    shown = command.within("list", "mine", "--plugin", file)
    shown.assert_one_sentence(said)
    ran = command.within("run", "mine", "tiny", "--plugin", file, "--store", tmp_path / "store")
    assert ran.err == shown.err
    listed = command.within("list", "--plugin", file)
    assert (listed.status, listed.err) == (0, "")
    assert "mine" in listed.out


@pytest.mark.parametrize("case", SUITES_OF_PLUGINS)
def test_a_suite_that_could_not_be_run_is_shown_as_the_sentence_that_run_says(case, plugin, command, tmp_path):
    body, said = SUITES_OF_PLUGINS[case]
    file = plugin(SUITE.format(body))
    shown = command.within("list", "ours", "--plugin", file)
    shown.assert_one_sentence(said)
    ran = command.within("run", "pretrained", "ours", "--plugin", file, "--store", tmp_path / "store")
    assert ran.err == shown.err
    listed = command.within("list", "--plugin", file)
    assert (listed.status, listed.err) == (0, "")
    assert said in " ".join(listed.out.split())


@pytest.mark.parametrize("body", ["pass", "version = 2"])
def test_a_learner_without_a_docstring_has_an_empty_summary(body, plugin, command):
    shown = command.within("list", "mine", "--plugin", plugin(LEARNER.format(body)))
    assert (shown.status, shown.err) == (0, "")
    assert shown.out.splitlines()[0].strip() == "mine"
    assert fr.list_methods()["mine"] == ""


@pytest.mark.parametrize("words", [["opt", "tiny"], ["pretrained", "qqqqqq"]])
def test_a_name_that_is_near_none_may_be_one_of_a_plugin(words, command, tmp_path):
    ended = command.within("run", *words, "--store", tmp_path / "store")
    ended.assert_one_sentence("choose one of", "give --plugin FILE or install its package")
    assert "did you mean" not in ended.err


@pytest.mark.parametrize("name", METHODS.entries())
def test_a_method_is_explained_without_the_arguments_of_its_class(name, command):
    shown = command.within("list", name)
    assert shown.status == 0
    assert not [part for part in ("Args:", "Raises:", "Returns:", "Attributes:") if part in shown.out]


def test_what_stands_around_the_sections_of_a_docstring_is_shown(plugin, command):
    text = """Mine is best.

    Args:
        problem: internal.

            internal, too

    It needs patience.

    Raises:
        ValueError: internal.
    """
    source = LEARNER.format("").replace("    name =", f'    """{text}"""\n    name =')
    shown = command.within("list", "mine", "--plugin", plugin(source))
    assert "It needs patience." in shown.out
    assert "internal" not in shown.out
