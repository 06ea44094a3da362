"""MLflow's UI on a store, in a real browser: what a bench has recorded is there without configuring anything."""

from __future__ import annotations

import re
import socket
import time
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from frontrunner.harness.records.mlflow_tags import NOTE
from frontrunner.harness.records.store import Store

START_S = 120
SHOWN_MS = 60_000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def ui(chromium, everything, command):
    """The addresses that `frontrunner ui` prints, once it answers there."""
    port = free_port()
    process = command.start("ui", "--store", everything.store, "--port", port)
    try:
        end = time.monotonic() + START_S
        while process.poll() is None and time.monotonic() < end:
            try:
                urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
                break
            except (URLError, OSError):
                time.sleep(0.5)
        assert process.poll() is None, process.stderr.read()
        addresses = {}
        while not {"runs", "learners"} <= set(addresses):
            found = re.match(r"  (runs|learners)\b.*(http://\S+)", process.stdout.readline())
            if found:
                addresses[found[1]] = found[2]
        yield addresses
    finally:
        process.terminate()
        process.communicate()


@pytest.fixture
def page(chromium):
    """Its first visitor."""
    context = chromium.new_context(viewport={"width": 1400, "height": 1600})
    # The assistant that opens by itself is MLflow's own and hides half of the page.
    context.add_init_script("localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true')")
    page = context.new_page()
    page.set_default_timeout(SHOWN_MS)
    yield page
    context.close()


def run_address(ui, attempt_or_run, tab=""):
    return f"{ui['runs'].partition('#')[0]}#/experiments/1/runs/{attempt_or_run}{tab}"


@pytest.mark.slow
def test_the_table_lists_every_run_best_first_with_its_numbers(ui, page, everything):
    page.goto(ui["runs"])
    page.get_by_role("link", name="interpolation · seed 0", exact=True).wait_for()
    for heading in ("hypervolume", "igd_plus", "wall_time_s"):
        page.get_by_role("columnheader", name=heading, exact=True).first.wait_for()
    shown = page.locator("a[href*='/runs/']").filter(has_text="· seed 0").all_inner_texts()
    attempts = Store(everything.store, create=False).attempts()
    finished = sorted(
        (attempt for attempt in attempts if attempt.status == "finished"), key=lambda a: -a.metrics["hypervolume"]
    )
    best = finished[0].metrics["hypervolume"]
    assert {f"{attempt.cell.label} · seed 0" for attempt in attempts} == set(shown)
    volumes = {f"{attempt.cell.label} · seed 0": attempt.metrics["hypervolume"] for attempt in finished}
    assert volumes[shown[0]] == best
    assert page.get_by_text(f"{best:.6f}"[:6]).first.is_visible()


@pytest.mark.slow
def test_charts_show_learners_by_the_measures_that_matter(ui, page):
    page.goto(ui["learners"])
    for section in ("Quality", "Cost", "Trade-off"):
        page.get_by_text(section, exact=True).first.wait_for()
    page.get_by_text("Group: learner: interpolation").first.wait_for()


@pytest.mark.slow
def test_a_run_shows_its_summary_its_hypervolume_and_its_front(ui, page, everything):
    attempts = Store(everything.store, create=False).attempts()
    attempt = next(attempt for attempt in attempts if attempt.cell.method == "pwe-moe-ls")
    page.goto(run_address(ui, attempt.run_id))
    page.get_by_text(f"frontrunner front {attempt.run_id[:8]}").wait_for()
    assert page.get_by_text(str(attempt.metrics["hypervolume"])[:8]).first.is_visible()
    page.goto(run_address(ui, attempt.run_id, "/artifacts/front.png"))
    page.wait_for_function("[...document.images].some(i => i.naturalWidth > 500)")


@pytest.mark.slow
def test_the_bench_shows_its_leaderboard(ui, page, everything):
    store = Store(everything.store, create=False)
    (experiment,) = store.experiments()
    (run,) = store.client.search_runs([experiment.experiment_id], "tags.`frontrunner.kind` = 'bench'")
    page.goto(run_address(ui, run.info.run_id))
    row = page.get_by_role("row").filter(has=page.get_by_role("cell", name="interpolation", exact=True)).first
    row.wait_for()
    assert f"{run.data.metrics['hypervolume/interpolation']:.4f}" in row.inner_text()
    assert page.get_by_text("RuntimeError: this learner always [fails]").first.is_visible()
    assert "| interpolation" in run.data.tags[NOTE]


def test_a_taken_port_is_one_sentence(command, everything):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = command.within("ui", "--store", everything.store, "--port", port)
    ended.assert_one_sentence(f"port {port}", "choose another with --port")


@pytest.mark.parametrize("port", ["0", "70000", "http"])
def test_a_port_that_is_none_is_one_sentence(port, command, everything):
    command.within("ui", "--store", everything.store, "--port", port).assert_one_sentence("--port")
