"""Build the documentation site into build/site, with warnings as errors; needs no network.

    python scripts/build_docs.py          # what `make docs` and CI run
    python scripts/build_docs.py serve    # shows the site while you write

The API reference is read from the source. The repository root is the package `frontrunner`, whatever the checkout is
called, so the reader is shown a folder of that name which holds links to the package's own files, and nothing else of
the checkout (a `.venv` below the root would be read too).
"""

import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def link_package(root: Path, folder: Path) -> None:
    """Fill `folder/frontrunner` with links to the modules and packages at the top of `root`.

    Packages are those that `pyproject.toml` lists, so that what is documented is what is installed.
    """
    packages = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    tops = {name.split(".")[1] for name in packages if "." in name}
    package = folder / "frontrunner"
    package.mkdir()
    for source in [*root.glob("*.py"), *(root / top for top in sorted(tops))]:
        (package / source.name).symlink_to(source)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        link_package(ROOT, Path(folder))
        command = [sys.executable, "-m", "mkdocs", *(sys.argv[1:] or ["build", "--strict"])]
        sys.exit(subprocess.run(command, cwd=ROOT, env={**os.environ, "DOCS_SOURCE": folder}, check=False).returncode)
