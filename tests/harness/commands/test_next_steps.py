"""What a bench proposes at its end can be done: the front of a run is named where there is one."""

import re
import shlex

FAILING = {"method": "misbehaving", "options": {"how": "raise"}}


def test_no_front_is_proposed_where_no_cell_has_finished(command, in_process, tmp_path):
    ended = command.within(*command.bench(tmp_path, [FAILING]))
    assert ended.status == 1
    assert "0 of 1 cells finished, 1 did not." in ended.out
    assert "Look next:\n" in ended.out
    assert " front " not in ended.out.partition("Look next:")[2]
    assert "leaderboard --format html" in ended.out


def test_the_front_of_the_run_that_finished_is_proposed(command, in_process, tmp_path):
    ended = command.within(*command.bench(tmp_path, [FAILING, "pretrained"]))
    (run_id,) = re.findall(r" front ([0-9a-f]{8}) ", ended.out)
    shown = command.within("front", run_id, "--store", tmp_path / "store")
    assert (shown.status, shown.err) == (0, "")


def test_a_folder_with_a_space_is_quoted_for_the_shell_and_brackets_are_shown(command, in_process, tmp_path):
    folder = tmp_path / "my [red] folder"
    folder.mkdir()
    store = folder / "store"
    ended = command.within(*command.bench(folder, ["pretrained"]))
    proposed = [line for line in ended.out.splitlines() if "--store" in line]
    assert proposed
    assert all(str(store) in shlex.split(line) for line in proposed)
    assert f"Recorded in {store}." in ended.out
    assert command.within("leaderboard", "-o", folder / "a.md", "--store", store).out == f"wrote {folder / 'a.md'}\n"
    assert str(store) in command.within("doctor", "--store", store).out
