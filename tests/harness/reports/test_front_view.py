"""One run's front in the terminal: a table, and scatters that fit the console."""

import dataclasses
import io
from unittest.mock import Mock

import numpy as np
import pytest
from rich.console import Console

from frontrunner.harness.cells.cell import Cell
from frontrunner.harness.records.evaluation import Evaluation
from frontrunner.harness.records.front_record import FrontRecord
from frontrunner.harness.reports.front_view import draw, view
from frontrunner.harness.reports.pictures.front_plot import FrontPlot, most_conflicting
from frontrunner.metrics import Front

TASKS = ("digits", "fashion", "animals", "emoji")


def printed(what, width=80, encoding="utf-8", **options):
    """The lines that a console of this width shows."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    Console(file=file, width=width, legacy_windows=False, **options).print(what)
    file.flush()
    return file.buffer.getvalue().decode(encoding).splitlines()


def canvas(lines, side="│"):
    """What stands within the axes of the only scatter."""
    return [line.partition(side)[2] for line in lines if side in line]


def plot(points):
    return FrontPlot(Front(points), TASKS[: np.shape(points)[1]])


def an_attempt(points, reference_point):
    points = np.array(points, dtype=float)
    n, n_tasks = points.shape
    cell = Cell("m", "1", {}, "s", "1", TASKS[:n_tasks], 0, 3, "a [bold]learner[/bold] with a name that is rather long")
    evaluation = Evaluation(points, points, None, tuple(f"[{i}]" for i in range(n)))
    record = FrontRecord(cell, evaluation, np.array(reference_point, dtype=float), None, "test", {}, "")
    return Mock(record=lambda: record, cell=cell, run_id="0123456789", metrics={"fit_time_s": 1.0})


class TestScatter:
    def test_better_is_left_and_down(self):
        rows = canvas(printed(plot([[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]])))
        assert rows[0].startswith("●")
        assert rows[-1].endswith("●")
        assert sum(row.count("●") for row in rows) == 3
        (middle,) = (row.index("●") for row in rows[1:-1] if "●" in row)
        assert abs(middle - len(rows[0]) / 2) <= 1

    def test_axes_name_the_tasks_and_their_ends(self):
        lines = printed(plot([[0.125, 0.75], [0.25, 0.5]]))
        assert lines[0].strip() == "fashion error"
        assert (lines[1].split("│")[0], lines[-3].split("│")[0].strip()) == ("0.75", "0.5")
        assert lines[-1].split() == ["0.125", "digits", "error", "0.25"]

    def test_dominated_members_are_dim_and_never_hide_others(self):
        points = [[0.0, 1.0], [1e-9, 1.0], [1.0, 0.0], [1.0, 1.0]]
        rows = canvas(printed(plot(points)))
        assert rows[0][0] == "●"
        assert rows[0].rstrip()[-1] == "·"
        coloured = "\n".join(printed(plot(points), force_terminal=True, color_system="standard"))
        assert "\x1b[2m·" in coloured
        assert "\x1b[1;36m●" in coloured

    def test_without_colours_there_are_none(self):
        assert "\x1b" not in "".join(printed(plot([[0.0, 1.0], [1.0, 0.0]])))

    def test_a_terminal_without_unicode(self):
        lines = printed(plot([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), encoding="ascii")
        assert canvas(lines, "|")[0].startswith("o")
        assert canvas(lines, "|")[0].endswith(".")

    def test_an_objective_that_does_not_change(self):
        rows = canvas(printed(plot([[0.0, 1.0], [1.0, 1.0]])))
        assert sum(row.count("●") + row.count("·") for row in rows) == 2

    @pytest.mark.parametrize("points", [[[0.5, 0.5]], [[0.5, 0.5], [0.5, 0.5]], [[0.1], [0.2]]])
    def test_what_one_point_or_one_task_says_is_in_the_table(self, points):
        assert printed(plot(points)) == []

    @pytest.mark.parametrize("width", [12, 30, 79, 100, 200])
    @pytest.mark.parametrize("n_tasks", [2, 3, 4])
    def test_it_fits_the_console(self, width, n_tasks):
        points = np.random.default_rng(0).random((10, n_tasks)) * 1e-3
        tasks = [f"a task with a name of many words, number {t}" for t in range(n_tasks)]
        lines = printed(FrontPlot(Front(points), tuple(tasks)), width)
        assert max(map(len, lines)) <= width
        assert any("●" in line for line in lines)


class TestTasks:
    def test_three_tasks_are_drawn_pair_by_pair_beside_each_other_where_there_is_room(self):
        points = np.eye(3) + np.arange(9).reshape(3, 3) / 100
        beside, below = printed(plot(points), 120), printed(plot(points), 80)
        assert beside[0].split() == ["fashion", "error", *["animals", "error"] * 2]
        assert beside[-1].count("digits error") == 2
        assert beside[-1].count("fashion error") == 1
        assert max(map(len, below)) < 80
        assert len(below) > 2 * len(beside) - 9
        assert [line.strip() for line in below if line.strip() in ("fashion error", "animals error")] == [
            "fashion error",
            "animals error",
            "animals error",
        ]

    def test_of_more_tasks_the_pair_that_conflicts_most_is_drawn(self):
        steps = np.linspace(0, 1, 6)
        points = np.stack([steps**2, steps, np.ones(6), 1 - steps], axis=1)
        lines = printed(plot(points))
        assert lines[0].startswith("fashion and emoji")
        assert lines[1].strip() == "emoji error"
        assert lines[-1].split()[1:3] == ["fashion", "error"]

    def test_dominated_members_have_no_say_in_what_conflicts(self):
        front = [[0.0, 1.0, 0.5, 0.5], [1.0, 0.0, 0.5, 0.4], [0.5, 0.5, 0.4, 0.5]]
        bad = [[5.0, 5.0, 2.0 + i, 9.0 - i] for i in range(6)]
        assert printed(plot([*front, *bad]))[0].startswith("digits and fashion")

    def test_conflict_is_negative_correlation(self):
        rng = np.random.default_rng(0)
        points = rng.random((50, 5))
        correlations = np.corrcoef(points.T) + 2 * np.eye(5)
        assert most_conflicting(points) == divmod(int(correlations.argmin()), 5)


class TestView:
    def test_it_shows_the_table_and_the_front_with_names_as_they_are(self):
        attempt = an_attempt([[0.0, 0.5], [0.5, 0.0], [0.5, 0.5]], [1, 1])
        lines = printed(view(attempt))
        title = "a [bold]learner[/bold] with a name that is rather long on s, seed 0 (run 01234567)"
        assert " ".join(" ".join(lines[:2]).split()).startswith(title)
        text = "\n".join(lines)
        assert "hypervolume 0.7500 at (1, 1), fit 1.0 s" in text
        assert "│ [1]" in text
        assert text.index("hypervolume") < text.index("●")

    def test_whether_it_follows_preferences_is_told_where_it_has_any(self, store, make_cell, record):
        curve = [[0.1, 0.9], [0.5, 0.5], [0.9, 0.1]]
        followed = record(store, make_cell("follows"), curve, fit_time_s=1.0)
        other = record(store, make_cell("has none"), curve, preferences=False, fit_time_s=1.0)
        assert "alignment 1.00, fit" in "\n".join(printed(view(store.find(followed))))
        assert "alignment" not in "\n".join(printed(view(store.find(other))))

    @pytest.mark.parametrize(
        ("points", "reference_point", "drawn"),
        [
            ([[0.0, 1.0], [1.0, 0.0]], [1.1, 1.1], True),
            ([[0.3, 0.2], [0.2, 0.3]], [1.0, 1.0], False),
            ([[0.0, 0.31], [1.0, 0.3]], [1.0, 1.0], False),
            ([[0.3, 0.3]], [1.0, 1.0], True),
        ],
    )
    def test_the_reference_point_is_drawn_where_it_leaves_the_front_room(
        self, tmp_path, points, reference_point, drawn
    ):
        draw(an_attempt(points, reference_point), tmp_path / "front.html")
        page = (tmp_path / "front.html").read_text(encoding="utf-8")
        assert ('"name":"reference point"' in page) == drawn

    def test_members_are_named_by_their_preferences(self):
        attempt = an_attempt([[0.0, 0.5], [0.5, 0.0]], [1, 1])
        record = attempt.record()
        evaluation = dataclasses.replace(record.evaluation, preferences=np.array([[0.25, 0.75], [1.0, 0.0]]))
        attempt.record = lambda: dataclasses.replace(record, evaluation=evaluation)
        assert any("0.25 0.75" in line for line in printed(view(attempt)))
