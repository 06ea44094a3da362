import gc
import weakref

import pytest
import torch
from torch import nn

import frontrunner as fr
from frontrunner.plugin_import import import_plugin
from frontrunner.tasks import segments
from frontrunner.tasks.segments import SegmentedModel


@pytest.fixture
def tiny(request):
    plugin, _ = import_plugin(request.config.rootpath / "tests" / "tiny_plugin.py")
    return plugin.tiny_problem()


def varied(problem, names, seed=0):
    """T models that differ from the pre-trained one at `names` only."""
    generator = torch.Generator().manual_seed(seed)

    def change(tensor):
        return tensor + 0.1 * torch.randn(tensor.shape, generator=generator)

    return [
        {name: change(tensor) if name in names else tensor for name, tensor in problem.pretrained.items()}
        for _ in range(problem.n_tasks)
    ]


GROUPS = {
    "one mlp": lambda name: name.startswith("blocks.0.mlp"),
    "all mlps": lambda name: ".mlp." in name,
    "blocks": lambda name: name.startswith("blocks"),
    "a layer and one of its neighbours": lambda name: name.startswith(("embed", "blocks.1.attn")),
    "a weight without its bias": lambda name: name == "embed.weight",
    "the model's own": lambda name: name == "scale",
    "everything trained": lambda name: "norm" not in name,
    "nothing": lambda name: False,
}


@pytest.mark.parametrize("group", GROUPS)
def test_losses_and_gradients_are_those_of_one_pass_a_task(group, tiny):
    chosen = [name for name in tiny.pretrained if GROUPS[group](name)]
    models = varied(tiny, chosen)
    leaves = [model[name].requires_grad_() for model in models for name in chosen]
    batch = next(tiny.batches("train", 8, torch.Generator().manual_seed(0)))
    together = tiny.losses_by_model(models, batch)
    apart = fr.Problem.losses_by_model(tiny, models, batch)
    torch.testing.assert_close(together, apart)
    if leaves:
        for first, second in zip(
            torch.autograd.grad(together.sum(), leaves), torch.autograd.grad(apart.sum(), leaves), strict=True
        ):
            torch.testing.assert_close(first, second)


def test_shared_modules_run_once_and_others_once_a_task(tiny):
    batch = next(tiny.batches("train", 8, torch.Generator().manual_seed(0)))
    models = varied(tiny, {name for name in tiny.pretrained if ".mlp." in name})
    tiny.losses_by_model(models, batch)  # the first time, it is compared with one pass a task
    calls = []
    handles = [
        tiny.model.get_submodule(name).register_forward_hook(lambda m, a, o, name=name: calls.append((name, len(o))))
        for name in ("embed", "blocks.0.attn", "blocks.0.mlp.0")
    ]
    tiny.losses_by_model(models, batch)
    for handle in handles:
        handle.remove()
    assert calls == [("embed", 24), ("blocks.0.attn", 24), *[("blocks.0.mlp.0", 8)] * 3]


def test_names_are_looked_through_once_for_the_same_differing_weights(tiny, monkeypatch):
    """Models of other differing weights are another matter, whatever came before."""
    looked, look = [], segments._to_segment

    def counted(model, own, params):
        looked.append(own)
        return look(model, own, params)

    monkeypatch.setattr(segments, "_to_segment", counted)
    run = SegmentedModel(tiny.model)
    inputs = torch.cat([part.inputs for part in next(tiny.batches("train", 8, torch.Generator().manual_seed(0)))])
    for step, group in enumerate(("all mlps", "one mlp", "all mlps", "blocks", "one mlp")):
        models = varied(tiny, {name for name in tiny.pretrained if GROUPS[group](name)}, seed=step)
        found = run(models, inputs, [8] * 3)
        for own, model, part in zip(found, models, inputs.split(8), strict=True):
            torch.testing.assert_close(own, torch.func.functional_call(tiny.model, model, (part,)))
    assert len(looked) == len(set(looked)) == 3


@pytest.mark.parametrize("group", ["one mlp", "blocks", "a layer and one of its neighbours"])
def test_models_are_freed_without_a_collection_of_garbage(group, tiny):
    """Merged copies are as large as the model: one that a cycle of references keeps is one too many."""
    inputs = torch.cat([part.inputs for part in next(tiny.batches("train", 8, torch.Generator().manual_seed(0)))])
    models = varied(tiny, {name for name in tiny.pretrained if GROUPS[group](name)})
    kept = [weakref.ref(tensor) for model in models for name, tensor in model.items() if GROUPS[group](name)]
    run = SegmentedModel(tiny.model)
    gc.disable()
    try:
        run(models, inputs, [8] * 3)
        del models
        assert [one() for one in kept] == [None] * len(kept)
    finally:
        gc.enable()


def test_the_architecture_is_left_as_it_was(tiny):
    before = {name: dict(module.__dict__) for name, module in tiny.model.named_modules()}
    batch = next(tiny.batches("train", 8, torch.Generator().manual_seed(0)))
    tiny.losses_by_model(varied(tiny, {name for name in tiny.pretrained if ".mlp." in name}), batch)
    assert {name: dict(module.__dict__) for name, module in tiny.model.named_modules()} == before


class Attention(nn.Module):
    """Attention over two tokens, with keywords and a tuple as its answer, as CLIP's towers call it."""

    def __init__(self, batch_first):
        super().__init__()
        self.norm = nn.LayerNorm(4)
        self.attn = nn.MultiheadAttention(4, 2, batch_first=batch_first)
        self.batch_first = batch_first

    def forward(self, inputs):
        tokens = self.norm(inputs.view(len(inputs), 2, 4))
        tokens = tokens if self.batch_first else tokens.transpose(0, 1)
        answer = self.attn(tokens, tokens, tokens, need_weights=False)[0]
        return (answer if self.batch_first else answer.transpose(0, 1)).flatten(1)


def models_of(module):
    params = {name: tensor.detach() for name, tensor in module.state_dict().items()}
    return [{n: t + k * 0.1 if n.startswith("attn") else t for n, t in params.items()} for k in range(2)]


def test_modules_with_keywords_and_tuples():
    module = Attention(batch_first=True).eval()
    models, inputs = models_of(module), torch.randn(5, 8, generator=torch.Generator().manual_seed(0))
    together = SegmentedModel(module)(models, inputs, [2, 3])
    apart = [torch.func.functional_call(module, m, (x,)) for m, x in zip(models, inputs.split([2, 3]), strict=True)]
    torch.testing.assert_close(together, apart)


class Pair(nn.Module):
    """Puts a model between its examples and its head."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, inputs):
        return self.inner(inputs)


class Gated(nn.Module):
    """Runs its second layer only for batches whose first example is positive, and its third never."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.never = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, inputs):
        hidden = self.first(inputs)
        return self.second(hidden) if inputs[0, 0] > 0 else hidden


class Moody(Gated):
    """Cannot join the batch's parts where its first example is negative."""

    def forward(self, inputs):
        hidden = self.first(inputs)
        if inputs[0, 0] <= 0 and len(inputs) > 3:
            raise ValueError("too many examples")
        return self.second(hidden)


def two_classifications(model):
    """Two tasks on one architecture, and a batch whose first example is positive or negative."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(2, 6, 8, generator=generator)
    labels = torch.arange(6) % 2
    pretrained = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    return fr.ClassificationProblem(
        name="two",
        tasks=["one", "other"],
        model=model,
        pretrained=pretrained,
        experts=[{n: t + 0.1 * (k + 1) for n, t in pretrained.items()} for k in range(2)],
        budget=fr.Budget(steps=1, batch_size=2),
        data=[{s: fr.Examples(x, labels) for s in ("train", "val", "test")} for x in inputs],
        heads=[nn.Linear(8, 2), nn.Linear(8, 2)],
    )


def batch_that_starts(sign):
    inputs = torch.randn(2, 3, 8, generator=torch.Generator().manual_seed(1))
    inputs[:, 0, 0] = sign
    return [fr.Examples(part, torch.tensor([0, 1, 0])) for part in inputs]


def losses_and_gradients(ways, models, batch, differing):
    leaves = [
        {name: w.clone().requires_grad_() if name.startswith(differing) else w for name, w in m.items()} for m in models
    ]
    losses = ways(leaves, batch)
    own = [w for m in leaves for name, w in m.items() if name.startswith(differing)]
    return losses, torch.autograd.grad(losses.sum(), own, allow_unused=True)


@pytest.mark.parametrize("signs", [(1, -1), (-1, 1)])
@pytest.mark.parametrize(
    ("model", "differing"),
    [(Gated, ("first", "second")), (Gated, ("first", "second", "never")), (Moody, ("first", "second"))],
)
def test_a_module_that_some_batches_do_not_run_costs_no_fit(model, differing, signs):
    """The comparison looks at the first batch; what a later one does differently is right, too."""
    problem = two_classifications(model())
    models = [problem.pretrained] * 2
    for sign in signs:
        batch = batch_that_starts(sign)
        found = losses_and_gradients(problem.losses_by_model, models, batch, differing)
        expected = losses_and_gradients(
            lambda models, batch: fr.Problem.losses_by_model(problem, models, batch), models, batch, differing
        )
        torch.testing.assert_close(found[0], expected[0])
        for one, other in zip(found[1], expected[1], strict=True):
            torch.testing.assert_close(
                torch.zeros(()) if one is None else one, torch.zeros(()) if other is None else other
            )


@pytest.mark.parametrize(("model", "expected"), [(Gated, [1, 1, 1]), (Moody, [1, 2, 2])])
def test_passes_after_a_batch_that_cannot_be_run_in_one(model, expected):
    """What never runs forces nothing; what failed once is not tried again."""
    problem = two_classifications(model())
    models = [problem.pretrained] * 2
    passes = []
    for sign in (1, -1, 1):
        before = problem.forward_passes
        losses_and_gradients(problem.losses_by_model, models, batch_that_starts(sign), ("first", "second", "never"))
        passes.append(problem.forward_passes - before)
    assert passes == expected


@pytest.mark.parametrize("with_gradients", [True, False])
def test_a_module_whose_weights_are_used_without_calling_it_is_noticed(with_gradients):
    """PyTorch's attention reads out_proj's weights; it never calls it. Equal weights, as before a training, hide it."""
    problem = two_classifications(Pair(Attention(batch_first=True)).eval())
    batch = batch_that_starts(1)
    for change in (0.0, 0.5):
        models = [
            {n: w + k * change if "out_proj" in n else w for n, w in problem.pretrained.items()} for k in range(2)
        ]
        with torch.set_grad_enabled(with_gradients):
            for model in models:
                for name in model:
                    model[name].requires_grad_(with_gradients and "out_proj" in name)
            found = problem.losses_by_model(models, batch)
            torch.testing.assert_close(found, fr.Problem.losses_by_model(problem, models, batch))


def test_a_module_with_weights_of_both_kinds_is_segmented_as_a_whole():
    """Batch norm counts batches in a whole number, which no merge changes."""
    module = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3)).eval()
    params = {name: tensor.detach() for name, tensor in module.state_dict().items()}
    models = [{n: t + k if t.is_floating_point() else t for n, t in params.items()} for k in range(2)]
    inputs = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    apart = [torch.func.functional_call(module, m, (x,)) for m, x in zip(models, inputs.split([2, 3]), strict=True)]
    torch.testing.assert_close(SegmentedModel(module)(models, inputs, [2, 3]), apart)
