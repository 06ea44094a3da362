"""Pre-train the CLIP of `vision-mini` and write the weights that ship.

    python -m frontrunner.tasks.vision_mini.pretrain

Contrastive on the image-caption pairs of every domain's pretrain split. Classes repeat within a batch, so all
captions of an image's class count as its positives (UniCL, arXiv 2204.03610); with one image per class this is
CLIP's loss. Training is brief on purpose: zero-shot accuracy must leave room for experts.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
import typer
from rich.console import Console
from rich.progress import track
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch import Tensor

from ...file_digest import digest_files
from ..examples import Examples
from .clip import ASSETS, TEMPLATES, TEXT, TOKENIZER, WEIGHTS, build_clip, to_input, tokenize, zero_shot_head
from .images import load_domain, manifest

MAX_TEMPERATURE = 100.0  # as in CLIP: logits are never scaled by more


def build_tokenizer() -> Tokenizer:
    """Make a tokenizer with one token a word of the captions; the end token is the highest, where CLIP pools."""
    captions = [
        template.format(name)
        for task, templates in TEMPLATES.items()
        for template in templates
        for name in manifest()[task]["classes"]
    ]
    words = sorted({word for caption in captions for word in caption.split()})
    vocabulary = {word: i for i, word in enumerate(["<pad>", "<unknown>", "<start>", *words, "<end>"])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unknown>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>",
        special_tokens=[("<start>", vocabulary["<start>"]), ("<end>", vocabulary["<end>"])],
    )
    tokenizer.enable_truncation(TEXT["context_length"])
    return tokenizer


def contrastive_loss(images: Tensor, texts: Tensor, classes: Tensor, scale: Tensor) -> Tensor:
    """Return the mean of image-to-text and text-to-image cross-entropies, spread over the pairs of one class.

    Args:
        images, texts: (n, d), L2-normalised; row i of both is one pair.
        classes: (n,) ids, equal where captions name the same class of the same domain.
        scale: the temperature, which multiplies cosine similarities.
    """
    logits = scale * images @ texts.T
    positives = (classes[:, None] == classes[None, :]).float()
    positives = positives / positives.sum(dim=1, keepdim=True)
    return (F.cross_entropy(logits, positives) + F.cross_entropy(logits.T, positives)) / 2


def pretrain(steps: int = 145, batch_size: int = 256, lr: float = 1e-3, seed: int = 0, out: Path = ASSETS) -> None:
    """Train both towers and write `clip.safetensors` and `tokenizer.json` into OUT."""
    console = Console()
    device = torch.device("cpu")
    torch.set_num_threads(1)  # the same weights however many cores there are
    torch.manual_seed(seed)  # open_clip draws initial weights from the default generator; this is a script
    tokenizer = build_tokenizer()
    model = build_clip(tokenizer.get_vocab_size())
    domains = {task: load_domain(task, device) for task in TEMPLATES}

    images, captions, classes = [], [], []
    offset = 0
    for task, domain in domains.items():
        part = domain.splits["pretrain"]
        images.append(_images(part))
        classes.append(part.labels + offset)
        offset += len(domain.classes)
        captions += [
            tokenize(tokenizer, [template.format(name) for template in TEMPLATES[task]]) for name in domain.classes
        ]
    pairs = Examples(torch.cat(images), torch.cat(classes))

    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=lr, total_steps=steps)
    stream = pairs.stream(batch_size, generator)
    model.train()
    for _ in track(range(steps), f"pre-training on {len(pairs)} pairs", console=console):
        batch = next(stream)
        choice = torch.randint(2, (batch_size,), generator=generator).tolist()
        tokens = torch.stack(
            [captions[c][k % len(captions[c])] for c, k in zip(batch.labels.tolist(), choice, strict=True)]
        )
        loss = contrastive_loss(
            model.encode_image(to_input(_images(batch)), normalize=True),
            model.encode_text(tokens, normalize=True),
            batch.labels,
            model.logit_scale.exp().clamp(max=MAX_TEMPERATURE),
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    model.eval()

    tokenizer.save(str(out / TOKENIZER.name))
    made = {
        "command": "python -m frontrunner.tasks.vision_mini.pretrain",
        "steps": steps,
        "batch_size": batch_size,
        "lr": lr,
        "seed": seed,
        "torch": torch.__version__,
        "data": digest_files(ASSETS / "manifest.json"),
    }
    save_file(
        {name: tensor.contiguous() for name, tensor in model.state_dict().items()},
        out / WEIGHTS.name,
        metadata={"made": json.dumps(made)},
    )
    for task, domain in domains.items():
        head = zero_shot_head(model, tokenizer, task, domain.classes)
        val = domain.splits["val"]
        with torch.no_grad():
            hits = head(model.encode_image(to_input(_images(val)))).argmax(dim=1) == val.labels
        console.print(f"{task:10s} zero-shot validation accuracy {100 * float(hits.float().mean()):.1f} %")


def _images(examples: Examples) -> Tensor:
    assert isinstance(examples.inputs, Tensor)  # for the type checker
    return examples.inputs


if __name__ == "__main__":
    typer.run(pretrain)
