"""A folder for temporary files with a long path is no obstacle to processes."""

import errno
import os
import re
import shutil
import tempfile
import threading
from multiprocessing import connection, process, util
from unittest.mock import Mock

import pytest

from frontrunner.harness.running import worker_process
from frontrunner.harness.running.cell_request import CellRequest
from frontrunner.harness.running.socket_folder import require_short_sockets

pytestmark = pytest.mark.skipif(not hasattr(connection.socket, "AF_UNIX"), reason="sockets have no paths here")


@pytest.fixture
def fresh(monkeypatch):
    """As if multiprocessing had not asked for its folder yet."""
    monkeypatch.setitem(process.current_process()._config, "tempdir", None)
    monkeypatch.setattr(util, "Finalize", lambda *_, **__: None)  # the folder is the test's


@pytest.mark.parametrize("length", [1, 60, 100, 150, 240])
def test_sockets_can_be_made_whatever_the_length(length, fresh, tmp_path, monkeypatch):
    folder = tmp_path / ("x" * length)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    require_short_sockets()
    assert tempfile.gettempdir() == str(folder)
    made = util.get_temp_dir()
    try:
        with connection.Listener(family="AF_UNIX") as listener:
            assert os.fspath(listener.address).startswith(made)
    finally:
        shutil.rmtree(made)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files.*ulimit -n"),
        (OSError(errno.EAGAIN, "Resource temporarily unavailable"), "ulimit -u"),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in [...]"), "TMPDIR"),
    ],
)
def test_a_process_that_cannot_be_started_is_one_sentence(error, told, make_cell, tmp_path, monkeypatch):
    monkeypatch.setattr(worker_process, "require_short_sockets", Mock(side_effect=error))
    ending = worker_process.run_in_process(
        CellRequest(make_cell(), "cpu", (), tmp_path, tmp_path / "checkpoints"),
        on_event=Mock(),
        stop=threading.Event(),
    )
    assert ending.status == "failed"
    assert ending.resumable
    assert re.search(told, ending.reason)
    assert "space" not in ending.reason
