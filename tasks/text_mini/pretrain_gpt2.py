"""Pre-train the GPT-2 of `text-mini` as a language model and write the folder that ships.

    python -m frontrunner.tasks.text_mini.pretrain_gpt2

Texts are those of every task's pretrain split and further ones of the same sources; none of them is in a split that
experts are trained or tested on. The tokenizer's vocabulary is learnt from the same texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
import typer
from rich.console import Console
from rich.progress import track
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from torch import Tensor

from ...file_digest import digest_files
from ..shipped_data.manifest import file_entry, manifest_text
from .gpt2 import END, FILES, FOLDER, PAD, SIZES
from .texts import ASSETS, load_corpus

HELD_OUT = 50
"""One text in so many is left out of training, to see how well others are predicted."""


def build_tokenizer(corpus: Sequence[str], vocabulary: int = SIZES["vocab_size"]) -> Tokenizer:
    """Learn a byte-level BPE like GPT-2's from texts, in lower case since texts are few."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    return tokenizer


def blocks(texts: Sequence[Sequence[int]], end: int, length: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Yield blocks (`length`,) of token numbers forever: all texts, in a new order every time, each ended by `end`."""
    rest = torch.empty(0, dtype=torch.long)
    while True:
        order = torch.randperm(len(texts), generator=generator).tolist()
        joined = torch.tensor([token for index in order for token in (*texts[index], end)])
        parts = torch.split(torch.cat([rest, joined]), length)
        yield from parts[:-1]
        rest = parts[-1]


def language_loss(model: Any, tokens: Tensor) -> Tensor:
    """Return the mean cross-entropy of every next token of blocks (n, length)."""
    logits = model(input_ids=tokens).logits[:, :-1]
    return F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())


def pretrain(steps: int = 10_000, batch_size: int = 32, lr: float = 2e-3, seed: int = 0, out: Path = FOLDER) -> None:
    """Train the tokenizer and the language model and write its folder to OUT."""
    from transformers import GPT2Config, GPT2LMHeadModel

    console = Console()
    torch.set_num_threads(2)  # the same weights however many cores there are
    torch.manual_seed(seed)  # initial weights are drawn from the default generator; this is a script
    corpus = load_corpus()
    tokenizer = build_tokenizer(corpus)
    vocabulary = tokenizer.get_vocab()
    pad, end = vocabulary[PAD], vocabulary[END]
    encoded = [encoding.ids for encoding in tokenizer.encode_batch(corpus)]
    held_out, texts = encoded[::HELD_OUT], [ids for k, ids in enumerate(encoded) if k % HELD_OUT]
    numbers: dict[str, Any] = {**SIZES, "pad_token_id": pad, "bos_token_id": end, "eos_token_id": end}
    # No dropout: the texts are too many, for the steps there are, to be learnt by heart.
    numbers |= {"embd_pdrop": 0.0, "attn_pdrop": 0.0, "resid_pdrop": 0.0}
    # GPT-2's activation, in the implementation that torch computes in one pass.
    config = GPT2Config(**numbers, activation_function="gelu_pytorch_tanh")
    model: Any = GPT2LMHeadModel(config)
    generator = torch.Generator().manual_seed(seed)
    stream = blocks(texts, end, SIZES["n_positions"], generator)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=lr, total_steps=steps, pct_start=0.1)
    model.train()
    for _ in track(range(steps), f"pre-training on {sum(map(len, texts)):,} tokens", console=console):
        loss = language_loss(model, torch.stack([next(stream) for _ in range(batch_size)]))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch declares no types for it
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    model.eval()
    others = blocks(held_out, end, SIZES["n_positions"], generator)
    with torch.no_grad():
        unseen = language_loss(model, torch.stack([next(others) for _ in range(256)]))
    console.print(f"mean cross-entropy of the next token: {loss:.3f} at the end, {unseen:.3f} on texts left out")

    out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(out / "tokenizer.json"))
    model.config.architectures = ["GPT2LMHeadModel"]
    model.config.save_pretrained(out)
    made = {
        "command": "python -m frontrunner.tasks.text_mini.pretrain_gpt2",
        "steps": steps,
        "batch_size": batch_size,
        "lr": lr,
        "seed": seed,
        "torch": torch.__version__,
        "data": digest_files(ASSETS / "manifest.json"),
    }
    save_file(
        {
            name: tensor.half().contiguous()
            for name, tensor in model.transformer.state_dict(prefix="transformer.").items()
        },
        out / "model.safetensors",
        metadata={"format": "pt"},
    )
    files = {name: file_entry(name, (out / name).read_bytes()) for name in FILES}
    (out / "manifest.json").write_text(manifest_text({"version": 1, "made": made, "files": files}), encoding="utf-8")


if __name__ == "__main__":
    typer.run(pretrain)
