"""Losses and gradients of models as people bring them are those of a plain loop over tasks."""

import fnmatch

import pytest
import torch
from ordinary_models import IMAGES, MODELS, NUMBERS, Masked, TokensFirst, ordinary_problem, problem_of
from thinned import thinned

import frontrunner as fr

SIZES = [(2, 4), (8, 1), (3, 3)]
"""Tasks and examples of each; the models have eight tokens, as many as there are examples in the first two."""
OWN = ["*", "*mlp*", "*attn*", "*weight"]
"""Weights that differ between tasks."""
CLOSE = {"atol": 1e-9, "rtol": 1e-9}
"""In double precision; a wrong split is off by some hundredths."""


def without_checkpoints(name):
    return "vit" if name.startswith("checkpointed") else name


def plain_loop(problem, models, batch):
    """What `losses_by_model` should give, by torch alone."""
    losses = []
    for t, params in enumerate(models):
        outputs = torch.func.functional_call(problem.model, dict(params), (batch[t].inputs,), tie_weights=False)
        losses.append(torch.nn.functional.cross_entropy(problem.heads[t](outputs), batch[t].labels))
    return torch.stack(losses)


def models_with_leaves(problem, pattern):
    """The pre-trained model once a task, with leaves of their own for some parameters; and all leaves."""
    chosen = [name for name, _ in problem.model.named_parameters() if fnmatch.fnmatch(name, pattern)]
    models = [
        {name: t.clone().requires_grad_() if name in chosen else t for name, t in problem.pretrained.items()}
        for _ in range(problem.n_tasks)
    ]
    return models, [model[name] for model in models for name in chosen]


def gradients(losses, leaves):
    found = torch.autograd.grad(losses.sum(), leaves, allow_unused=True)
    return [torch.zeros_like(leaf) if g is None else g for g, leaf in zip(found, leaves, strict=True)]


def one_batch(problem, size):
    return next(problem.batches("train", size, torch.Generator().manual_seed(0)))


@pytest.mark.parametrize(("name", "tasks_and_size"), thinned(list(MODELS), SIZES, every=3))
def test_losses_and_gradients_are_those_of_a_loop_over_tasks(name, tasks_and_size):
    n_tasks, size = tasks_and_size
    problem = ordinary_problem(name, n_tasks=n_tasks, dtype=torch.float64)
    plain = ordinary_problem(without_checkpoints(name), n_tasks=n_tasks, dtype=torch.float64)
    batch = one_batch(problem, size)
    expected = plain_loop(plain, [plain.pretrained] * n_tasks, batch)
    torch.testing.assert_close(problem.losses(problem.pretrained, batch), expected, **CLOSE)
    for pattern in OWN:
        models, leaves = models_with_leaves(problem, pattern)
        reference, reference_leaves = models_with_leaves(plain, pattern)
        if not leaves:
            continue
        losses, expected = problem.losses_by_model(models, batch), plain_loop(plain, reference, batch)
        torch.testing.assert_close(losses, expected, **CLOSE)
        for found, right in zip(gradients(losses, leaves), gradients(expected, reference_leaves), strict=True):
            torch.testing.assert_close(found, right, **CLOSE)


def passes(problem, pattern, size=4):
    models, _ = models_with_leaves(problem, pattern)
    batch = one_batch(problem, size)
    problem.losses_by_model(models, batch)
    before = problem.forward_passes
    problem.losses_by_model(models, batch)
    return problem.forward_passes - before


ONE_PASS = [
    ("gpt2", "*mlp*"),
    ("gpt2, no cache", "*attn*"),
    ("gpt2, no cache", "*"),
    ("lstm", "*mlp*"),
    ("returns a dict", "*mlp*"),
    ("returns a list", "*mlp*"),
    ("returns a named tuple", "*mlp*"),
    ("returns a dataclass", "*mlp*"),
    ("vit", "*mlp*"),
    ("checkpointed vit", "*mlp*"),
    ("checkpointed vit, reentrant", "*attn*"),
    ("resnet", "*"),
    ("cannot be copied", "*mlp*"),
]


@pytest.mark.parametrize(("name", "pattern"), ONE_PASS)
def test_these_take_one_pass(name, pattern):
    assert passes(ordinary_problem(name, n_tasks=3), pattern) == 1


def test_modules_that_take_tokens_for_examples_run_task_by_task():
    """The multilayer perceptron's losses would be right, since it looks at no two tokens at once."""
    for tokens, n_passes in ((8, 2), (4, 2)):
        problem = problem_of(lambda tokens=tokens: TokensFirst(tokens), NUMBERS)
        assert passes(problem, "mlp*") == n_passes


def test_a_mask_is_taken_for_examples_only_where_its_length_is_theirs_and_then_noticed():
    for tokens, n_passes in ((8, 2), (4, 1)):
        assert passes(problem_of(lambda tokens=tokens: Masked(tokens), NUMBERS), "attn*") == n_passes


class MixesExamples(torch.nn.Module):
    """What it gives for an example depends on which others are there."""

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(16, 12)

    def forward(self, inputs):
        features = self.linear(inputs)
        return features - features.mean(dim=0)


def test_losses_of_a_model_that_mixes_examples_are_those_of_each_task_alone():
    problem = problem_of(MixesExamples, NUMBERS)
    batch = one_batch(problem, 4)
    losses = problem.losses(problem.pretrained, batch)
    torch.testing.assert_close(losses, plain_loop(problem, [problem.pretrained] * 2, batch))
    before = problem.forward_passes
    problem.losses(problem.pretrained, batch)
    assert problem.forward_passes - before == 2


def test_a_model_that_recomputes_in_a_way_of_its_own_is_refused_before_the_first_step():
    class Own(torch.autograd.Function):
        @staticmethod
        def forward(ctx, module, inputs):
            ctx.module = module
            ctx.save_for_backward(inputs)
            return module(inputs)

        @staticmethod
        def backward(ctx, gradient):
            inputs = ctx.saved_tensors[0].detach().requires_grad_()
            with torch.enable_grad():
                torch.autograd.backward(ctx.module(inputs), gradient)
            return None, inputs.grad

    class Model(MixesExamples):
        def forward(self, inputs):
            return Own.apply(self.linear, inputs)

    problem = problem_of(Model, NUMBERS)
    for name in ("ls", "pwe-moe-epo"):
        options = {"upscale": "all"} if name.startswith("pwe") else {}
        with pytest.raises(fr.UnsupportedError, match="Model runs parts of itself again in the backward pass"):
            fr.make_learner(name, steps=2, **options).fit(problem, fr.simplex_grid(2, 3), fr.Context())


def test_evaluation_reads_whatever_a_model_returns():
    for name in ("gpt2", "returns a dict", "returns a dataclass"):
        problem = ordinary_problem(name)
        found = problem.evaluate(problem.experts[0], "test")
        whole = [problem.data[t]["test"] for t in range(2)]
        torch.testing.assert_close(
            torch.as_tensor(found.loss).float(), plain_loop(problem, [problem.experts[0]] * 2, whole)
        )


def test_images_of_another_size_are_compared_again():
    problem = ordinary_problem("resnet")
    batch = one_batch(problem, 4)
    assert MODELS["resnet"][1] == IMAGES
    for edge in (8, 6):
        cut = [fr.Examples(part.inputs[..., :edge, :edge], part.labels) for part in batch]
        torch.testing.assert_close(
            problem.losses(problem.pretrained, cut), plain_loop(problem, [problem.pretrained] * 2, cut)
        )
