"""Plugin files are modules of their own, find what lies beside them, and can be found again by any process."""

import multiprocessing
import os
import sys

import pytest

from frontrunner.errors import ConfigError
from frontrunner.methods.ranges import option_types
from frontrunner.plugin_import import import_plugin
from frontrunner.plugin_modules import without_plugin_prefix

CONFIG = """
from __future__ import annotations
from dataclasses import dataclass
from typing import {name}

@dataclass(frozen=True)
class Config:
    kind: {name}[{inner}]
"""


def write(folder, more=None, /, **files):
    """Files below a folder, by their path without .py; the path of the first that is named."""
    contents = files | (more or {})
    paths = [folder / f"{name}.py" for name in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return paths[0]


def test_two_files_of_one_name_are_two_modules_each_with_its_own_annotations(tmp_path):
    first = write(tmp_path / "a", mine=CONFIG.format(name="Literal", inner="'x', 'y'"))
    second = write(tmp_path / "b", mine=CONFIG.format(name="Annotated", inner="int, 'unit'"))
    configs = [import_plugin(file)[0].Config for file in (first, second)]
    assert [str(option_types(config)["kind"]) for config in configs] == ["typing.Literal['x', 'y']", "<class 'int'>"]
    assert configs[0].__module__ != configs[1].__module__
    assert [without_plugin_prefix(config.__module__) for config in configs] == ["mine", "mine"]


BESIDE = {
    "a name of it": "from helpers import WHERE",
    "the module": "import helpers\nWHERE = helpers.WHERE",
    "under another name": "import helpers as h\nWHERE = h.WHERE",
    "relatively": "from .helpers import WHERE",
    "all of it": "from helpers import *",
    "through another file": "from between import WHERE",
    "a folder": "import parts.deep\nWHERE = parts.deep.WHERE",
    "a module of a folder": "from parts import deep\nWHERE = deep.WHERE",
    "under another name from a folder": "import parts.deep as d\nWHERE = d.WHERE",
    "a namespace": "from loose.deep import WHERE",
}


@pytest.mark.parametrize("how", BESIDE)
def test_two_plugins_each_find_their_own_helper(tmp_path, how):
    before = list(sys.path)
    found = []
    for name in ("a", "b"):
        deeper = {
            "parts/__init__": "",
            "parts/deep": "import helpers\nWHERE = helpers.WHERE",
            "loose/deep": f"WHERE = {name!r}",
        }
        helpers = {"helpers": f"WHERE = {name!r}", "between": "from helpers import WHERE"}
        file = write(tmp_path / name, deeper, mine=BESIDE[how], **helpers)
        found.append(import_plugin(file)[0].WHERE)
    assert found == ["a", "b"]
    assert sys.path == before
    assert {"helpers", "between", "parts", "loose"}.isdisjoint(sys.modules)


def test_what_a_function_imports_later_is_found_as_well(tmp_path):
    later = "def where():\n    import helpers\n    return helpers.WHERE"
    modules = [import_plugin(write(tmp_path / name, mine=later, helpers=f"WHERE = {name!r}"))[0] for name in ("a", "b")]
    assert [module.where() for module in modules] == ["a", "b"]


def test_a_plugin_in_a_package_finds_what_the_package_finds(tmp_path):
    write(
        tmp_path,
        {
            "work/__init__": "NAME = 'work'",
            "work/far": "FAR = 2",
            "work/learners/__init__": "",
            "work/learners/near": "NEAR = 1",
        },
    )
    code = "from . import near\nfrom ..far import FAR\nimport work.far\nFOUND = near.NEAR, FAR, work.NAME"
    file = write(tmp_path / "work" / "learners", mine=code)
    assert import_plugin(file)[0].FOUND == (1, 2, "work")
    assert import_plugin(tmp_path / "work" / "__init__.py")[0].NAME == "work"


@pytest.mark.parametrize("name", ["with-hyphen.py", "v1.2.py", "two words.py", "größe.py", "none", "file_.py", "3.py"])
def test_a_file_may_be_called_anything(tmp_path, name):
    (tmp_path / name).write_text("VALUE = __file__")
    module, origin = import_plugin(tmp_path / name)
    assert module.VALUE == origin == str(tmp_path / name)


def test_a_folder_of_the_same_name_is_not_taken_for_the_file(tmp_path):
    file = write(tmp_path, {"mine/__init__": "VALUE = 'folder'"}, mine="VALUE = 'file'")
    assert import_plugin(file)[0].VALUE == "file"


@pytest.mark.parametrize("name", ["rich", "random", "frontrunner"])
def test_a_plugin_called_like_a_module_that_it_imports_gets_that_module(tmp_path, name):
    module = import_plugin(write(tmp_path, **{name: f"import {name}\nFOUND = {name}"}))[0]
    assert module.FOUND is sys.modules[name]


@pytest.mark.parametrize("name", ["random", "frontrunner", "torch"])
def test_what_lies_about_beside_a_plugin_hides_no_module(tmp_path, name):
    """A script called like one of Python's, a checkout of Frontrunner, a folder of data."""
    files = {"random": "random", "frontrunner": "frontrunner/__init__", "torch": "torch/notes/read"}
    code = f"import {name}\nFOUND = {name}"
    module = import_plugin(write(tmp_path, {files[name]: "WRONG = 1"}, mine=code))[0]
    assert module.FOUND is sys.modules[name]


def test_links_and_relative_paths_lead_to_one_module(tmp_path, monkeypatch):
    file = write(tmp_path, mine="")
    (tmp_path / "link.py").symlink_to(file)
    monkeypatch.chdir(tmp_path)
    assert len({import_plugin(path)[0] for path in (file, "mine.py", "./mine.py", "link.py")}) == 1


def test_nothing_is_written_beside_a_plugin_and_an_edit_counts_at_once(tmp_path):
    for value in ("1", "2"):
        file = write(tmp_path, mine=f"VALUE = {value}", helpers="")
        module = import_plugin(file)[0]
        assert str(module.VALUE) == value
        del sys.modules[module.__name__]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["helpers.py", "mine.py"]


@pytest.mark.parametrize("start", ["spawn", "forkserver"])
def test_a_started_process_finds_a_plugin_and_its_helper_by_name(tmp_path, start):
    code = "from helpers import double\ndef twice(x):\n    return double(x) + 1"
    module = import_plugin(write(tmp_path, mine=code, helpers="def double(x):\n    return 2 * x"))[0]
    with multiprocessing.get_context(start).Pool(1) as pool:
        assert pool.apply(module.twice, (3,)) == 7
        assert pool.apply(module.double, (3,)) == 6


BROKEN = {
    "not Python": ("x = 1\ndef (", "invalid syntax.*line 2"),
    "raises": ("\n\nx = 1 / 0", r"ZeroDivisionError: division by zero \(line 3 of mine.py\)$"),
    "raises nothing that it says": ("assert 1 == 2", r"AssertionError \(line 1"),
    "ends": ("import sys\nsys.exit('no licence')", r"it ends the process \(no licence\) \(line 2"),
    "raises what is no Exception": ("class Stop(BaseException): ...\nraise Stop('now')", r": now \(line 2"),
    "needs a package": ("import no_such_package_here", "No module named 'no_such_package_here'; install it, or put"),
    "needs a helper that is not there": ("from .nothing import x", r"No module named 'nothing' \(line 1"),
    "needs what a helper lacks": ("from helpers import nothing", r"cannot import name 'nothing' from 'helpers'"),
    "helper that raises": (
        "\nimport broken_helper",
        r"IndexError: list index out of range \(line 1 of broken_helper.py\)$",
    ),
    "null bytes": ("x = 1\0", "null bytes"),
    "another encoding": (b"x = '\xff'", "utf-8|decode"),
    "recurses": ("def f():\n    f()\nf()", "maximum recursion depth"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_plugin_that_cannot_be_imported_is_one_sentence_and_leaves_nothing_half_imported(tmp_path, case):
    content, why = BROKEN[case]
    file = write(tmp_path, mine="", helpers="", broken_helper="[][0]")
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    for _ in range(2):
        before = set(sys.modules)
        with pytest.raises(ConfigError, match=why) as caught:
            import_plugin(file)
        assert str(caught.value).startswith(f"the plugin {str(file)!r} cannot be imported: ")
        assert "plugin_modules" not in str(caught.value)
        assert {name for name in set(sys.modules) - before if "plugin_modules" in name} == set()
    file.write_text("VALUE = 1")
    assert import_plugin(file)[0].VALUE == 1


@pytest.mark.parametrize("case", ["missing", "a folder", "a circle", "NUL", "too long", "a pipe"])
def test_what_is_no_file_is_one_sentence(tmp_path, case):
    path = tmp_path / "plugin.py"
    if case == "a folder":
        path.mkdir()
    elif case == "a circle":
        path.symlink_to(path)
    elif case == "a pipe":
        os.mkfifo(path)
    path = {"NUL": "a\0b.py", "too long": "x" * 5000 + ".py"}.get(case, path)
    with pytest.raises(ConfigError, match=r"name a Python file in it$|is not a Python file that can be read"):
        import_plugin(path)


def test_what_a_plugin_prints_does_not_mix_with_a_command_s_output(tmp_path, capsys):
    import_plugin(write(tmp_path, mine="print('hello')"))
    assert capsys.readouterr() == ("", "hello\n")
