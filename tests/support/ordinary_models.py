"""Small networks as people bring them, and a problem of two classifications for any of them.

All draw their weights from a seed of their own; none needs a download.
"""

import dataclasses
import functools
from collections import namedtuple

import torch
from torch import nn
from torch.utils import checkpoint

import frontrunner as fr

WIDTH = 12
"""Length of what a head reads."""


def tiny_gpt2(**options):
    """GPT-2 of transformers, which returns a ModelOutput with a cache, into which its attention writes."""
    from transformers import GPT2Config, GPT2Model

    return GPT2Model(
        GPT2Config(
            n_layer=2, n_embd=WIDTH, n_head=2, n_positions=8, vocab_size=40, bos_token_id=0, eos_token_id=0, **options
        )
    )


def tiny_bert():
    """BERT of transformers, which attends to every token, padding or not."""
    from transformers import BertConfig, BertModel

    shape = {"num_hidden_layers": 1, "hidden_size": WIDTH, "num_attention_heads": 2, "intermediate_size": 20}
    return BertModel(BertConfig(vocab_size=40, max_position_embeddings=8, pad_token_id=0, **shape))


def tiny_llama():
    """Llama of transformers, with gated feed-forward blocks and fewer keys than queries."""
    from transformers import LlamaConfig, LlamaModel

    shape = {"num_hidden_layers": 1, "hidden_size": WIDTH, "num_attention_heads": 2, "num_key_value_heads": 1}
    ids = {"pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 0}
    return LlamaModel(LlamaConfig(vocab_size=40, intermediate_size=20, max_position_embeddings=8, **shape, **ids))


def tiny_vit(**options):
    """A vision transformer of open_clip."""
    from open_clip.transformer import VisionTransformer

    return VisionTransformer(
        image_size=8, patch_size=4, width=16, layers=2, heads=2, mlp_ratio=2.0, output_dim=WIDTH, **options
    )


def checkpointed_vit(use_reentrant=False):
    """The same with activation checkpointing, by today's default or by that of older versions."""
    model = tiny_vit()
    model.set_grad_checkpointing()
    if use_reentrant:
        model.transformer.forward = functools.partial(_reentrant_blocks, model.transformer)
    return model


def _reentrant_blocks(transformer, x, attn_mask=None):
    for block in transformer.resblocks:
        x = checkpoint.checkpoint(block, x, None, None, attn_mask, use_reentrant=True)
    return x


def tiny_resnet():
    """A ResNet of torchvision with one block a stage and an eighth of the channels."""
    from torchvision.models.resnet import BasicBlock, ResNet

    class Narrow(ResNet):
        def _make_layer(self, block, planes, *args, **kwargs):
            return super()._make_layer(block, planes // 8, *args, **kwargs)

    model = Narrow(BasicBlock, [1, 1, 1, 1])
    model.fc = nn.Linear(64, WIDTH)
    return model


def tiny_convnext():
    """A ConvNeXt of torchvision with one block a stage."""
    from torchvision.models.convnext import CNBlockConfig, ConvNeXt

    return ConvNeXt([CNBlockConfig(8, 16, 1), CNBlockConfig(16, None, 1)], num_classes=WIDTH)


def tiny_mobilenet():
    """A MobileNetV2 of torchvision, as EfficientNets are made: inverted residuals with batch normalisation."""
    from torchvision.models import MobileNetV2

    residuals = [[1, 8, 1, 1], [2, 8, 1, 2]]  # expansion, channels, blocks, stride
    model = MobileNetV2(inverted_residual_setting=residuals, width_mult=1.0, round_nearest=8)
    model.features[0][0] = nn.Conv2d(3, 32, 3, padding=1, bias=False)
    model.features[-1] = nn.Sequential(nn.Conv2d(8, 16, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU6())
    model.classifier = nn.Linear(16, WIDTH)
    return model


class Recurrent(nn.Module):
    """An LSTM over tokens, whose batch is the second dimension unless `batch_first`; a deep one goes both ways."""

    def __init__(self, batch_first=False, layers=1, kind=nn.LSTM):
        super().__init__()
        self.embed = nn.Embedding(40, 8)
        deep = layers > 1
        self.lstm = kind(8, WIDTH // (1 + deep), batch_first=batch_first, num_layers=layers, bidirectional=deep)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, WIDTH))

    def forward(self, tokens):
        embedded = self.embed(tokens)
        outputs, _ = self.lstm(embedded if self.lstm.batch_first else embedded.transpose(0, 1))
        return self.mlp(outputs[:, -1] if self.lstm.batch_first else outputs[-1])


Pair = namedtuple("Pair", ["features", "other"])


@dataclasses.dataclass(frozen=True)
class Named:
    features: torch.Tensor
    other: object = None


CONTAINERS = {
    "dict": lambda features, other: {"features": features, "other": [other]},
    "list": lambda features, other: [features, other],
    "tuple": lambda features, other: (features, (other, None)),
    "named tuple": Pair,
    "dataclass": Named,
}


class Returning(nn.Module):
    """Blocks that return a container, and so does the model."""

    class Block(nn.Module):
        def __init__(self, container):
            super().__init__()
            self.linear = nn.Linear(WIDTH, WIDTH)
            self.container = container

        def forward(self, hidden):
            return CONTAINERS[self.container](hidden + torch.tanh(self.linear(hidden)), hidden)

    def __init__(self, container):
        super().__init__()
        self.embed = nn.Linear(16, WIDTH)
        self.blocks = nn.ModuleList(nn.ModuleDict({"mlp": self.Block(container)}) for _ in range(2))
        self.container = container

    def forward(self, inputs):
        hidden = self.embed(inputs)
        for block in self.blocks:
            hidden = first_of(block["mlp"](hidden))
        return CONTAINERS[self.container](hidden, hidden.detach())


class Uncopied(nn.Module):
    """A module that refuses to be copied."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(16, WIDTH)
        self.mlp = self.Block()

    class Block(nn.Sequential):
        def __init__(self):
            super().__init__(nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, WIDTH))

        def __copy__(self):
            raise TypeError("cannot be copied")

        def __reduce_ex__(self, protocol):
            raise TypeError("cannot be pickled")

    def forward(self, inputs):
        return self.mlp(self.embed(inputs))


class TokensFirst(nn.Module):
    """A transformer whose tokens come first and examples second, with `tokens` of them."""

    def __init__(self, tokens=8):
        super().__init__()
        self.embed = nn.Linear(16 // tokens, WIDTH)
        self.tokens = tokens
        self.attn = nn.MultiheadAttention(WIDTH, 2)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, WIDTH))

    def forward(self, inputs):
        hidden = self.embed(inputs.view(len(inputs), self.tokens, -1)).transpose(0, 1)
        hidden = hidden + self.attn(hidden, hidden, hidden, need_weights=False)[0]
        return (hidden + self.mlp(hidden)).mean(dim=0)


class Masked(nn.Module):
    """Attention with a mask of (tokens, tokens) and position ids, whose lengths can be the number of examples."""

    def __init__(self, tokens=8):
        super().__init__()
        self.embed = nn.Linear(16 // tokens, WIDTH)
        self.tokens = tokens
        self.attn = self.Attention()

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.positions = nn.Embedding(8, WIDTH)
            self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
            self.out = nn.Linear(WIDTH, WIDTH)

        def forward(self, hidden, mask, *, position_ids):
            q, k, v = self.qkv(hidden + self.positions(position_ids)).chunk(3, dim=-1)
            return self.out(nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask))

    def forward(self, inputs):
        hidden = self.embed(inputs.view(len(inputs), self.tokens, -1))
        mask = torch.ones(self.tokens, self.tokens, dtype=torch.bool).tril()
        return (hidden + self.attn(hidden, mask, position_ids=torch.arange(self.tokens))).mean(dim=1)


def first_of(outputs):
    """The features among whatever a model returns."""
    if isinstance(outputs, torch.Tensor):
        return outputs
    if hasattr(outputs, "last_hidden_state"):
        return outputs.last_hidden_state[:, -1]
    if isinstance(outputs, dict):
        return outputs["features"]
    return outputs[0] if isinstance(outputs, (list, tuple)) else outputs.features


class Head(nn.Module):
    """Classifies the features among whatever a model returns."""

    def __init__(self, classes=3):
        super().__init__()
        self.linear = nn.Linear(WIDTH, classes)

    def forward(self, outputs):
        return self.linear(first_of(outputs))


IMAGES, TOKENS, MASKED, NUMBERS = "images", "tokens", "masked tokens", "numbers"

MODELS = {
    "gpt2": (tiny_gpt2, TOKENS),
    "gpt2, no cache": (functools.partial(tiny_gpt2, use_cache=False), TOKENS),
    "lstm": (Recurrent, TOKENS),
    "lstm, batch first": (functools.partial(Recurrent, batch_first=True), TOKENS),
    "deep lstm": (functools.partial(Recurrent, layers=2), TOKENS),
    "gru": (functools.partial(Recurrent, batch_first=True, kind=nn.GRU), TOKENS),
    "bert": (tiny_bert, TOKENS),
    "llama": (tiny_llama, TOKENS),
    "convnext": (tiny_convnext, IMAGES),
    "mobilenet": (tiny_mobilenet, IMAGES),
    **{f"returns a {name}": (functools.partial(Returning, name), NUMBERS) for name in CONTAINERS},
    "vit": (tiny_vit, IMAGES),
    "checkpointed vit": (checkpointed_vit, IMAGES),
    "checkpointed vit, reentrant": (functools.partial(checkpointed_vit, use_reentrant=True), IMAGES),
    "resnet": (tiny_resnet, IMAGES),
    "cannot be copied": (Uncopied, NUMBERS),
    "tokens first": (TokensFirst, NUMBERS),
    "masked": (Masked, NUMBERS),
}
"""What makes each model, and what it takes."""


def ordinary_problem(name, *, n_tasks=2, seed=0, n=24, steps=4, batch_size=4, dtype=torch.float32):
    """T random classifications by one of `MODELS`; experts are random steps away from the pre-trained model."""
    make, kind = MODELS[name]
    return problem_of(make, kind, n_tasks=n_tasks, seed=seed, n=n, steps=steps, batch_size=batch_size, dtype=dtype)


def problem_of(make, kind, *, n_tasks=2, seed=0, n=24, steps=4, batch_size=4, dtype=torch.float32):
    """The same for a model that a function makes."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = make().to(dtype)
        heads = [Head().to(dtype) for _ in range(n_tasks)]
    pretrained = {key: tensor.detach().clone() for key, tensor in model.state_dict().items()}
    trained = {key for key, _ in model.named_parameters()}

    def expert():
        return {
            key: tensor + 0.05 * torch.randn(tensor.shape, generator=generator).to(dtype)
            if key in trained
            else tensor.clone()
            for key, tensor in pretrained.items()
        }

    def examples():
        inputs = {
            IMAGES: lambda: torch.randn(n, 3, 8, 8, generator=generator).to(dtype),
            TOKENS: lambda: torch.randint(40, (n, 8), generator=generator),
            MASKED: lambda: {
                "input_ids": torch.randint(40, (n, 8), generator=generator),
                "attention_mask": (torch.arange(8) < torch.randint(3, 9, (n, 1), generator=generator)).long(),
            },
            NUMBERS: lambda: torch.randn(n, 16, generator=generator).to(dtype),
        }[kind]()
        return fr.Examples(inputs, torch.randint(3, (n,), generator=generator))

    return fr.ClassificationProblem(
        name="ordinary",
        tasks=[f"task{t}" for t in range(n_tasks)],
        model=model,
        pretrained=pretrained,
        experts=[expert() for _ in range(n_tasks)],
        budget=fr.Budget(steps=steps, batch_size=batch_size, lr=1e-3),
        data=[{split: examples() for split in ("train", "val", "test")} for _ in range(n_tasks)],
        heads=heads,
        run=_with_mask if kind == MASKED else None,
    )


def _with_mask(model, inputs):
    """Calls a model on two tensors by name, and returns the state of the first token, which is no padding."""
    return model(**inputs).last_hidden_state[:, 0]
