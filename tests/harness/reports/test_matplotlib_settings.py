"""Pictures are drawn whatever the environment says about matplotlib, as that of a notebook's commands does."""

import os
import subprocess
import sys

import pytest

DRAW = """
import os
import sys
from pathlib import Path

import numpy as np

from frontrunner.harness.reports.pictures.front_figure import front_figure
from frontrunner.metrics import Front

before = dict(os.environ)
points = np.array([[0.0, 1.0], [1.0, 0.0]])
front_figure({"one": Front(points)}, ("a", "b"), Path(sys.argv[1]), title="t", reference_point=np.ones(2))
assert dict(os.environ) == before
"""
BROKEN = "axes.nonsense : 3\nlines.linewidth : wide\nbackend : nonsense\n"


@pytest.mark.parametrize(
    "settings",
    [
        {"MPLBACKEND": "module://not_installed.backend_inline"},
        {"MPLBACKEND": "nonsense"},
        {"MPLBACKEND": "TkAgg", "DISPLAY": ""},
        {"MATPLOTLIBRC": BROKEN},
        {"MATPLOTLIBRC": b"\xff\xfe broken"},
        {"MATPLOTLIBRC": "no such file"},
    ],
    ids=str,
)
def test_a_picture_is_drawn_without_a_word(settings, tmp_path):
    environment = {**os.environ, **settings}
    if isinstance(content := settings.get("MATPLOTLIBRC", ""), bytes) or content == BROKEN:
        (tmp_path / "matplotlibrc").write_bytes(content if isinstance(content, bytes) else content.encode())
        environment["MATPLOTLIBRC"] = str(tmp_path / "matplotlibrc")
    drawn = subprocess.run(
        [sys.executable, "-c", DRAW, tmp_path / "front.png"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (drawn.returncode, drawn.stderr) == (0, "")
    assert (tmp_path / "front.png").read_bytes().startswith(b"\x89PNG")
