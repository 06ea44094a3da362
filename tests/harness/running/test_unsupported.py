"""A cell whose learner asks what the suite cannot give is settled: a row with its reason, never run again."""

import dataclasses
import json

import pytest

from frontrunner.errors import CellError, UnsupportedError
from frontrunner.harness.cells.make_cell import make_cell
from frontrunner.harness.commands.verdict import require_finished, require_settled, summary
from frontrunner.harness.records.status import Ending, Status
from frontrunner.harness.records.store import Store
from frontrunner.harness.running.settled_cell import SettledCell
from frontrunner.methods import METHODS

REASON = "tiny holds no key, which this method needs"
DEMANDING = f'''
import frontrunner as fr


class Demanding(fr.Learner):
    """Asks what no problem has."""

    name = "demanding"

    def fit(self, problem, preferences, context):
        raise fr.UnsupportedError("{REASON}")
'''


@pytest.fixture(scope="module")
def benches(command, tmp_path_factory):
    """The same bench twice, then the cell alone, with the attempts that were recorded by then."""
    folder = tmp_path_factory.mktemp("unsupported")
    (folder / "demanding.py").write_text(DEMANDING)
    bench = command.bench(folder, ["demanding", "pretrained"], plugins=[folder / "demanding.py"])
    run = ["run", "demanding", "tiny", *bench[2:]]
    here = dataclasses.replace(command, folder=folder)
    seen = []
    for words in (bench, bench, run):
        ended = here.within(*words)
        seen.append((ended, Store(folder / "store", create=False).attempts()))
    return folder, seen


def test_a_bench_succeeds_and_says_how_many_cells_are_unsupported(benches):
    for ended, _ in benches[1][:2]:
        assert (ended.status, ended.err) == (0, "")
        assert "1 of 2 cells finished, 1 is unsupported" in ended.out


def test_the_cell_is_recorded_with_its_reason_and_never_runs_again(benches):
    _, seen = benches
    first = seen[0][1]
    assert [(a.cell.method, a.status, a.reason) for a in first] == [
        ("demanding", "unsupported", REASON),
        ("pretrained", "finished", ""),
    ]
    assert not first[0].metrics
    for _, attempts in seen[1:]:
        assert [attempt.run_id for attempt in attempts] == [attempt.run_id for attempt in first]
    assert "demanding · tiny · seed 0: unsupported, as before" in seen[1][0].out


def test_the_command_for_that_cell_alone_fails_with_the_reason(benches):
    (ended, _) = benches[1][2]
    assert ended.status == 1
    assert ended.err.count("\n") == 1
    assert "demanding on tiny, seed 0 is unsupported" in ended.err
    assert REASON in ended.err


def test_the_leaderboard_shows_it_as_a_row(benches, command):
    store = benches[0] / "store"
    (board,) = json.loads(command.within("leaderboard", "--format", "json", "--store", store).out)
    assert board["rows"][1]["unfinished"] == {"0": f"unsupported: {REASON}"}
    markdown = command.within("leaderboard", "--format", "md", "--store", store).out
    assert "demanding [unsupported]" in markdown
    assert f"- demanding, seed 0: unsupported: {REASON}" in markdown


def test_another_version_of_the_method_runs_again(run_bench, tmp_path, monkeypatch):
    learner = METHODS.get("pretrained")

    def refuse(*_):
        raise UnsupportedError(REASON)

    with monkeypatch.context() as patch:
        patch.setattr(learner, "fit", refuse)
        _, (first,) = run_bench(tmp_path, ["pretrained"])
        _, (again,) = run_bench(tmp_path, ["pretrained"])
    assert (first.ending.status, first.ran, again.ending, again.ran) == ("unsupported", True, first.ending, False)
    monkeypatch.setattr(learner, "version", "another")
    _, (other,) = run_bench(tmp_path, ["pretrained"])
    assert (other.ending.status, other.ran) == ("finished", True)


def outcomes(*statuses):
    cell = make_cell("pretrained", "tiny", tasks=None, seed=0, options={}, points_per_edge=None)
    return [SettledCell(cell, Ending(Status(status), "why"), "run", ran=True) for status in statuses]


def test_a_bench_fails_only_for_cells_that_may_end_better(tiny):
    require_settled(outcomes("finished", "unsupported"))
    with pytest.raises(CellError, match="2 of 4 cells did not finish"):
        require_settled(outcomes("finished", "unsupported", "failed", "killed"))
    require_finished(*outcomes("finished"))
    with pytest.raises(CellError, match="is unsupported: why"):
        require_finished(*outcomes("unsupported"))


def test_the_summary_counts_every_kind_in_plain_words(tiny):
    assert summary(outcomes("finished", "finished")) == "2 of 2 cells finished"
    assert summary(outcomes("finished", "failed", "out of memory")) == "1 of 3 cells finished, 2 did not"
    both = summary(outcomes("finished", "killed", "unsupported", "unsupported"))
    assert both.startswith("1 of 4 cells finished, 1 did not, 2 are unsupported")
