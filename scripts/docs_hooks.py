"""What MkDocs is told beyond mkdocs.yml: pages that lie outside `docs/`, and links that also work on GitHub.

README, CONTRIBUTING and their like stay in the root, where GitHub shows them; the site shows the same files. Links
are written for GitHub: on the site a link to a page of the site goes there, and any other link goes to the repository.
"""

import importlib
import posixpath
import re
import sys
import tomllib
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
ROOT_PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
}
"""Where the site has the pages of the repository's root."""
COMMAND_LINE = "command-line.md"

_LINK = re.compile(r"(\]\()([^)\s#]+)([^)]*\))")
_FENCED = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
_ABSOLUTE = re.compile(r"[a-z]+:|/")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the root, and the reference of the command line."""
    for name, page in ROOT_PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / name).read_text(encoding="utf-8")))
    files.append(File.generated(config, COMMAND_LINE, content=command_line(ROOT / "pyproject.toml")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point the page's links to where they lead on the site."""
    sources = {site: name for name, site in ROOT_PAGES.items()}
    source = sources.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    return site_links(markdown, source, page.file.src_uri, f"{config.repo_url}/blob/main")


def site_links(markdown: str, source: str, page: str, repository: str) -> str:
    """Rewrite the relative links of a file of the repository for the site; code blocks stay as they are.

    `source` is the file's path in the repository, `page` its path on the site, and `repository` the address below which
    any other file of the repository is shown. A link to nothing is kept, so that MkDocs names it.
    """

    def rewritten(link: re.Match[str]) -> str:
        before, address, after = link.groups()
        if _ABSOLUTE.match(address):
            return link[0]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), address))
        if target in ROOT_PAGES or target.startswith("docs/"):
            on_site = ROOT_PAGES.get(target, target.removeprefix("docs/"))
            return before + posixpath.relpath(on_site, posixpath.dirname(page) or ".") + after
        return f"{before}{repository}/{target}{after}" if (ROOT / target).exists() else link[0]

    parts = _FENCED.split(markdown)
    return "".join(part if part.startswith("```") else _LINK.sub(rewritten, part) for part in parts)


def command_line(pyproject: Path) -> str:
    """The help of every command as one page, read from the program that pyproject.toml installs."""
    import typer
    from typer.cli import get_docs_for_click

    script = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["scripts"]["frontrunner"]
    module, _, function = script.partition(":")
    main = getattr(importlib.import_module(module), function)
    command = typer.main.get_command(sys.modules[main.__module__].app)
    return get_docs_for_click(
        obj=command, ctx=typer.Context(command, info_name="frontrunner"), name="frontrunner", title="Command line"
    )
