"""Two boards made by hand, written to a page and opened in a real browser."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import pytest
from page_boards import HOSTILE, made_board
from page_reading import opened, wait_for_plot, wait_until

from frontrunner.harness.board.overall_ranking import overall_ranking
from frontrunner.harness.reports.page import write_page


@pytest.fixture
def visit(chromium):
    """(file, width, dark) -> the page, opened."""
    with contextlib.ExitStack() as pages:
        yield lambda file, **window: pages.enter_context(opened(chromium, file, **window))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """All that a page asks of one is its folder."""
    return SimpleNamespace(folder=tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def boards(store):
    """One of three tasks and one of two; eight learners each."""
    return [made_board(store.folder, ("red", "green", "blue")), made_board(store.folder, ("red", "green"))]


@pytest.fixture(scope="module")
def file(store, boards, tmp_path_factory):
    file = tmp_path_factory.mktemp("written") / "page.html"
    write_page(boards, store, file, overall=overall_ranking(boards), title=f"Results of {HOSTILE}")
    return file


@pytest.fixture
def page(visit, file):
    """A fresh one with its table, for tests that change what outlives the choice of a board."""
    page = visit(file)
    page.wait_for_selector(".board tbody tr")
    return page


@pytest.fixture(scope="module")
def only_page(chromium, file):
    with opened(chromium, file) as page:
        page.wait_for_selector(".board tbody tr")
        yield page


@pytest.fixture
def shared(only_page):
    """The first board as at the start: choosing a board forgets what was filtered, unfolded, drawn and picked."""
    for i in (1, 0):
        only_page.select_option("#board", str(i))
        wait_until(only_page, f"document.querySelectorAll('#preference output').length === {3 - i}")
    return only_page


@pytest.fixture
def plots(shared):
    """With its fronts drawn."""
    wait_for_plot(shared, "front-plot")
    return shared
