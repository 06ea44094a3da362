"""An address is told from a folder; what could give a password away is refused without repeating it."""

from pathlib import Path

import pytest

import frontrunner as fr
from frontrunner.harness.records.open_store import store_place
from frontrunner.harness.records.server_address import ServerAddress


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://server:5000", "http://server:5000"),
        ("HTTP://Server:5000/", "http://server:5000"),
        ("https://server/mlflow/", "https://server/mlflow"),
        ("http://127.0.0.1:5000/#/experiments/1/runs", "http://127.0.0.1:5000"),
        ("http://[::1]:5000", "http://[::1]:5000"),
    ],
)
def test_addresses(given, url):
    assert store_place(given) == ServerAddress(url)


@pytest.mark.parametrize("given", ["mlruns", "/data/http", "a:b", "~/store"])
def test_folders(given):
    assert isinstance(store_place(given), Path)


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ("http://me:secret@server:5000", "MLFLOW_TRACKING_USERNAME"),
        ("https://secret@server", "MLFLOW_TRACKING_TOKEN"),
        ("postgresql://me:secret@server/db", "mlflow server"),
        ("sqlite:///mlflow.db", "mlflow server"),
        ("http://", "http://server:5000"),
        ("http://server:port", "Port"),
        ("http://server?workspace=secret", "http://server:5000"),
    ],
)
def test_what_is_refused(given, part):
    with pytest.raises(fr.ConfigError) as raised:
        store_place(given)
    assert part in str(raised.value)
    assert "me:secret" not in str(raised.value)


def test_the_environment_names_one_too(monkeypatch):
    monkeypatch.setenv("FRONTRUNNER_STORE", "http://server:5000/")
    assert store_place(None) == ServerAddress("http://server:5000")
    assert store_place("here") == Path("here").resolve()


def test_every_server_has_a_work_folder_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path))
    folders = {ServerAddress(url).folder for url in ("http://a:1", "http://a:2", "http://b:1")}
    assert len(folders) == 3
    assert all(folder.is_relative_to(tmp_path) for folder in folders)
