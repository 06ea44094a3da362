"""The command that draws the pictures of README and docs, on tiny stores."""

import importlib.util
import re

import matplotlib.image
import pytest

from frontrunner.errors import ConfigError


@pytest.fixture(scope="module")
def script(request):
    file = request.config.rootpath / "scripts" / "draw_docs_pictures.py"
    spec = importlib.util.spec_from_file_location("scripts_draw_docs_pictures", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def recorded(store, make_cell, record):
    """A store with a board of two learners."""
    record(store, make_cell("one"), [[0.1, 0.8], [0.4, 0.4], [0.8, 0.1]])
    record(store, make_cell("two"), [[0.2, 0.9], [0.5, 0.5], [0.9, 0.2]])
    return store


def drawn(folder):
    """(width, height) of every picture, by name; a picture of one colour is none."""
    found = {}
    for file in folder.iterdir():
        pixels = matplotlib.image.imread(file)
        assert len({tuple(pixel) for pixel in pixels[::7, ::7].reshape(-1, pixels.shape[2]).tolist()}) > 5, file.name
        found[file.name] = (pixels.shape[1], pixels.shape[0])
    return found


def test_fronts_are_drawn_without_a_browser(script, recorded, tmp_path, monkeypatch):
    monkeypatch.delenv("FRONTRUNNER_CHROMIUM", raising=False)
    monkeypatch.setattr(script.shutil, "which", lambda name: None)
    script.draw([str(recorded.folder), "--only", "fronts", "--output", str(tmp_path / "pictures")])
    assert list(drawn(tmp_path / "pictures")) == ["quickstart-fronts.png"]


def test_without_a_browser_the_page_is_refused_in_one_sentence(script, recorded, tmp_path, monkeypatch):
    monkeypatch.delenv("FRONTRUNNER_CHROMIUM", raising=False)
    monkeypatch.setattr(script.shutil, "which", lambda name: None)
    with pytest.raises(ConfigError, match=r"need Chromium, found none .* ask for `--only fronts`"):
        script.draw([str(recorded.folder), "--only", "page", "--output", str(tmp_path / "pictures")])
    assert list((tmp_path / "pictures").iterdir()) == []


@pytest.mark.parametrize("boards", [0, 2])
def test_a_store_without_one_board_is_refused(boards, script, store, make_cell, record, tmp_path):
    for i in range(boards):
        record(store, make_cell(suite=f"suite-{i}"), [[0.1, 0.8], [0.4, 0.4], [0.8, 0.1]])
    with pytest.raises(ConfigError, match=f"expected a store with one board, found {boards}"):
        script.draw([str(store.folder), "--output", str(tmp_path)])


def test_the_page_is_a_screenshot(script, recorded, launch_chromium, tmp_path, monkeypatch):
    chromium = launch_chromium()
    monkeypatch.setattr(script, "browser", lambda: script.contextlib.nullcontext(chromium))
    monkeypatch.setattr(script, "SETTLED_MS", 0)
    script.draw([str(recorded.folder), "--only", "page", "--output", str(tmp_path / "pictures")])
    ((name, (width, height)),) = drawn(tmp_path / "pictures").items()
    assert (name, width) == ("leaderboard.png", 1200)
    assert 1000 < height < 2500


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_mlflow_is_drawn_from_a_bench(script, everything, launch_chromium, tmp_path, monkeypatch):
    chromium = launch_chromium()
    monkeypatch.setattr(script, "browser", lambda: script.contextlib.nullcontext(chromium))
    script.draw([str(everything.store), "--only", "mlflow", "--output", str(tmp_path)])
    names = {file.name for file in (script.ROOT / "docs").glob("mlflow-*.png")}
    assert set(drawn(tmp_path)) == names


OF_A_COMMAND = {"budget.png"}
"""What `frontrunner leaderboard by-budget --output` draws, as its page says; tests/harness/board/test_by_budget.py."""


def test_every_picture_of_the_pages_is_drawn_by_it(script):
    """By name: what the script writes, and one command of Frontrunner, is what the pages show."""
    pages = [script.ROOT / "README.md", *(script.ROOT / "docs").glob("*.md")]
    shown = {name for page in pages for name in re.findall(r"!\[[^]]*\]\((?:docs/)?([\w-]+\.png)\)", page.read_text())}
    by_script = {"quickstart-fronts.png", "leaderboard.png", *(f"mlflow-{name}.png" for name in script.MLFLOW)}
    assert shown == by_script | OF_A_COMMAND
