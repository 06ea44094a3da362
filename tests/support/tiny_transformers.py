"""Tiny classifiers of transformers with random weights, saved as their makers save them."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file

from frontrunner.tasks.datasets.image_format import ImageFormat
from frontrunner.tasks.weight_files.stored_weights import StoredWeights

WIDTHS = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
TOKENS = {"vocab_size": 60, "eos_token_id": 59, "bos_token_id": 58, "max_position_embeddings": 64}
FORMAT = ImageFormat(size=32, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
IMAGES = {"image_size": 32, "patch_size": 16}
TEXT_MODELS = {
    "GPT2": {
        "n_embd": 16,
        "n_layer": 2,
        "n_head": 2,
        "n_positions": 64,
        "vocab_size": 60,
        "eos_token_id": 59,
        "bos_token_id": 58,
    },
    "Bert": {**WIDTHS, "vocab_size": 60},
    "DistilBert": {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32, "vocab_size": 60},
    "Roberta": {**WIDTHS, **TOKENS, "type_vocab_size": 1},
    "Llama": {**WIDTHS, **TOKENS},
}
STAGES = {"hidden_sizes": [8, 8, 8, 8], "depths": [1, 1, 1, 1]}
IMAGE_MODELS = {
    "ViT": {**WIDTHS, **IMAGES},
    "DeiT": {**WIDTHS, **IMAGES},
    "ConvNext": STAGES,
    "ResNet": {"embedding_size": 8, "hidden_sizes": [8, 8], "depths": [1, 1], "layer_type": "basic"},
    "Swin": {
        "image_size": 32,
        "patch_size": 4,
        "embed_dim": 8,
        "depths": [1, 1],
        "num_heads": [2, 2],
        "window_size": 4,
    },
}


def make_model(name, n_classes=3, *, seed=0, kind=None, **changes):
    """Return a model with every weight at random; `kind` is the end of its class, of classification when None."""
    import transformers

    given = {**TEXT_MODELS, **IMAGE_MODELS}[name]
    task = kind or ("ForSequenceClassification" if name in TEXT_MODELS else "ForImageClassification")
    torch.manual_seed(seed)
    config = getattr(transformers, f"{name}Config")(**{**given, "num_labels": n_classes, **changes})
    model = getattr(transformers, name + task)(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
        for buffer_name, buffer in model.named_buffers():
            if "running" in buffer_name:
                buffer.add_(0.1 * torch.rand_like(buffer))
    return model


def saved(model, folder):
    """Save a model as the library does, and return what is read of it."""
    model.save_pretrained(folder)
    return stored_in(folder)


def stored_in(folder):
    """Return what is in a folder that the library wrote."""
    config = json.loads((Path(folder) / "config.json").read_text())
    return StoredWeights(load_file(Path(folder) / "model.safetensors"), str(folder), config, "0" * 64)


def changed(stored, tensors=None, config=None):
    """Return stored weights with other tensors or keys of the configuration; None takes one out."""
    held = {**stored.tensors, **(tensors or {})}
    stated = {**stored.config, **(config or {})}
    return StoredWeights(
        {name: tensor for name, tensor in held.items() if tensor is not None},
        stored.source,
        {key: value for key, value in stated.items() if value is not None},
        stored.digest,
    )


def inputs_of(name, n=3):
    """Return what a tiny model takes, by its own argument's names."""
    generator = torch.Generator().manual_seed(5)
    if name in IMAGE_MODELS:
        return {"pixel_values": torch.randn(n, 3, 32, 32, generator=generator)}
    ids = torch.randint(5, 50, (n, 9), generator=generator)
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
