"""Make an example of models and data as people have them: a small GPT-2, experts as transformers writes them, tables.

The sentences come from a small grammar; each task asks for one of their properties.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention

from ..progress import Progress, silent
from ..weight_files.written_tensors import write_tensors

SUBJECTS = {
    "one": ("my neighbour", "the teacher", "a child", "her brother", "the doctor"),
    "several": ("my neighbours", "the teachers", "two children", "her brothers", "the doctors"),
}
VERBS = ("like", "want", "mention", "remember", "follow")
TENSES = ("past", "present", "future")
ADJECTIVES = {
    "negative": ("awful", "boring", "terrible", "poor", "dull"),
    "positive": ("great", "lovely", "excellent", "wonderful", "fine"),
}
NOUNS = {
    "food": ("soup", "bread", "cake", "salad"),
    "music": ("song", "concert", "melody", "band"),
    "sport": ("match", "race", "game", "goal"),
    "weather": ("storm", "rain", "breeze", "snow"),
}
TASKS: Mapping[str, tuple[str, ...]] = {
    "sentiment": tuple(ADJECTIVES),
    "topic": tuple(NOUNS),
    "tense": TENSES,
    "number": tuple(SUBJECTS),
}
"""Tasks with the names of their classes, by label."""
BATCH_SIZE = 32
LR = 3e-3
PAD, UNKNOWN = "<pad>", "<unknown>"


@dataclass(frozen=True)
class TextExampleSize:
    """How much of an example is made."""

    pretraining_steps: int = 100
    """Of the language model that all experts start from."""
    expert_steps: int = 60
    train: int = 600
    """Sentences of a task."""
    test: int = 300


def make_text_example(folder: Path, size: TextExampleSize = TextExampleSize(), progress: Progress = silent) -> None:
    """Write a pre-trained model, an expert a task, and tables of sentences.

    Models are folders as transformers writes them, `weights/pretrained/` with the tokenizer and `weights/<task>/`;
    data are `data/<task>/<split>.tsv` with the columns `sentence` and `label`.

    Args:
        folder: where to write; created if it does not exist.
        size: how much is made.
        progress: told how the trainings go.
    """
    from transformers import GPT2Config, GPT2ForSequenceClassification, GPT2LMHeadModel, GPT2Model

    rng = np.random.default_rng(0)
    data = {}
    for task in TASKS:
        seen = set[str]()
        data[task] = {
            split: list(_sentences(rng, n, seen)) for split, n in (("train", size.train), ("test", size.test))
        }
    for task, splits in data.items():
        _write_tables(folder / "data" / task, task, splits)
    tokenizer = _tokenizer()
    settings = _settings(len(tokenizer), tokenizer.pad_token_id)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        language_model = GPT2LMHeadModel(GPT2Config(**settings))
        texts = [text for splits in data.values() for text, _ in splits["train"]]
        _pretrain(language_model, tokenizer, texts, size.pretraining_steps, rng, progress)
        base = folder / "weights" / "pretrained"
        model: GPT2Model = language_model.transformer
        _write_model(base, model)
        tokenizer.save_pretrained(base)
        for task, classes in TASKS.items():
            names = dict(enumerate(classes))
            labelled = GPT2Config(**settings, id2label=names, label2id={name: k for k, name in names.items()})
            expert = GPT2ForSequenceClassification(labelled)
            expert.transformer.load_state_dict(model.state_dict())
            _fine_tune(expert, tokenizer, task, data[task]["train"], size.expert_steps, rng, progress)
            _write_model(folder / "weights" / task, expert)


def _sentences(rng: np.random.Generator, n: int, seen: set[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield sentences that were not seen before, with their class in every task."""
    found = 0
    while found < n:
        label = {task: str(rng.choice(classes)) for task, classes in TASKS.items()}
        verb = str(rng.choice(VERBS))
        if label["tense"] == "past":
            verb = f"{verb}d" if verb.endswith("e") else f"{verb}ed"
        elif label["tense"] == "future":
            verb = f"will {verb}"
        elif label["number"] == "one":
            verb = f"{verb}s"
        subject = rng.choice(SUBJECTS[label["number"]])
        thing = f"{rng.choice(ADJECTIVES[label['sentiment']])} {rng.choice(NOUNS[label['topic']])}"
        text = f"{subject} {verb} the {thing}"
        if text not in seen:
            seen.add(text)
            found += 1
            yield text, label


def _write_tables(folder: Path, task: str, splits: Mapping[str, Sequence[tuple[str, Mapping[str, str]]]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for split, sentences in splits.items():
        with (folder / f"{split}.tsv").open("w", encoding="utf-8", newline="") as opened:
            writer = csv.writer(opened, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE)
            writer.writerow(["sentence", "label"])
            writer.writerows([text, label[task]] for text, label in sentences)


def _tokenizer() -> Any:
    """Return a tokenizer of words, which knows all of the grammar's."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import PreTrainedTokenizerFast

    inflected = [form for verb in VERBS for form in (verb, f"{verb}s", f"{verb}d", f"{verb}ed")]
    listed = [*SUBJECTS.values(), *ADJECTIVES.values(), *NOUNS.values()]
    words = {word for phrases in listed for phrase in phrases for word in phrase.split()} | {*inflected, "will", "the"}
    vocabulary = {word: number for number, word in enumerate([PAD, UNKNOWN, *sorted(words)])}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = Whitespace()
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call] # transformers declares no types for it
        tokenizer_object=tokenizer, pad_token=PAD, unk_token=UNKNOWN, model_max_length=16, padding_side="right"
    )


def _settings(n_words: int, pad: int) -> dict[str, Any]:
    """Return the architecture, as transformers' configurations write it."""
    sizes = {"vocab_size": n_words, "n_positions": 16, "n_embd": 32, "n_layer": 2, "n_head": 2}
    without_dropout = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
    return {**sizes, **without_dropout, "pad_token_id": pad, "bos_token_id": pad, "eos_token_id": pad}


def _pretrain(
    model: Any, tokenizer: Any, texts: Sequence[str], steps: int, rng: np.random.Generator, progress: Progress
) -> None:
    """Train a language model on sentences."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=LR)
    for step in range(steps):
        batch = tokenizer(
            [texts[i] for i in rng.integers(len(texts), size=BATCH_SIZE)], return_tensors="pt", padding=True
        )
        targets = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)[:, 1:]
        logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, :-1]
        _step(optimizer, F.cross_entropy(logits.flatten(0, 1), targets.flatten()))
        progress("pre-train", step + 1, steps)


def _fine_tune(
    model: Any,
    tokenizer: Any,
    task: str,
    sentences: Sequence[tuple[str, Mapping[str, str]]],
    steps: int,
    rng: np.random.Generator,
    progress: Progress,
) -> None:
    """Train a classifier on one task."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=LR)
    for step in range(steps):
        chosen = [sentences[i] for i in rng.integers(len(sentences), size=BATCH_SIZE)]
        batch = tokenizer([text for text, _ in chosen], return_tensors="pt", padding=True)
        labels = torch.tensor([TASKS[task].index(label[task]) for _, label in chosen])
        logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        _step(optimizer, F.cross_entropy(logits, labels))
        progress(f"fine-tune {task}", step + 1, steps)


def _write_model(folder: Path, model: Any) -> None:
    """Write a model as transformers does, without what that prints."""
    folder.mkdir(parents=True, exist_ok=True)
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    tensors = {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
    write_tensors(tensors, folder / "model.safetensors", {"format": "pt"})


def _step(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call] # torch declares no types for it
    optimizer.step()
