"""What every registered learner must do, on a tiny network; a new learner is tested by being registered."""

import numpy as np
import pytest
import torch

import frontrunner as fr

LEARNERS = [
    *({"method": name} for name in fr.methods()),
    *({"method": "pwe-moe-ls", "upscale": rule} for rule in ("attn+mlp", "all", "model")),
    {"method": "pwe-moe-ls", "router_depth": 1},
]
GRID = fr.simplex_grid(3, 4)


def described(options):
    return "-".join(str(value) for value in options.values())


@pytest.fixture(params=LEARNERS, ids=described)
def learner(request):
    options = dict(request.param)
    return fr.make_learner(options.pop("method"), **options)


def objectives_of(problem, pareto_set, grid=GRID):
    return fr.evaluate(problem, pareto_set, grid).objectives


def test_front_is_finite_and_of_the_right_shape(learner, tiny):
    objectives = objectives_of(tiny, learner.fit(tiny, GRID, fr.Context()))
    assert objectives.shape[1] == tiny.n_tasks
    assert ((objectives >= 0) & (objectives <= 1)).all()


def test_same_seed_same_front_to_the_byte(learner, tiny):
    first, second = (objectives_of(tiny, learner.fit(tiny, GRID, fr.Context(seed=3))) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_members_fit_the_architecture_and_share_no_memory(learner, tiny):
    members = list(learner.fit(tiny, GRID, fr.Context()).members(GRID))
    for _, _, params in members:
        tiny.model.load_state_dict(params, strict=True)
    if len(members) > 1:
        key = "blocks.0.mlp.0.weight"
        assert len({params[key].data_ptr() for _, _, params in members}) == len(members)


def test_order_of_preferences_does_not_matter(learner, tiny):
    pareto_set = learner.fit(tiny, GRID, fr.Context())
    forward, backward = objectives_of(tiny, pareto_set), objectives_of(tiny, pareto_set, GRID[::-1])
    assert sorted(forward.tolist()) == sorted(backward.tolist())


def test_restored_from_its_state_equals_itself(learner, tiny):
    pareto_set = learner.fit(tiny, GRID, fr.Context(seed=1))
    restored = learner.restore(tiny, pareto_set.state(), GRID, fr.Context(seed=1))
    assert objectives_of(tiny, restored).tobytes() == objectives_of(tiny, pareto_set).tobytes()


def test_fit_leaves_the_problem_as_it_was(learner, tiny):
    before = [{k: v.clone() for k, v in params.items()} for params in (tiny.pretrained, *tiny.experts)]
    learner.fit(tiny, GRID, fr.Context())
    for old, new in zip(before, (tiny.pretrained, *tiny.experts), strict=True):
        assert all(torch.equal(old[name], new[name]) for name in old)


def test_a_preference_off_the_simplex_is_refused(learner, tiny):
    pareto_set = learner.fit(tiny, GRID, fr.Context())
    for wrong in ([0.5, 0.5], [0.5, 0.6, 0.1], [-0.1, 0.6, 0.5], [float("nan"), 0.5, 0.5]):
        with pytest.raises(fr.PreferenceError):
            pareto_set.solve(wrong)


def test_global_randomness_is_neither_used_nor_changed(learner, tiny):
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002 - the global state is what is watched
    before = torch.get_rng_state().clone(), np.random.get_state()[1].copy()  # noqa: NPY002
    learner.fit(tiny, GRID, fr.Context())
    assert torch.equal(before[0], torch.get_rng_state())
    assert (before[1] == np.random.get_state()[1]).all()  # noqa: NPY002
