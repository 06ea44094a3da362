"""Sets in the making are scored at the right moments, on the right split, and the fit is not charged for it."""

import time

import numpy as np
import pytest
import torch
from worker_orders import order_for

import frontrunner as fr
from frontrunner.harness.cells.make_cell import make_cell
from frontrunner.harness.records.finished_cell import FinishedCell
from frontrunner.harness.running.evaluate import evaluate_members
from frontrunner.harness.running.fit_probe import FitProbe
from frontrunner.harness.running.run_cell import run_cell
from frontrunner.harness.running.worker_events import Probed, Reporter


@pytest.fixture
def problem(tiny):
    return tiny.tiny_problem()


def interpolation(problem):
    return fr.make_learner("interpolation").fit(problem, fr.simplex_grid(3, 2), fr.Context())


def looks(problem, total, *, times=3, partial_set=None, split="val"):
    """(step, hypervolume) of every look during a fit of so many steps, and the probe."""
    events = []
    probe = FitProbe(
        problem,
        split=split,
        times=times,
        reporter=Reporter(events.append),
        clock=time.perf_counter,
        fit_time_s=time.perf_counter,
    )
    for step in range(1, total):
        probe(step, total, partial_set or (lambda: interpolation(problem)))
    assert {(type(event), event.total) for event in events} <= {(Probed, total)}
    return [(event.step, event.hypervolume) for event in events], probe


@pytest.mark.parametrize(
    ("total", "times", "steps"),
    [
        (8, 3, [2, 4, 6]),
        (100, 3, [25, 50, 75]),
        (10, 3, [3, 5, 8]),
        (3, 3, [1, 2]),
        (9, 0, []),
        (9, 1, [5]),
        (1, 3, []),
    ],
)
def test_it_looks_at_equal_distances_and_never_at_the_end(total, times, steps, problem):
    assert [step for step, _ in looks(problem, total, times=times)[0]] == steps


def test_it_makes_the_set_only_when_it_looks(problem):
    made = []
    looks(problem, 100, times=2, partial_set=lambda: made.append(1) or interpolation(problem))
    assert len(made) == 2


def test_the_score_is_the_hypervolume_of_corners_and_centre(problem):
    preferences = np.vstack([np.eye(3), np.full(3, 1 / 3)])
    front = evaluate_members(problem, interpolation(problem), preferences, "val").front()
    expected = fr.hypervolume(front, problem.reference_point).value
    assert expected > 0
    assert [value for _, value in looks(problem, 8)[0]] == [expected] * 3


def test_only_the_given_split_is_looked_at(problem, monkeypatch):
    splits, evaluate = [], problem.evaluate
    monkeypatch.setattr(problem, "evaluate", lambda params, split: splits.append(split) or evaluate(params, split))
    looks(problem, 8)
    assert set(splits) == {"val"}


def test_a_front_of_nan_scores_nothing(problem):
    broken = fr.FiniteSet(
        3,
        lambda _: {
            name: torch.full_like(tensor, float("nan")) if tensor.is_floating_point() else tensor
            for name, tensor in problem.pretrained.items()
        },
        ["one"],
        total_parameters=1,
    )
    assert looks(problem, 8, partial_set=lambda: broken)[0] == [(2, 0.0), (4, 0.0), (6, 0.0)]


def ran(folder, probes, split="test"):
    """The costs and the events of a cell of a learner that trains."""
    cell = make_cell("pwe-moe-ls", "tiny", tasks=None, seed=0, options={"steps": 40}, points_per_edge=2, split=split)
    folder.mkdir()
    events = []
    run_cell(cell, order_for(cell.to_json(), folder, probes=probes), Reporter(events.append))
    finished = FinishedCell.read(folder)
    return finished.costs, events, finished.state.read_bytes(), list(finished.curve)


def test_looking_takes_no_fit_time_and_changes_no_weight(tmp_path, tiny, monkeypatch):
    from frontrunner.harness.running import fit_probe

    _, none, undisturbed, without = ran(tmp_path / "undisturbed", 0)
    score = fit_probe.evaluate_members

    def slow(*arguments):
        time.sleep(1.0)
        return score(*arguments)

    monkeypatch.setattr(fit_probe, "evaluate_members", slow)
    start = time.perf_counter()
    metrics, events, state, curve = ran(tmp_path / "looked", 3)
    # All that is slept, the look at the finished set included, is neither the fit's nor the evaluation's.
    assert time.perf_counter() - start - metrics["wall_time_s"] > 4
    assert metrics["fit_time_s"] > 0
    points = [point for point in curve if "probe_hypervolume" in point]
    assert [point["step"] for point in points] == [10, 20, 30, 40]
    times = [point["probe_fit_time_s"] for point in points]
    assert times == sorted(times)
    assert 0 < times[0] < times[-1] == metrics["fit_time_s"] < 1  # a second is slept at every look
    assert not any("probe_hypervolume" in point for point in without)
    assert [point for point in curve if "loss" in point][-1] == without[-1]
    assert sum(isinstance(event, Probed) for event in events) == 3
    assert not any(isinstance(event, Probed) for event in none)
    assert state == undisturbed


def test_a_trial_is_not_looked_at_when_it_is_finished(tmp_path):
    """Its whole front is, on the same split."""
    _, events, _, curve = ran(tmp_path / "trial", 3, split="val")
    assert sum("probe_hypervolume" in point for point in curve) == sum(isinstance(event, Probed) for event in events)


def finished(problem, times, steps):
    """The curve and the events of a fit that reported so many steps and was scored at its end only."""
    events = []
    reporter = Reporter(events.append)
    reporter.start("fit")
    for step in range(1, steps + 1):
        reporter("fit", step, steps)
    probe = FitProbe(
        problem, split="val", times=times, reporter=reporter, clock=time.perf_counter, fit_time_s=time.perf_counter
    )
    probe.finish(interpolation(problem), 2.5)
    return reporter.curve, [event for event in events if isinstance(event, Probed)]


@pytest.mark.parametrize("steps", [0, 7])
def test_the_finished_set_is_on_the_curve_at_the_last_step_and_is_no_event(steps, problem):
    (expected, *_), _ = looks(problem, 8)
    curve, events = finished(problem, 1, steps)
    assert curve == [{"step": steps, "probe_hypervolume": expected[1], "probe_fit_time_s": 2.5}]
    assert events == []  # whoever ends hopeless fits has nothing left to end


def test_the_finished_set_is_not_scored_where_nobody_looks(problem):
    assert finished(problem, 0, 7) == ([], [])


def test_a_bench_logs_curves_of_quality_over_time(run_bench, tmp_path):
    store, outcomes = run_bench(tmp_path, ["interpolation", "pwe-moe-ls"], probes=2)
    for outcome, steps in zip(outcomes, ([0], [10, 20, 30]), strict=True):
        logged = {
            name: [(metric.step, metric.value) for metric in store.client.get_metric_history(outcome.run_id, name)]
            for name in ("train_probe_hypervolume", "train_probe_fit_time_s")
        }
        assert [step for step, _ in logged["train_probe_hypervolume"]] == steps
        assert logged["train_probe_fit_time_s"][-1][1] == store.find(outcome.run_id).metrics["fit_time_s"]


def test_asking_for_curves_makes_no_other_cells(run_bench, tmp_path):
    run_bench(tmp_path, ["interpolation"])
    _, (again,) = run_bench(tmp_path, ["interpolation"], probes=2)
    assert not again.ran
