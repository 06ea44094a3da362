"""The table of learners: rows, columns, intervals, details."""

from __future__ import annotations

import re

import pytest
from page_boards import HOSTILE, LARGE_SEED, REASON, SKILLS
from page_reading import column, learners, means, number


def test_the_table_shows_every_row_best_first_with_means_and_intervals(shared, boards):
    board = boards[0]
    assert learners(shared) == [row.label for row in board.rows]
    assert column(shared, "rank") == ["1", "2", "3", "4", "5", "6", "–", "–"]
    assert column(shared, "seeds") == ["3", "3", "3", "3", "3", "3", "2/3", "0/3"]
    assert shared.locator("tr:has(.warning) > .column-learner .name").all_inner_texts() == ["partly"]
    volumes = [row.intervals["hypervolume"] for row in board.rows if row.seeds]
    assert means(shared, "hypervolume") == pytest.approx([volume.mean for volume in volumes], abs=5.1e-5)
    texts = column(shared, "hypervolume")
    low, high = re.search(r"\[(.*), (.*)\]", texts[0]).groups()
    assert (float(low), float(high)) == pytest.approx((volumes[0].low, volumes[0].high), abs=5.1e-5)
    assert [text.startswith("≈") for text in texts] == [label == "twice" for label in learners(shared)]
    assert "± 0.002" in texts[list(SKILLS).index("twice")]
    assert "[" not in texts[list(SKILLS).index("partly")]  # two seeds say nothing about others
    assert [text.endswith("too few seeds") for text in texts if text != "–"] == [label == "partly" for label in SKILLS]
    assert shared.locator("tr:has(.chip) > .column-learner .name").all_inner_texts() == [HOSTILE]
    caption = shared.locator("#table .caption").inner_text()
    assert all(
        part in caption for part in ("(1, 1, 1)", "union of 20 runs", board.reference_digest, "grid of 10", "test")
    )


def test_a_heading_sorts_best_first_then_the_other_way_and_unmeasured_rows_stay_last(page):
    heading = page.locator("th.column-igd_plus")
    heading.get_by_role("button").click()
    ascending = means(page, "igd_plus")
    assert heading.get_attribute("aria-sort") == "ascending"
    assert ascending == sorted(ascending)
    assert len(set(ascending)) > 3
    assert learners(page)[-1] == "failing"
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    assert means(page, "igd_plus") == ascending[::-1]
    assert learners(page)[-1] == "failing"
    volume = page.locator("th.column-hypervolume")
    volume.get_by_role("button").click()
    assert (heading.get_attribute("aria-sort"), volume.get_attribute("aria-sort")) == ("none", "descending")
    assert learners(page) == [*SKILLS, "failing"]
    page.locator("th.column-learner [data-sort]").click()
    assert learners(page) == sorted([*SKILLS, "failing"])


def test_the_filter_keeps_rows_of_matching_learners_or_methods(shared):
    shared.fill("#filter", "ST")
    assert learners(shared) == ["steady"]
    shared.fill("#filter", "METHOD-OF-P")
    assert learners(shared) == ["plain", "partly"]
    shared.fill("#filter", "no such learner")
    assert learners(shared) == []
    assert shared.get_by_text("No learner matches the filter.").is_visible()


def test_columns_come_and_go(page):
    assert page.locator("th.column-igd").count() == 0
    page.locator(".chooser > summary").click()
    page.locator("[data-column='igd']").check()
    assert len(means(page, "igd")) == len(SKILLS)
    page.locator("[data-column='hypervolume']").uncheck()
    assert page.locator("th.column-hypervolume").count() == 0
    page.keyboard.press("Escape")
    assert not page.locator(".chooser > div").is_visible()


def test_a_row_unfolds_to_its_runs_options_and_environment(page, boards):
    row = boards[0].rows[0]
    page.get_by_role("button", name="steady", exact=True).click()
    details = page.locator(".details:visible")
    assert [link.get_attribute("title") for link in details.locator("a").all()] == row.run_ids
    assert details.locator("tbody th").all_inner_texts() == ["0", "5", str(LARGE_SEED)]
    link = details.locator("a").first
    end = f"/#/experiments/7/runs/{row.run_ids[0]}?workflowType=machine_learning"
    assert link.get_attribute("href") == f"http://127.0.0.1:5000{end}"
    page.fill("#mlflow", "https://mlflow.example.org/team/")
    assert link.get_attribute("href") == f"https://mlflow.example.org/team{end}"
    page.fill("#mlflow", "javascript:alert(1)")
    assert link.get_attribute("href") is None
    terms = dict(zip(details.locator("dt").all_inner_texts(), details.locator("dd").all_inner_texts(), strict=True))
    assert terms == {"rate": "0.25", "kind": "none", "torch": "2.7.1", "device": "cpu"}
    values = details.locator("tbody tr").first.locator("td.number").all_inner_texts()
    assert f"{row.values('hypervolume')[0]:.4f}" in values
    page.get_by_role("button", name="steady", exact=True).click()
    assert page.locator(".details:visible").count() == 0


def test_seeds_that_did_not_finish_are_named_with_their_reason(shared):
    partly = shared.locator("tr", has=shared.get_by_role("button", name="partly"))
    assert f"seed {LARGE_SEED}: {REASON}" in partly.inner_text()
    failing = shared.locator("tr.without")
    assert f"seeds 0, 5, {LARGE_SEED}: {REASON}" in failing.inner_text()
    assert set(failing.locator("td.number").all_inner_texts()) == {"–", "0/3"}


def test_differences_are_held_against_the_baseline(shared, boards):
    shown = dict(zip(learners(shared), column(shared, "against-hypervolume"), strict=True))
    assert shown["plain"] == shown["failing"] == "–"
    for label in ("steady", "slow"):
        row = next(row for row in boards[0].rows if row.label == label)
        assert number(shown[label]) == pytest.approx(row.against_baseline["hypervolume"].mean, abs=5.1e-5)
    assert shown["steady"].startswith("+")
