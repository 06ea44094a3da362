import sys
import types

import pytest

import frontrunner as fr
from frontrunner.errors import ConfigError, DuplicateNameError, UnknownNameError
from frontrunner.one_line import is_one_line
from frontrunner.plugin_import import import_plugin
from frontrunner.registry import Entry, Registry

GROUP = "frontrunner.test_registry"


class Known(fr.Learner):
    """First line.

    Second paragraph.
    """

    name = "known"

    def fit(self, problem, preferences, context): ...


def registry(**builtin):
    return Registry(
        "method",
        base="frontrunner.methods.learner:Learner",
        group=GROUP,
        builtin={name: (target, f"about {name}") for name, target in builtin.items()},
    )


def install(folder, package, **points):
    """A distribution with entry points, importable from `folder`."""
    about = folder / f"{package}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{GROUP}]\n" + "".join(f"{n} = {t}\n" for n, t in points.items()))


def test_a_registered_class_is_found_with_its_origin_and_first_line():
    names = registry(pretrained="frontrunner.methods.merging.pretrained:Pretrained")
    names.add(Entry("known", "here", Known))
    assert names.get("known") is Known
    assert names.get("pretrained").__name__ == "Pretrained"
    assert names.origin("known") == "here"
    assert names.origin("pretrained") == "frontrunner.methods.merging.pretrained"
    assert names.summaries() == {"pretrained": "about pretrained", "known": "First line."}


def test_listing_built_in_names_imports_none_of_them():
    assert registry(later="a_module_that_does_not_exist:Nothing").summaries() == {"later": "about later"}


def test_an_unknown_name_offers_the_nearest():
    names = registry(averaging="x:Y", experts="x:Z")
    with pytest.raises(UnknownNameError, match=r"unknown method 'averagin'; did you mean 'averaging'\?"):
        names.get("averagin")
    with pytest.raises(UnknownNameError, match="choose one of: averaging, experts"):
        names.get("qqq")


def test_a_name_taken_twice_names_both_origins():
    names = registry(known="some.module:Known")
    with pytest.raises(DuplicateNameError, match=r"'known' is registered twice, by some\.module and by /a/file\.py"):
        names.add(Entry("known", "/a/file.py", Known))
    assert names.origin("known") == "some.module"


def test_the_same_origin_twice_is_fine():
    names = registry()
    names.add(Entry("known", "here", Known))
    names.add(Entry("known", "here", Known))
    assert list(names.entries()) == ["known"]


@pytest.mark.parametrize("target", [dict, 3, types.SimpleNamespace()])
def test_what_is_no_subclass_is_refused(target):
    names = registry()
    names.add(Entry("wrong", "here", target))
    with pytest.raises(ConfigError, match="'wrong' from here must be a subclass of Learner"):
        names.get("wrong")


@pytest.mark.parametrize("target", ["a_module_that_does_not_exist:Known", "frontrunner.errors:NoSuchName"])
def test_a_broken_import_is_a_config_error_naming_the_origin(target):
    with pytest.raises(ConfigError, match=f"'broken' from {target.partition(':')[0]} cannot be imported"):
        registry(broken=target).get("broken")


def test_entry_points_of_installed_packages_are_found(tmp_path, monkeypatch):
    install(tmp_path, "some-package", mine="some_package_module:Mine", broken="some_package_module:Missing")
    (tmp_path / "some_package_module.py").write_text(
        "import frontrunner as fr\nclass Mine(fr.Learner):\n    '''Mine.'''\n    def fit(self, p, r, c): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    names = registry()
    assert names.get("mine").__name__ == "Mine"
    assert names.origin("mine") == "package some-package"
    with pytest.raises(ConfigError, match="'broken' from package some-package cannot be imported"):
        names.get("broken")


def test_two_packages_with_one_name_are_an_error_every_time(tmp_path, monkeypatch):
    install(tmp_path, "first-package", mine="first:Mine")
    install(tmp_path, "second-package", mine="second:Mine")
    monkeypatch.syspath_prepend(tmp_path)
    names = registry()
    for _ in range(2):
        with pytest.raises(DuplicateNameError) as caught:
            names.entries()
        assert "package first-package" in str(caught.value)
        assert "package second-package" in str(caught.value)


def test_a_module_gives_its_own_concrete_classes_only():
    module = types.ModuleType("plugin_module")
    own = type("Own", (Known,), {"name": "own", "__module__": module.__name__})
    abstract = type("Abstract", (fr.Learner,), {"name": "abstract", "__module__": module.__name__})
    vars(module).update(Own=own, Abstract=abstract, Imported=Known, number=3)
    names = registry()
    assert names.add_from_module(module, "plugin.py") == 1
    assert {name: names.origin(name) for name in names.entries()} == {"own": "plugin.py"}


def test_a_class_without_a_name_is_refused():
    module = types.ModuleType("plugin_module")
    module.Nameless = type(
        "Nameless", (fr.Learner,), {"__module__": module.__name__, "fit": lambda self, problem, preferences, context: 0}
    )
    with pytest.raises(ConfigError, match=r"Nameless in plugin\.py needs a class attribute `name`"):
        registry().add_from_module(module, "plugin.py")


@pytest.mark.parametrize(
    "name", ["a b\n", "a\nb", " a", "a ", "", " ", "\x1b[31mred", "a\x00", "a\tb", "\u202eevil", "a\u2028b", "a\udc80"]
)
def test_a_name_that_is_no_line_of_text_is_refused_in_one_sentence(name):
    module = types.ModuleType("plugin_module")
    module.Own = type("Own", (Known,), {"name": name, "__module__": module.__name__})
    names = registry()
    with pytest.raises(ConfigError, match=r"of plugin\.py cannot be named so: expected") as caught:
        names.add_from_module(module, "plugin.py")
    assert is_one_line(str(caught.value))
    assert list(names.entries()) == []


@pytest.mark.parametrize("name", ["a b", "größe", "pwe-moe-ls", "a+b.c"])
def test_any_other_name_is_fine(name):
    names = registry()
    names.add(Entry(name, "here", Known))
    assert names.get(name) is Known


def test_a_plugin_is_imported_once(tmp_path):
    file = tmp_path / "counted.py"
    file.write_text("import builtins\nbuiltins.counted = getattr(builtins, 'counted', 0) + 1\n")
    first, origin = import_plugin(file)
    second, _ = import_plugin(str(file))
    assert first is second
    assert origin == str(file)
    import builtins

    assert builtins.counted == 1
    del builtins.counted


def test_a_plugin_that_fails_leaves_no_half_imported_module(tmp_path):
    file = tmp_path / "failing.py"
    file.write_text("x = 1 / 0")
    before = set(sys.modules)
    for _ in range(2):
        with pytest.raises(
            ConfigError, match=r"cannot be imported: ZeroDivisionError: division by zero \(line 1 of failing.py\)"
        ):
            import_plugin(file)
    assert set(sys.modules) == before


def test_two_plugins_of_one_file_name_are_two_plugins(tmp_path):
    modules = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        file = tmp_path / folder / "twin.py"
        file.write_text(f"where = {folder!r}")
        modules.append(import_plugin(file)[0])
    assert [module.where for module in modules] == ["a", "b"]


def test_entry_points_load_beside_the_backport_of_importlib_metadata():
    """Other packages import it, and then entry points are of its class."""

    class BackportedEntryPoint:
        name = "mine"

        def load(self):
            return Mine

    class Mine(fr.Learner):
        name = "mine"

        def fit(self, problem, preferences, context):
            raise AssertionError

    assert Entry("mine", "package p", BackportedEntryPoint()).load(fr.Learner) is Mine


def test_hundreds_of_names_are_counted_and_where_they_are_is_said():
    known = [f"{number:08x}" for number in range(200)]
    error = UnknownNameError("run", "zzzz", known, otherwise="the board shows them")
    assert str(error) == "unknown run 'zzzz'; there are 200; the board shows them"
    assert "choose one of: 00000000" in str(UnknownNameError("run", "zzzz", known[:100]))
    assert "did you mean '000000c7'?" in str(UnknownNameError("run", "000000c8", known))
