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
    assert ended.stderr == "error: the output cannot be written (No space left on device); free some space\n"


def test_a_closed_output_is_no_error():
    ended = run(">&-")
    assert (ended.returncode, ended.stderr) == (0, "")
