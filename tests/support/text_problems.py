"""Real language and vision models of transformers, tiny, on texts of several lengths, and problems over them.

Weights are random; none needs a download. Inputs are mappings, features are made by run functions, and classes differ
in number from task to task.
"""

import functools

import torch
from torch import nn

import frontrunner as fr

WIDTH, VOCABULARY, PAD = 16, 60, 0
"""Features, token numbers (texts have those from 1 on), and what fills up."""


def gpt2():
    from transformers import GPT2Config, GPT2Model

    config = GPT2Config(
        n_layer=2,
        n_embd=WIDTH,
        n_head=2,
        n_positions=32,
        vocab_size=VOCABULARY,
        n_inner=2 * WIDTH,
        bos_token_id=None,
        eos_token_id=None,
        initializer_range=0.3,
    )
    return GPT2Model(config)


def llama():
    from transformers import LlamaConfig, LlamaModel

    config = LlamaConfig(
        num_hidden_layers=2,
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=VOCABULARY,
        max_position_embeddings=32,
        initializer_range=0.3,
    )
    return LlamaModel(config)


def bert():
    from transformers import BertConfig, BertModel

    config = BertConfig(
        num_hidden_layers=2,
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_attention_heads=2,
        vocab_size=VOCABULARY,
        max_position_embeddings=32,
        initializer_range=0.3,
    )
    return BertModel(config)


def vit():
    from transformers import ViTConfig, ViTModel

    config = ViTConfig(
        num_hidden_layers=2,
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_attention_heads=2,
        image_size=8,
        patch_size=4,
    )
    return ViTModel(config)


def last_token(encoder, inputs):
    """Features (n, WIDTH) at the last token of every text, wherever its padding is."""
    mask = inputs["attention_mask"]
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
    outputs = encoder(input_ids=inputs["input_ids"], attention_mask=mask, position_ids=positions, use_cache=False)
    last = (mask * torch.arange(mask.shape[1], device=mask.device)).argmax(dim=1)
    return outputs.last_hidden_state[torch.arange(len(mask), device=mask.device), last]


def first_token(encoder, inputs):
    """Features at the first token."""
    mask = inputs["attention_mask"]
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
    hidden = encoder(input_ids=inputs["input_ids"], attention_mask=mask, position_ids=positions).last_hidden_state
    return hidden[torch.arange(len(mask), device=mask.device), mask.argmax(dim=1)]


def whole_output(encoder, inputs):
    """A ModelOutput; heads look for what they need."""
    return encoder(pixel_values=inputs["pixel_values"])


class Pooled(nn.Linear):
    """Reads the pooled features of a ModelOutput."""

    def forward(self, outputs):
        return super().forward(outputs.pooler_output)


MODELS = {"gpt2": (gpt2, last_token), "llama": (llama, last_token), "bert": (bert, first_token)}
"""Language models: what makes each, and how it is run."""


def texts(n, length, generator):
    """Random texts (n, length) padded on the right; one in four fills all of it."""
    lengths = torch.randint(2, length + 1, (n,), generator=generator)
    lengths[::4] = length
    mask = (torch.arange(length) < lengths[:, None]).to(torch.uint8)
    ids = torch.randint(1, VOCABULARY, (n, length), generator=generator)
    return {"input_ids": torch.where(mask.bool(), ids, PAD).to(torch.uint8), "attention_mask": mask}


def padded(inputs, left=0, right=0):
    """The same texts with more padding."""
    fill = {"input_ids": PAD, "attention_mask": 0}
    return {k: nn.functional.pad(v, (left, right), value=fill[k]) for k, v in inputs.items()}


def trimmed(inputs):
    """Texts without columns that are padding in all of them."""
    used = inputs["attention_mask"].any(dim=0).nonzero().flatten()
    return {name: tensor[:, int(used[0]) : int(used[-1]) + 1] for name, tensor in inputs.items()}


def joined_texts(parts):
    """Texts of several batches, padded to the longest."""
    width = max(part["input_ids"].shape[1] for part in parts)
    wide = [padded(part, right=width - part["input_ids"].shape[1]) for part in parts]
    return {name: torch.cat([part[name] for part in wide]) for name in wide[0]}


def as_integers(inputs):
    return {name: tensor.long() for name, tensor in inputs.items()}


def text_problem(name="gpt2", *, classes=(2, 3), lengths=(5, 9, 7), n=24, seed=0, dtype=torch.float32, **budget):
    """A task of random texts for every number of classes; task t's texts have `lengths[t]` tokens at most."""
    make, run = MODELS[name]
    inputs = [functools.partial(texts, n, length) for _, length in zip(classes, lengths, strict=False)]
    options = {"to_input": as_integers, "run": run, "trim": trimmed, "join": joined_texts}
    return _problem(make, inputs, [nn.Linear] * len(classes), classes, n, seed, dtype, budget, options)


def image_problem(*, classes=(2, 3), n=24, seed=0, dtype=torch.float32, **budget):
    """The same for a vision transformer, whose heads are given its ModelOutput."""

    def images(generator):
        return {"pixel_values": torch.randn(n, 3, 8, 8, generator=generator).to(dtype)}

    options = {"run": whole_output}
    return _problem(vit, [images] * len(classes), [Pooled] * len(classes), classes, n, seed, dtype, budget, options)


def _problem(make, inputs, head_types, classes, n, seed, dtype, budget, options):
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = make().to(dtype)
        heads = [head(WIDTH, k, bias=False).to(dtype) for head, k in zip(head_types, classes, strict=True)]
    pretrained = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}

    def changed(tensor):
        return tensor + 0.05 * torch.randn(tensor.shape, generator=generator).to(dtype)

    experts = [{k: changed(v) if v.is_floating_point() else v for k, v in pretrained.items()} for _ in classes]

    def examples(t):
        return fr.Examples(inputs[t](generator=generator), torch.randint(classes[t], (n,), generator=generator))

    return fr.ClassificationProblem(
        name=f"tiny-{type(model).__name__.lower()}",
        tasks=[f"task{t}" for t in range(len(classes))],
        model=model,
        pretrained=pretrained,
        experts=experts,
        budget=fr.Budget(**{"steps": 4, "batch_size": 4, "lr": 1e-3, **budget}),
        data=[{split: examples(t) for split in ("train", "val", "test")} for t in range(len(classes))],
        heads=heads,
        **options,
    )
