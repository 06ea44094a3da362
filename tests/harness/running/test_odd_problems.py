"""What an author of a suite hands over is recorded, or ends the cell before its fit."""

import math

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.harness.records.front_record import FrontRecord
from frontrunner.registry import Entry
from frontrunner.tasks import SUITES

FRONT = [[0.0, 2.0], [0.5, 0.5], [2.0, 0.0]]


class Wells(fr.Problem):
    """Two squared distances on a plane, whose values are handed over by `as_`."""

    as_ = staticmethod(np.array)

    def losses(self, params, batch):
        return torch.stack([self.task_loss(t, params, batch) for t in range(2)])

    def task_loss(self, t, params, batch):
        return (params["weight"] - self.experts[t]["weight"]).square().sum()

    def n_examples(self, split):
        return (0, 0)

    def batches(self, split, batch_size, generator):
        while True:
            yield None

    def evaluate(self, params, split):
        values = self.as_([float(loss) for loss in self.losses(params, None)])
        return fr.Objectives(values, values)


@pytest.fixture
def odd_suite(monkeypatch):
    """Registers a suite whose problems are made with these numbers; its name."""

    def register(name="wells", as_=np.array, **numbers):
        class Odd(fr.Suite):
            version = 1
            tasks = ("a", "b")

            def prepare(self, tasks, *, device, seed, progress):
                problem = Wells(
                    name=name,
                    tasks=tasks,
                    model=torch.nn.Linear(2, 1, bias=False),
                    pretrained={"weight": torch.zeros(1, 2)},
                    experts=[{"weight": row} for row in torch.eye(2)[:, None]],
                    budget=fr.Budget(steps=5, batch_size=1),
                    **numbers,
                )
                problem.as_ = as_
                return problem

        Odd.name = name
        SUITES.entries()
        monkeypatch.setitem(SUITES._entries, name, Entry(name, "a test", Odd))
        return name

    return register


@pytest.fixture(autouse=True)
def no_anchors(tmp_path, monkeypatch):
    """No errors of the experts are known from another test: all these suites have the same experts."""
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def fits(monkeypatch):
    """Notes every fit of interpolation."""
    from frontrunner.methods.merging.interpolation import Interpolation

    noted, fit = [], Interpolation.fit
    monkeypatch.setattr(Interpolation, "fit", lambda *args: noted.append(1) or fit(*args))
    return noted


def test_numbers_of_any_type_are_recorded(odd_suite, run_bench, tmp_path, fits):
    numbers = {"reference_point": [2.5, 2.5], "pareto_front": FRONT, "hypervolume_limit": np.float32(5.0)}
    store, (cell,) = run_bench(tmp_path / "s", ["interpolation"], suites=[odd_suite(as_=torch.tensor, **numbers)])
    assert (cell.ending.status, len(fits)) == ("finished", 1)
    (attempt,) = store.attempts()
    record = FrontRecord.read(attempt.folder / "front.parquet")
    assert record.reference_point.tolist() == [2.5, 2.5]
    assert record.pareto_front.tolist() == FRONT
    assert record.hypervolume_limit == 5.0
    assert record.cell.suite_version == "1"


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ({"reference_point": [2.5, math.inf]}, "reference_point must"),
        ({"pareto_front": [[0.0, math.nan]]}, "pareto_front cannot"),
        ({"pareto_front": np.zeros((2, 3))}, "pareto_front must"),
        ({"as_": lambda values: values[:1]}, "the problem's evaluate() returned objectives of 1 tasks"),
        ({"as_": lambda values: None}, "the error of Objectives must"),
    ],
)
def test_what_cannot_be_recorded_ends_the_cell_before_its_fit(odd_suite, run_bench, tmp_path, fits, numbers, reason):
    _, (cell,) = run_bench(tmp_path / "s", ["interpolation"], suites=[odd_suite(**numbers)])
    assert cell.ending.status == "failed"
    assert cell.ending.reason.startswith(reason)
    assert not fits


@pytest.mark.parametrize("name", ["../outside", "a/../../b", "..", "/a", "a//b", "a/. /b", "a\\..", "a/"])
def test_a_suite_cannot_be_called_after_another_folder(odd_suite, run_bench, tmp_path, name):
    with pytest.raises(fr.ConfigError, match="between slashes"):
        run_bench(tmp_path / "s", ["interpolation"], suites=[odd_suite(name)])
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("name", ["größe mini", "glue/mini", "a.b", ".hidden", "c#100%"])
def test_files_lie_in_a_folder_called_after_the_suite(odd_suite, run_bench, tmp_path, name):
    store, (cell,) = run_bench(tmp_path / "s", ["interpolation"], suites=[odd_suite(name)])
    assert cell.ending.status == "finished"
    (attempt,) = store.attempts()
    assert (attempt.folder / "front.parquet").is_relative_to(tmp_path / "s" / "artifacts" / name)
