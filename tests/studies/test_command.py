"""`frontrunner tune`: what a person sees, what it writes, and what is one sentence."""

import os

import pytest
import yaml

from frontrunner.harness.records.store import Store
from frontrunner.harness.records.tuned import find_tuned


def file_of(folder, **changes):
    content = {
        "name": "t",
        "suite": {"name": "tiny", "points_per_edge": 2},
        "learners": ["fussy"],
        "space": {"y": [1, 2]},
        "trials": 2,
        "early_stop": None,
    }
    file = folder / "tune.yaml"
    file.write_text(yaml.safe_dump(content | changes))
    return file


@pytest.fixture(scope="module")
def tuned(command, without_processes, tmp_path_factory):
    """The folder of a tuning that ran to its end, and what was printed."""
    folder = tmp_path_factory.mktemp("command")
    file = file_of(folder, test={"seeds": [1, 2], "goals": {"hypervolume": 0.0}})
    with without_processes() as cells:
        ended = command.within("tune", file, "--store", folder / "store", "-o", folder / "tables.md")
    return folder, ended, list(cells)


def test_it_ends_well_and_runs_trials_and_their_test(tuned):
    _, ended, cells = tuned
    assert (ended.status, ended.err) == (0, "")
    assert len(cells) in (4, 6)  # two trials, then default and what was found: the same where the default is best


def test_it_says_what_it_does_and_what_became_of_every_trial(tuned):
    out = tuned[1].out
    assert "t/fussy: 2 trials of fussy on tiny over y 1 or 2; hypervolume ↑ on the validation split" in out
    assert "✓ t/fussy trial 0 (y=1): hypervolume" in out
    assert "✓ t/fussy trial 1 (y=2): hypervolume" in out
    assert "[2/2]" in out


def test_tables_go_to_the_file_and_it_says_so(tuned):
    folder, ended, _ = tuned
    assert f"wrote {folder / 'tables.md'}\n" in ended.out
    text = (folder / "tables.md").read_text()
    assert text.startswith(f"# t\n\nMade by `frontrunner tune {folder / 'tune.yaml'} --output")
    assert "### t/fussy: best trials" in text
    assert "### test: hypervolume ↑" in text
    assert "| fussy (default) |" in text
    assert "| fussy (tuned) " in text


def test_what_it_names_at_the_end_is_there(tuned):
    folder, ended, _ = tuned
    assert f"optuna-dashboard sqlite:///{folder / 'store' / 'optuna.db'}" in ended.out
    assert (folder / "store" / "optuna.db").exists()
    assert find_tuned(Store(folder / "store", create=False), "t/fussy").method == "fussy"


def test_the_same_command_again_runs_nothing(tuned, command, without_processes, undrawn):
    folder, _, _ = tuned
    with without_processes() as cells:
        ended = command.within("tune", folder / "tune.yaml", "--store", folder / "store")
    assert (ended.status, ended.err, cells) == (0, "", [])
    assert "### " not in ended.out
    assert "t/fussy: best trials" in ended.out


def test_a_failed_trial_is_a_line_and_no_failure(command, tmp_path, in_process, undrawn):
    file = file_of(tmp_path, space={"fate": ["fine", "diverges"]})
    ended = command.within("tune", file, "--store", tmp_path / "store")
    assert ended.status == 0
    assert "✗ t/fussy trial 1 (fate=diverges): failed: the loss is nan" in ended.out


def test_another_storage_is_used_where_it_is_named(command, tmp_path, in_process, undrawn):
    ended = command.within(
        "tune", file_of(tmp_path), "--store", tmp_path / "store", "--storage", f"sqlite:///{tmp_path}/own.db"
    )
    assert ended.status == 0
    assert (tmp_path / "own.db").exists()
    assert not (tmp_path / "store" / "optuna.db").exists()


BEFORE = {
    "missing file": ({}, ["none.yaml"], ["cannot be read"]),
    "unknown method": ({"learners": ["fusy"]}, [], ["did you mean 'fussy'?"]),
    "unknown suite": ({"suite": "tinny"}, [], ["did you mean 'tiny'?"]),
    "unknown option": ({"space": {"yy": [1, 2]}}, [], ["option of method 'fussy'", "choose one of"]),
    "misspelt key": ({"trils": 3}, [], ["'trils'", "did you mean 'trials'?"]),
    "folder that is not there": ({}, ["-o", "nowhere/tables.md"], ["nowhere/tables.md", "folder that exists"]),
    "tables of another kind": ({}, ["-o", "tables.csv"], [".md file"]),
    "unknown device": ({}, ["--device", "quantum"], ["unknown device 'quantum'"]),
}


@pytest.mark.parametrize("case", BEFORE)
def test_what_is_wrong_before_anything_runs_is_one_sentence_and_makes_no_store(case, command, tmp_path):
    changes, words, parts = BEFORE[case]
    file = file_of(tmp_path, **changes)
    words = [file, *words] if words[:1] != ["none.yaml"] else [tmp_path / "none.yaml"]
    ended = command.within("tune", *words, "--store", tmp_path / "store")
    ended.assert_one_sentence(*parts, *([str(words[0])] if len(words) == 1 else []))
    assert not (tmp_path / "store").exists()


def test_an_unknown_baseline_of_the_test_is_one_sentence_before_anything_runs(command, tmp_path):
    file = file_of(tmp_path, test={"seeds": [1], "baselines": ["pretrainde"]})
    ended = command.within("tune", file, "--store", tmp_path / "store")
    ended.assert_one_sentence(f"error: {file}: unknown method 'pretrainde'; did you mean 'pretrained'?")


STORAGES = {
    "no address": ("nonsense", ["Optuna's storage nonsense cannot be used"]),
    "unknown database": ("oracl://me:secret@host/name", ["cannot be used", "oracl://***@host/name"]),
    "folder that is not there": ("sqlite:////nowhere/at/all/optuna.db", ["cannot be used", "unable to open"]),
}


@pytest.mark.parametrize("case", STORAGES)
def test_a_storage_that_cannot_be_used_is_one_sentence_without_its_password(case, command, tmp_path):
    url, parts = STORAGES[case]
    ended = command.within("tune", file_of(tmp_path), "--store", tmp_path / "store", "--storage", url)
    ended.assert_one_sentence(*parts)
    assert "secret" not in ended.out + ended.err


def test_a_store_that_is_a_file_is_one_sentence(command, tmp_path):
    (tmp_path / "store").write_text("precious")
    command.within("tune", file_of(tmp_path), "--store", tmp_path / "store").assert_one_sentence("cannot be used")
    assert (tmp_path / "store").read_text() == "precious"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_store_that_cannot_be_written_is_one_sentence(command, tmp_path):
    (tmp_path / "store").mkdir(mode=0o500)
    command.within("tune", file_of(tmp_path), "--store", tmp_path / "store").assert_one_sentence("cannot be used")


def test_a_damaged_storage_is_one_sentence(command, tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "optuna.db").write_text("this is no database, whatever its name says")
    command.within("tune", file_of(tmp_path), "--store", tmp_path / "store").assert_one_sentence(
        "Optuna's storage", "cannot be used"
    )
