"""What `--again` has computed is recorded beside the older result, whatever kept it from being recorded at once."""

from unittest.mock import Mock

import pytest

import frontrunner as fr
from frontrunner.harness.cells.bench_file import BenchSpec
from frontrunner.harness.records.replaced_runs import add_replaced_runs, forget_replaced_runs, replaced_runs
from frontrunner.harness.records.store import Store
from frontrunner.harness.records.unrecorded import record_all_left_behind
from frontrunner.harness.reports.publish import run_and_publish_bench
from frontrunner.harness.running import settle
from frontrunner.harness.running.bench import run_bench
from frontrunner.harness.running.executors.local import LocalExecutor


@pytest.fixture
def bench(in_process):
    """(store, again) -> what became of the one cell of a bench on the tiny suite."""

    def run(store, *, again=False, published=False):
        spec = BenchSpec.model_validate({"name": "test", "suites": ["tiny"], "learners": ["pretrained"]})
        run = run_and_publish_bench if published else run_bench
        options = {"executor": LocalExecutor(["cpu"]), "plugins": [], "listener": Mock(), "again": again}
        return run(spec, store, **options).settled[0]

    return run


@pytest.fixture
def opened(tmp_path):
    """() -> the store, as a new command opens it."""
    return lambda: Store(tmp_path / "folder", create=True)


def statuses(store):
    return sorted(str(one.status) for one in store.attempts() if one.status in ("finished", "unsupported"))


def damage(store):
    """Damage the recorded front, on the server too, so that the cell is not settled."""
    for attempt in store.attempts():
        attempt.artifact("front.parquet").write_bytes(b"no front")
        store.add_artifacts(attempt.run_id, attempt.folder)


@pytest.fixture
def killed_again(bench, opened, monkeypatch):
    """(*, damaged) -> a store in which a cell has finished, and a command with `--again` was killed at its end."""

    def left(*, damaged=False):
        bench(opened())
        if damaged:
            damage(opened())

        def killed(*_):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(settle, "_read", killed)
            with pytest.raises(KeyboardInterrupt):
                bench(opened(), again=not damaged)

    return left


@pytest.mark.parametrize("again", [False, True])
def test_a_bench_records_what_a_killed_one_has_computed(again, killed_again, bench, opened, in_process):
    killed_again()
    settled = bench(opened(), again=again)
    assert (settled.ran, statuses(opened()), len(in_process)) == (False, ["finished"] * 2, 2)
    assert settled.run_id == opened().attempts()[-1].run_id
    assert replaced_runs(opened().unrecorded(settled.cell)) == frozenset()
    assert bench(opened(), again=again).ran == again  # nothing waits any more


def test_so_does_whatever_records_what_was_left(killed_again, opened):
    killed_again()
    assert len(list(record_all_left_behind(opened()))) == 1
    assert statuses(opened()) == ["finished"] * 2


def test_so_it_is_where_the_older_result_is_damaged(killed_again, bench, opened, in_process):
    killed_again(damaged=True)
    assert (bench(opened()).ran, len(in_process)) == (False, 2)


def test_what_was_recorded_since_counts(killed_again, bench, opened, in_process):
    killed_again()
    (attempt, *_) = opened().attempts()
    forget_replaced_runs(opened().unrecorded(attempt.cell))  # as if the finished one were of another machine
    settled = bench(opened())
    assert (settled.run_id, settled.ran, statuses(opened())) == (attempt.run_id, False, ["finished"])
    assert not opened().unrecorded(settled.cell).exists()


def test_a_result_whose_files_were_moved_when_the_command_was_killed(bench, opened, in_process, monkeypatch):
    bench(opened())
    with monkeypatch.context() as patch:
        patch.setattr("frontrunner.harness.records.store.finished_tags", Mock(side_effect=KeyboardInterrupt))
        patch.setattr("pathlib.Path.replace", _not_back(opened().folder))
        with pytest.raises(KeyboardInterrupt):
            bench(opened(), again=True)
    assert not (opened().unrecorded(opened().attempts()[0].cell) / "cell.json").exists()
    assert (bench(opened()).ran, statuses(opened()), len(in_process)) == (False, ["finished"] * 2, 2)


def _not_back(folder):
    """`Path.replace` of a command that is killed before it moves the files of a cell back."""
    from pathlib import Path

    replace = Path.replace

    def moved(self, target):
        if folder / "unrecorded" in Path(target).parents and Path(target).suffix == "":
            return target
        return replace(self, target)

    return moved


@pytest.mark.slow
@pytest.mark.parametrize(
    ("away_from", "by", "damaged"),
    [
        ("record", "this bench", False),
        ("begin", "the next", False),
        ("begin", "the next --again", False),
        ("record", "the next", True),
    ],
)
def test_an_absent_server_gets_it_later(away_from, by, damaged, bench, machine, server, in_process, monkeypatch):
    bench(machine())
    if damaged:
        damage(machine())
    store, read, opens = machine(), settle._read, settle._opened

    def go_away(original):
        def away(*arguments):
            server.go_away()
            return original(*arguments)

        return away

    with monkeypatch.context() as patch:
        if away_from == "begin":
            patch.setattr(settle, "_opened", go_away(opens))
        else:
            patch.setattr(settle, "_read", go_away(read))
        if by == "this bench":
            ended = store.record

            def refused(*arguments):
                try:
                    return ended(*arguments)
                except fr.FrontrunnerError:
                    server.answer()
                    raise

            patch.setattr(store, "record", refused)
        settled = bench(store, again=not damaged, published=by == "this bench")
    server.answer()
    if by == "this bench":
        assert settled.run_id
    else:
        assert settled.ending.status == "not recorded yet"
        assert not bench(machine(), again=by == "the next --again").ran
    assert (statuses(machine("two")), len(in_process)) == (["finished"] * 2, 2)


def test_runs_are_remembered_until_they_are_forgotten(tmp_path):
    folder = tmp_path / "unrecorded" / "key"
    assert replaced_runs(folder) == frozenset()
    add_replaced_runs(folder, [])
    assert not folder.parent.exists()
    add_replaced_runs(folder, ["b", "a"])
    add_replaced_runs(folder, ["c"])
    assert replaced_runs(folder) == {"a", "b", "c"}
    forget_replaced_runs(folder)
    forget_replaced_runs(folder)
    assert replaced_runs(folder) == frozenset()
