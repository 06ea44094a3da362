"""Imports that are killed, that meet each other, and that meet a bench."""

import threading

import pytest
from thinned import thinned

from frontrunner.errors import ClaimedError
from frontrunner.harness.bundle import import_bundle, importing, read_bundle
from frontrunner.harness.records.mlflow_tags import NOTE
from frontrunner.harness.records.store import Store

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


class TestInterruption:
    @pytest.mark.parametrize(
        ("moment", "hard"),
        thinned(
            [
                *(("begin", 3), ("record", 3), ("record_unfinished", 1), ("_move_files", 2), ("log", 3), ("log", 7)),
                *(("_log", 3), ("_log", 4), ("_log", 5), ("_log", 6), ("_log", 9)),
            ],
            [False, True],
            every=2,
        ),
    )
    def test_the_same_import_continues(self, shared, empty, monkeypatch, moment, hard, boards, recorded):
        step, nth = moment
        real, calls = getattr(Store, step), []

        def killed(self, *arguments, **keys):
            calls.append(arguments)
            if len(calls) == nth:
                raise KeyboardInterrupt
            return real(self, *arguments, **keys)

        def too_late(name):
            wrapped = getattr(Store, name)

            def call(self, *arguments, **keys):
                if len(calls) >= nth:
                    raise KeyboardInterrupt
                return wrapped(self, *arguments, **keys)

            return call

        with monkeypatch.context() as patch:
            patch.setattr(Store, step, killed)
            if hard:  # nothing at all can be tidied up
                for name in ("_log", "_close"):
                    patch.setattr(Store, name, too_late(name))
            with pytest.raises(KeyboardInterrupt):
                import_bundle(empty, shared.file)
        assert 0 < len(empty.attempts()) < 6
        import_bundle(empty, shared.file)
        assert boards(empty) == boards(shared.store)
        finished = [attempt.cell.key for attempt in empty.attempts() if attempt.status == "finished"]
        assert len(finished) == len(set(finished)) == 4
        assert {run.info.status for run in empty.client.search_runs(["1"])} <= {"FINISHED", "FAILED", "KILLED"}
        unsaid = [attempt for attempt in empty.attempts() if NOTE not in attempt.tags]
        assert {attempt.status for attempt in unsaid} <= {"killed"}
        for attempt in empty.attempts():
            assert (attempt.status == "finished") == ("hypervolume" in attempt.metrics)
            assert (attempt.status == "finished") == ("igd" in attempt.metrics)
        before = recorded(empty)
        import_bundle(empty, shared.file)
        assert recorded(empty) == before

    def test_two_imports_at_once_record_every_cell_once(self, shared, empty, boards):
        stores = [Store(empty.folder, create=True) for _ in range(2)]
        summaries = []
        threads = [
            threading.Thread(target=lambda store=store: summaries.append(import_bundle(store, shared.file)))
            for store in stores
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(summary.finished for summary in summaries) == 4
        assert sum(summary.unfinished for summary in summaries) == 2
        assert len(empty.attempts()) == 6
        assert boards(empty) == boards(shared.store)

    def test_a_cell_that_runs_here_is_left_out(self, shared, empty, monkeypatch):
        monkeypatch.setattr(importing, "LOCK_WAIT_S", 0.01)
        cell = read_bundle(shared.file).cells[0].cell
        with empty.lock(cell):
            summary = import_bundle(empty, shared.file)
        assert summary.busy == (cell.title,)
        assert cell.title in summary.sentence
        assert summary.finished == 3
        assert import_bundle(empty, shared.file).finished == 1

    def test_so_is_one_that_another_machine_begins_first(self, shared, empty, monkeypatch):
        begin, refused = empty.begin, []

        def claimed(cell, *arguments, **keys):
            if not refused:
                refused.append(cell)
                raise ClaimedError(f"another machine runs {cell.title}")
            return begin(cell, *arguments, **keys)

        monkeypatch.setattr(empty, "begin", claimed)
        summary = import_bundle(empty, shared.file)
        assert summary.busy == (refused[0].title,)
        assert summary.finished + summary.unfinished == 5
