"""Output that cannot be written is one sentence, or nothing where nobody wants it."""

import os
import subprocess
import sys

import pytest

LIST = [sys.executable, "-m", "frontrunner", "list"]


def run(redirection, **environment):
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *LIST],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
        check=False,
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_full_disk_is_one_sentence():
    ended = run(">/dev/full")
    assert ended.returncode == 1
    assert ended.stderr == "error: the output cannot be written (No space left on device)\n"


def test_a_closed_output_is_no_error():
    ended = run(">&-")
    assert (ended.returncode, ended.stderr) == (0, "")


def test_an_encoding_without_a_letter_is_one_sentence(everything):
    command = [sys.executable, "-m", "frontrunner", "leaderboard", "--store", str(everything.store), "--format", "md"]
    ended = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"PYTHONIOENCODING": "ascii"}, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: the output's encoding ascii has no ")
    assert ended.stderr.count("\n") == 1
