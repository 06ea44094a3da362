"""What a probe is shown, and that looking changes nothing."""

import functools

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.plugin_import import import_plugin

GRID = fr.simplex_grid(3, 3)
WHOLE_SETS = [
    "pwe-moe-ls",
    "pwe-moe-epo",
    "layerwise-interpolation",
    "phn-ls",
    "pamal",
    "palora",
    "cosmos",
    "pareto-merging",
]
PER_PREFERENCE = ["ls", "epo", "stch"]
NO_PREFERENCE = ["multi-task", "mgda", "imtl-g", "cagrad", "nash-mtl", "fairgrad", "upgrad"]
SHOW_NOTHING = ["pretrained", "interpolation", "regmean", "nsga2-merge", *NO_PREFERENCE]
STEPS = 30


def learner(method):
    options = {"steps": STEPS, "batch_size": 8, "population": 8, "generations": 2}
    known = vars(fr.make_learner(method).config)
    more = {"lr": 1e-2} if method in {*PER_PREFERENCE, "phn-ls", "pamal", "palora", "cosmos", "pareto-merging"} else {}
    return fr.make_learner(method, **{name: value for name, value in options.items() if name in known}, **more)


class Looking:
    """Evaluates whatever it is shown."""

    def __init__(self, problem):
        self.problem = problem
        self.seen = []
        self.fronts = []
        self.members = []

    def __call__(self, step, total, partial_set):
        self.seen.append((step, total))
        pareto_set = partial_set()
        self.members.append(pareto_set.n_members(GRID))
        self.fronts.append(fr.evaluate(self.problem, pareto_set, GRID, "val"))


@functools.cache
def looked_at(method, root):
    problem = import_plugin(root / "tests" / "tiny_plugin.py")[0].tiny_problem()
    probe = Looking(problem)
    fitted = learner(method).fit(problem, GRID, fr.Context(seed=3, probe=probe))
    return problem, probe, fitted


@pytest.mark.parametrize("method", [*WHOLE_SETS, *PER_PREFERENCE])
def test_looking_changes_nothing(method, pytestconfig):
    problem, probe, watched = looked_at(method, pytestconfig.rootpath)
    assert probe.seen
    alone = learner(method).fit(problem, GRID, fr.Context(seed=3)).state()
    assert watched.state().keys() == alone.keys()
    for name, tensor in watched.state().items():
        assert tensor.numpy().tobytes() == alone[name].numpy().tobytes()


@pytest.mark.parametrize("method", WHOLE_SETS)
def test_a_set_is_shown_as_it_learns(method, pytestconfig):
    problem, probe, fitted = looked_at(method, pytestconfig.rootpath)
    assert probe.seen == [(10, STEPS), (20, STEPS)]  # not at the end, which `fit` returns
    assert all(np.array_equal(front.preferences, GRID) for front in probe.fronts)
    at_the_end = loss(problem, fitted)
    early = []
    learner(method).fit(problem, GRID, fr.Context(seed=3, probe=lambda *shown: early.append(loss(problem, shown[2]()))))
    assert not np.array_equal(early[0], at_the_end)
    assert not np.array_equal(early[0], early[1])


@pytest.mark.parametrize("method", PER_PREFERENCE)
def test_models_are_shown_one_by_one(method, pytestconfig):
    problem, probe, fitted = looked_at(method, pytestconfig.rootpath)
    n = len(GRID)
    assert probe.seen == [(k * STEPS, n * STEPS) for k in range(1, n)]
    assert probe.members == list(range(1, n))
    final = fr.evaluate(problem, fitted, GRID, "val")
    for k, front in enumerate(probe.fronts, start=1):
        np.testing.assert_array_equal(front.preferences, final.preferences[:k])
        np.testing.assert_array_equal(front.objectives, final.objectives[:k])


@pytest.mark.parametrize("method", SHOW_NOTHING)
def test_nothing_is_shown_where_there_is_no_partial_set(method, pytestconfig):
    _, probe, _ = looked_at(method, pytestconfig.rootpath)
    assert probe.seen == []


def test_a_single_model_is_not_shown(tiny):
    probe = Looking(tiny)
    learner("ls").fit(tiny, GRID[:1], fr.Context(probe=probe))
    assert probe.seen == []


@pytest.mark.parametrize("method", ["pwe-moe-ls", "ls"])
def test_a_probe_that_raises_ends_the_fit(method, tiny):
    told = []

    def enough(step, total, partial_set):
        raise StopIteration

    with pytest.raises(StopIteration):
        learner(method).fit(
            tiny, GRID, fr.Context(probe=enough, progress=lambda activity, step, total, **loss: told.append(step))
        )
    assert told[-1] == {"pwe-moe-ls": 10, "ls": STEPS}[method]


def test_a_resumed_fit_goes_on_showing(tiny, tmp_path):
    def interrupted(step, total, partial_set):
        raise KeyboardInterrupt

    checkpoints = functools.partial(fr.Checkpoints, tmp_path, interval_s=0)
    with pytest.raises(KeyboardInterrupt):
        learner("pwe-moe-ls").fit(tiny, GRID, fr.Context(seed=3, probe=interrupted, checkpoints=checkpoints()))
    probe = Looking(tiny)
    resumed = learner("pwe-moe-ls").fit(tiny, GRID, fr.Context(seed=3, probe=probe, checkpoints=checkpoints()))
    assert probe.seen == [(20, STEPS)]
    alone = learner("pwe-moe-ls").fit(tiny, GRID, fr.Context(seed=3)).state()
    assert all(torch.equal(tensor, alone[name]) for name, tensor in resumed.state().items())


def loss(problem, pareto_set):
    return np.array([problem.evaluate(params, "val").loss for _, _, params in pareto_set.members(GRID)])
