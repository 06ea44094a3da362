import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from frontrunner.harness.records.store import Store
from frontrunner.testing import LearnerConformance

SOURCE = Path(__file__).parents[2] / "third_party" / "nearest_expert.py"
START = "import sys; sys.path.pop(0); from frontrunner.__main__ import main; main()"


def test_the_package_is_under_40_lines():
    assert len(SOURCE.read_text().splitlines()) < 40


def test_a_learner_of_an_installed_package_runs_beside_built_in_ones(third_party):
    assert (third_party.ended.status, third_party.ended.err) == (0, "")
    attempts = {attempt.cell.label: attempt for attempt in Store(third_party.store, create=False).attempts()}
    assert {label: attempt.status for label, attempt in attempts.items()} == {
        "nearest-expert": "finished",
        "pwe-moe-ls": "finished",
    }
    assert attempts["nearest-expert"].metrics["front_points"] == 19
    assert 0 < attempts["nearest-expert"].metrics["hypervolume"] < 1


@pytest.mark.slow
def test_it_passes_the_conformance_tests_in_its_own_test_file(third_party, command, tmp_path):
    """As its author runs it: nothing but the package, Frontrunner and pytest; no conftest of ours."""
    shutil.copy(SOURCE.with_name("test_nearest_expert.py"), tmp_path)
    environment = {name: value for name, value in command.environment.items() if not name.startswith("PYTEST_")}
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(third_party.packages)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    n_tests = sum(name.startswith("test_") for name in dir(LearnerConformance))
    assert f"{2 * n_tests} passed" in ended.stdout  # on a network and on a known front


def test_its_row_is_on_the_leaderboard_without_the_package(third_party, command):
    ended = command.within("leaderboard", "--format", "json", "--store", third_party.store)
    (board,) = json.loads(ended.out)
    assert sorted(row["method"] for row in board["rows"]) == ["nearest-expert", "pwe-moe-ls"]


def test_list_shows_it_with_its_documented_options(third_party, command):
    ended = command.run("list", "nearest-expert", python_path=third_party.packages)
    assert ended.status == 0
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert lines[0] == "nearest-expert The expert of the heaviest task, pulled towards the pre-trained model."
    assert "origin package nearest-expert" in lines
    at = lines.index("option type default meaning")
    assert lines[at + 1] == "pull float 0.1 0 is the expert itself, 1 the pre-trained model."


def test_list_shows_it_beside_what_is_built_in(third_party, command):
    ended = command.run("list", python_path=third_party.packages)
    assert ended.status == 0
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert "nearest-expert The expert of the heaviest task, pulled towards the pre-trained model." in lines
    assert "vision-mini" in ended.out


def test_a_name_that_a_package_has_taken_is_an_error_naming_both_origins(third_party, command, tmp_path):
    plugin = tmp_path / "rival.py"
    plugin.write_text(
        "import frontrunner as fr\nclass Rival(fr.Learner):\n    name = 'nearest-expert'\n"
        "    def fit(self, problem, preferences, context): ...\n"
    )
    ended = command.run("list", "--plugin", plugin, python_path=third_party.packages)
    assert (ended.status, ended.out) == (1, "")
    (sentence,) = ended.err.splitlines()
    assert sentence.startswith("error: method 'nearest-expert' is registered twice")
    assert "package nearest-expert" in sentence
    assert str(plugin) in sentence


@pytest.mark.slow
def test_a_folder_of_our_name_where_the_user_stands_is_not_the_package(command, tmp_path):
    stranger = tmp_path / "frontrunner"
    (stranger / "harness").mkdir(parents=True)
    for file in ("__init__.py", "harness/__init__.py", "harness/worker.py"):
        (stranger / file).write_text("raise SystemExit('the wrong package')")
    words = ["merging-toy", "--tasks", "e1,e2", "--store", tmp_path / "store"]
    ended = subprocess.run(
        # as the installed script does, whose path begins with its own folder and not with this one
        [sys.executable, "-c", START, "run", "pretrained", *map(str, words)],
        cwd=tmp_path,
        env=command.environment,
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
