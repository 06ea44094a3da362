"""The page's section of quality at each budget: curves, and the order of learners that a slider chooses."""

from __future__ import annotations

import dataclasses

import pytest
from page_reading import wait_for_drawing, wait_for_plot

from frontrunner.harness.board.budget_curves import at_budget, best_first, budget_curves, compared_budgets
from frontrunner.harness.cells.budgets import without_steps
from frontrunner.harness.reports.page import write_page

TAKEN = {"drifting": [(19_200.0, 0.2), (76_800.0, 0.9)], "steady": [(76_752.0, 0.5)], "merged": [(0.0, 0.4)]}
"""Gradients and hypervolume of the runs of three learners; of the page's made-up ones nothing is known."""


def with_budget(row, label, key, taken, volume):
    """The row as that of a run with these gradients and this hypervolume."""
    steps = {"training_runs": 1.0, "training_steps": taken / 48, "gradient_examples": taken}

    def measured(result):
        cell = dataclasses.replace(
            result.attempt.cell, method=label, options={"steps": int(taken / 48)}, label=f"{label} ({taken:.0f})"
        )
        return dataclasses.replace(
            result,
            scores={**result.scores, "hypervolume": volume},
            attempt=dataclasses.replace(result.attempt, cell=cell, metrics={**result.attempt.metrics, **steps}),
        )

    means = {
        name: dataclasses.replace(row.intervals["hypervolume"], mean=value, low=None, high=None)
        for name, value in {**steps, "hypervolume": volume}.items()
    }
    results = {seed: measured(result) for seed, result in row.results.items()}
    return dataclasses.replace(
        row,
        label=f"{label} ({taken:.0f})",
        key=key,
        key_without_steps=without_steps(next(iter(results.values())).attempt.cell),
        results=results,
        intervals={**row.intervals, **means},
    )


@pytest.fixture(scope="module")
def budgeted(boards):
    """The first board with learners of two budgets and of one; its others say nothing of theirs."""
    first = boards[0].rows[0]
    rows = [
        with_budget(first, label, f"{label}{i}", taken, volume)
        for label, runs in TAKEN.items()
        for i, (taken, volume) in enumerate(runs)
    ]
    return dataclasses.replace(boards[0], rows=[*rows, *boards[0].rows], baseline=None)


@pytest.fixture
def opened_page(budgeted, store, boards, visit, tmp_path):
    file = tmp_path / "page.html"
    write_page([budgeted, boards[1]], store, file)
    page = visit(file)
    page.wait_for_selector("#budgets table")
    return page


def test_the_slider_chooses_the_budget_that_learners_are_ranked_at(opened_page, budgeted):
    curves = budget_curves(budgeted)
    budgets = compared_budgets(curves)
    assert budgets == [19_200, 76_800]
    slider = opened_page.locator("#budget")
    for i, budget in reversed(list(enumerate(budgets))):
        wait_for_drawing(opened_page, "budget-plot", lambda i=i: slider.fill(str(i)))
        reached = at_budget(budgeted, curves, budget)
        names = opened_page.locator("#at-budget tbody th").all_inner_texts()
        assert names == [curves[i].label for i in best_first(reached)]
        reached = dict(zip([curve.label for curve in curves], reached, strict=True))
        cells = [row.locator("td").all_inner_texts()[:2] for row in opened_page.locator("#at-budget tbody tr").all()]
        for name, (rank, volume) in zip(names, cells, strict=True):
            told = reached[name]
            assert (rank, volume) == (("", "–") if told is None else (str(told[1] or ""), f"{told[0]:.4f}"))
        assert opened_page.locator("#budget-text").inner_text() == ["19.2k", "76.8k"][i]
        assert slider.get_attribute("aria-valuetext") == ["19.2k", "76.8k"][i]
        (mark,) = opened_page.evaluate("document.getElementById('budget-plot').layout.shapes.map(s => s.x0)")
        assert mark == budget


def test_a_curve_holds_every_run_of_a_learner(opened_page, budgeted):
    wait_for_plot(opened_page, "budget-plot")
    drawn = opened_page.evaluate(
        "document.getElementById('budget-plot').data.map(t => [t.meta.learner, [...t.x], [...t.y]])"
    )
    curves = budget_curves(budgeted)
    assert [key for key, _, _ in drawn] == [f"curve of {curve.label}" for curve in curves]
    for (_, taken, reached), curve in zip(drawn, curves, strict=True):
        volumes = [row.metrics["hypervolume"] for row in curve.rows]
        free = curve.budgets == (0,)  # a line through all
        assert taken == pytest.approx([19_200, 76_800] if free else curve.budgets, rel=1e-4)
        assert reached == pytest.approx(volumes * 2 if free else volumes, rel=1e-4)


def test_a_phone_shows_it_without_horizontal_scroll(budgeted, store, visit, tmp_path):
    file = tmp_path / "page.html"
    write_page([budgeted], store, file)
    page = visit(file, width=390)
    wait_for_plot(page, "budget-plot")
    assert page.locator("#budget").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_too_few_seeds_have_no_rank_there(budgeted, store, visit, tmp_path):
    few = dataclasses.replace(
        budgeted,
        rows=[dataclasses.replace(row, results=dict(list(row.results.items())[:2])) for row in budgeted.rows],
        seeds=tuple(list(budgeted.rows[0].results)[:2]),
    )
    file = tmp_path / "page.html"
    write_page([few], store, file)
    page = visit(file)
    page.wait_for_selector("#budgets table")
    assert {row.locator("td").first.inner_text() for row in page.locator("#at-budget tbody tr").all()} == {""}
    assert "fewer than 3 seeds rank nothing" in page.locator("#budgets .caption").inner_text()


def test_a_board_of_one_budget_has_no_such_section(opened_page):
    opened_page.select_option("#board", "1")
    opened_page.locator("#budgets").wait_for(state="hidden")
    assert opened_page.locator("#sections a", has_text="budget").count() == 0
