"""The description of a run in MLflow: its front in words and as a picture that does not push the tags aside."""

from __future__ import annotations

import matplotlib.image
import numpy as np
import pytest

from frontrunner.harness.reports.mlflow_note import finished_note
from frontrunner.harness.reports.pictures.front_figure import front_figure
from frontrunner.metrics import Front

RUN = "0123456789abcdef"


def note_of(make_cell, front, tasks=("a", "b")):
    return finished_note(make_cell("ls", tasks=tasks), RUN, {"hypervolume": 0.5}, front)


def test_it_says_what_answers_for_equal_weights_and_for_every_task_alone(make_cell):
    front = Front([[0.1, 0.9], [0.4, 0.5], [0.8, 0.2]], [[1, 0], [0.5, 0.5], [0, 1]])
    said = note_of(make_cell, front)
    assert "Errors (a, b) for equal weights (0.400, 0.500); only a (0.100, 0.900); only b (0.800, 0.200)." in said
    assert said.index("Errors (a, b)") < said.index("frontrunner front 01234567") < said.index("![]")
    assert said.endswith(f"![](get-artifact?path=front-small.png&run_uuid={RUN})")


def test_it_says_where_equal_weights_were_not_evaluated(make_cell):
    front = Front([[0.1, 0.9], [0.8, 0.2]], [[0.9, 0.1], [0, 1]])
    assert "nearest to equal weights (0.100, 0.900); nearest to only a (0.100, 0.900); only b" in note_of(
        make_cell, front
    )


def test_many_tasks_are_described_by_their_middle(make_cell):
    tasks = ("a", "b", "c", "d", "e")
    front = Front(np.full((1, 5), 0.25), np.full((1, 5), 0.2))
    assert "for equal weights (0.250, 0.250, 0.250, 0.250, 0.250).\n" in note_of(make_cell, front, tasks)


def test_without_preferences_it_gives_the_lowest_errors(make_cell):
    assert "Lowest errors: a 0.1000, b 0.2000." in note_of(make_cell, Front([[0.1, 0.9], [0.8, 0.2]]))


@pytest.mark.parametrize("n_tasks", [2, 5])
def test_the_small_picture_is_as_wide_as_the_description(n_tasks, tmp_path):
    small = tmp_path / "small.png"
    tasks = tuple("abcde"[:n_tasks])
    front_figure({"m": Front(np.full((1, n_tasks), 0.5))}, tasks, tmp_path / "front.png", title="t", small=small)
    assert matplotlib.image.imread(small).shape[1] == pytest.approx(640, abs=2)
