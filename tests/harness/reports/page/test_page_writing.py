"""The page as a file: packed numbers, empty boards, many boards, and a place that cannot be written."""

from __future__ import annotations

import numpy as np
import pytest
from page_reading import wait_until

from frontrunner.errors import ConfigError
from frontrunner.harness.board.leaderboard import Board, Row
from frontrunner.harness.reports.page import write_page
from frontrunner.harness.reports.page.packing import by_column, in_script, short


def test_a_board_without_a_finished_cell_says_so(visit, store, tmp_path):
    rows = [Row(label="never", method="ran", key="k", unfinished={0: "missing: not run yet"})]
    write_page([Board("s v1: a, b", "s", ("a", "b"), rows, None, "", "")], store, tmp_path / "empty.html")
    page = visit(tmp_path / "empty.html")
    page.wait_for_selector(".board tbody tr")
    assert "seed 0: missing: not run yet" in page.locator(".board").inner_text()
    assert page.get_by_text("No cell has finished yet.").is_visible()
    assert page.locator("main > section:visible").count() == 1


def test_one_of_many_boards_is_searched_for(visit, store, tmp_path):
    rows = [Row(label="never", method="ran", key="k", unfinished={0: "missing: not run yet"})]
    write_page(
        [Board(f"suite {i}", "s", ("a",), rows, None, "", "") for i in range(1, 13)], store, tmp_path / "many.html"
    )
    page = visit(tmp_path / "many.html")
    assert page.locator("#board option").count() == 12
    page.get_by_role("searchbox", name="Find a board").fill("SUITE 1")
    assert page.locator("#board option").all_inner_texts() == ["suite 1", "suite 10", "suite 11", "suite 12"]
    page.get_by_role("searchbox", name="Find a board").fill("12")
    wait_until(page, "document.getElementById('status').textContent === 'suite 12 shown'")
    assert page.locator("#board").input_value() == "11"


def test_a_file_that_cannot_be_written_is_one_sentence(store, boards, tmp_path):
    with pytest.raises(ConfigError, match=r"page\.html cannot be written \(No such file or directory"):
        write_page(boards, store, tmp_path / "missing" / "page.html")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_page(boards, store, tmp_path)
    assert list(tmp_path.parent.glob("*.partial")) == []


def test_packed_numbers_keep_five_digits():
    numbers = (0.123456789, 1234567.0, 2.0, float("inf"), None)
    assert [short(value) for value in numbers] == [0.12346, 1234600, 2, None, None]
    points = np.random.default_rng(0).random((50, 3))
    assert np.allclose(np.transpose(by_column(points)), points, atol=5e-6)
    assert by_column([[0.0, 1.0]]) == [[0.0], [1.0]]
    assert "<" not in in_script({"</script>": "<!--"})
