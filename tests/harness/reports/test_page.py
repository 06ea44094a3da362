"""The leaderboard page, in a real browser: boards are made by hand, so that what it must show is known."""

from __future__ import annotations

import contextlib
import json
import re
import time
from types import SimpleNamespace

import numpy as np
import pytest

from frontrunner.errors import ConfigError
from frontrunner.file_digest import digest_files
from frontrunner.harness.board.leaderboard import Board, Row
from frontrunner.harness.board.overall_ranking import overall_ranking
from frontrunner.harness.cells.cell import Cell
from frontrunner.harness.records.attempt import Attempt
from frontrunner.harness.records.coefficients import MergeCoefficients
from frontrunner.harness.records.evaluation import Evaluation
from frontrunner.harness.records.front_record import FrontRecord
from frontrunner.harness.reports.page import front_content, write_page
from frontrunner.harness.reports.page.front_content import shown_seeds
from frontrunner.harness.reports.page.packing import by_column, in_script, short
from frontrunner.harness.scoring.measures import MEASURES
from frontrunner.harness.scoring.scored_cells import ScoredCell
from frontrunner.harness.scoring.scores import own_scores, reference_scores
from frontrunner.metrics import reference_front, simplex_grid
from frontrunner.metrics.statistics import mean_interval, paired_differences

LOCAL = ("file:", "data:", "blob:")

HOSTILE = "</script><img src=x onerror='window.hacked=1'><b>bold</b> & co"
SKILLS = {"steady": 0.8, HOSTILE: 0.75, "twice": 0.7, "partly": 0.65, "plain": 0.6, "slow": 0.5, "fixed": 0.3}
"""Of the learners that finish, best first; "fixed" answers with one model whatever is asked."""
LARGE_SEED = 2**60 + 1
SEEDS = (0, 5, LARGE_SEED)
REASON = "failed: RuntimeError: no <luck> at all"
PARTS = ("first.weight", "second.weight")


@contextlib.contextmanager
def opened(chromium, file, *, width=1280, dark=False):
    """A page that must, by the end, have said nothing and asked for nothing."""
    messages, requests = [], []
    scheme = "dark" if dark else "light"
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.on("console", lambda message: messages.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: request.url.startswith(LOCAL) or requests.append(request.url))
    page.goto(file.as_uri())
    yield page
    context.close()
    assert (messages, requests) == ([], [])


@pytest.fixture
def visit(chromium):
    """(file, width, dark) -> the page, opened."""
    with contextlib.ExitStack() as pages:
        yield lambda file, **window: pages.enter_context(opened(chromium, file, **window))


def made_result(folder, label, seed, tasks):
    """One finished cell with its files: the closer the preference to a task, the lower its error."""
    n_tasks = len(tasks)
    cell = Cell(f"method-of-{label[:4]}", "3", {"rate": 0.25, "kind": None}, "made", "1", tasks, seed, 4, label)
    folder = folder / f"{n_tasks}-{list(SKILLS).index(label)}-{seed}"
    folder.mkdir()
    grid = simplex_grid(n_tasks, 4)
    preferences = None if label == "fixed" else grid
    weights = grid.mean(axis=0, keepdims=True) if preferences is None else grid
    noise = np.random.default_rng(seed + n_tasks).uniform(0, 0.01, weights.shape)
    record = FrontRecord(
        cell=cell,
        evaluation=Evaluation(
            error=0.9 - SKILLS[label] * np.sqrt(weights) + noise,
            loss=weights,
            preferences=preferences,
            labels=("",) * len(weights),
        ),
        reference_point=np.ones(n_tasks),
        pareto_front=None,
        split="test",
        environment={},
        problem="problem",
        expert_errors=np.full(n_tasks, 0.05),
        pretrained=np.full(n_tasks, 0.95),
    )
    record.write(folder / "front.parquet")
    if label == "steady":
        coefficients = np.stack([grid, 1 - grid], axis=1)
        MergeCoefficients(tasks, PARTS, grid, coefficients).write(folder / "routing.parquet")
        curve = [{"step": 1, "loss": 2.0}, {"step": 2, "probe_hypervolume": 0.25, "probe_fit_time_s": 1.5}]
        (folder / "curve.json").write_text(json.dumps(curve))
    skill = SKILLS[label]
    metrics = {
        "fit_time_s": 100 * skill**3 + seed % 7 + 50 * (label == "slow"),
        "trainable_parameters": 1000.0,
        "front_points": len(weights),
    }
    probed = {"train_probe_hypervolume": 0.25} if label == "steady" else {}
    digests = {file.name: digest_files(file) for file in folder.glob("*.parquet")}
    tags = {"frontrunner.torch": "2.7.1", "frontrunner.device": "cpu", "frontrunner.kind": "cell"}
    run_id = f"{n_tasks}{seed % 97:02d}{list(SKILLS).index(label)}" + "0123456789ab"
    attempt = Attempt(run_id, "7", cell, "finished", "", metrics | probed, None, folder, digests, tags)
    return ScoredCell(attempt, own_scores(record))


def made_row(label, results, baseline):
    """The row of these results, against those of the baseline."""

    def values(found, name):
        every = {seed: result.scores | result.attempt.metrics for seed, result in found.items()}
        return {seed: numbers[name] for seed, numbers in every.items() if name in numbers}

    measured = [name for name in MEASURES if values(results, name)]
    differences = {name: paired_differences(values(results, name), values(baseline, name)) for name in measured}
    return Row(
        label=label,
        method=f"method-of-{label[:4]}",
        key=f"key-{list(SKILLS).index(label)}",
        unfinished={seed: REASON for seed in SEEDS if seed not in results},
        results=results,
        intervals={name: mean_interval(list(values(results, name).values())) for name in measured},
        against_baseline={name: d for name, d in differences.items() if d is not None and results is not baseline},
        tied_with_best=label == HOSTILE,
    )


def made_board(folder, tasks):
    """Every learner on one board; "partly" fails at its last seed, and one learner at all."""
    results = {
        label: {seed: made_result(folder, label, seed, tasks) for seed in SEEDS[: 2 if label == "partly" else 3]}
        for label in SKILLS
    }
    every = [result for found in results.values() for result in found.values()]
    reference = reference_front(result.record.front() for result in every)
    for result in every:
        result.scores.update(reference_scores(result.record.front(), reference))
    results["twice"][0].scores["hypervolume_error"] = 0.002
    failing = Row(label="failing", method="broken", key="key-failing", unfinished=dict.fromkeys(SEEDS, REASON))
    return Board(
        name=f"made v1: {', '.join(tasks)}",
        suite="made",
        tasks=tasks,
        rows=[*(made_row(label, found, results["plain"]) for label, found in results.items()), failing],
        reference_point=[1.0] * len(tasks),
        reference_source=f"union of {len(every)} runs",
        reference_digest=reference.digest[:12],
        baseline="plain",
    )


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
    write_page(boards, store, file, standings=overall_ranking(boards), title=f"Results of {HOSTILE}")
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


def wait_until(page, expression):
    """Until the expression is true; playwright's own way is to evaluate text, which the page forbids itself."""
    end = time.monotonic() + 30
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"never true: {expression}"
        page.wait_for_timeout(20)


def wait_for_plot(page, name):
    """Plots are drawn once they are near the window."""
    page.locator(f"#{name}").scroll_into_view_if_needed()
    wait_until(page, f"document.getElementById('{name}')?.dataset.drawn > 0")


def wait_for_drawing(page, name, act):
    """Until the plot has been drawn once more than before `act`."""
    wait_for_plot(page, name)
    before = page.evaluate(f"Number(document.getElementById('{name}').dataset.drawn)")
    act()
    page.locator(f"#{name}").scroll_into_view_if_needed()
    wait_until(page, f"Number(document.getElementById('{name}').dataset.drawn) > {before}")


def number(text):
    """The first one in a cell."""
    return float(re.search(r"[-\d.]+", text.replace("−", "-"))[0])


def column(page, name):
    """Texts of a column, top to bottom."""
    texts = page.locator(f".board > tbody > tr:not(.details) > .column-{name}").all_inner_texts()
    return [text.strip() for text in texts]


def means(page, name):
    return [number(text) for text in column(page, name) if text != "–"]


def learners(page):
    return page.locator(".board > tbody .unfold .name").all_inner_texts()


def learner_traces(page, plot="front-plot"):
    return page.evaluate(
        f"document.getElementById('{plot}').data.filter(t => t.meta?.learner)"
        ".map(t => ({key: t.meta.learner, x: [...t.x], y: [...t.y], which: t.customdata, marker: t.marker}))"
    )


def drawn(page):
    """Keys of the learners that have a trace."""
    return [trace["key"] for trace in learner_traces(page)]


def errors(row, seed=0):
    return row.results[seed].record.evaluation.error


def choose_view(page, name):
    """By what is clicked: the input itself is hidden behind its label."""
    wait_for_drawing(page, "front-plot", page.locator("label", has_text=re.compile(f"^{name}$")).click)


def test_the_table_shows_every_row_best_first_with_means_and_intervals(shared, boards):
    board = boards[0]
    assert learners(shared) == [row.label for row in board.rows]
    assert column(shared, "rank") == ["1", "2", "3", "4", "5", "6", "7", "–"]
    assert column(shared, "seeds") == ["3", "3", "3", "2/3", "3", "3", "3", "0/3"]
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
    assert learners(shared) == ["partly", "plain"]
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


def test_learners_are_drawn_as_their_checkboxes_say(plots, boards):
    keys = [row.key for row in boards[0].rows if row.seeds]
    assert drawn(plots) == keys[:5]
    wait_for_drawing(plots, "front-plot", plots.get_by_role("button", name="All", exact=True).click)
    assert drawn(plots) == keys
    assert plots.locator("#front-plot .scatterlayer .point").count() >= sum(len(t["x"]) for t in learner_traces(plots))
    wait_for_drawing(plots, "front-plot", plots.locator(f"[data-method='{keys[1]}']").uncheck)
    assert drawn(plots) == [keys[0], *keys[2:]]
    looks = {(trace["marker"]["color"], trace["marker"]["symbol"]) for trace in learner_traces(plots)}
    assert len(looks) == len(keys) - 1
    wait_for_drawing(plots, "front-plot", plots.get_by_role("button", name="None", exact=True).click)
    assert drawn(plots) == []
    assert plots.get_by_text("No learner is drawn").is_visible()


def test_two_objectives_are_the_recorded_ones_of_the_chosen_seed(plots, boards):
    row = boards[0].rows[0]
    wait_for_drawing(plots, "front-plot", lambda: plots.select_option("#front-y", label="blue"))
    trace = learner_traces(plots)[0]
    assert sorted(trace["which"]) == list(range(10))
    assert np.allclose(np.transpose([trace["x"], trace["y"]]), errors(row)[trace["which"]][:, [0, 2]], atol=1e-5)
    wait_for_drawing(plots, "front-plot", lambda: plots.select_option("#seed", str(LARGE_SEED)))
    trace = learner_traces(plots)[0]
    assert np.allclose(trace["x"], errors(row, LARGE_SEED)[trace["which"]][:, 0], atol=1e-5)
    assert "partly" in plots.locator("#front-note").inner_text()
    choose_view(plots, "Accuracy")
    trace = learner_traces(plots)[0]
    assert np.allclose(trace["x"], 100 * (1 - errors(row, LARGE_SEED)[trace["which"]][:, 0]), atol=1e-3)
    wait_for_drawing(plots, "front-plot", plots.locator("#reference-front").check)
    names = "document.getElementById('front-plot').data.map(t => t.name)"
    assert plots.evaluate(names)[0] == "reference front"
    assert {"reference point", "pre-trained model"} <= set(plots.evaluate(names))
    wait_for_drawing(plots, "front-plot", plots.locator("#landmarks").uncheck)
    assert "reference point" not in plots.evaluate(names)


def test_three_objectives_turn_in_space_and_stay_rigid(plots):
    choose_view(plots, "3-D")

    def places():
        traces = learner_traces(plots)
        found = {(t["key"], i): (x, y) for t in traces for i, x, y in zip(t["which"], t["x"], t["y"], strict=True)}
        return np.array([found[key] for key in sorted(found)])

    before = places()
    assert len(before) == 50
    for _ in range(23):  # a twelfth of half a circle each
        plots.get_by_role("button", name="Turn right").click()
    wait_for_drawing(plots, "front-plot", plots.get_by_role("button", name="Turn left").click)
    turned = places()
    assert not np.allclose(turned, before)
    for _ in range(2):
        wait_for_drawing(plots, "front-plot", plots.get_by_role("button", name="Turn right").click)
    assert np.allclose(places(), before, atol=1e-9)


def test_parallel_coordinates_draw_a_line_a_point(plots, boards):
    choose_view(plots, "Parallel")
    trace = learner_traces(plots)[0]
    assert trace["x"][:4] == ["red", "green", "blue", None]
    assert np.allclose(np.array(trace["y"]).reshape(10, 4)[:, :3].astype(float), errors(boards[0].rows[0]), atol=1e-5)


def test_the_picked_preference_is_answered_by_the_nearest_evaluated_one(plots, boards):
    wait_for_drawing(plots, "front-plot", plots.get_by_role("button", name="All", exact=True).click)
    wait_for_drawing(plots, "front-plot", plots.get_by_role("button", name="Only green").click)
    assert plots.locator("#preference output").all_inner_texts() == ["0.00", "1.00", "0.00"]
    rows = plots.locator("#answers tbody tr")
    names = rows.locator(".name").all_inner_texts()
    finished = [row for row in boards[0].rows if row.seeds]
    at = simplex_grid(3, 4).tolist().index([0, 1, 0])
    costs = {row.label: errors(row)[at][1] for row in finished if row.label != "fixed"}
    assert names == [*sorted(costs, key=costs.get), "fixed"]
    assert "stands for no preferences (1 fixed model)" in rows.last.inner_text()
    for i, name in enumerate(names[:-1]):
        cells = rows.nth(i).locator("td").all_inner_texts()
        assert cells[0] == "(0.00, 1.00, 0.00)"
        assert number(cells[2]) == number(cells[4]) == pytest.approx(costs[name], abs=5.1e-5)
        assert f"acc. {100 * (1 - costs[name]):.1f} %" in cells[2]
        assert ("best" in cells[4]) == (i == 0)
    ring = plots.evaluate(
        "(() => { const t = document.getElementById('front-plot').data.at(-1); return [t.name, t.y]; })()"
    )
    assert ring[0] == "at the picked preference"
    assert sorted(ring[1]) == pytest.approx(sorted(costs.values()), abs=1e-5)


def test_sliders_keep_weights_on_the_simplex(plots):
    outputs = plots.locator("#preference output")
    plots.locator("[data-task='0']").fill("40")
    wait_until(plots, "document.querySelector('#preference output').textContent === '0.40'")
    assert outputs.all_inner_texts() == ["0.40", "0.30", "0.30"]
    plots.locator("[data-task='1']").fill("0")
    wait_until(plots, "document.querySelectorAll('#preference output')[1].textContent === '0.00'")
    assert outputs.all_inner_texts() == ["0.57", "0.00", "0.43"]  # the others keep their proportions


def test_a_board_of_two_tasks_takes_the_place_of_one_of_three(plots, boards):
    plots.select_option("#board", label=boards[1].name)
    wait_until(plots, "document.querySelectorAll('#preference output').length === 2")
    wait_for_plot(plots, "front-plot")
    assert means(plots, "hypervolume")[0] == pytest.approx(boards[1].rows[0].metrics["hypervolume"], abs=5.1e-5)
    trace = learner_traces(plots)[0]
    assert np.allclose(np.transpose([trace["x"], trace["y"]]), errors(boards[1].rows[0])[trace["which"]], atol=1e-5)


def test_everything_is_reached_and_used_by_keyboard(page):
    focused = (
        "(() => { const e = document.activeElement; const d = e.dataset;"
        " const shown = getComputedStyle(e.type === 'radio' ? e.nextSibling : e).outlineStyle !== 'none';"
        " return [d.sort ?? d.unfold ?? d.method ?? d.task ?? (e.id || e.name || e.textContent), shown]; })()"
    )
    page.keyboard.press("Tab")
    assert page.evaluate(focused)[0] == "Skip to the leaderboard"
    page.keyboard.press("Enter")
    wait_until(page, "document.activeElement.id === 'main'")
    seen = []
    while "routed" not in seen and len(seen) < 120:
        page.keyboard.press("Tab")
        name, outlined = page.evaluate(focused)
        assert outlined, name
        if name not in seen:
            use_by_keyboard(page, name)
        seen.append(name)
    wanted = {"filter", "igd_plus", "key-0", "mlflow", "front-view", "front-x", "0", "quality", "cost", "logarithmic"}
    assert wanted <= set(seen)


def use_by_keyboard(page, name):
    """What has the focus does what it is for."""
    press = page.keyboard.press
    if name == "igd_plus":
        press("Space")
        assert page.locator("th.column-igd_plus").get_attribute("aria-sort") == "ascending"
        assert page.evaluate("document.activeElement.dataset.sort") == "igd_plus"
    elif name == "key-0":
        press("Enter")
        assert page.locator("#row-0").is_visible()
        press("Enter")
    elif name == "front-x":
        wait_for_drawing(page, "front-plot", lambda: press("ArrowDown"))
        assert page.evaluate("document.getElementById('front-x').value") == "1"
    elif name == "front-view":
        wait_for_drawing(page, "front-plot", lambda: press("ArrowRight"))
        assert page.locator("input[value=space]").is_checked()
    elif name == "0":
        wait_for_drawing(page, "front-plot", lambda: press("ArrowRight"))
        assert page.locator("#preference output").first.inner_text() == "0.34"


def test_costs_are_drawn_with_the_learners_that_no_other_beats(shared, boards):
    wait_for_drawing(shared, "cost-plot", lambda: shared.select_option("#cost", "fit_time_s"))
    wait_for_drawing(shared, "cost-plot", lambda: shared.select_option("#quality", "igd_plus"))
    if shared.locator("#logarithmic").is_checked():
        wait_for_drawing(shared, "cost-plot", shared.locator("#logarithmic").uncheck)
    line, marks = shared.evaluate("document.getElementById('cost-plot').data.map(t => [[...t.x], [...t.y]])")
    points = [(row.metrics["fit_time_s"], row.metrics["igd_plus"]) for row in boards[0].rows if row.seeds]
    assert np.allclose(np.transpose(marks), points, rtol=1e-4)
    best = [p for p in points if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in points)]
    assert 1 < len(best) < len(points)
    assert np.allclose(np.transpose(line), sorted(best), rtol=1e-4)
    wait_for_drawing(shared, "cost-plot", shared.locator("#logarithmic").check)
    assert shared.evaluate("document.getElementById('cost-plot').layout.xaxis.type") == "log"


def test_quality_over_time_and_coefficients_are_drawn_where_recorded(shared, boards):
    wait_for_plot(shared, "progress-plot")
    curves = shared.evaluate(
        "document.getElementById('progress-plot').data.map(t => [t.meta.learner, [...t.x], [...t.y]])"
    )
    assert curves == [[boards[0].rows[0].key, [1.5], [0.25]]] * len(SEEDS)
    assert "plain" in shared.locator("#progress-note").inner_text()
    assert shared.locator("#routed option").all_inner_texts() == ["steady"]
    wait_for_drawing(shared, "routing-plot", shared.get_by_role("button", name="Only blue").click)
    maps = "document.getElementById('routing-plot').data.map(t => t.z)"
    assert shared.evaluate(maps) == [[[0, 1], [0, 1], [1, 0]]]  # by task and part
    wait_for_drawing(shared, "routing-plot", shared.get_by_text("Every corner").click)
    assert shared.evaluate(maps) == [[[int(t == c), int(t != c)] for t in range(3)] for c in range(3)]


def test_average_ranks_over_boards(shared, boards):
    found = overall_ranking(boards)
    rows = shared.locator("#ranking tbody tr:not(.difference)")
    assert rows.locator("th").all_inner_texts() == list(found.ranking.names)
    ranks = [float(text) for text in rows.locator("td.number").all_inner_texts()]
    assert ranks == pytest.approx(found.ranking.average_ranks, abs=0.0051)
    assert "failing" in shared.locator("#ranking .caption").inner_text()


def test_a_phone_has_no_horizontal_page_scroll(visit, file):
    page = visit(file, width=390)
    page.locator(".unfold").first.click()
    page.locator(".chooser > summary").click()
    wait_for_plot(page, "front-plot")
    wait_for_plot(page, "cost-plot")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".column-learner .name").first.is_visible()


def luminance(colour):
    """Of `rgb(r, g, b)`, as WCAG 2 defines it."""
    shares = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_dark_follows_the_system_and_the_toggle_with_enough_contrast(visit, file):
    page = visit(file, dark=True)

    def ground():
        """The table's; text on it can be read."""
        behind, ink, quiet = (
            luminance(page.evaluate(f"getComputedStyle(document.querySelector('{where}')).{what}"))
            for where, what in (("#table", "backgroundColor"), ("#table", "color"), ("#table .caption", "color"))
        )
        for text in (ink, quiet):
            assert (max(behind, text) + 0.05) / (min(behind, text) + 0.05) > 4.5
        return behind

    page.wait_for_selector("#table .caption")
    assert ground() < 0.05
    font = "document.getElementById('front-plot').layout.font.color"
    wait_for_plot(page, "front-plot")
    assert luminance(page.evaluate(font)) > 0.7
    wait_for_drawing(page, "front-plot", page.get_by_role("button", name="Light theme").click)
    assert luminance(page.evaluate(font)) < 0.05
    assert ground() > 0.9
    page.reload()  # the choice is kept
    page.wait_for_selector("#table .caption")
    assert ground() > 0.9


def test_names_are_text_wherever_they_stand(plots, file):
    assert HOSTILE in learners(plots)
    assert plots.title() == f"Results of {HOSTILE}"
    assert plots.locator("h1").inner_text() == plots.title()
    assert plots.evaluate("window.hacked") is None
    assert plots.locator("main img, main b").count() == 0
    assert HOSTILE not in file.read_text(encoding="utf-8")
    hover = plots.evaluate(
        "document.getElementById('front-plot').data.find(t => t.meta?.learner === 'key-1').hovertext[0]"
    )
    assert hover.startswith("<b>&lt;/script&gt;&lt;img src=x")


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


def test_the_page_forbids_itself_the_network(file):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', file.read_text(encoding="utf-8"))[1]
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    assert "*" not in policy


def test_fronts_beyond_what_a_page_may_hold_are_left_out_and_said_to_be(store, boards, tmp_path, monkeypatch, visit):
    numbers = sum(errors(row, seed).size for board in boards for row in board.rows for seed in row.seeds)
    assert shown_seeds(boards) is None
    monkeypatch.setattr(front_content, "SHOWN_NUMBERS", numbers // 2)
    assert shown_seeds(boards) == 1
    write_page(boards, store, tmp_path / "page.html")
    page = visit(tmp_path / "page.html")
    wait_for_plot(page, "front-plot")
    assert page.locator("#seed").count() == 0
    assert "holds the fronts of the first 1 seed of each learner" in page.locator("#front-note").inner_text()
    assert column(page, "seeds")[0] == "3"  # the table still counts all


def test_a_file_that_cannot_be_written_is_one_sentence(store, boards, tmp_path):
    with pytest.raises(ConfigError, match=r"page\.html cannot be written: No such file or directory"):
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
