"""How the page looks: nothing is empty, nothing overlaps, nothing moves, and all of it fits on paper."""

from __future__ import annotations

import dataclasses

import pytest
from page_boards import crowded, made_board
from page_reading import opened, overlapping_texts, wait_until

from frontrunner.harness.reports.page import write_page

EIGHT = ("digits", "fashion", "animals", "photos", "emoji", "clipart", "optdigits", "glyphs of many alphabets")
SHOWN_PLOTS = "[...document.querySelectorAll('main > section:not([hidden]) .plot')].filter(p => !p.hidden)"
PAPER = 700  # A4 at 96 dots an inch, less the margins


def wait_until_all_is_drawn(page):
    """A page that has no plots yet has none that is not drawn, either."""
    page.wait_for_selector(".board tbody tr")
    wait_until(page, f"{SHOWN_PLOTS}.length > 0 && {SHOWN_PLOTS}.every(p => p.dataset.drawn)")


@pytest.fixture(scope="module", params=[2, 3, 8])
def many(request, store, tmp_path_factory):
    """(tasks, file): a page of thirty learners and more."""
    tasks = EIGHT[: request.param]
    folder = tmp_path_factory.mktemp("many")
    board = made_board(folder, tasks)
    file = folder / "page.html"
    write_page([crowded(board, 24)], store, file)
    return tasks, file


@pytest.fixture(scope="module", params=[1400, 390])
def seen(request, many, chromium):
    """The page of many learners, all of them drawn, in a wide and in a narrow window."""
    with opened(chromium, many[1], width=request.param) as page:
        wait_until_all_is_drawn(page)
        drawn = "Number(document.getElementById('front-plot').dataset.drawn)"
        before = page.evaluate(drawn)
        # A mouse would scroll to the button.
        page.evaluate("[...document.querySelectorAll('.methods button')].find(b => b.textContent === 'All').click()")
        wait_until(page, f"{drawn} > {before}")
        yield page


def test_every_plot_is_drawn_without_scrolling(seen):
    assert seen.evaluate("scrollY") == 0
    ids = seen.evaluate("[...document.querySelectorAll('section:not([hidden]) .plot')].map(p => p.id)")
    assert {"front-plot", "cost-plot", "progress-plot", "coefficients-plot"} <= set(ids)
    for name in ids:
        assert seen.locator(f"#{name} svg.main-svg").first.is_visible()


def test_no_label_overlaps_another(seen):
    texts = overlapping_texts(seen)
    assert texts["count"] > 40
    assert texts["overlaps"] == []
    names = seen.locator("#cost-plot .names span")
    assert names.count() > 0
    plot = seen.locator("#cost-plot").bounding_box()
    for box in (name.bounding_box() for name in names.all()):
        assert plot["x"] <= box["x"]
        assert box["x"] + box["width"] <= plot["x"] + plot["width"]


def test_ticks_of_small_hypervolumes_are_numbers(seen):
    ticks = seen.locator("#cost-plot .ytick text").all_text_contents()
    assert len(ticks) > 2
    assert [tick for tick in ticks if tick.replace("−", "-").strip("0123456789.e-")] == []  # not 7µ


def test_a_switch_is_one_line_high(seen):
    heights = seen.evaluate("[...document.querySelectorAll('.segments span')].map(s => s.offsetHeight)")
    assert len(heights) > 2
    assert max(heights) < 40


def test_unfolding_a_row_moves_no_column_and_widens_no_page(seen):
    columns = "[...document.querySelectorAll('.board > thead th')].map(h => [h.offsetLeft, h.offsetWidth])"
    before = seen.evaluate(columns)
    buttons = seen.locator(".board .unfold").all()
    for button in (buttons[0], buttons[3], buttons[7], buttons[-1]):
        button.click()
        assert seen.evaluate(columns) == before
    assert seen.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for button in (buttons[0], buttons[3], buttons[7], buttons[-1]):
        button.click()


def test_paper_holds_tables_and_plots_in_their_light_colours(many, chromium):
    with opened(chromium, many[1], width=PAPER, dark=True) as page:
        wait_until_all_is_drawn(page)
        screen = page.evaluate("document.getElementById('front-plot').layout.font.color")
        page.emulate_media(media="print")
        wait_until(page, "'printing' in document.documentElement.dataset")
        assert page.evaluate("document.documentElement.scrollWidth") <= PAPER
        assert page.evaluate("document.getElementById('front-plot').layout.font.color") != screen
        for plot in page.locator("section:not([hidden]) .plot svg.main-svg").all():
            assert plot.bounding_box()["width"] <= PAPER
        table = page.locator("table.board")
        box = table.bounding_box()
        assert box["x"] + box["width"] <= PAPER
        assert page.locator(".board > tbody > tr:not(.details)").last.is_visible()
        assert not page.locator(".tools").first.is_visible()
        page.emulate_media(media="screen")
        wait_until(page, "!('printing' in document.documentElement.dataset)")
        wait_until(page, f"document.getElementById('front-plot').layout.font.color === '{screen}'")


def test_a_learner_looks_the_same_on_every_page(store, boards, tmp_path, visit):
    look = (
        "Object.fromEntries([...document.querySelectorAll('.methods li')]"
        ".map(li => [li.textContent, li.querySelector('svg').innerHTML]))"
    )
    found = []
    for name, rows in (("all", boards[0].rows), ("few", [boards[0].rows[i] for i in (3, 4, 1)])):
        write_page([dataclasses.replace(boards[0], rows=rows)], store, tmp_path / f"{name}.html")
        page = visit(tmp_path / f"{name}.html")
        page.wait_for_selector(".methods li")
        found.append(page.evaluate(look))
    assert len(found[1]) == 3
    assert found[1].items() <= found[0].items()
