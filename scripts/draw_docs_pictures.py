"""Draw the pictures of README and docs/ from a store that holds one board.

    python scripts/draw_docs_pictures.py STORE                  # all into docs/, from what `make quickstart` recorded
    python scripts/draw_docs_pictures.py STORE --only fronts    # without a browser
    python scripts/draw_docs_pictures.py STORE --output FOLDER  # to look at first

`fronts` is the picture that the bench itself draws. `page` is a screenshot of the leaderboard page, `mlflow` are six of
MLflow's UI on the store; they need a Chromium on PATH or named by FRONTRUNNER_CHROMIUM, and playwright of the extra
`dev`.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from frontrunner.errors import ConfigError, FrontrunnerError
from frontrunner.harness.board.leaderboard import Board, leaderboards
from frontrunner.harness.commands.ui_address import LOCAL, view_address
from frontrunner.harness.records.mlflow_views import LEARNERS, RUNS
from frontrunner.harness.records.store import Store
from frontrunner.harness.reports.board_pictures import BoardPictures, file_name
from frontrunner.harness.reports.pictures.front_figure import front_figure
from frontrunner.harness.reports.report import write_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
MLFLOW = ("runs", "charts", "run", "comparison", "bench", "plots")
"""The pictures of MLflow's UI, in the order of docs/mlflow.md."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
START_S = 180
"""The longest that MLflow's server may take to answer."""
SHOWN_MS = 60_000
"""The longest that a page may take to show what its picture is of."""
SETTLED_MS = 3_000
"""After that, since charts move for a moment once they are there."""
MARGIN_PX = 16
"""Below the fronts."""
NO_ASSISTANT = "localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true')"
"""MLflow's assistant opens by itself and hides half of the page."""


def draw_fronts(store: Store, board: Board, output: Path) -> None:
    """Write `quickstart-fronts.png`: every learner's front at the lowest seed."""
    pictures = BoardPictures.of(board, store)
    if pictures is None:
        raise ConfigError(f"{store.folder} has no finished cell; run a bench there first")
    front_figure(
        pictures.fronts,
        board.tasks,
        output / "quickstart-fronts.png",
        title=f"{board.suite}: {', '.join(board.tasks)} (seed {pictures.seed})",
        reference_point=board.reference_point,
    )


def draw_page(store: Store, board: Board, output: Path) -> None:
    """Write `leaderboard.png`: the page of `leaderboard --format html` down to the fronts."""
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        file = Path(folder) / "leaderboard.html"
        write_report(file, [board], None, store, title="Leaderboard", made_by="frontrunner leaderboard")
        page = chromium.new_page(viewport={"width": 1200, "height": 1640}, reduced_motion="reduce")
        page.goto(file.as_uri())
        page.locator("#front-plot[data-drawn]").wait_for(timeout=SHOWN_MS)
        in_space = page.locator("label", has_text=re.compile("^3-D$"))
        if in_space.is_visible():  # with three tasks
            in_space.click()
        page.wait_for_timeout(SETTLED_MS)
        section = page.locator("section:has(#front-plot)").bounding_box()
        if section is None:
            raise ConfigError("the page shows no fronts")
        height = section["y"] + section["height"] + MARGIN_PX
        page.screenshot(
            path=output / "leaderboard.png", full_page=True, clip={"x": 0, "y": 0, "width": 1200, "height": height}
        )


def draw_mlflow(store: Store, board: Board, output: Path) -> None:
    """Write `mlflow-*.png`: the table of runs, charts, a run, a comparison, a bench and its plots."""
    attempts = [row.results[min(row.seeds)].attempt for row in board.rows if row.seeds]
    experiment = attempts[0].experiment_id
    bench = attempts[0].tags["mlflow.parentRunId"]
    # Of the learner with most to show: merge coefficients, where one has them.
    shown = next((one for one in attempts if (one.folder / "coefficients.parquet").exists()), attempts[0])
    compared = json.dumps([one.run_id for one in attempts[:3]], separators=(",", ":"))
    probed = any("probe_hypervolume" in name for one in attempts for name in one.metrics)
    plot = f"{'progress' if probed else 'cost'}-{file_name(board)}.png"
    with served(store) as port, browser() as chromium:
        base = view_address(LOCAL, port, experiment, RUNS).partition("#")[0]
        run = f"{base}#/experiments/{experiment}/runs"
        model = "?workflowType=machine_learning"  # else the menu beside is that of language models
        pages: dict[str, tuple[str, int, Callable[[Page], object]]] = {
            "runs": (view_address(LOCAL, port, experiment, RUNS), 720, text(f"{shown.cell.label} · seed")),
            "charts": (view_address(LOCAL, port, experiment, LEARNERS, charts=True), 1500, text("Group: learner:")),
            "run": (f"{run}/{shown.run_id}{model}", 1250, description),
            "comparison": (f'{base}#/compare-runs?runs={compared}&experiments=["{experiment}"]', 1070, differences),
            "bench": (f"{run}/{bench}{model}", 1060, description),
            "plots": (f"{run}/{bench}/artifacts/{plot}{model}", 760, picture_shown),
        }
        for name in MLFLOW:
            address, height, wait = pages[name]
            page = chromium.new_page(viewport={"width": 1400, "height": height})
            page.set_default_timeout(SHOWN_MS)
            page.add_init_script(NO_ASSISTANT)
            page.goto(address)
            wait(page)
            page.wait_for_timeout(SETTLED_MS)
            page.screenshot(path=output / f"mlflow-{name}.png")
            page.close()


DRAWN = {"fronts": draw_fronts, "page": draw_page, "mlflow": draw_mlflow}


def text(wanted: str) -> Callable[["Page"], None]:
    """Return a function that waits until a page shows this text."""
    return lambda page: page.get_by_text(wanted).first.wait_for()


def description(page: "Page") -> None:
    """Unfold the description of a run, which is its leaderboard or its front."""
    page.get_by_text("Show more").first.click()
    page.get_by_text("Show less").first.wait_for()


def differences(page: "Page") -> None:
    """Leave out the plots of a comparison, and the options that its runs share."""
    page.get_by_text("Visualizations", exact=True).first.click()
    page.get_by_text("Show diff only").first.click()


def picture_shown(page: "Page") -> None:
    """Wait until a page shows a picture larger than its icons."""
    page.wait_for_function("[...document.images].some(i => i.naturalWidth > 500)")


@contextlib.contextmanager
def browser() -> Iterator["Browser"]:
    """Start Chromium.

    Raises:
        ConfigError: there is none, or no playwright to drive it.
    """
    path = os.environ.get("FRONTRUNNER_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise ConfigError(
            f"page and mlflow need Chromium, found none of {', '.join(BROWSERS)} on PATH; install one, name it by "
            "FRONTRUNNER_CHROMIUM, or ask for `--only fronts`"
        )
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise ConfigError("page and mlflow need playwright; install the extra: pip install -e '.[dev]'") from error
    with sync_playwright() as driver:
        arguments = ["--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--no-first-run"]
        chromium = driver.chromium.launch(executable_path=path, args=arguments)
        yield chromium
        chromium.close()


@contextlib.contextmanager
def served(store: Store) -> Iterator[int]:
    """Serve the store by `frontrunner ui` on a free port, and give the port once the server answers."""
    with socket.socket() as probe:
        probe.bind((LOCAL, 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "frontrunner", "ui", "--store", str(store.folder), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + START_S
            while not answers(port):
                if process.poll() is not None or time.monotonic() > end:
                    raise ConfigError(f"`frontrunner ui --store {store.folder}` does not answer; run it to see why")
                time.sleep(0.5)
            yield port
        finally:
            process.terminate()


def answers(port: int) -> bool:
    """Return whether MLflow's server answers on a port of this machine."""
    with contextlib.suppress(URLError, OSError), urlopen(f"http://{LOCAL}:{port}/health", timeout=5):
        return True
    return False


def only_board(store: Store) -> Board:
    """Return the store's only board; ConfigError where it has none or several."""
    boards = leaderboards(store)
    if len(boards) != 1:
        raise ConfigError(f"expected a store with one board, found {len(boards)} in {store.folder}; use one of its own")
    return boards[0]


def draw(arguments: list[str]) -> None:
    """Draw what a command line asks for."""
    parser = argparse.ArgumentParser(description="Draw the pictures of README and docs/ from a store with one board.")
    parser.add_argument("store", type=Path, help="the folder that the quickstart has recorded in, such as mlruns")
    parser.add_argument("--output", type=Path, default=ROOT / "docs")
    parser.add_argument("--only", action="append", choices=DRAWN, help="may be repeated; all when absent")
    asked = parser.parse_args(arguments)
    store = Store(asked.store, create=False)
    board = only_board(store)
    asked.output.mkdir(parents=True, exist_ok=True)
    for name in asked.only or DRAWN:
        DRAWN[name](store, board, asked.output)


if __name__ == "__main__":
    try:
        draw(sys.argv[1:])
    except FrontrunnerError as error:
        sys.exit(f"error: {error}")
