"""Models of transformers on padded texts: one pass for all tasks is right, and padding changes nothing."""

import fnmatch

import pytest
import torch
from text_problems import MODELS, as_integers, image_problem, joined_texts, padded, text_problem, texts, trimmed
from torch import nn

import frontrunner as fr
from frontrunner.tasks.batch_kinds import kind_of_batch
from frontrunner.tasks.pass_size import PassSize

CASES = [
    *(("gpt2", pattern) for pattern in ("*.mlp.*", "*.attn.*", "h.*", "*")),
    *(("llama", pattern) for pattern in ("*.mlp.*", "*.self_attn.*", "layers.*", "*")),
    *(("bert", pattern) for pattern in ("*.intermediate.*", "*.attention.*", "encoder.layer.*", "*")),
    *(("vit", pattern) for pattern in ("*.mlp.*", "*.attention.*", "layers.*", "*")),
]
"""Models, and which weights differ between tasks."""
CLOSE = {"atol": 1e-9, "rtol": 1e-9}
"""In double precision."""


def problem_over(name, **options):
    make = image_problem if name == "vit" else lambda **more: text_problem(name, **more)
    return make(classes=(2, 3, 4), dtype=torch.float64, **options)


def models_with_leaves(problem, pattern):
    chosen = [name for name, _ in problem.model.named_parameters() if fnmatch.fnmatch(name, pattern)]
    assert chosen
    models = [
        {name: w.clone().requires_grad_() if name in chosen else w for name, w in params.items()}
        for params in [problem.pretrained] * problem.n_tasks
    ]
    return models, [model[name] for model in models for name in chosen]


def gradients(losses, leaves):
    found = torch.autograd.grad(losses.sum(), leaves, allow_unused=True)
    return [torch.zeros_like(leaf) if g is None else g for g, leaf in zip(found, leaves, strict=True)]


def batches(problem, n, size=3):
    stream = problem.batches("train", size, torch.Generator().manual_seed(0))
    return [next(stream) for _ in range(n)]


@pytest.mark.parametrize(("name", "pattern"), CASES)
def test_one_pass_of_differing_models_gives_what_a_pass_a_task_gives(name, pattern):
    problem = problem_over(name)
    models, leaves = models_with_leaves(problem, pattern)
    for batch in batches(problem, 3):
        before = problem.forward_passes
        together = problem.losses_by_model(models, batch)
        assert problem.forward_passes - before == 1
        apart = fr.Problem.losses_by_model(problem, models, batch)
        torch.testing.assert_close(together, apart, **CLOSE)
        torch.testing.assert_close(gradients(together, leaves), gradients(apart, leaves), **CLOSE)
        torch.testing.assert_close(problem.losses(problem.pretrained, batch), apart, **CLOSE)


@pytest.mark.parametrize("name", MODELS)
def test_batches_are_texts_of_several_lengths(name):
    problem = problem_over(name)
    for batch in batches(problem, 2):
        masks = [part.inputs["attention_mask"] for part in batch]
        assert len({mask.shape[1] for mask in masks}) > 1  # what the tests above are about
        assert all(mask[:, -1].any() for mask in masks)
        assert any((mask == 0).any() for mask in masks)


@pytest.mark.parametrize("sides", [{"right": 3}, {"left": 3}, {"left": 2, "right": 1}], ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_padding_changes_no_answer(name, sides):
    """Under merged weights, and under each task's own; single precision, as models are used."""
    problem = text_problem(name)
    rows = [problem.data[t]["test"].inputs for t in range(2)]
    merged = {k: (a + b) / 2 if a.is_floating_point() else a for (k, a), b in zip(*both(problem.experts), strict=True)}

    def logits(t, params, inputs):
        return problem.heads[t](problem.forward(params, problem.to_input(inputs)))

    def alone(t, params):
        single = [
            {k: v[i : i + 1, : int(rows[t]["attention_mask"][i].sum())] for k, v in rows[t].items()} for i in range(8)
        ]
        return torch.cat([logits(t, params, one) for one in single])

    with torch.no_grad():
        for t in range(2):
            batch = padded({k: v[:8] for k, v in rows[t].items()}, **sides)
            torch.testing.assert_close(logits(t, merged, batch), alone(t, merged), atol=1e-5, rtol=0)
        batch = [
            fr.Examples(padded({k: v[:8] for k, v in rows[t].items()}, **sides), problem.data[t]["test"].labels[:8])
            for t in range(2)
        ]
        expected = [
            nn.functional.cross_entropy(alone(t, problem.experts[t]), batch[t].labels, reduction="mean")
            for t in range(2)
        ]
        torch.testing.assert_close(
            problem.losses_by_model(problem.experts, batch), torch.stack(expected), atol=1e-5, rtol=0
        )


def both(experts):
    first, second = experts
    return list(first.items()), [second[name] for name in first]


def test_without_its_mask_padding_would_change_answers():
    """The differences that the tests above exclude are large."""
    problem = text_problem("bert")
    inputs = {k: v[:1] for k, v in problem.data[0]["test"].inputs.items()}
    wrong = padded(inputs, right=3) | {"attention_mask": torch.ones(1, 8, dtype=torch.uint8)}
    features = [problem.forward(problem.pretrained, problem.to_input(x)) for x in (inputs, wrong)]
    assert (features[0] - features[1]).abs().max() > 0.1


def test_evaluation_takes_trimmed_batches_and_finds_the_same_as_whole_rows(monkeypatch):
    problem, whole = text_problem(n=60), text_problem(n=60)
    whole.trim = lambda inputs: inputs
    widths = []
    problem.model.register_forward_pre_hook(
        lambda _, __, named: widths.append(named["input_ids"].shape[1]), with_kwargs=True
    )
    problem.data[0]["test"].inputs["attention_mask"][:, 4:] = 0
    whole.data[0]["test"].inputs["attention_mask"][:, 4:] = 0
    found, expected = (p.evaluate(p.experts[1], "test") for p in (problem, whole))
    assert found.error.tolist() == expected.error.tolist()
    assert found.loss == pytest.approx(expected.loss, abs=1e-6)
    assert min(widths) == 4
    monkeypatch.setattr(PassSize, "n_examples", lambda *_: 1)
    widths.clear()
    found = problem.evaluate(problem.experts[1], "test")
    assert found.loss == pytest.approx(expected.loss, abs=1e-6)
    lengths = [int(mask.sum()) for t in range(2) for mask in problem.data[t]["test"].inputs["attention_mask"]]
    assert widths == lengths  # each batch is as wide as it needs to be


class Mean(nn.Module):
    """Looks at padding, too."""

    def __init__(self):
        super().__init__()
        self.embed, self.mlp = nn.Embedding(60, 8), nn.Linear(8, 16)

    def forward(self, ids):
        return self.mlp(self.embed(ids)).mean(dim=1)


class ByPosition(Mean):
    """Hands a table (tokens, 1) to the module that runs by task, where it is taken for examples if it is as long."""

    class Scaled(nn.Linear):
        def forward(self, hidden, table):
            return super().forward(hidden * table)

    def __init__(self):
        super().__init__()
        self.mlp = self.Scaled(8, 16)

    def forward(self, ids):
        return self.mlp(self.embed(ids), torch.arange(1.0, ids.shape[1] + 1)[:, None]).mean(dim=1)


def two_tasks(model):
    params = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    generator = torch.Generator().manual_seed(0)
    data = [
        {split: fr.Examples(texts(8, 6, generator), torch.arange(8) % 2) for split in ("train", "val", "test")}
        for _ in range(2)
    ]
    return fr.ClassificationProblem(
        name="mean",
        tasks=["one", "other"],
        model=model,
        pretrained=params,
        experts=[{k: v + 0.1 * (t + 1) for k, v in params.items()} for t in range(2)],
        budget=fr.Budget(steps=1, batch_size=2),
        data=data,
        heads=[nn.Linear(16, 2) for _ in range(2)],
        to_input=as_integers,
        run=lambda encoder, inputs: encoder(inputs["input_ids"]),
        trim=trimmed,
        join=joined_texts,
    )


@pytest.mark.parametrize(
    ("model", "shapes"),
    [
        (Mean, [((4, 15), (4, 15)), ((4, 15), (4, 12)), ((4, 15), (4, 15))]),
        (ByPosition, [((1, 4), (1, 4)), ((1, 2), (1, 2)), ((1, 6), (1, 6)), ((1, 1), (1, 1))]),
    ],
)
def test_a_batch_of_other_lengths_is_compared_again_where_that_may_matter(model, shapes):
    """Of another kind is a batch with padding after one without, and one as long as it has examples."""
    problem = two_tasks(model())
    models, leaves = models_with_leaves(problem, "mlp*")
    generator = torch.Generator().manual_seed(1)
    for pair in shapes:
        batch = []
        for n, length in pair:
            full = {"input_ids": torch.randint(1, 60, (n, length), generator=generator)}
            batch.append(
                fr.Examples(full | {"attention_mask": torch.ones(n, length, dtype=torch.uint8)}, torch.arange(n) % 2)
            )
        found, expected = problem.losses_by_model(models, batch), fr.Problem.losses_by_model(problem, models, batch)
        torch.testing.assert_close(found, expected)
        torch.testing.assert_close(gradients(found, leaves), gradients(expected, leaves))
        torch.testing.assert_close(problem.losses(problem.pretrained, batch), expected)


def test_lengths_alone_make_no_other_kind():
    def kind(*shapes, dtype=torch.long):
        return kind_of_batch([{"ids": torch.zeros(shape, dtype=dtype)} for shape in shapes])

    usual = kind((4, 20), (4, 30))
    assert usual == kind((4, 31), (4, 25))
    others = [kind((4, 30), (4, 30)), kind((5, 30), (3, 20)), kind((4, 7), (4, 8)), kind((4, 4), (4, 2))]
    assert len({usual, *others}) == 5
    assert usual != kind((4, 20), (4, 30), dtype=torch.int32)
    floats = [kind((4, 20), (4, length), dtype=torch.float32) for length in (20, 30)]
    assert floats[0] != floats[1]
