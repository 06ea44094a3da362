"""The site: what lies outside docs/ is on it, links lead somewhere, and every public name is described."""

import re

import griffe
import pytest
import yaml

import frontrunner as fr

REPOSITORY = "https://github.com/x/y/blob/main"


@pytest.fixture(scope="module")
def hooks(script):
    return script("docs_hooks")


@pytest.fixture(scope="module")
def named(root):
    """What the pages of the API ask for, in their order."""
    return [
        name
        for page in sorted((root / "docs" / "api").glob("*.md"))
        for name in re.findall(r"^::: (\S+)$", page.read_text(), re.M)
    ]


@pytest.fixture(scope="module")
def package(script, root, tmp_path_factory):
    """The package as the site reads it: from the source, without running it."""
    folder = tmp_path_factory.mktemp("source")
    script("build_docs").link_package(root, folder)
    return griffe.load("frontrunner", search_paths=[folder], resolve_aliases=True)


@pytest.mark.parametrize(
    ("source", "page", "link", "expected"),
    [
        ("README.md", "index.md", "docs/tuning.md", "tuning.md"),
        ("README.md", "index.md", "docs/leaderboard.png", "leaderboard.png"),
        ("README.md", "index.md", "CONTRIBUTING.md#add-a-suite", "contributing.md#add-a-suite"),
        ("CONTRIBUTING.md", "contributing.md", "README.md", "index.md"),
        ("docs/architecture.md", "architecture.md", "../CONTRIBUTING.md", "contributing.md"),
        ("docs/architecture.md", "architecture.md", "api/index.md", "api/index.md"),
        ("docs/api/index.md", "api/index.md", "../../README.md#in-python", "../index.md#in-python"),
        ("docs/api/index.md", "api/index.md", "../tuning.md", "../tuning.md"),
        ("docs/tuning.md", "tuning.md", "../studies/router.yaml", f"{REPOSITORY}/studies/router.yaml"),
        ("README.md", "index.md", "LICENSE", f"{REPOSITORY}/LICENSE"),
        ("README.md", "index.md", "https://arxiv.org/abs/2406.09770", "https://arxiv.org/abs/2406.09770"),
        ("README.md", "index.md", "mailto:someone", "mailto:someone"),
        ("README.md", "index.md", "#in-python", "#in-python"),
    ],
)
def test_a_link_leads_to_the_site_or_to_the_repository(source, page, link, expected, hooks):
    assert hooks.site_links(f"a [b]({link}), c", source, page, REPOSITORY) == f"a [b]({expected}), c"


def test_pictures_titles_and_several_links_a_line_are_rewritten(hooks):
    written = '![p](docs/a.png "t") and [b](docs/b.md)'
    assert hooks.site_links(written, "README.md", "index.md", REPOSITORY) == '![p](a.png "t") and [b](b.md)'


def test_code_is_left_alone(hooks):
    written = "```python\nx[0](docs/a.md)\n```\n[b](docs/b.md)\n```\n[c](docs/c.md)\n```\n"
    assert hooks.site_links(written, "README.md", "index.md", REPOSITORY) == written.replace("docs/b.md", "b.md")


def test_a_link_to_nothing_is_kept_for_mkdocs_to_refuse(hooks):
    assert hooks.site_links("[b](no/such.file)", "README.md", "index.md", REPOSITORY) == "[b](no/such.file)"


def test_the_page_of_the_command_line_has_every_command(hooks, root):
    page = hooks.command_line(root / "pyproject.toml")
    headings = set(re.findall(r"^## `frontrunner (\w+)`$", page, re.M))
    shown = "list estimate run bench tune status leaderboard front export forget suite store ui doctor"
    assert headings == set(shown.split())
    assert "### `frontrunner suite check`" in page
    assert "### `frontrunner leaderboard import`" in page
    assert "### `frontrunner store repair`" in page
    assert "--points-per-edge" in page


def test_every_public_name_is_described_once(named):
    assert sorted(name.rpartition(".")[2] for name in named) == sorted(fr.__all__)


def test_what_a_page_describes_is_the_public_name_itself(named, package):
    for name in named:
        found = package[name.partition(".")[2]]
        assert not found.is_module, f"{name} is a module; write the function's full path"
        public = package[name.rpartition(".")[2]]
        assert found.docstring
        assert public.is_module or found.canonical_path == public.canonical_path


def test_the_site_shows_what_is_installed_and_nothing_else_of_the_checkout(package, pyproject):
    listed = {name.split(".")[1] for name in pyproject["tool"]["setuptools"]["packages"] if "." in name}
    packages = {name for name, member in package.modules.items() if member.is_subpackage}
    assert packages == listed


def test_every_page_is_in_the_navigation(root, hooks):
    class Loader(yaml.SafeLoader):
        """Knows `!ENV`, which MkDocs reads."""

    Loader.add_constructor("!ENV", lambda loader, node: loader.construct_scalar(node))
    config = yaml.load((root / "mkdocs.yml").read_text(), Loader)

    def pages(entry):
        if isinstance(entry, str):
            return [entry]
        entries = entry if isinstance(entry, list) else entry.values()
        return [page for inner in entries for page in pages(inner)]

    docs = root / "docs"
    there = {file.relative_to(docs).as_posix() for file in docs.rglob("*.md")}
    assert set(pages(config["nav"])) == there | {*hooks.ROOT_PAGES.values(), hooks.COMMAND_LINE}
    assert config["strict"]
    assert config["theme"]["font"] is False
