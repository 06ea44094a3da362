"""The command line as a whole: its help, its version, and the two ways to start it."""

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

ORDER = [
    "list",
    "estimate",
    "run",
    "bench",
    "tune",
    "status",
    "leaderboard",
    "front",
    "export",
    "forget",
    "suite",
    "store",
    "ui",
    "doctor",
]
SUBCOMMANDS = [["leaderboard", "export"], ["leaderboard", "import"], ["store", "repair"], ["store", "restore"]]
COMMANDS = [[], *([command] for command in ORDER), *SUBCOMMANDS]
HEAVY = ["torch", "mlflow", "pymoo", "matplotlib", "pandas", "open_clip", "transformers", "optuna", "numpy"]
SCRIPT = Path(sys.executable).with_name("frontrunner")


def named(words):
    return " ".join(words) or "frontrunner"


def test_the_help_names_the_commands_in_the_order_of_their_use(command):
    ended = command.within("--help")
    assert (ended.status, ended.err) == (0, "")
    assert re.findall(r"^│ ([a-z]+) ", ended.out, flags=re.MULTILINE) == ORDER


def test_without_a_command_the_help_is_shown(command):
    alone, asked = command.within(), command.within("--help")
    assert (alone.status, alone.err) == (0, "")
    assert alone.out.strip() == asked.out.strip()


@pytest.mark.parametrize("words", COMMANDS, ids=named)
def test_h_is_help_for_every_command(words, command):
    short, long = command.within(*words, "-h"), command.within(*words, "--help")
    assert (short.status, short.err) == (0, "")
    assert short.out == long.out
    assert f"frontrunner {' '.join(words)}".strip() in short.out


@pytest.mark.parametrize("words", COMMANDS[1:], ids=named)
def test_every_option_of_a_command_is_explained(words, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    rows = [line.strip("│ ") for line in command.within(*words, "--help").out.splitlines() if line.startswith("│")]
    assert any("--help" in row for row in rows)
    for row in rows:
        *_, text = re.split(r"\s{2,}", row)
        assert len(text.split()) > 2, row
        assert not re.search(r" \.( |$)", text), row  # what is left of words in brackets that were taken for markup


def test_the_version_is_that_of_the_package(command):
    ended = command.within("--version")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == f"frontrunner {importlib.metadata.version('frontrunner')}\n"


@pytest.mark.parametrize("words", [["--version"], ["tune", "--help"], ["leaderboard", "import", "--help"]], ids=named)
def test_nothing_heavy_is_imported_by(words):
    program = f"""
import sys
from frontrunner.__main__ import main
sys.argv = ["frontrunner", *{words}]
try:
    main()
except SystemExit as end:
    assert not end.code
print([name for name in {HEAVY} if name in sys.modules])
"""
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "[]"


WAYS = {"module": [sys.executable, "-m", "frontrunner"], "script": [str(SCRIPT)]}


@pytest.mark.skipif(not SCRIPT.exists(), reason="the script is not installed beside this Python")
@pytest.mark.parametrize("words", [["--help"], ["--version"], ["list", "nothing-like-it"], ["rn"]], ids=named)
def test_both_ways_to_start_it_behave_alike(words, tmp_path):
    ended = {}
    for way, start in WAYS.items():
        found = subprocess.run([*start, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        ended[way] = (found.returncode, found.stdout.replace("python -m frontrunner", "frontrunner"), found.stderr)
    assert _without_padding(ended["module"]) == _without_padding(ended["script"])


def _without_padding(ended):
    status, *texts = ended
    return status, *(re.sub(r"\s+", " ", text) for text in texts)


def test_an_unknown_command_is_one_sentence(command):
    command.within("rn").assert_one_sentence("No such command 'rn'")
