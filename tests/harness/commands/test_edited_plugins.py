"""An edited plugin is never answered with the results of before: not by its file, nor by what that imports."""

import os
import zlib

import pytest

from frontrunner.harness.cells.make_cell import make_cell
from frontrunner.harness.records.store import Store
from frontrunner.plugin_source import file_source_digest

PLUGIN = '''
import frontrunner as fr
import parts{inner}

class Edited{name}(fr.Learner):
    """Gives the pre-trained model."""
    name = "edited-{name}"

    def fit(self, problem, preferences, context):
        size = problem.model_parameters
        return fr.FiniteSet(problem.n_tasks, lambda _: problem.pretrained, ["one"], total_parameters=size)
'''


@pytest.fixture
def plugin(tmp_path, request):
    """A plugin that imports a package beside it, of which it uses one module."""
    name = str(zlib.crc32(request.node.name.encode()))
    (tmp_path / f"parts{name}").mkdir()
    (tmp_path / f"parts{name}" / "__init__.py").write_text("from . import used\n")
    (tmp_path / f"parts{name}" / "used.py").write_text("import json\nSCALE = 1\n")
    (tmp_path / f"parts{name}" / "unused.py").write_text("")
    file = tmp_path / f"plugin{name}.py"
    file.write_text(PLUGIN.format(name=name, inner=name))
    return file


EDITS = {
    "the plugin": (lambda file: file, True),
    "what it imports": (lambda file: file.parent / f"parts{file.stem.removeprefix('plugin')}" / "__init__.py", True),
    "what that imports": (lambda file: file.parent / f"parts{file.stem.removeprefix('plugin')}" / "used.py", True),
    "what it does not": (lambda file: file.parent / f"parts{file.stem.removeprefix('plugin')}" / "unused.py", False),
    "another plugin": (lambda file: file.with_name("other.py"), False),
}


@pytest.mark.parametrize(
    "edited",
    [
        pytest.param(name, marks=() if name in ("what that imports", "what it does not") else pytest.mark.slow)
        for name in EDITS
    ],
)
def test_a_plugin_runs_again_where_its_source_was_edited(edited, plugin, command, in_process, tmp_path):
    method = f"edited-{plugin.stem.removeprefix('plugin')}"

    def run():
        return command.within(
            "run", method, "tiny", "--plugin", command.plugin, "--plugin", plugin, "--store", tmp_path / "store"
        )

    find, counts = EDITS[edited]
    assert run().status == 0
    run()
    assert len(in_process) == 1
    with find(plugin).open("a") as opened:
        opened.write("# edited\n")
    assert run().status == 0
    assert len(in_process) == 1 + counts
    found = {attempt.cell.method_source for attempt in Store(tmp_path / "store", create=False).attempts()}
    assert len(found) == 1 + counts
    assert "" not in found


SCALED = """
import frontrunner as fr
from scales import SCALE

class Scaled(fr.Learner):
    \"\"\"Gives the pre-trained model plus a number.\"\"\"
    name = "scaled"

    def fit(self, problem, preferences, context):
        params = {name: tensor + SCALE * 1.0 for name, tensor in problem.pretrained.items()}
        return fr.FiniteSet(problem.n_tasks, lambda _: params, ["one"], total_parameters=problem.model_parameters)
"""


@pytest.mark.slow
def test_the_new_code_gives_the_new_result(command, tmp_path):
    """Each edit keeps the file's length and time, by which bytecode and caches may be told."""
    plugin, beside = tmp_path / "scaled.py", tmp_path / "scales.py"
    plugin.write_text(SCALED)
    beside.write_text("SCALE = 1.0\n")
    found = []
    for file, before, after in ((beside, "1.0", "1.0"), (beside, "1.0", "9.0"), (plugin, "1.0", "3.0")):
        state = file.stat()
        file.write_text(file.read_text().replace(before, after))
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
        words = ["--plugin", plugin, "--store", tmp_path / "store"]
        ended = command.run("run", "scaled", "merging-toy", "--tasks", "e1,e2", *words)
        assert ended.status == 0, ended.err
        newest = Store(tmp_path / "store", create=False).attempts()[-1]
        found.append(tuple(newest.record().evaluation.error[0]))
    assert len(set(found)) == 3


def test_what_ships_with_frontrunner_keeps_its_keys():
    cell = make_cell("experts", "merging-toy", tasks=None, seed=0, options={}, points_per_edge=2)
    assert (cell.method_source, cell.suite_source) == ("", "")
    assert "source" not in str(sorted(cell.to_json()))
    assert cell.group == "merging-toy v1: e1, e2, e3, e4, e5, e6, e7, e8 (grid of 8 preferences)"


def test_a_renamed_plugin_is_the_same(plugin):
    before = file_source_digest(plugin)
    assert file_source_digest(plugin.rename(plugin.with_name("renamed.py"))) == before
