"""Whatever is printed is printed under any encoding, to any kind of output."""

import io
import os
import re
import subprocess
import sys

import pytest

from frontrunner.harness.commands import console
from frontrunner.harness.commands.streams import require_streams

START = [sys.executable, "-m", "frontrunner"]
SAID = "✓ Müller ≥ 平均 – 1±2… 🚀"


def printed(encoding, text, monkeypatch):
    taken = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(taken, encoding=encoding))
    require_streams()
    console.open_console().print(text, highlight=False)
    sys.stdout.flush()
    return taken.getvalue()


ENCODINGS = {
    "utf-8": f"{SAID}\n".encode(),
    "latin-1": "+ Müller >= ?? - 1±2... ?\n".encode("latin-1"),
    "cp1252": "+ Müller >= ?? – 1±2… ?\n".encode("cp1252"),
    "ascii": b"+ M?ller >= ?? - 1+-2... ?\n",
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_marks_that_an_encoding_lacks_are_replaced(encoding, monkeypatch):
    assert printed(encoding, SAID, monkeypatch) == ENCODINGS[encoding]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_name_in_unknown_bytes_is_printed_as_it_was_given(encoding, monkeypatch):
    assert printed(encoding, os.fsdecode(b"gr\xf6\xdfe.yaml"), monkeypatch) == b"gr\xf6\xdfe.yaml\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_command_ends_well_under_another_encoding(encoding, everything):
    command = [*START, "leaderboard", "--store", str(everything.store)]
    environment = os.environ | {"PYTHONIOENCODING": encoding, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    ended = subprocess.run(command, capture_output=True, env=environment | {"PYTHONUTF8": "0"}, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert "interpolation" in ended.stdout.decode(encoding)


@pytest.mark.parametrize("words", [["list"], ["leaderboard", "--format", "csv"]], ids=["a table", "a text"])
def test_a_reader_that_has_gone_is_no_error_of_ours(words, store, make_cell, record):
    record(store, make_cell(), [[0.1, 0.8], [0.4, 0.4]])
    environment = os.environ | {"FRONTRUNNER_STORE": str(store.folder), "PYTHONUNBUFFERED": "1"}
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run([*START, *words], stdout=write, stderr=subprocess.PIPE, env=environment, check=False)
    os.close(write)
    assert (ended.returncode, ended.stderr) == (1, b"")


PLAIN = {
    "a log": ({}, 240, False),
    "colours in a log": ({"FORCE_COLOR": "1"}, 240, True),
    "colours on a dumb terminal": ({"FORCE_COLOR": "1", "TERM": "dumb"}, 240, False),
    "none wanted": ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, 240, False),
    "columns": ({"COLUMNS": "90"}, 90, False),
    "hardly any": ({"COLUMNS": "0"}, console.NARROW, False),
    "no number": ({"COLUMNS": "wide"}, 240, False),
}


@pytest.mark.parametrize("case", PLAIN)
def test_nothing_is_drawn_over_in_a_log(case, monkeypatch):
    variables, width, coloured = PLAIN[case]
    for name in ("FORCE_COLOR", "NO_COLOR", "TERM", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for stream in ("stdout", "stderr"):
        monkeypatch.setattr(sys, stream, io.StringIO())
    opened = console.open_console()
    with console.busy("reading"):
        opened.print("[green]✓[/] done")
    assert opened.width == width
    assert not opened.is_interactive
    assert sys.stderr.getvalue() == ""
    codes = set(re.findall(r"\x1b\[[0-9;?]*([A-Za-z])", sys.stdout.getvalue()))
    assert codes == ({"m"} if coloured else set())


SHELL = {
    "a reader that has read enough": ('"$@" list | head -n 1', 0),
    "no input": ('"$@" list >/dev/null <&-', 0),
    "no output": ('"$@" list >&-', 0),
    "no streams at all": ('"$@" list <&- >&- 2>&-', 0),
    "a folder that is gone": ('mkdir gone; cd gone; rmdir ../gone; "$@" list', 1),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", SHELL)
def test_an_odd_start_is_quiet_or_one_sentence(case, tmp_path):
    script, status = SHELL[case]
    ended = subprocess.run(["sh", "-c", script, "sh", *START], cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == status
    assert ended.stderr == ("error: the working directory does not exist any more; change to one that does\n" * status)
