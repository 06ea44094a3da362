"""The page of estimates has the parameters and the memory that table 8 prints, row by row."""

import pytest
import yaml


@pytest.fixture(scope="module")
def written(pytestconfig):
    lines = (pytestconfig.rootpath / "docs" / "estimate.md").read_text().splitlines()
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith(("| B/32 |", "| L/14 |"))
    ]
    return [tuple(row) for row in rows]


@pytest.fixture(scope="module")
def printed(pytestconfig):
    file = pytestconfig.rootpath / "studies" / "paper" / "tables" / "table-8.yaml"
    return yaml.safe_load(file.read_text())["rows"]


def test_every_row_has_the_parameters_and_memory_of_the_paper(written, printed):
    assert len(printed) == 19
    assert len(written) == len(printed)
    for row, paper in zip(written, printed, strict=True):
        trainable, total, batch, memory, _ = paper["values"]
        assert row[2:7] == (str(paper["n_tasks"]), batch, trainable, total, memory)
        assert row[7].endswith(" GB")
