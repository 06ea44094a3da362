"""Members of one set that begin alike: what they share runs once, and nobody's results change by a bit."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import nn

import frontrunner as fr
from frontrunner.harness.running.evaluate import evaluate_members
from frontrunner.tasks.shared_prefix import SharedPrefix

N = 7
MEMBERS = 5


class Residual(nn.Module):
    """Adds in place to what a shared module returned."""

    def __init__(self):
        super().__init__()
        self.conv, self.late, self.end = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 1), nn.Flatten()

    def forward(self, images):
        found = self.conv(images)
        found += self.late(found)
        return self.end(found).relu_()[:, :6]


class Attention(nn.Module):
    """Its attention reads the weights of a module in it without calling that."""

    def __init__(self):
        super().__init__()
        self.embed, self.attention = nn.Linear(8, 6), nn.MultiheadAttention(6, 2, batch_first=True)
        self.norm = nn.LayerNorm(6)

    def forward(self, images):
        tokens = self.embed(images.flatten(2)[..., :8])
        found, _ = self.attention(tokens, tokens, tokens)
        return self.norm(tokens + found).mean(dim=1)


class OwnWeight(nn.Module):
    """Multiplies by a weight of its own between two modules."""

    def __init__(self):
        super().__init__()
        self.first, self.scale, self.second = nn.Linear(8, 6), nn.Parameter(torch.ones(6)), nn.Linear(6, 6)

    def forward(self, images):
        return self.second(self.first(images.flatten(1)[:, :8]).tanh() * self.scale)


class Remembering(nn.Module):
    """Hands something on beside what it returns."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(8, 6), nn.Linear(6, 6)

    def forward(self, images):
        return self.last(self.first(images) + self.first.seen[:, :6])


class Seen(nn.Linear):
    def forward(self, inputs):
        self.seen = inputs * 2
        return super().forward(inputs)


def remembering():
    model = Remembering()
    model.first = Seen(8, 6)
    return nn.Sequential(nn.Flatten(), Cut(), model)


class Cut(nn.Module):
    def forward(self, values):
        return values[:, :8]


class Deciding(nn.Module):
    """Goes another way where values say so."""

    def __init__(self):
        super().__init__()
        self.cut, self.first, self.other, self.last = Cut(), nn.Linear(8, 6), nn.Linear(8, 6), nn.Linear(6, 6)

    def forward(self, images):
        values = self.cut(images.flatten(1))
        found = self.first(values) if bool(values.sum() > 3) else self.other(values)
        return self.last(found)


class Indexing(nn.Module):
    """Looks something up between two shared modules; the second checks what it was given on the way there."""

    def __init__(self, refuses=None):
        super().__init__()
        self.places, self.table, self.last = Places(), nn.Embedding(4, 6), nn.Linear(6, 6)
        self.refuses = refuses

    def forward(self, images):
        found = self.places(images)
        if self.refuses is not None:
            assert found.shape == images.shape[:1]
            self.refuses(found)
        return self.last(self.table(found + 1).tanh())


class Places(nn.Module):
    def forward(self, images):
        return (images.flatten(1).sum(dim=1) > 0).long()


def refusing():
    """Fails where all places are 0, which none of the batches has."""
    return Indexing(lambda found: [][0] if found.shape[0] > 1 and found.numpy().max() == 0 else None)


class NoSingles(nn.Module):
    """Takes no batch of one example."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(8, 6), nn.Linear(6, 6)

    def forward(self, images):
        assert len(images) > 1
        return self.last(self.first(images.flatten(1)[:, :8]))


def convolutional():
    """With an activation that writes to what a shared module returned."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.Conv2d(4, 6, 3),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.reader, self.last = nn.LSTM(8, 6, batch_first=True), nn.Linear(6, 6)

    def forward(self, images):
        return self.last(self.reader(images.flatten(2)[..., :8])[0][:, -1])


# model -> weights that differ between members, and how many of a member's two passes begin with what is kept
MODELS = {
    "convolutions": (convolutional, ["3.weight"], 2),
    "everything differs": (convolutional, ["0.weight", "1.weight", "3.weight"], 0),
    "an addition in place": (Residual, ["late.weight"], 2),
    "attention whose last layer differs": (Attention, ["attention.out_proj.weight"], 2),
    "attention before a norm that differs": (Attention, ["norm.weight"], 2),
    "a weight between modules": (OwnWeight, ["scale"], 2),
    "a value beside the outputs": (remembering, ["2.last.weight"], 0),
    "a decision by values, which the second pass takes otherwise": (Deciding, ["last.weight"], 1),
    "places in a table": (Indexing, ["last.weight"], 2),
    "values that nobody needs but looks at": (refusing, ["last.weight"], 0),
    "a recurrent layer": (Recurrent, ["last.bias"], 2),
}


def problem_of(make, n_tasks=2):
    torch.manual_seed(0)
    model = make().eval()
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    generator = torch.Generator().manual_seed(0)

    def split():
        images = torch.randn(N, 3, 6, 6, generator=generator)
        return fr.Examples(images, torch.randint(0, 3, (N,), generator=generator))

    data = [{name: split() for name in ("train", "val", "test")} for _ in range(n_tasks)]
    return fr.ClassificationProblem(
        name="p",
        tasks=[f"t{t}" for t in range(n_tasks)],
        model=model,
        pretrained=weights,
        experts=[
            {n: w + 0.1 * (t + 1) if w.is_floating_point() else w for n, w in weights.items()} for t in range(n_tasks)
        ],
        budget=fr.Budget(1, 2),
        data=data,
        heads=[nn.Linear(6, 3) for _ in range(n_tasks)],
    )


def members_of(problem, names):
    generator = torch.Generator().manual_seed(1)
    for _ in range(MEMBERS):
        yield {
            **problem.pretrained,
            **{n: torch.randn(problem.pretrained[n].shape, generator=generator) for n in names},
        }


def found(problem, members, prefix=None):
    """The losses and errors of every member, as bytes."""
    results = []
    for params in members:
        if prefix is None:
            results.append(problem.evaluate(params, "test"))
        else:
            with prefix.member(params):
                results.append(problem.evaluate(params, "test"))
    return [one.loss.tobytes() + np.concatenate(one.wrong).tobytes() for one in results]


@pytest.mark.parametrize("case", MODELS)
def test_results_are_equal_to_the_byte(case):
    make, names, shared = MODELS[case]
    problem = problem_of(make)
    prefix = SharedPrefix(problem, 10**6)
    expected = found(problem, members_of(problem, names))
    assert len(set(expected)) == MEMBERS
    assert found(problem, members_of(problem, names), prefix) == expected
    # The first tells nothing, the second is kept; passes of the others begin with that.
    assert prefix.passes_shared == shared * (MEMBERS - 2)
    assert not any("forward" in vars(module) for module in problem.model.modules())


def counted(module):
    """A list that grows whenever the module computes."""
    calls, kind = [], type(module)

    def forward(self, *args):
        calls.append(1)
        return kind.forward(self, *args)

    module.__class__ = type("Counted", (kind,), {"forward": forward})
    return calls


def test_what_is_shared_does_not_run_again():
    problem = problem_of(convolutional)
    prefix = SharedPrefix(problem, 10**6)
    first, last = (counted(problem.model[k]) for k in (0, 3))
    found(problem, members_of(problem, ["3.weight"]), prefix)
    assert len(last) > len(first) > 0
    both = len(first)
    with prefix.member({**problem.pretrained, "3.weight": problem.pretrained["3.weight"] * 2}):
        problem.evaluate(problem.pretrained, "val")  # of another split: all of it runs
    assert len(first) > both


def test_a_model_that_takes_no_single_example_runs_as_ever():
    problem = problem_of(lambda: nn.Sequential(nn.Flatten(), Cut(), nn.Linear(8, 6), nn.Linear(6, 6)))
    names = ["3.weight"]
    strict = NoSingles()
    expected = found(problem, members_of(problem, names))
    problem.model.forward = strict.forward  # somebody else's forward is left alone
    prefix = SharedPrefix(problem, 10**6)
    with prefix.member(dict(problem.pretrained)):
        pass
    assert problem.model.__dict__["forward"] == strict.forward
    del problem.model.__dict__["forward"]
    assert found(problem, members_of(problem, names), prefix) == expected


def test_members_that_stop_sharing_a_weight_are_told_apart():
    problem = problem_of(convolutional)
    few = list(members_of(problem, ["3.weight"]))
    others = list(members_of(problem, ["0.weight", "3.weight"]))
    mixed = [*few[:3], *others[:3], *few[3:]]
    prefix = SharedPrefix(problem, 10**6)
    assert found(problem, mixed, prefix) == found(problem, mixed)
    assert prefix.passes_shared == 2


def test_a_shared_weight_that_is_written_to_is_noticed():
    problem = problem_of(convolutional)
    members = list(members_of(problem, ["3.weight"]))
    prefix = SharedPrefix(problem, 10**6)
    found(problem, members, prefix)
    problem.pretrained["0.weight"].mul_(2)
    assert found(problem, members, prefix) == found(problem, members)


class Sampling(fr.ClassificationProblem):
    """Evaluates on other examples every time."""

    draws = torch.Generator().manual_seed(0)

    def examples(self, t, split):
        every = super().examples(t, split)
        return every.take(torch.randint(0, N, (N,), generator=self.draws))


def test_other_examples_are_told_from_those_that_are_kept():
    problem = problem_of(convolutional)
    problem.__class__ = Sampling
    Sampling.draws.manual_seed(5)
    expected = found(problem, members_of(problem, ["3.weight"]))
    Sampling.draws.manual_seed(5)
    prefix = SharedPrefix(problem, 10**6)
    assert found(problem, members_of(problem, ["3.weight"]), prefix) == expected
    assert prefix.passes_shared == 0


@pytest.mark.parametrize(("max_bytes", "passes"), [(0, 0), (10, 0), (N * 4 * 16 * 4, 1), (10**6, 2)])
def test_no_more_is_kept_than_there_is_room_for(max_bytes, passes):
    problem = problem_of(convolutional)
    prefix = SharedPrefix(problem, max_bytes)
    expected = found(problem, members_of(problem, ["3.weight"]))
    assert found(problem, members_of(problem, ["3.weight"]), prefix) == expected
    assert prefix.passes_shared == passes * (MEMBERS - 2)


def test_training_in_the_meantime_is_left_alone():
    problem = problem_of(convolutional)
    prefix = SharedPrefix(problem, 10**6)
    batch = next(problem.batches("train", 3, torch.Generator().manual_seed(0)))
    for params in members_of(problem, ["3.weight"]):
        leaf = params["3.weight"].requires_grad_()
        with prefix.member(params):
            loss = problem.losses(params, batch).sum()
        assert torch.autograd.grad(loss, leaf)[0].abs().sum() > 0
    assert prefix.passes_shared == 0


@pytest.mark.parametrize("upscale", ["mlp", "all"])
def test_a_front_is_equal_to_the_byte(upscale):
    def make():
        return nn.Sequential(nn.Flatten(), Cut(), nn.Linear(8, 8), Block(), Block(), nn.Linear(8, 6))

    problem = problem_of(make)
    learner = fr.make_learner("pwe-moe-ls", upscale=upscale, steps=1)
    pareto_set = learner.fit(problem, fr.simplex_grid(2, 2), fr.Context())
    grid = fr.simplex_grid(2, 6)
    calls = counted(problem.model[2])
    evaluation = evaluate_members(problem, pareto_set, grid, "test")
    shared = len(calls)
    plain = [problem.evaluate(pareto_set.solve(row), "test") for row in grid]
    assert evaluation.loss.tobytes() == np.array([one.loss for one in plain]).tobytes()
    assert evaluation.error.tobytes() == np.array([one.error for one in plain]).tobytes()
    assert (shared < len(grid) * 2) == (upscale == "mlp")


class Block(nn.Module):
    """As in a transformer, so that its feed-forward part is found."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.mlp = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))

    def forward(self, values):
        return values + self.mlp(F.normalize(self.norm(values), dim=-1))
