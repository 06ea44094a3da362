"""The colour and the marker of every learner: by its name alone, so that it looks the same on every picture and page.

Ten colours and thirteen markers have no common factor, so that 130 places differ. Names that are known in advance have
places of their own, and the first ten of them all ten colours; any other name is hashed to one of the places left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

COLOURS = ("#0973B2", "#D15C00", "#3BAB75", "#D68EBB", "#EAA00C", "#8BAFF2", "#000000", "#7B154B", "#77787B", "#312288")
"""Okabe and Ito's colours without their yellow, which is lost on white, with a wine, a grey and an indigo, moved apart
until the nearest two differ by 18 or more (CIE 1976) for readers with and without deuteranopia, protanopia and
tritanopia."""
_ON_DARK = (
    "#559CDA",
    "#EF7A3A",
    "#5DDAA6",
    "#E58EBB",
    "#FFC640",
    "#9ED4F7",
    "#F4F4F4",
    "#B44E8A",
    "#928C7D",
    "#7576E5",
)
ON_DARK = dict(zip(COLOURS, _ON_DARK, strict=True))
"""The same colours for a dark ground, as far apart there."""


@dataclass(frozen=True)
class Marker:
    """A marker by the names of the libraries that draw it."""

    matplotlib: str
    plotly: str
    in_space: str
    """One of those few that plotly draws in space without a symbol font."""

    @property
    def scale(self) -> float:
        """What a marker's size is multiplied by, so that thin ones look as large as the others."""
        return 1.3 if self.matplotlib in "PX*d" else 1.0


MARKERS = (
    Marker("o", "circle", "circle"),
    Marker("s", "square", "square"),
    Marker("D", "diamond", "diamond"),
    Marker("^", "triangle-up", "cross"),
    Marker("v", "triangle-down", "circle"),
    Marker("P", "cross", "square"),
    Marker("X", "x", "diamond"),
    Marker("*", "star", "cross"),
    Marker("p", "pentagon", "circle"),
    Marker("h", "hexagon", "square"),
    Marker("<", "triangle-left", "diamond"),
    Marker(">", "triangle-right", "cross"),
    Marker("d", "diamond-tall", "circle"),
)

# A name keeps its place for good: new ones go to the end. Every line is a round of the ten colours.
PLACED = (
    *("pwe-moe-ls", "phn-ls", "ls", "layerwise-interpolation", "interpolation"),
    *("weight-averaging", "task-arithmetic", "experts", "pretrained", "cosmos"),
    *("pwe-moe-ls (mlp)", "pwe-moe-ls (all)", "stch", "fisher-merging", "ties-merging"),
    *("pareto-merging", "pamal", "map", "mgda", "regmean"),
    *("pwe-moe-ls (paper)", "pwe-moe-ls (tuned)", "epo", "phn-hvi", "pwe-moe-epo"),
    *("nsga2-merge", "pmtl", "mobo-merge", "random-merge", "phn-epo"),
    *("pwe-moe-stch", "imtl-g", "adamerging", "ferero", "palora"),
    *("lorpman", "react", "pmgda", "dare", "tsv-merge"),
    *("iso-c", "wudi", "regmean++", "upgrad", "nash-mtl"),
    *("cagrad", "fairgrad", "ap-bmm", "multi-task"),
)
"""The names of the learners of the field that boards hold most often, in the order of their places."""


@dataclass(frozen=True)
class Look:
    """The colour on a light ground, as `#RRGGBB`, and the marker of one learner."""

    colour: str
    marker: Marker


N_PLACES = len(COLOURS) * len(MARKERS)


def look_at(place: int) -> Look:
    """Return the look of a place, counted from 0; the first `N_PLACES` differ."""
    return Look(COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)])


def looks_of(names: Iterable[str]) -> dict[str, Look]:
    """Return the look of every name, which depends on the name alone unless two of these names would look the same.

    Of names that are hashed to one place, the later ones of the alphabet go to the next places that are free.
    """
    chosen = dict.fromkeys(names)
    places = {name: place for place, name in enumerate(PLACED) if name in chosen}
    taken = set(places.values())
    for name in sorted(chosen.keys() - places.keys()):
        first = _hashed(name)
        free = (place for place in _from(first) if place not in taken)
        places[name] = next(free, first)  # with more learners than places, some look alike
        taken.add(places[name])
    return {name: look_at(places[name]) for name in chosen}


def _hashed(name: str) -> int:
    """Return the place of a name that has none of its own, among those that are no other's."""
    found = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    return len(PLACED) + found % (N_PLACES - len(PLACED))


def _from(first: int) -> Iterable[int]:
    """Return the places of hashed names, from one of them on and round."""
    return (*range(first, N_PLACES), *range(len(PLACED), first))
