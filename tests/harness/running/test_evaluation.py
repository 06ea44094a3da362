"""A set that does not hand out plain models of the architecture is refused, never scored."""

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.harness.running import evaluate as evaluation
from frontrunner.plugin_import import import_plugin

GRID = fr.simplex_grid(3, 3)


@pytest.fixture
def tiny(request):
    plugin, _ = import_plugin(request.config.rootpath / "tests" / "tiny_plugin.py")
    return plugin.tiny_problem()


def one_model(problem, params):
    return fr.FiniteSet(problem.n_tasks, lambda _: params, ["one"], total_parameters=1)


FAULTS = {
    "empty": (
        lambda params: params.clear(),
        "scale is missing; embed.weight is missing; embed.bias is missing and 17 more",
    ),
    "missing": (lambda params: params.pop("embed.bias"), "embed.bias is missing$"),
    "extra": (lambda params: params.update(other=torch.zeros(1)), "other is unknown$"),
    "shape": (
        lambda params: params.update({"embed.bias": params["embed.bias"][:1]}),
        r"embed.bias must be float32 of shape \(6,\), is float32 of shape \(1,\)$",
    ),
    "dtype": (
        lambda params: params.update({"embed.bias": params["embed.bias"].double()}),
        r"embed.bias must be float32 of shape \(6,\), is float64 of shape \(6,\)$",
    ),
    "numpy": (lambda params: params.update({"embed.bias": np.zeros(6)}), "embed.bias is no tensor but ndarray$"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_member_that_is_no_plain_model_is_refused(tiny, fault):
    change, why = FAULTS[fault]
    params = dict(tiny.pretrained)
    change(params)
    with pytest.raises(fr.FrontError, match=why):
        fr.evaluate(tiny, one_model(tiny, params), GRID)


@pytest.mark.parametrize("answer", [None, [1.0], torch.zeros(3)])
def test_an_answer_that_is_no_mapping_is_refused(tiny, answer):
    with pytest.raises(fr.FrontError, match=f"from names to tensors, found {type(answer).__name__}"):
        fr.evaluate(tiny, one_model(tiny, answer), GRID)


def test_a_set_is_evaluated_in_a_script_whatever_its_size(tiny, monkeypatch):
    monkeypatch.setattr(evaluation, "MAX_POINTS", 2)  # that of a record
    pareto_set = fr.FiniteSet(3, lambda _: tiny.pretrained, ["x"] * 3, total_parameters=1)
    assert len(fr.evaluate(tiny, pareto_set, GRID).objectives) == 3
    with pytest.raises(fr.ConfigError, match="2 points at most, found a set of 3 models"):
        evaluation.check_size(pareto_set, GRID)


def test_a_model_left_in_training_mode_does_not_change_its_score(tiny):
    pareto_set = one_model(tiny, tiny.experts[0])
    before = fr.evaluate(tiny, pareto_set, GRID).objectives
    tiny.model.train()
    np.testing.assert_array_equal(fr.evaluate(tiny, pareto_set, GRID).objectives, before)


def test_a_set_that_answers_fewer_preferences_than_asked_is_refused(tiny):
    class Lazy(fr.ContinuousSet):
        def members(self, preferences):
            yield from list(super().members(preferences))[:1]

    lazy = Lazy(3, lambda _: tiny.pretrained, total_parameters=1)
    with pytest.raises(fr.FrontError, match="was to yield 6 members"):
        fr.evaluate(tiny, lazy, GRID)


def test_nan_weights_are_refused_though_their_error_rate_is_finite(tiny):
    params = {n: torch.full_like(t, torch.nan) if t.is_floating_point() else t for n, t in tiny.pretrained.items()}
    with pytest.raises(fr.FrontError, match="task0"):
        fr.evaluate(tiny, one_model(tiny, params), GRID)


class Linears(torch.nn.Module):
    def __init__(self, tied):
        super().__init__()
        self.mlp = torch.nn.Linear(4, 4, dtype=torch.float64)
        self.again = torch.nn.Linear(4, 4, dtype=torch.float64)
        if tied:
            self.again.weight = self.mlp.weight

    def forward(self, inputs):
        return self.again(self.mlp(inputs))


def linears(*, tied):
    model = Linears(tied)
    pretrained = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    examples = fr.Examples(torch.randn(20, 4, dtype=torch.float64), torch.randint(4, (20,)))
    return fr.ClassificationProblem(
        name="linears",
        tasks=["a", "b"],
        model=model,
        pretrained=pretrained,
        experts=[{name: tensor + shift for name, tensor in pretrained.items()} for shift in (0.1, -0.1)],
        budget=fr.Budget(steps=2, batch_size=4),
        data=[{"train": examples, "test": examples}] * 2,
        heads=[torch.nn.Identity(), torch.nn.Identity()],
    )


@pytest.mark.parametrize("method", ["interpolation", "pwe-moe-ls", "pwe-moe-epo", "phn-epo", "epo"])
def test_double_precision(method):
    problem = linears(tied=False)
    options = {"upscale": "all"} if method.startswith("pwe") else {}
    pareto_set = fr.make_learner(method, **options).fit(problem, fr.simplex_grid(2, 3), fr.Context())
    assert pareto_set.solve([0.5, 0.5])["mlp.weight"].dtype == torch.float64
    assert fr.evaluate(problem, pareto_set, fr.simplex_grid(2, 3)).n_points == 3


def test_tied_weights_are_refused():
    """Each of their names would be trained and merged for itself, and loading would keep the last only."""
    with pytest.raises(fr.ConfigError, match=r"ties 'mlp.weight' and 'again.weight' to one tensor"):
        linears(tied=True)


def test_weights_on_two_devices_are_refused(tiny):
    with pytest.raises(fr.ConfigError, match="lie on"):
        fr.ClassificationProblem(
            name="odd",
            tasks=tiny.tasks,
            model=tiny.model,
            pretrained=tiny.pretrained,
            experts=[{name: tensor.to("meta") for name, tensor in expert.items()} for expert in tiny.experts],
            budget=tiny.budget,
            data=tiny.data,
            heads=tiny.heads,
        )
