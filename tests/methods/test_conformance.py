"""What every registered learner must do, on a tiny network and on a problem whose front is known.

A new learner is tested by being registered; what it claims beyond that it selects in CLAIMS.
"""

import dataclasses
import functools
import gc
import itertools

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.methods.pareto_set import ROOT_PART
from frontrunner.registry import import_plugin

LEARNERS = [
    *({"method": name} for name in fr.list_methods()),
    *({"method": "pwe-moe-ls", "upscale": rule} for rule in ("attn+mlp", "all", "model")),
    {"method": "pwe-moe-ls", "router_depth": 1},
    {"method": "pwe-moe-epo", "upscale": "all"},
    {"method": "layerwise-interpolation", "groups": "layers", "interactions": False},
    {"method": "ties-merging", "conditioned": True},
]
GRID = fr.simplex_grid(3, 3)
CORNERS = np.eye(3)
QUICK = {"steps": 30, "batch_size": 8, "evaluations": 24, "population": 8}
"""Where a learner has such options."""
NEEDS_A_NETWORK = {"fisher-merging", "regmean"}
"""They look inside predictions or layers, which a problem in closed form does not have."""
TRAIN_WHOLE_MODELS = {"ls", "epo", "stch", "pmtl", "mgda", "imtl-g", "pamal", "cosmos", "phn-ls", "phn-epo", "phn-hvi"}
MERGES_TASK_VECTORS = {
    "interpolation",
    "layerwise-interpolation",
    "pwe-moe-ls",
    "pwe-moe-epo",
    "pwe-moe-stch",
    "map",
    "nsga2-merge",
    "mobo-merge",
}
CLAIMS = {
    "experts are its corners": ["experts", "interpolation", "fisher-merging", "regmean"],
    "starts at interpolation": ["layerwise-interpolation"],
    "a task's error falls as its weight rises": [
        "interpolation",
        "layerwise-interpolation",
        "ls",
        "epo",
        "stch",
        "nsga2-merge",
        "mobo-merge",
        "map",
    ],
    "answers are permuted with the tasks": ["interpolation", "fisher-merging", "regmean", "ls", "stch"],
    "one model whatever the preference": ["pretrained", "weight-averaging", "mgda", "imtl-g"],
}


def described(options):
    return "-".join(str(value) for value in options.values())


@functools.cache
def problem_named(name, root):
    if name == "tiny":
        plugin, _ = import_plugin(root / "tests" / "tiny_plugin.py")
        return plugin.tiny_problem()
    return fr.load_problem("merging-toy", ["e1", "e2", "e3"])


def make(options, problem_name, **more):
    options = dict(options) | more
    name = options.pop("method")
    known = {field.name for field in dataclasses.fields(type(fr.make_learner(name).config))}
    if problem_name == "merging-toy" and "upscale" in known:
        options["upscale"] = "model"
    return fr.make_learner(name, **{key: value for key, value in QUICK.items() if key in known} | options)


@dataclasses.dataclass
class Case:
    """A learner on a problem, fitted once for the tests that only look."""

    options: dict
    problem_name: str
    problem: fr.Problem

    def __post_init__(self):
        self.learner = make(self.options, self.problem_name)
        self.fitted = functools.cache(lambda: self.fit())

    def fit(self, grid=GRID, **context):
        return self.learner.fit(self.problem, grid, fr.Context(seed=3, **context))

    def objectives(self, pareto_set, grid=GRID):
        return fr.evaluate(self.problem, pareto_set, grid).objectives


CASES = [
    pytest.param((options, problem), id=f"{described(options)}-{problem}")
    for options in LEARNERS
    for problem in ("tiny", "merging-toy")
    if problem == "tiny" or options["method"] not in NEEDS_A_NETWORK
]


@functools.cache
def cached_case(index, root):
    options, problem = CASES[index].values[0]
    return Case(options, problem, problem_named(problem, root))


@pytest.fixture(params=range(len(CASES)), ids=[case.id for case in CASES])
def case(request):
    return cached_case(request.param, request.config.rootpath)


def named(options, name, request):
    return Case(
        {"method": options} if isinstance(options, str) else options, name, problem_named(name, request.config.rootpath)
    )


def test_front_is_finite_and_of_the_right_shape(case):
    objectives = case.objectives(case.fitted())
    assert objectives.shape[1] == case.problem.n_tasks
    assert (objectives >= 0).all()
    if case.problem_name == "tiny":
        assert (objectives <= 1).all()


def test_same_seed_same_front_to_the_byte(case):
    assert case.objectives(case.fit()).tobytes() == case.objectives(case.fitted()).tobytes()


def test_members_fit_the_architecture_and_share_no_memory(case):
    members = list(case.fitted().members(GRID))
    for _, _, params in members:
        case.problem.model.load_state_dict(params, strict=True)
        assert not any(tensor.requires_grad for tensor in params.values())
    if len(members) > 1:
        key = "blocks.0.mlp.0.weight" if case.problem_name == "tiny" else "x"
        assert len({params[key].data_ptr() for _, _, params in members}) == len(members)


def part_of(weight, parts):
    """The longest part that a weight is or lies in; None where no part holds it."""
    within = [part for part in parts if part == ROOT_PART or weight == part or weight.startswith(f"{part}.")]
    return max(within, key=lambda part: -1 if part == ROOT_PART else len(part), default=None)


def test_answers_are_merged_with_the_coefficients_that_the_set_gives(case):
    pareto_set, problem = case.fitted(), case.problem
    given = [pareto_set.merge_coefficients(preference) for preference in GRID[::2]]
    assert [found is None for found in given] == [case.options["method"] not in MERGES_TASK_VECTORS] * len(given)
    if given[0] is None:
        return
    for preference, coefficients in zip(GRID[::2], given, strict=True):
        assert list(coefficients) == list(given[0])
        seen = set()
        for name, answer in pareto_set.solve(preference).items():
            part = part_of(name, coefficients)
            if part is None or not answer.is_floating_point():
                continue
            seen.add(part)
            base = problem.pretrained[name].double()
            vectors = torch.stack([expert[name].double() - base for expert in problem.experts])
            merged = base + torch.tensordot(torch.as_tensor(coefficients[part]), vectors, dims=1)
            torch.testing.assert_close(answer.double(), merged, atol=1e-5, rtol=1e-5)
        assert seen == set(coefficients)


@pytest.mark.parametrize("method", ["interpolation", "layerwise-interpolation", "pwe-moe-ls", "map"])
def test_coefficients_of_no_point_of_the_simplex_are_refused(method, request):
    with pytest.raises(fr.PreferenceError):
        named(method, "merging-toy", request).fitted().merge_coefficients([0.5, 0.6, 0.1])


def test_order_of_preferences_does_not_matter(case):
    forward, backward = case.objectives(case.fitted()), case.objectives(case.fit(GRID[::-1]), GRID[::-1])
    assert sorted(forward.tolist()) == sorted(backward.tolist())


def test_restored_from_its_state_equals_itself(case):
    restored = case.learner.restore(case.problem, case.fitted().state(), GRID, fr.Context(seed=3))
    assert case.objectives(restored).tobytes() == case.objectives(case.fitted()).tobytes()


def test_interrupted_and_resumed_equals_undisturbed(case, tmp_path):
    steps = itertools.count()

    def interrupt(activity, step, total, **metrics):
        if next(steps) == 1:
            raise KeyboardInterrupt

    checkpoints = functools.partial(fr.Checkpoints, tmp_path, interval_s=0)
    try:
        case.fit(checkpoints=checkpoints(), progress=interrupt)
    except KeyboardInterrupt:
        assert any(tmp_path.iterdir())
    seen = []
    resumed = case.fit(checkpoints=checkpoints(), progress=lambda activity, step, total, **metrics: seen.append(step))
    assert case.objectives(resumed).tobytes() == case.objectives(case.fitted()).tobytes()
    if case.learner.needs(case.problem, GRID).trainings or case.fitted().trainable_parameters:
        assert seen[0] > 10  # it did not begin again


def test_memory_of_a_fit_is_freed(case):
    case.fitted()  # whatever is kept on purpose from a first use on
    gc.collect()
    gc.freeze()  # what there is already is not looked at
    try:
        case.objectives(case.fit())
        gc.collect()
        left = [found for found in gc.get_objects() if type(found) in (torch.Tensor, torch.nn.Parameter)]
        assert not left
    finally:
        gc.unfreeze()


def test_fit_leaves_the_problem_as_it_was(case):
    models = (case.problem.pretrained, *case.problem.experts)
    before = [{name: tensor.clone() for name, tensor in params.items()} for params in models]
    hooks = [len(module._forward_pre_hooks) for module in case.problem.model.modules()]
    case.fit()
    for old, new in zip(before, models, strict=True):
        assert all(torch.equal(old[name], new[name]) for name in old)
        assert not any(tensor.requires_grad for tensor in new.values())
    assert hooks == [len(module._forward_pre_hooks) for module in case.problem.model.modules()]


def test_a_preference_off_the_simplex_is_refused(case):
    for wrong in ([0.5, 0.5], [0.5, 0.6, 0.1], [-0.1, 0.6, 0.5], [float("nan"), 0.5, 0.5]):
        with pytest.raises(fr.PreferenceError):
            case.fitted().solve(wrong)


def test_global_randomness_is_neither_used_nor_changed(case):
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002 - the global state is what is watched
    before = torch.get_rng_state().clone(), np.random.get_state()[1].copy()  # noqa: NPY002
    case.fit()
    assert torch.equal(before[0], torch.get_rng_state())
    assert (before[1] == np.random.get_state()[1]).all()  # noqa: NPY002


def test_needs_are_declared_as_whole_numbers_and_metrics_are_finite(case):
    needs = dataclasses.asdict(case.learner.needs(case.problem, GRID))
    assert all(isinstance(value, int) and value >= 0 for value in needs.values())
    assert (needs["labelled_examples"] + needs["unlabelled_examples"] == 0) or case.problem_name == "tiny"
    assert all(np.isfinite(value) for value in case.fitted().diagnostics().values())


def test_what_was_trained_was_looked_at(case):
    """Whoever trains on data declares labels; whoever declares trainings has trained parameters."""
    needs = case.learner.needs(case.problem, GRID)
    if case.problem_name == "tiny" and case.fitted().trainable_parameters:
        assert needs.labelled_examples > 0
    assert (needs.trainings > 0) == (case.options["method"] in TRAIN_WHOLE_MODELS)


def claiming(claim):
    return pytest.mark.parametrize("method", CLAIMS[claim])


@claiming("experts are its corners")
def test_experts_are_its_corners(method, request):
    case = named(method, "tiny", request)
    pareto_set = case.fitted()
    for corner, expert in zip(CORNERS, case.problem.experts, strict=True):
        params = pareto_set.solve(corner)
        for name, tensor in expert.items():
            torch.testing.assert_close(params[name], tensor, atol=1e-4, rtol=1e-4)


@claiming("starts at interpolation")
def test_it_starts_at_interpolation(method, request):
    case = named(method, "tiny", request)
    untrained = case.learner.untrained(case.problem, torch.Generator())
    interpolation = fr.make_learner("interpolation").fit(case.problem, GRID, fr.Context())
    for preference in GRID:
        for name, tensor in interpolation.solve(preference).items():
            torch.testing.assert_close(untrained.solve(preference)[name], tensor)


@claiming("a task's error falls as its weight rises")
def test_a_tasks_error_falls_as_its_weight_rises(method, request):
    case = named({"method": method}, "merging-toy", request)
    learner = make(case.options, "merging-toy", **({"steps": 400} if hasattr(case.learner.config, "steps") else {}))
    path = np.array([[w, (1 - w) / 2, (1 - w) / 2] for w in (0.1, 0.3, 0.5, 0.7, 0.9)])
    pareto_set = learner.fit(case.problem, path, fr.Context())
    errors = [case.problem.evaluate(pareto_set.solve(r), "test").error[0] for r in path]
    assert all(later <= earlier + 1e-6 for earlier, later in itertools.pairwise(errors))
    assert errors[-1] < errors[0] - 0.3


@claiming("answers are permuted with the tasks")
def test_answers_are_permuted_with_the_tasks(method, request, permuted):
    name = "tiny" if method in NEEDS_A_NETWORK else "merging-toy"
    case = named(method, name, request)
    order = [2, 0, 1]
    reordered = permuted(case.problem, order) if name == "tiny" else fr.load_problem(name, ["e3", "e1", "e2"])
    one = case.learner.fit(case.problem, GRID, fr.Context())
    other = case.learner.fit(reordered, GRID[:, order], fr.Context())
    for preference in GRID:
        expected = case.problem.evaluate(one.solve(preference), "test").loss[order]
        np.testing.assert_allclose(reordered.evaluate(other.solve(preference[order]), "test").loss, expected, atol=2e-3)


@claiming("one model whatever the preference")
def test_one_model_whatever_the_preference(method, request):
    case = named(method, "merging-toy", request)
    assert case.fitted().n_members(GRID) == 1
    answers = [case.fitted().solve(r)["x"] for r in GRID]
    assert all(torch.equal(answers[0], answer) for answer in answers)


@pytest.mark.parametrize("method", sorted(NEEDS_A_NETWORK))
def test_what_needs_a_network_says_so(method, request):
    case = named(method, "merging-toy", request)
    with pytest.raises(fr.UnsupportedError, match=r"\w+ .*"):
        case.fit()
