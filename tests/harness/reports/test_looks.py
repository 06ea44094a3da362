"""Colours and markers of learners: by name, apart for every reader."""

from __future__ import annotations

import re
from importlib import resources
from itertools import combinations

import numpy as np
import pytest

from frontrunner.harness.reports.pictures.front_picture import make_picture
from frontrunner.harness.reports.pictures.looks import COLOURS, MARKERS, N_PLACES, ON_DARK, PLACED, look_at, looks_of
from frontrunner.metrics import Front

APART = 18.0
"""CIE 1976; 2.3 is the least difference that people see of colours side by side."""
# Machado, Oliveira and Fernandes (IEEE TVCG 15, 2009), severity 1: on linear RGB
VISIONS = {
    "all cones": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def linear(colour: str) -> np.ndarray:
    """Of `#RRGGBB`, as sRGB defines it."""
    shares = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB of linear RGB under its own white."""
    xyz = TO_XYZ @ np.clip(rgb, 0, 1) / TO_XYZ.sum(axis=1)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(colour: str, ground: str) -> float:
    """As WCAG 2 defines it."""
    light = sorted(float(TO_XYZ[1] @ linear(each)) + 0.05 for each in (colour, ground))
    return light[1] / light[0]


def test_the_measure_is_that_of_cie():
    assert lab(linear("#FFFFFF")) == pytest.approx([100, 0, 0], abs=0.01)
    assert lab(linear("#FF0000")) == pytest.approx([53.24, 80.09, 67.20], abs=0.05)
    red, green = (lab(np.array(VISIONS["deuteranopia"]) @ linear(colour)) for colour in ("#C00000", "#607000"))
    assert np.linalg.norm(red - green) < np.linalg.norm(lab(linear("#C00000")) - lab(linear("#607000"))) / 2


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("ground", ["#FFFFFF", "#1B1F25"])
def test_the_first_ten_learners_stay_apart_for_every_reader(vision, ground):
    learners = looks_of(PLACED[:10])
    colours = [look.colour if ground == "#FFFFFF" else ON_DARK[look.colour] for look in learners.values()]
    assert len(set(colours)) == 10
    seen = [lab(np.array(VISIONS[vision]) @ linear(colour)) for colour in colours]
    assert min(float(np.linalg.norm(one - other)) for one, other in combinations(seen, 2)) >= APART
    assert min(contrast(colour, ground) for colour in colours) > 2.1


def test_a_name_keeps_its_look_whoever_is_beside_it():
    names = [*PLACED, "somebody's", "ls (800 steps)"]
    alone = {name: looks_of([name])[name] for name in names}
    assert looks_of(names) == looks_of(reversed(names)) == alone
    assert list(looks_of(names)) == names


def test_pictures_take_the_look_from_the_name():
    points = Front([[0.5, 0.5]])
    for fronts in (["ls", "cosmos"], ["mine", "cosmos", "ls"], ["ls"]):
        series = make_picture(dict.fromkeys(fronts, points), ["a", "b"], None, False, "error").series
        assert {one.name: (one.colour, one.marker) for one in series} == {
            name: (look.colour, look.marker) for name, look in looks_of(fronts).items()
        }
        assert next(one for one in series if one.name == "ls").colour == looks_of(["ls"])["ls"].colour


def test_no_two_learners_of_a_page_look_alike_while_there_are_places():
    assert len({look_at(place) for place in range(N_PLACES)}) == N_PLACES
    names = [f"plugin {i}" for i in range(N_PLACES - len(PLACED))]
    looks = looks_of([*names, *PLACED])
    assert len(set(looks.values())) == N_PLACES
    moved = [name for name in names[:10] if looks_of(names[:10])[name] != looks_of([name])[name]]
    assert len(moved) <= 3  # two of ten that are hashed to one place are rare
    assert len(looks_of([*names, *PLACED, "one too many"])) == N_PLACES + 1


def test_names_have_one_place_each_and_colours_one_partner_in_the_dark():
    assert len(set(PLACED)) == len(PLACED)
    assert set(ON_DARK) == set(COLOURS)
    assert len(set(ON_DARK.values())) == len(COLOURS) == 10


def test_landmarks_in_space_are_drawn_without_a_symbol_font():
    """Plotly writes other symbols as letters there, which a machine without their font shows as empty boxes."""
    script = resources.files("frontrunner.harness.reports.page").joinpath("front_traces.js").read_text()
    symbols = re.findall(r'symbolInSpace: "([a-z-]+)"', script)
    assert len(symbols) == 4
    assert {symbol.removesuffix("-open") for symbol in symbols} <= {marker.in_space for marker in MARKERS}
