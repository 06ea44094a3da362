"""The picture of the architecture is the law of imports: its floors and rooms are those of the tree, top to bottom."""

import ast
import graphlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PICTURE = (ROOT / "docs" / "architecture.svg").read_text()
NAMES = [(float(y), name) for y, name in re.findall(r'<text class="name" x="\d+" y="([\d.]+)">(\w+)/</text>', PICTURE)]
FLOORS = {"studies", "harness", "methods", "tasks", "metrics"}
ROOMS = [name for _, name in sorted(NAMES) if name not in FLOORS]
"""Top to bottom."""


def packages(folder):
    return {child.name for child in folder.iterdir() if (child / "__init__.py").exists()}


def test_the_picture_shows_the_floors_from_top_to_bottom():
    shown = [name for _, name in sorted(NAMES) if name in FLOORS]
    assert shown == ["studies", "harness", "methods", "tasks", "metrics"]
    assert set(shown) == packages(ROOT) - {"tests", "testing"}  # ours, and those that third parties run


def test_the_picture_shows_the_rooms_of_the_harness():
    assert len(set(ROOMS)) == len(ROOMS)
    assert set(ROOMS) == packages(ROOT / "harness")


def rooms_imported(file):
    """Rooms of the harness that a file imports from, wherever in it."""
    here = file.relative_to(ROOT).parts
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*here[: len(here) - node.level], *(node.module or "").split(".")]
            for alias in node.names:
                match [part for part in [*base, alias.name] if part]:
                    case ["harness", room, *_] if room in ROOMS:
                        yield room


def test_imports_are_found(tmp_path):
    assert set(rooms_imported(ROOT / "harness" / "commands" / "bench.py")) >= {"cells", "records", "reports"}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_from_itself_and_below_only(room):
    allowed = set(ROOMS[ROOMS.index(room) :])
    up = {
        (file.name, other)
        for file in (ROOT / "harness" / room).rglob("*.py")
        for other in rooms_imported(file)
        if other not in allowed
    }
    assert up == set()


def files_imported(file):
    """Files of this project that a file imports from, wherever in it, by relative imports."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = file.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            for alias in node.names:
                for path in (base / f"{alias.name}.py", base.with_suffix(".py"), base / "__init__.py"):
                    if path.is_file():
                        yield path
                        break


def test_no_file_imports_in_a_circle():
    files = [file for floor in ("harness", "studies") for file in (ROOT / floor).rglob("*.py")]
    graph = {file: set(files_imported(file)) - {file} for file in files}
    assert ROOT / "harness" / "records" / "store.py" in graph[ROOT / "harness" / "reports" / "publish.py"]
    graphlib.TopologicalSorter(graph).prepare()  # CycleError names the files of a circle


def test_the_picture_needs_nothing_from_elsewhere_and_has_colours_for_the_dark():
    assert "prefers-color-scheme: dark" in PICTURE
    assert re.findall(r"(?:href|src|url)\s*[=(]\s*[\"']?(?!#)\S+", PICTURE) == []
