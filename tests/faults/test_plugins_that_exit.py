"""A plugin that ends the process ends a command with one sentence and status 1, never as if all had been done."""

import os
import signal

import pytest
from worker_orders import order_for

from frontrunner.errors import PluginError
from frontrunner.harness.running.worker import Reporter, attempt
from frontrunner.methods import METHODS
from frontrunner.plugin_exit import not_ending
from frontrunner.plugin_import import import_plugin
from frontrunner.registry import Entry, Registry

ENDS = {
    "sys.exit(0)": "import sys\nsys.exit(0)",
    "sys.exit()": "import sys\nsys.exit()",
    "raise SystemExit": "\nraise SystemExit",
    "exit()": "\nexit()",
    "os._exit(0)": "import os\nos._exit(0)",
    "from os import _exit": "from os import _exit\n_exit(0)",
    "caught": "import os\ntry:\n    os._exit(0)\nexcept Exception:\n    pass",
    "raise KeyboardInterrupt": "\nraise KeyboardInterrupt",
}
CLASS = """
import sys
import frontrunner as fr
class Leaving(fr.Learner):
    name = "leaving"
    {}
    def fit(self, problem, preferences, context): ...
"""


@pytest.fixture(autouse=True)
def registered_for_a_test(monkeypatch):
    monkeypatch.setattr(METHODS, "_entries", dict(METHODS.entries()))


@pytest.fixture(params=ENDS)
def ending(request, tmp_path):
    """A plugin that ends the process while it is imported."""
    file = tmp_path / "ending.py"
    file.write_text(ENDS[request.param])
    return file


def test_every_command_fails_with_one_sentence(ending, command, tmp_path):
    store = tmp_path / "store"
    for arguments in (["run", "pretrained", "tiny", "--store", store], ["list"], ["leaderboard", "--store", store]):
        ended = command.within(*arguments, "--plugin", ending)
        ended.assert_one_sentence("ending.py' cannot be imported: it ends the process (")
    assert not store.exists()


def test_in_a_worker_the_cell_fails_and_says_why(ending, tmp_path):
    ended = attempt(order_for({}, tmp_path, plugins=(str(ending),)), Reporter(lambda _: None))
    assert (ended.status, ended.repeats) == ("failed", True)
    assert "it ends the process (" in ended.reason


def test_an_installed_package_that_exits_is_named(ending):
    class Point:
        def load(self):
            exec(ending.read_text(), {"exit": __import__("sys").exit})

    registry = Registry("thing", base="builtins:object", group="none", builtin={})
    registry.add(Entry("leaving", "package leaving", Point()))
    with pytest.raises(PluginError, match=r"from package leaving cannot be imported: it ends the process \("):
        registry.get("leaving")


@pytest.mark.parametrize("body", ["def __init__(self, config): sys.exit(0)", "def __init__(self, _): exit()"])
def test_one_that_exits_after_its_import_fails_too(body, command, tmp_path):
    file = tmp_path / "leaving.py"
    file.write_text(CLASS.format(body))
    ended = command.within("run", "leaving", "tiny", "--plugin", file, "--store", tmp_path / "store")
    ended.assert_one_sentence("ended the process", "of leaving.py")


def test_ctrl_c_during_an_import_interrupts_as_ever(tmp_path):
    file = tmp_path / "slow.py"
    file.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            import_plugin(file)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, handler)


def test_a_process_that_the_plugin_forks_may_end_as_it_likes():
    with not_ending():
        child = os.fork()
        if child == 0:
            os._exit(7)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 7
