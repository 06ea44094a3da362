"""Distances between experts by layer as a figure to print (matplotlib, imported on first use)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....errors import ConfigError
from .figure import new_figure, save_figure
from .looks import COLOURS

_MARKERS = "os^D"


@dataclass(frozen=True)
class LayerDistances:
    """Distances of one kind of block over the layers that have it, each of shape (n,)."""

    layers: NDArray[np.int64]
    mean: NDArray[np.float64]
    """Over the pairs of experts, and over seeds."""
    least: NDArray[np.float64]
    largest: NDArray[np.float64]
    per_weight: NDArray[np.float64]
    """The mean divided by the root of the number of weights."""


def distance_figure(kinds: Mapping[str, LayerDistances], path: str | Path, *, title: str) -> None:
    """Write a figure of distances by layer: on the left as they are, on the right a weight, whatever a block's size.

    Args:
        kinds: kind of block -> its distances; drawn in this order.
        path: the file to write, whose ending is one of `FORMATS`; its folder exists.
        title: one line above the picture.

    Raises:
        ConfigError: there is no kind.
    """
    if not kinds:
        raise ConfigError("a figure of distances needs a kind of block, found none")
    figure = new_figure((10.0, 4.4), title, dpi=150)
    whole, by_weight = figure.subplots(1, 2)
    for (name, found), colour, marker in zip(kinds.items(), COLOURS, _MARKERS, strict=False):
        style = {"color": colour, "marker": marker, "markersize": 6, "markeredgecolor": "white"}
        whole.plot(found.layers, found.mean, label=name, **style)
        whole.fill_between(found.layers, found.least, found.largest, color=colour, alpha=0.15, linewidth=0)
        by_weight.plot(found.layers, found.per_weight, label=name, **style)
    whole.set_ylabel("Euclidean distance of two experts", fontsize=11)
    by_weight.set_ylabel("distance / √(weights of the block)", fontsize=11)
    whole.set_title("mean over pairs; band: nearest to farthest", fontsize=10)
    by_weight.set_title("the same for one weight", fontsize=10)
    for axes in (whole, by_weight):
        axes.set_xlabel("layer, from the input", fontsize=11)
        axes.set_ylim(0.0, 1.08 * axes.dataLim.ymax)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.25)
        axes.legend(frameon=False, fontsize=11)
    save_figure(figure, path)
