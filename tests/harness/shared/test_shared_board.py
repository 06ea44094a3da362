"""What is recorded on a server is read from it as from a folder, by whichever machine."""

import pickle

from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.records.store import Store
from frontrunner.harness.reports.board_pictures import BoardPictures

FRONTS = {"one": [[0.1, 0.6], [0.3, 0.3]], "two": [[0.2, 0.2]]}


def fill(store, make_cell, record):
    for label, front in FRONTS.items():
        for seed in (0, 1):
            record(store, make_cell(label, seed), front, fit_time_s=1.5 + seed)
    record(store, make_cell("three"), [], status="failed", reason="it broke")


def test_a_board_of_a_server_is_that_of_a_folder(machine, make_cell, record, boards, tmp_path):
    here = Store(tmp_path / "folder", create=True)
    for store in (machine("one"), here):
        fill(store, make_cell, record)
    (found,), (expected,) = boards(machine("two")), boards(here)
    assert found == expected
    assert len(found["rows"]) == 3


def test_its_pictures_can_be_sent_to_the_process_that_draws_them(machine, make_cell, record):
    store = machine("one")
    fill(store, make_cell, record)
    (board,) = leaderboards(store)
    sent = pickle.loads(pickle.dumps(BoardPictures.of(board, store)))
    assert len(sent.fronts) == 2
    assert all(result.attempt.fetch is None for row in sent.board.rows for result in row.results.values())
    assert any(result.attempt.fetch for row in board.rows for result in row.results.values())
