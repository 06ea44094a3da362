"""Print a constraints file that pins every dependency to the lowest version that pyproject.toml allows.

CI installs with it, so that a bound that is too low is found by a test and not by a user:

    python scripts/lowest_versions.py > lowest.txt
    pip install -c lowest.txt -e '.[dev]'
"""

import sys
import tomllib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def lowest(requirements: Iterable[str]) -> Iterator[str]:
    """Yield `name==bound` for every requirement with a `>=` bound, its environment marker kept; skip the others."""
    for text in requirements:
        requirement = Requirement(text)
        marker = f"; {requirement.marker}" if requirement.marker else ""
        for specifier in requirement.specifier:
            if specifier.operator == ">=":
                yield f"{requirement.name}=={specifier.version}{marker}"


def declared(pyproject: Path) -> list[str]:
    """Return the requirements of a `pyproject.toml`: its dependencies, then those of every extra."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    return [*project["dependencies"], *chain.from_iterable(project.get("optional-dependencies", {}).values())]


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in lowest(declared(PYPROJECT)))
