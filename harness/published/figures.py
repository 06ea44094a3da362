"""Draw the figures that a bench asks for, from what it has recorded, in every format that is printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ...errors import ConfigError, FrontrunnerError
from ..cells.published_parts import FigureKind, FigureSpec
from ..reports.pictures.coefficients_png import coefficients_png
from ..reports.pictures.distance_figure import LayerDistances, distance_figure
from ..reports.pictures.figure import FORMATS
from ..reports.pictures.front_figure import front_figure
from ..reports.pictures.lambda_figure import lambda_figure
from ..running.recorded_problem import load_recorded_problem
from .block_distances import KINDS, BlockDistances, block_distances, write_distances
from .measured import Measured, curve
from .study import Place, PublishedStudy

MOST_NAMED = 3
"""The most tasks that the name of a file lists."""


@dataclass(frozen=True)
class Drawn:
    """A figure that was drawn."""

    name: str
    """The name of its files, without their endings."""
    title: str


def draw_figures(study: PublishedStudy, measured: Measured, folder: Path) -> tuple[list[Drawn], list[str]]:
    """Draw the figures of a bench to an existing folder, and return them with a sentence on each that is missing."""
    drawn: list[Drawn] = []
    missing: list[str] = []
    for figure in study.run.figures:
        together = figure.kind == "lambdas"
        for places in [study.places] if together else [[place] for place in study.places]:
            page = _Page(figure, study, measured, folder)
            try:
                drawn += _OF_KIND[figure.kind](page, places)
            except FrontrunnerError as error:
                where = ", ".join(places[0].tasks)
                missing.append(f"{page.title} of {places[0].suite} ({where}) could not be drawn: {error}")
    return drawn, missing


@dataclass(frozen=True)
class _Page:
    """A figure of a bench, and the folder where its pictures go."""

    figure: FigureSpec
    study: PublishedStudy
    measured: Measured
    folder: Path

    @property
    def title(self) -> str:
        """The figure's name, with the bench's where that says that another suite or other steps were run."""
        named = self.figure.title or self.figure.kind
        return named if self.study.run.name == self.study.written.name else f"{named} ({self.study.run.name})"

    def drawn(self, draw: Callable[..., None], about: str, *parts: str) -> Drawn:
        """Draw a picture in every format, and return it.

        Args:
            draw: function of a path and of `title`.
            about: what the title says after the figure's.
            parts: what the files are called after the figure's name.
        """
        name = "-".join(map(_slug, [self.figure.title or self.figure.kind, *parts]))
        title = f"{self.title}: {about}" if about else self.title
        for ending in FORMATS:
            draw(self.folder / f"{name}{ending}", title=title)
        return Drawn(name, title)


def _fronts(page: _Page, places: Sequence[Place]) -> list[Drawn]:
    """Draw accuracy against accuracy of every learner, at the lowest seed that some learner has finished."""
    (place,) = places
    results = page.measured.results(place)
    seed = min((seed for found in results.values() for seed in found), default=None)
    fronts = {label: found[seed].record.front() for label, found in results.items() if seed in found}
    draw = partial(front_figure, fronts, place.tasks, as_accuracy=True)
    return [page.drawn(draw, f"{place.suite}, seed {seed}", place.suite, _tasks(place))]


def _lambdas(page: _Page, places: Sequence[Place]) -> list[Drawn]:
    """Draw the mean accuracy of the learners that are a curve over lambda, a panel for each choice of tasks."""
    panels = {
        f"{place.suite}: {', '.join(place.tasks)}": {
            label: curves
            for label, found in page.measured.results(place).items()
            if (curves := [one for _, result in sorted(found.items()) if (one := curve(result.record)) is not None])
        }
        for place in places
    }
    return [page.drawn(partial(lambda_figure, panels), "")]


def _coefficients(page: _Page, places: Sequence[Place]) -> list[Drawn]:
    """Draw the merge coefficients of every learner that has them, at its lowest seed."""
    (place,) = places
    drawn = []
    for label, found in page.measured.results(place).items():
        seed = min(found)
        record = found[seed].attempt.coefficients()
        if record is not None:
            about = f"{label} on {place.suite}, seed {seed}"
            drawn.append(page.drawn(partial(coefficients_png, record), about, label, place.suite, _tasks(place)))
    if not drawn:
        raise ConfigError("no learner that has merge coefficients has finished, as pwe-moe-ls does")
    return drawn


def _distances(page: _Page, places: Sequence[Place]) -> list[Drawn]:
    """Draw how far the experts of a suite's finished cells lie apart by layer, and write the numbers beside."""
    (place,) = places
    of_seed = {seed: one for found in page.measured.results(place).values() for seed, one in found.items()}
    if not of_seed:
        raise ConfigError("no learner has finished, whose experts these would be")
    found = {seed: block_distances(load_recorded_problem(one.record)) for seed, one in sorted(of_seed.items())}
    held = [kind for kind in KINDS if any(one.kind == kind for rows in found.values() for one in rows)]
    kinds = {kind: _over_seeds(found, kind) for kind in held}
    about = f"experts of {place.suite} ({', '.join(place.tasks)})"
    drawn = page.drawn(partial(distance_figure, kinds), about, place.suite, _tasks(place))
    write_distances(found, page.folder / f"{drawn.name}.csv")
    return [drawn]


_OF_KIND: Mapping[FigureKind, Callable[[_Page, Sequence[Place]], list[Drawn]]] = {
    "fronts": _fronts,
    "lambdas": _lambdas,
    "coefficients": _coefficients,
    "distances": _distances,
}


def _over_seeds(found: Mapping[int, Sequence[BlockDistances]], kind: str) -> LayerDistances:
    """Return the distances of one kind of block by layer: means, and extremes over all pairs of all seeds."""
    by_seed = [[one for one in rows if one.kind == kind] for rows in found.values()]
    layers = [list(of_layer) for of_layer in zip(*by_seed, strict=True)]
    return LayerDistances(
        layers=np.array([of_layer[0].layer for of_layer in layers]),
        mean=np.array([np.mean([one.mean for one in of_layer]) for of_layer in layers]),
        least=np.array([min(min(one.distances) for one in of_layer) for of_layer in layers]),
        largest=np.array([max(max(one.distances) for one in of_layer) for of_layer in layers]),
        per_weight=np.array([np.mean([one.per_weight for one in of_layer]) for of_layer in layers]),
    )


def _slug(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def _tasks(place: Place) -> str:
    return "-".join(place.tasks) if len(place.tasks) <= MOST_NAMED else f"{len(place.tasks)}-tasks"
