"""Every box of the matrix of faults says something, and every test that it names is there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
HEADING = ["fault", "phase", "local", "ray", "slurm", "held by"]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
ROWS = [
    [box.strip() for box in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|") and not set(line) <= set("|-")
]
FAULTS = [row for row in ROWS if row != HEADING]


@cache
def cases_of(file):
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_there_are_tables_of_faults():
    assert ROWS.count(HEADING) >= 6
    assert len(FAULTS) > 40
    assert len({(row[0], row[1]) for row in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("row", FAULTS, ids=lambda row: " ".join(row[:2])[:60])
def test_no_box_is_empty_and_the_tests_that_are_named_exist(row):
    assert len(row) == len(HEADING)
    assert all(row)
    named = NAMED.findall(row[-1])
    assert named
    assert NAMED.sub("", row[-1]).strip() == ""
    for file, test in named:
        assert cases_of(file)
        assert not test or test in cases_of(file)
