"""The database of a store of version 0.1.0 is made again as that of a newer one."""

from frontrunner.harness.records.rebuild import rebuild
from frontrunner.harness.records.store import Store


def test_results_of_the_first_release_are_recorded_again(first_release, boards, tmp_path):
    folder = first_release.unpack(tmp_path) / "store"
    folder = folder if folder.exists() else next(path.parent for path in tmp_path.rglob("mlflow.db"))
    opened = Store(folder, create=False)
    before = boards(opened)
    fronts = {one.run_id: one.record().front().objectives.tolist() for one in opened.attempts() if one.intact()}
    (folder / "mlflow.db").unlink()
    found = rebuild(folder, lambda *_: None)
    assert (found.n_finished, found.left_out) == (len(fronts), [])
    opened = Store(folder, create=False)
    assert {one.run_id: one.finished().front.front().objectives.tolist() for one in opened.attempts()} == fronts
    assert [[row["learner"] for row in board["rows"] if row["seeds"]] for board in boards(opened)] == [
        [row["learner"] for row in board["rows"] if row["seeds"]] for board in before
    ]
