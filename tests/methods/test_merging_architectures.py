"""RegMean and Fisher merging on models that people bring: they fit, or say why not before they do."""

import collections

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations
from transformers import GPT2Config, GPT2Model

import frontrunner as fr

WIDTH, N = 8, 6
Pair = collections.namedtuple("Pair", "first second")


class LastPosition(nn.Module):
    """A GPT-2 whose last hidden state at the last position is the feature."""

    def __init__(self):
        super().__init__()
        config = GPT2Config(n_layer=2, n_embd=WIDTH, n_head=2, vocab_size=100, n_positions=16, bos_token_id=0)
        self.body = GPT2Model(GPT2Config(**{**config.to_dict(), "eos_token_id": 0}))

    def forward(self, tokens):
        return self.body(tokens).last_hidden_state[:, -1]


class Recurrent(nn.Module):
    """Linear layers around an LSTM."""

    def __init__(self):
        super().__init__()
        self.embed, self.cell, self.out = nn.Linear(3, 4), nn.LSTM(4, WIDTH, batch_first=True), nn.Linear(WIDTH, WIDTH)

    def forward(self, inputs):
        return self.out(self.cell(self.embed(inputs))[0][:, -1])


class Returning(nn.Module):
    """A linear layer in a module that returns its features in some container, beside what is no tensor."""

    def __init__(self, pack):
        super().__init__()
        self.inner, self.pack = nn.Linear(3, WIDTH), pack

    def forward(self, inputs):
        return self.pack(self.inner(inputs))


class Packed(nn.Module):
    """Submodules that return a mapping, a list and a named tuple."""

    def __init__(self):
        super().__init__()
        self.mapping = Returning(lambda found: {"features": found, "count": 1})
        self.listed = Returning(lambda found: [None, found])
        self.named = Returning(lambda found: Pair(found, found.sum()))

    def forward(self, inputs):
        return self.mapping(inputs)["features"] + self.listed(inputs)[1] + self.named(inputs).first


class Encoder(nn.Module):
    """Torch's own transformer, which has a fast path that calls no submodule."""

    def __init__(self):
        super().__init__()
        self.layers = nn.TransformerEncoder(nn.TransformerEncoderLayer(WIDTH, 2, 12, batch_first=True), 2)

    def forward(self, inputs):
        return self.layers(inputs).mean(dim=1)


class Adapter(nn.Module):
    """A linear layer that a low-rank adapter wraps, as PEFT does."""

    def __init__(self, base):
        super().__init__()
        self.base_layer = base
        self.lora_a, self.lora_b = (
            nn.Linear(base.in_features, 2, bias=False),
            nn.Linear(2, base.out_features, bias=False),
        )

    def forward(self, inputs):
        return self.base_layer(inputs) + 0.5 * self.lora_b(self.lora_a(inputs))


class Branching(nn.Module):
    """Runs the left or the right layer by the sign of a weight, and the last one never."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Parameter(torch.ones(1))
        self.left, self.right = nn.Linear(3, WIDTH), nn.Linear(3, WIDTH)
        self.out, self.unused = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, inputs):
        return self.out(self.left(inputs) if self.gate > 0 else self.right(inputs))


def convolutional():
    """Convolutions with running statistics, and a linear layer."""
    stem = [nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten()]
    return nn.Sequential(*stem, nn.Linear(16, WIDTH))


def parametrized():
    """Weights that are computed from others before they are used, and a plain layer."""
    return nn.Sequential(
        parametrizations.weight_norm(nn.Linear(3, 5)),
        nn.Tanh(),
        parametrizations.spectral_norm(nn.Linear(5, 5, bias=False)),
        nn.Linear(5, WIDTH),
    )


def resnet18():
    from torchvision.models import resnet18

    return resnet18(num_classes=WIDTH)


def tokens(n):
    return torch.randint(100, (n, 5))


# name: (architecture, inputs, weights that are solved for, layers that are averaged)
GPT2_LAYERS = ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj")
ENCODER_LAYERS = ("self_attn.in_proj_weight", "linear1.weight", "linear2.weight")
MODELS = {
    "gpt2": (
        LastPosition,
        tokens,
        [f"body.h.{layer}.{name}.weight" for layer in range(2) for name in GPT2_LAYERS],
        7,  # two embeddings, five norms
    ),
    "lstm": (Recurrent, lambda n: torch.randn(n, 4, 3), ["embed.weight", "out.weight"], 1),
    "containers": (
        Packed,
        lambda n: torch.randn(n, 3),
        ["mapping.inner.weight", "listed.inner.weight", "named.inner.weight"],
        0,
    ),
    "transformer": (
        Encoder,
        lambda n: torch.randn(n, 4, WIDTH),
        [f"layers.layers.{layer}.{name}" for layer in range(2) for name in ENCODER_LAYERS],
        6,  # norms, and the output projections of attention, which are never called
    ),
    "convolutions": (convolutional, lambda n: torch.randn(n, 1, 8, 8), ["5.weight"], 2),
    "parametrized": (parametrized, lambda n: torch.randn(n, 3), ["3.weight"], 2),
    "adapter": (
        lambda: nn.Sequential(Adapter(nn.Linear(3, WIDTH))),
        lambda n: torch.randn(n, 3),
        ["0.base_layer.weight", "0.lora_a.weight", "0.lora_b.weight"],
        0,
    ),
    "resnet18": (resnet18, lambda n: torch.randn(n, 3, 32, 32), ["fc.weight"], 40),
}
NAMES = [pytest.param(name, marks=pytest.mark.slow) if name == "resnet18" else name for name in MODELS]


def posed(model, inputs, *, n=N, change=None):
    """Two tasks for an architecture; experts are random steps away from it, and so are their running statistics."""
    pretrained = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}

    def expert(t):
        moved = {
            name: tensor + (0.2 * tensor.abs().mean() + 0.01) * (torch.rand(tensor.shape) - 0.5)
            if tensor.is_floating_point()
            else tensor.clone()
            for name, tensor in pretrained.items()
        }
        return {**moved, **(change(t) if change else {})}

    examples = [fr.Examples(inputs(n), torch.arange(n) % 3) for _ in range(2)]
    return fr.ClassificationProblem(
        name="brought",
        tasks=["first", "second"],
        model=model,
        pretrained=pretrained,
        experts=[expert(t) for t in range(2)],
        budget=fr.Budget(steps=1, batch_size=2),
        data=[dict.fromkeys(("train", "val", "test"), part) for part in examples],
        heads=[nn.Linear(WIDTH, 3) for _ in range(2)],
    )


@pytest.fixture
def bring():
    """From a name of `MODELS` to its problem, drawn without touching the global generator's state."""

    def make(name):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return posed(MODELS[name][0](), MODELS[name][1])

    return make


def fit(problem, method, **options):
    return fr.make_learner(method, **options).fit(problem, np.eye(2), fr.Context())


def mean_of(problem, preference):
    return {
        name: sum(r * expert[name] for r, expert in zip(preference, problem.experts, strict=True))
        for name, tensor in problem.pretrained.items()
        if tensor.is_floating_point()
    }


def moved_from_mean(problem, solved, preference):
    return [
        name
        for name, mean in mean_of(problem, preference).items()
        if not torch.allclose(solved[name], mean, atol=1e-6, rtol=1e-5)
    ]


def assert_answers(problem, pareto_set):
    """Corners are the experts to the bit, answers load strictly, and what they predict is finite."""
    for t, expert in enumerate(problem.experts):
        corner = pareto_set.solve(np.eye(2)[t])
        assert all(torch.equal(corner[name], expert[name]) for name in expert)
    middle = pareto_set.solve([0.4, 0.6])
    problem.model.load_state_dict(middle)
    assert all(tensor.is_contiguous() for tensor in middle.values())
    assert all(tensor.dtype == problem.pretrained[name].dtype for name, tensor in middle.items())
    assert problem.evaluate(middle, "test").finite


@pytest.mark.parametrize("name", NAMES)
def test_regmean_solves_linear_layers_and_averages_all_else(bring, name):
    problem = bring(name)
    _, _, solved_names, averaged = MODELS[name]
    pareto_set = fit(problem, "regmean", n_examples=4)
    assert_answers(problem, pareto_set)
    assert moved_from_mean(problem, pareto_set.solve([0.4, 0.6]), [0.4, 0.6]) == solved_names
    found = pareto_set.diagnostics()
    assert found == {"regmean_solved_layers": len(solved_names), "regmean_averaged_layers": averaged}


@pytest.mark.parametrize("name", NAMES)
def test_fisher_weights_every_layer_that_the_model_uses(bring, name):
    problem = bring(name)
    pareto_set = fit(problem, "fisher-merging", n_examples=1)
    assert_answers(problem, pareto_set)
    found = pareto_set.diagnostics()
    assert found["fisher_weighted_layers"] == len(MODELS[name][2]) + MODELS[name][3]
    assert found["fisher_averaged_layers"] == 0
    running = [name for name in problem.pretrained if "running" in name]
    assert not set(running) & set(moved_from_mean(problem, pareto_set.solve([0.4, 0.6]), [0.4, 0.6]))


def test_a_transposed_layer_gets_the_least_squares_of_the_pooled_inputs(bring):
    problem = bring("gpt2")
    layer = problem.model.body.h[1].mlp.c_fc
    found = fit(problem, "regmean", reduce_off_diagonal=1.0).solve([0.3, 0.7])["body.h.1.mlp.c_fc.weight"]
    inputs, outputs = [], []
    for r, expert, splits in zip((0.3, 0.7), problem.experts, problem.data, strict=True):
        seen = []
        hook = layer.register_forward_pre_hook(lambda _, args, seen=seen: seen.append(args[0].flatten(0, 1).double()))
        with torch.no_grad():
            problem.forward(expert, splits["train"].inputs)
        hook.remove()
        inputs.append(r**0.5 * seen[0])
        outputs.append(inputs[-1] @ expert["body.h.1.mlp.c_fc.weight"].double())
    pooled = torch.cat(inputs)
    expected = pooled @ torch.linalg.lstsq(pooled, torch.cat(outputs)).solution
    torch.testing.assert_close(pooled @ found.double(), expected, atol=1e-4, rtol=0)
    mean = mean_of(problem, (0.3, 0.7))["body.h.1.mlp.c_fc.weight"].double()
    assert (pooled @ mean - expected).abs().max() > 1e-3


def test_layers_that_an_expert_does_not_run_are_averaged():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        problem = posed(
            Branching(), lambda n: torch.randn(n, 3), change=lambda t: {"gate": torch.tensor([1.0 - 2.0 * t])}
        )
    pareto_set = fit(problem, "regmean")
    assert moved_from_mean(problem, pareto_set.solve([0.4, 0.6]), [0.4, 0.6]) == ["out.weight"]
    assert pareto_set.diagnostics() == {"regmean_solved_layers": 1, "regmean_averaged_layers": 4}


class WeightsOnly(nn.Module):
    """Uses the weights of a layer without calling it."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(3, WIDTH)

    def forward(self, inputs):
        return nn.functional.linear(inputs, self.inner.weight, self.inner.bias)


class RecurrentOnly(nn.Module):
    """Holds no layer but an LSTM."""

    def __init__(self):
        super().__init__()
        self.cell = nn.LSTM(3, WIDTH, batch_first=True)

    def forward(self, inputs):
        return self.cell(inputs)[0][:, -1]


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (WeightsOnly, (3,)),
        (RecurrentOnly, (4, 3)),
        (lambda: nn.Sequential(parametrizations.weight_norm(nn.Linear(3, WIDTH))), (3,)),
        (lambda: nn.Sequential(nn.Conv1d(3, WIDTH, 4), nn.Flatten()), (3, 4)),
    ],
)
def test_regmean_says_where_nothing_can_be_solved_for(make, shape):
    with torch.random.fork_rng():
        problem = posed(make(), lambda n: torch.randn(n, *shape))
    name = type(problem.model).__name__
    with pytest.raises(fr.UnsupportedError, match=f"expected an architecture with linear layers, .* none in {name}"):
        fit(problem, "regmean", n_examples=2)
    fit(problem, "fisher-merging", n_examples=1)  # has no rule by layer
