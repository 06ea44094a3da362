"""The benches of the paper's open questions: each can be planned, downloads nothing, and has a page of its own."""

import pytest

from frontrunner.harness.cells.bench_file import read_bench
from frontrunner.harness.cells.plugins import load_plugins
from frontrunner.harness.running.misfits import find_misfits
from frontrunner.tasks import SUITES
from frontrunner.tasks.sequence_mini.sequence_mini_suite import SequenceMini
from frontrunner.tasks.suite_file.random_models import SUFFIX

PAGES = {
    "growth": "growth",
    "upscale": "upscale",
    "cnn-rnn": "cnn-rnn",
    "non-convex": "non-convex",
    "experts": "experts",
    "fewer-experts": "experts",
    "memory": "memory-by-tasks",
}
"""Bench -> page."""
PLUGINS = {"growth": "benchmarks/growing_lstm.py"}
"""Bench -> what has its suites."""
MISFITS = {("cnn-rnn", "cnn-mini", "regmean")}
"""Learners that a suite's architecture refuses, which their pages say: bench, suite, method."""


@pytest.fixture(params=PAGES)
def name(request):
    return request.param


@pytest.fixture
def bench(name, pytestconfig, monkeypatch):
    monkeypatch.setattr(SUITES, "_entries", dict(SUITES._entries))  # plugins are of this test alone
    load_plugins([str(pytestconfig.rootpath / PLUGINS[name])] if name in PLUGINS else [])
    return read_bench(pytestconfig.rootpath / "studies" / f"{name}.yaml")


def test_a_question_is_asked_with_three_seeds_on_suites_that_download_nothing(name, bench):
    assert bench.name == name
    assert len(bench.seeds) >= 3
    for suite in {one.name for one in bench.suites}:
        assert any(base.__module__.startswith("frontrunner.tasks.") for base in SUITES.get(suite).__mro__[:2])
        assert suite.endswith(SUFFIX) or not hasattr(SUITES.get(suite), "file")


def test_every_cell_can_be_planned(name, bench):
    cells = bench.cells()
    assert len(cells) == len(bench.suites) * len(bench.learners) * len(bench.seeds)
    refused = find_misfits(cells)
    assert {(name, cell.suite, cell.method) for cell in cells if cell.key in refused} == {
        one for one in MISFITS if one[0] == name
    }


def test_an_lstm_grows_and_learns_from_the_same_data(monkeypatch, pytestconfig):
    monkeypatch.setattr(SUITES, "_entries", dict(SUITES._entries))
    load_plugins([str(pytestconfig.rootpath / PLUGINS["growth"])])
    sizes = {}
    for name in ("sequence-mini-24", "sequence-mini-48", "sequence-mini", "sequence-mini-192"):
        suite = SUITES.get(name)
        assert (suite.tasks, suite.budget) == (SequenceMini.tasks, SequenceMini.budget)
        sizes[name] = sum(p.numel() for p in suite().architecture(suite.tasks).parameters())
    assert list(sizes.values()) == sorted(sizes.values())
    assert sizes["sequence-mini-192"] > 50 * sizes["sequence-mini-24"]


def test_its_page_says_the_command_and_is_on_the_site(name, pytestconfig):
    root = pytestconfig.rootpath
    page = (root / "docs" / f"{PAGES[name]}.md").read_text()
    assert f"frontrunner bench studies/{name}.yaml" in page
    assert f": {PAGES[name]}.md" in (root / "mkdocs.yml").read_text()
