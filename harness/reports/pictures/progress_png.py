"""Quality over the time of a fit as a PNG to print (matplotlib, imported on first use)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....errors import ConfigError
from .figure import height_beside_legend, is_wide, legend_name, new_figure, save_figure
from .looks import looks_of


def progress_png(curves: Mapping[str, Sequence[NDArray[np.float64]]], path: str | Path, *, title: str) -> None:
    """Write a PNG of the hypervolume of partial sets over the seconds of their fits.

    Every seed is a line; a learner's seeds share colour and marker. A learner without steps is a point at its end.

    Args:
        curves: learner -> for every seed an array of shape (2, n): seconds, ascending, and hypervolumes.
        path: the file to write; its folder exists.
        title: one line above the picture.

    Raises:
        ConfigError: there is no curve.
    """
    if not any(map(len, curves.values())):
        raise ConfigError("a picture of quality over time needs a curve; run the bench with `probes` above 0")
    figure = new_figure((9.0, height_beside_legend(5.0, curves)), title)
    axes = figure.add_subplot()
    looks = looks_of(curves)
    for name, seeds in curves.items():
        look = looks[name]
        for j, (seconds, hypervolumes) in enumerate(seeds):
            axes.plot(
                seconds,
                hypervolumes,
                label=legend_name(name) if j == 0 else "_",
                color=look.colour,
                marker=look.marker.matplotlib,
                markersize=5.0 if len(seconds) > 1 else 8.0,
                markeredgecolor="white",
                markeredgewidth=0.5,
                linewidth=1.2,
                alpha=0.85,
            )
    ends = [seconds[-1] for seeds in curves.values() for seconds, _ in seeds]
    if is_wide(ends):
        axes.set_xscale("log")
    axes.set_xlabel("seconds of the fit", fontsize=12)
    axes.set_ylabel("hypervolume of the set so far ↑\n(validation split, corners and centre)", fontsize=12)
    axes.grid(alpha=0.25)
    figure.legend(loc="outside right center", fontsize=10, frameon=False)
    save_figure(figure, path)
