"""text-mini: a small GPT-2 whose heads are trained with their experts, and never merged."""

import shutil

import numpy as np
import pytest
import torch
from quick_suites import barely_train
from torch.func import functional_call

import frontrunner as fr
from frontrunner.tasks.classification import ClassificationProblem
from frontrunner.tasks.examples import Examples
from frontrunner.tasks.text_mini import baselines, gpt2, pretrain_gpt2
from frontrunner.tasks.text_mini.text_mini_suite import TextMini
from frontrunner.tasks.text_mini.texts import load_task

CPU = torch.device("cpu")
SHORT_FITS = {
    "steps": 2,
    "batch_size": 4,
    "n_examples": 4,
    "samples": 2,
    "evaluations": 7,
    "population": 4,
    "generations": 2,
    "points": 3,
}
"""Where a learner has such options."""


@pytest.fixture(scope="module")
def problem(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        barely_train(monkeypatch, tmp_path_factory.mktemp("cache"))
        yield fr.load_problem("text-mini", ["glosses", "sentiment"])


def few_examples(problem, n=12):
    """The same problem with a few examples of every split, short and long ones."""
    data = [
        {split: examples.take(torch.linspace(0, len(examples) - 1, n).long()) for split, examples in splits.items()}
        for splits in problem.data
    ]
    return ClassificationProblem(
        name=problem.name,
        tasks=problem.tasks,
        model=problem.model,
        pretrained=problem.pretrained,
        experts=problem.experts,
        budget=problem.budget,
        data=data,
        heads=problem.heads,
        to_input=problem.to_input,
        run=problem.run,
        trim=problem.trim,
        join=problem.join,
    )


def padded(text, side, width=64):
    """One stored text as wide as asked for, with padding on one side, whose tokens are no padding tokens."""
    ids, mask = (text[name] for name in ("input_ids", "attention_mask"))
    n_tokens = int(mask.sum())
    beyond = width - n_tokens
    around = (beyond, 0) if side == "left" else (0, beyond)
    filler = torch.nn.functional.pad(ids[:, :n_tokens], around, value=7)
    return {"input_ids": filler, "attention_mask": torch.nn.functional.pad(mask[:, :n_tokens], around, value=0)}


def logits_of(problem, t, params, inputs):
    examples = Examples(inputs, torch.zeros(len(inputs["input_ids"]), dtype=torch.long))
    with torch.no_grad():
        return problem.log_probabilities(t, params, [examples] * problem.n_tasks)


def short_fit(method, problem):
    known = fr.make_learner(method).config
    options = {name: value for name, value in SHORT_FITS.items() if hasattr(known, name)}
    return fr.make_learner(method, **options).fit(problem, fr.simplex_grid(2, 3), fr.Context())


def test_the_model_is_a_gpt2_of_transformers_without_a_head(problem):
    assert type(problem.model).__name__ == "GPT2Model"
    assert sum(parameter.numel() for parameter in problem.model.parameters()) < 1.5e6
    assert set(problem.pretrained) == set(problem.model.state_dict())
    assert all(tensor.dtype == torch.float32 for tensor in problem.pretrained.values())
    assert [head.classifier.score.weight.shape for head in problem.heads] == [(8, 128), (2, 128)]
    assert problem.model.config.architectures == ["GPT2LMHeadModel"]  # as its maker wrote
    assert problem.model.config.num_labels == 2  # the library's own number


@pytest.mark.parametrize("damage", ["missing", "truncated", "another"])
@pytest.mark.parametrize("name", [*gpt2.FILES, "manifest.json"])
def test_a_damaged_file_of_the_model_is_one_sentence(name, damage, tmp_path, monkeypatch):
    folder = tmp_path / "gpt2"
    shutil.copytree(gpt2.FOLDER, folder)
    content = (folder / name).read_bytes()
    (folder / name).unlink()
    if damage == "truncated":
        (folder / name).write_bytes(content[: len(content) // 2])
    elif damage == "another":  # one that can still be read
        middle = len(content) // 2
        at = next(k for k in range(middle, len(content)) if content[k : k + 1].isdigit())
        other = b"1" if content[at : at + 1] != b"1" else b"2"
        (folder / name).write_bytes(content[:at] + other + content[at + 1 :])
    monkeypatch.setattr(gpt2, "FOLDER", folder)
    with pytest.raises(fr.DataError, match="reinstall frontrunner") as caught:
        gpt2.load_gpt2(CPU)
    assert "\n" not in str(caught.value)


def test_a_head_is_trained_with_its_expert_and_kept_with_it(problem, tmp_path, monkeypatch):
    backbone = gpt2.gpt2_backbone()
    start = backbone.random_head(8, torch.Generator().manual_seed(0))
    assert not torch.equal(problem.heads[0].classifier.score.weight, start.classifier.score.weight)
    again = fr.load_problem("text-mini", ["sentiment", "glosses"])  # read from the cache
    for own, same in ((0, 1), (1, 0)):
        assert torch.equal(problem.heads[own].classifier.score.weight, again.heads[same].classifier.score.weight)
        assert all(torch.equal(tensor, again.experts[same][name]) for name, tensor in problem.experts[own].items())
    barely_train(monkeypatch, tmp_path)
    (anew,) = fr.load_problem("text-mini", ["glosses"]).heads
    assert torch.equal(problem.heads[0].classifier.score.weight, anew.classifier.score.weight)
    (other,) = fr.load_problem("text-mini", ["glosses"], seed=1).heads
    assert not torch.equal(other.classifier.score.weight, anew.classifier.score.weight)


def test_heads_stay_outside_of_what_is_merged_and_are_frozen(problem):
    names = set(problem.pretrained)
    assert all(set(expert) == names for expert in problem.experts)
    assert not any("score" in name or "head" in name for name in names)
    assert not any(parameter.requires_grad for head in problem.heads for parameter in head.parameters())


def test_texts_are_stored_from_the_shortest_to_the_longest(problem):
    for t, task in enumerate(problem.tasks):
        lengths = problem.examples(t, "test").inputs["attention_mask"].sum(dim=1)
        assert (lengths.diff() >= 0).all(), task
        assert lengths[0] < lengths[-1]


ONE_A_KIND = ("interpolation", "pwe-moe-ls", "pareto-merging", "phn-ls", "cosmos", "ls")
"""Methods of which no two make their models in the same way."""


@pytest.mark.parametrize(
    "method", [pytest.param(name, marks=() if name in ONE_A_KIND else pytest.mark.slow) for name in fr.list_methods()]
)
def test_padding_never_changes_an_answer_of_a_merged_model(problem, method):
    few = few_examples(problem)
    found = short_fit(method, few)
    for _, _, params in found.members(fr.simplex_grid(2, 2)):
        for t in range(2):
            texts = few.examples(t, "test").inputs
            ones = [{name: tensor[k : k + 1] for name, tensor in texts.items()} for k in (0, 5, 11)]
            alone = torch.cat([logits_of(few, t, params, few.trim(one)) for one in ones])
            for side in ("left", "right"):
                parts = [padded(one, side) for one in ones]
                batch = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
                torch.testing.assert_close(logits_of(few, t, params, batch), alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("rule", ["mlp", "attn+mlp", "all"])
def test_padding_never_changes_a_loss_of_a_task_that_runs_in_a_segment(problem, rule):
    """Two tasks of different lengths go through one pass, each with merged weights of its own."""
    few = few_examples(problem)
    learner = fr.make_learner("pwe-moe-epo", upscale=rule, steps=1, batch_size=6)
    found = learner.fit(few, fr.simplex_grid(2, 2), fr.Context())
    models = [found.solve([0.2, 0.8]), found.solve([0.9, 0.1])]
    batch = next(few.batches("train", 6, torch.Generator().manual_seed(0)))
    assert batch[0].inputs["input_ids"].shape != batch[1].inputs["input_ids"].shape
    with torch.no_grad():
        passes = few.forward_passes
        together = few.losses_by_model(models, batch)
        assert few.forward_passes == passes + 1
        for t, params in enumerate(models):
            alone = [
                few.task_loss(t, params, [few.as_batch(batch[t].between(k, k + 1))] * 2) for k in range(len(batch[t]))
            ]
            assert float(torch.stack(alone).mean()) == pytest.approx(float(together[t]), abs=1e-5)


def test_features_and_head_give_what_transformers_own_classifier_gives(problem, tmp_path):
    from transformers import GPT2Config, GPT2ForSequenceClassification

    config = GPT2Config.from_pretrained(gpt2.FOLDER, num_labels=8)
    model = GPT2ForSequenceClassification(config).eval()
    model.transformer.load_state_dict(problem.experts[0])
    model.score.load_state_dict(problem.heads[0].classifier.score.state_dict())
    texts = {name: t.long() for name, t in problem.examples(0, "test").inputs.items()}
    with torch.no_grad():
        theirs = model(**{name: tensor[::100] for name, tensor in texts.items()}).logits
        ours = functional_call(
            problem.heads[0],
            {},
            (
                problem.features(
                    problem.experts[0], Examples({k: v[::100] for k, v in texts.items()}, torch.zeros(10).long())
                ),
            ),
        )
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


def test_blocks_hold_every_text_once_an_epoch_each_ended():
    texts = [[10, 11], [20], [30, 31, 32], [40]]
    stream = pretrain_gpt2.blocks(texts, 1, 4, torch.Generator().manual_seed(0))
    tokens = torch.cat([next(stream) for _ in range(11)]).tolist()  # four epochs of eleven tokens
    for epoch in range(4):
        part = tokens[11 * epoch : 11 * epoch + 11]
        assert sorted(part) == sorted([token for text in texts for token in (*text, 1)])
        assert part[-1] == 1
    assert tokens[:11] != tokens[11:22]


def test_the_tokenizer_knows_every_character_and_no_text_holds_what_pads():
    tokenizer = pretrain_gpt2.build_tokenizer(["Some words, some more.", "Wörter"] * 20, vocabulary=300)
    for text in ("some wörter", "ein satz mit 漢字", "ŝanĝi 😀"):
        assert tokenizer.decode(tokenizer.encode(text.upper()).ids).strip() == text
    shipped = gpt2.gpt2_backbone().inputs
    assert shipped.tokenizer.get_vocab_size() == gpt2.SIZES["vocab_size"]
    pad = shipped.pad_token_id
    for task in TextMini.tasks:
        for split in load_task(task).splits.values():
            assert not any(pad in encoding.ids for encoding in shipped.tokenizer.encode_batch(split.texts))


def test_loss_of_the_language_model_is_that_of_the_next_token():
    class NextIsTwice(torch.nn.Module):
        def forward(self, input_ids):
            found = torch.full((*input_ids.shape, 16), -50.0)
            found.scatter_(2, (2 * input_ids % 16)[..., None], 50.0)
            return type("Output", (), {"logits": found})

    assert float(pretrain_gpt2.language_loss(NextIsTwice(), torch.tensor([[1, 2, 4, 8]]))) == pytest.approx(0)
    assert float(pretrain_gpt2.language_loss(NextIsTwice(), torch.tensor([[1, 2, 4, 9]]))) > 10


def test_the_majority_is_that_of_the_train_split():
    assert baselines.majority(torch.tensor([0, 1, 1]), torch.tensor([1, 0, 1, 1])) == 0.75


@pytest.fixture(scope="module")
def table():
    problem = fr.load_problem("text-mini")
    return problem.tasks, baselines.table(problem)


@pytest.mark.slow
@pytest.mark.timeout(1800)  # five experts are fine-tuned
def test_experts_beat_majority_and_the_linear_probe_and_three_reach_tf_idf(table):
    tasks, rows = table
    own = np.array([rows[f"expert {task}"][t] for t, task in enumerate(tasks)])
    assert (own > np.array(rows["majority"])).all()
    assert (own > np.array(rows["linear probe"])).all()
    standard_error = 0.01  # of 1,000 test examples: elsewhere a few may be answered otherwise
    assert (own >= np.array(rows["TF-IDF"]) - standard_error).sum() >= 3


@pytest.mark.slow
@pytest.mark.timeout(1800)  # five experts are fine-tuned
def test_every_expert_is_far_below_another_tasks_expert_there(table):
    tasks, rows = table
    matrix = np.array([rows[f"expert {task}"] for task in tasks])
    below = np.diag(matrix)[None] - matrix
    np.fill_diagonal(below, 0)
    assert (below.max(axis=1) >= 0.2).all()
