"""What is wrong with the models of a problem is said when it is made, with the model and the weight."""

import copy
import math

import pytest
import torch
from torch import nn

import frontrunner as fr
from frontrunner.tasks.fine_tuning import FineTuning, fine_tune


class Net(nn.Module):
    """Weights, batch-norm statistics, a causal mask, a table of integers and a complex filter."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)
        self.norm = nn.BatchNorm1d(3)
        self.register_buffer("mask", torch.full((3, 3), -math.inf).triu(1))
        self.register_buffer("table", torch.arange(3))
        self.register_buffer("tracked", torch.tensor(True))
        self.register_buffer("filter", torch.ones(3, dtype=torch.complex64))
        self.register_buffer("scale", torch.ones(3).to(torch.float8_e4m3fn))

    def forward(self, inputs):
        return self.norm(self.layer(inputs))


def models(n=2):
    """The pre-trained model and n experts."""
    torch.manual_seed(0)
    pretrained = Net().state_dict()
    return pretrained, [{**copied(pretrained), "layer.weight": torch.randn(3, 3)} for _ in range(n)]


def copied(params):
    return {name: tensor.clone() for name, tensor in params.items()}


def make(pretrained, experts, tasks=("cars", "signs"), **changes):
    examples = fr.Examples(torch.zeros(4, 3), torch.arange(4) % 3)
    given = {
        "name": "net",
        "tasks": tasks,
        "model": Net(),
        "pretrained": pretrained,
        "experts": experts,
        "budget": fr.Budget(steps=1, batch_size=2),
        "data": [{"train": examples}] * len(tasks),
        "heads": [nn.Identity()] * len(tasks),
    }
    return fr.ClassificationProblem(**given | changes)


def test_what_can_be_merged_is_known():
    problem = make(*models())
    assert problem.merged == {
        f"{n}"
        for n in ("layer.weight", "layer.bias", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var")
    }
    assert problem.never_negative == {"norm.running_var"}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["layer.weight", "layer.bias", "norm.running_mean"])
def test_a_weight_that_is_not_finite_is_refused(value, name):
    pretrained, experts = models()
    experts[1][name].view(-1)[-1] = value
    kind = "NaN" if math.isnan(value) else "infinity"
    with pytest.raises(fr.ConfigError, match=rf"the expert of 'signs' (holds {kind} in|differs .* in) {name}"):
        make(pretrained, experts)


def test_the_pretrained_model_is_looked_at_too():
    pretrained, experts = models()
    pretrained["layer.bias"][0] = math.nan
    with pytest.raises(fr.ConfigError, match=r"the pre-trained model holds NaN in layer\.bias"):
        make(pretrained, experts)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_not_finite_is_found_in_every_type(dtype):
    pretrained, experts = models()
    for params in (pretrained, *experts):
        params["layer.weight"] = params["layer.weight"].to(dtype)
    experts[0]["layer.weight"][1, 1] = math.nan
    with pytest.raises(fr.ConfigError, match=r"'cars' holds NaN in layer\.weight"):
        make(pretrained, experts)


def test_a_mask_that_is_the_same_in_all_models_stays_as_it_is_in_merges():
    problem = make(*models())
    pareto_set = fr.make_learner("interpolation").fit(problem, fr.simplex_grid(2, 3), fr.Context())
    assert torch.equal(pareto_set.solve([0.3, 0.7])["mask"], problem.pretrained["mask"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mask", torch.full((3, 3), -math.inf).triu(2)),
        ("mask", torch.zeros(3, 3)),
        ("table", torch.arange(3) + 1),
        ("tracked", torch.tensor(False)),
        ("filter", torch.full((3,), 1j)),
        ("scale", torch.full((3,), 2.0).to(torch.float8_e4m3fn)),
    ],
)
def test_experts_may_not_differ_in_what_cannot_be_merged(name, value):
    pretrained, experts = models()
    experts[0][name] = value.to(pretrained[name].dtype)
    with pytest.raises(fr.ConfigError, match=f"the expert of 'cars' differs from the pre-trained model in {name}"):
        make(pretrained, experts)


def test_counters_may_differ_and_merges_have_the_pretrained_models():
    pretrained, experts = models()
    experts[1]["norm.num_batches_tracked"] += 100
    problem = make(pretrained, experts)
    pareto_set = fr.make_learner("interpolation").fit(problem, fr.simplex_grid(2, 3), fr.Context())
    assert int(pareto_set.solve([0.0, 1.0])["norm.num_batches_tracked"]) == 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
@pytest.mark.parametrize("name", ["layer.weight", "norm.running_var"])
def test_a_weight_has_one_type_in_all_models(dtype, name):
    pretrained, experts = models()
    experts[1][name] = experts[1][name].to(dtype)
    with pytest.raises(fr.ConfigError, match=rf"{name} is float32 in the pre-trained model and float.* of 'signs'"):
        make(pretrained, experts)


def test_a_state_dict_that_was_not_copied_is_refused():
    model, (pretrained, _) = Net(), models()
    experts = []
    for _ in range(2):
        nn.init.normal_(model.layer.weight)
        experts.append(model.state_dict())
    with pytest.raises(fr.ConfigError, match="the expert of 'signs' lies in the same memory as the expert of 'cars'"):
        make(pretrained, experts)
    with pytest.raises(fr.ConfigError, match="the expert of 'cars' lies in the same memory as the pre-trained model"):
        make(experts[0], [experts[1], copied(experts[1])])
    with pytest.raises(fr.ConfigError, match="same memory"):
        make(pretrained, [dict(pretrained), copied(pretrained)])


def test_experts_may_equal_the_pretrained_model_and_share_what_was_frozen():
    pretrained, _ = models()
    make(pretrained, [copied(pretrained), copied(pretrained)])
    make(pretrained, [{**pretrained, "layer.bias": torch.ones(3) * t} for t in (1, 2)])
    bank = torch.randn(2, 3, 3)  # different rows of one tensor
    make(pretrained, [{**pretrained, "layer.weight": row} for row in bank])


def test_with_one_task_the_pretrained_model_may_stand_for_the_expert():
    pretrained, _ = models()
    assert make(pretrained, [pretrained], tasks=["cars"]).experts[0] is pretrained


def test_a_negative_variance_is_refused():
    pretrained, experts = models()
    experts[1]["norm.running_var"][2] = -0.5
    with pytest.raises(fr.ConfigError, match=r"'signs' holds a negative variance in norm\.running_var, -0\.5"):
        make(pretrained, experts)


@pytest.mark.parametrize(
    ("wrong", "found"),
    [(torch.zeros(3, 3).to_sparse(), "sparse"), ([[0.0] * 3] * 3, "list"), (None, "NoneType")],
)
def test_only_dense_tensors_with_values_are_taken(wrong, found):
    pretrained, experts = models()
    with pytest.raises(fr.ConfigError, match=rf"'cars' holds .*layer\.weight.*{found}|'cars' holds {found}"):
        make(pretrained, [{**experts[0], "layer.weight": wrong}, experts[1]])
    with pytest.raises(fr.ConfigError, match="'signs' must be a mapping"):
        make(pretrained, [experts[0], list(experts[1].items())])


def test_models_without_values_are_refused():
    pretrained, experts = ({name: tensor.to("meta") for name, tensor in params.items()} for params in models(1)[1] * 2)
    with pytest.raises(fr.ConfigError, match="'pretrained' lie on the device meta"):
        make(pretrained, [experts], tasks=["cars"])


def test_gradients_and_inference_mode_do_not_reach_learners():
    pretrained, experts = models()
    experts[0]["layer.weight"].requires_grad_()
    with torch.inference_mode():
        experts[1] = {name: tensor.clone() for name, tensor in experts[1].items()}
    problem = make(pretrained, experts)
    assert not any(t.requires_grad or t.is_inference() for params in problem.experts for t in params.values())
    assert torch.equal(problem.experts[1]["layer.weight"], experts[1]["layer.weight"])


def test_models_without_floating_point_weights_are_refused():
    class Integers(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("table", torch.arange(3))

    params = {"table": torch.arange(3)}
    with pytest.raises(fr.ConfigError, match="floating-point weights"):
        make(params, [copied(params), copied(params)], model=Integers())


def test_an_architecture_with_state_that_is_no_tensor_is_refused():
    class Extra(Net):
        def get_extra_state(self):
            return {"version": 1}

    with pytest.raises(fr.ConfigError, match="_extra_state, which is no tensor"):
        make(*models(), model=Extra())


def test_the_check_leaves_models_as_they_are():
    pretrained, experts = models()
    before = copy.deepcopy([pretrained, *experts])
    problem = make(pretrained, experts)
    assert problem.pretrained is pretrained
    for params, old in zip([pretrained, *experts], before, strict=True):
        assert all(params[n].dtype == old[n].dtype for n in old)
        assert all(
            torch.equal(params[n].view(torch.uint8), old[n].view(torch.uint8)) for n in ("layer.weight", "scale")
        )


def test_an_expert_that_its_last_step_has_broken_is_not_kept():
    start = {"w": torch.ones(2)}

    def loss(params, batch):
        return (params["w"] * torch.where(torch.tensor(batch == 3), math.inf, 1.0)).sum().clamp(max=1.0)

    with pytest.raises(fr.DivergenceError, match="expert: w is NaN"):
        fine_tune(start, ["w"], loss, iter([1, 2, 3]), FineTuning(3, 1, 0.1), activity="expert")
