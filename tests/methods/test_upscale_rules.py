"""Which modules of real architectures the rules select; names are written out, weights have no values."""

import pytest
import timm
import torch
import torchvision
import transformers
from open_clip.transformer import VisionTransformer
from ordinary_models import Recurrent, ordinary_problem
from torch import nn
from torchvision.models.convnext import CNBlockConfig

import frontrunner as fr
from frontrunner.methods.recurrent_layers import lies_in
from frontrunner.methods.whole_set.upscale_rules import resolve_rule, select_modules, weights_of_modules

SHAPE = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
TEXT = {"vocab_size": 40, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


def hugging_face(name, **options):
    return lambda: getattr(transformers, f"{name}Model")(getattr(transformers, f"{name}Config")(**options))


def timm_model(name, **options):
    return lambda: timm.create_model(name, num_classes=0, **options)


def sequential_cnn():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8, 16), nn.Linear(16, 4)
    )


# name: (architecture, mlp, attention, what else `all` takes)
TRANSFORMERS = {
    "open_clip": (
        lambda: VisionTransformer(32, 16, 16, 1, 2, 2.0, output_dim=8),
        ["transformer.resblocks.0.mlp"],
        ["transformer.resblocks.0.attn"],
        ["conv1", "ln_pre", "transformer.resblocks.0.ln_1", "transformer.resblocks.0.ln_2", "ln_post"],
    ),
    "bert": (
        hugging_face("Bert", **TEXT, **SHAPE),
        ["encoder.layer.0.intermediate", "encoder.layer.0.output.dense"],
        ["encoder.layer.0.attention"],
        [
            *(f"embeddings.{name}" for name in ("word_embeddings", "position_embeddings", "token_type_embeddings")),
            *("embeddings.LayerNorm", "encoder.layer.0.output.LayerNorm", "pooler.dense"),
        ],
    ),
    "distilbert": (
        hugging_face("DistilBert", **TEXT, dim=16, n_layers=1, n_heads=2, hidden_dim=32),
        ["transformer.layer.0.ffn"],
        ["transformer.layer.0.attention"],
        [
            *(f"embeddings.{name}" for name in ("word_embeddings", "position_embeddings", "LayerNorm")),
            *("transformer.layer.0.sa_layer_norm", "transformer.layer.0.output_layer_norm"),
        ],
    ),
    "t5": (
        lambda: (
            transformers.T5EncoderModel(
                transformers.T5Config(vocab_size=40, d_model=16, d_ff=32, d_kv=8, num_layers=1, num_heads=2)
            ).encoder
        ),
        ["block.0.layer.1.DenseReluDense"],
        ["block.0.layer.0.SelfAttention"],
        ["embed_tokens", "block.0.layer.0.layer_norm", "block.0.layer.1.layer_norm", "final_layer_norm"],
    ),
    "opt": (
        hugging_face(
            "OPT",
            **TEXT,
            hidden_size=16,
            num_hidden_layers=1,
            ffn_dim=32,
            num_attention_heads=2,
            word_embed_proj_dim=16,
        ),
        ["decoder.layers.0.fc1", "decoder.layers.0.fc2"],
        ["decoder.layers.0.self_attn"],
        [
            *("decoder.embed_tokens", "decoder.embed_positions", "decoder.final_layer_norm"),
            *("decoder.layers.0.self_attn_layer_norm", "decoder.layers.0.final_layer_norm"),
        ],
    ),
    "gpt2": (
        hugging_face("GPT2", **TEXT, n_embd=16, n_layer=1, n_head=2),
        ["h.0.mlp"],
        ["h.0.attn"],
        ["wte", "wpe", "h.0.ln_1", "h.0.ln_2", "ln_f"],
    ),
    "llama": (
        hugging_face("Llama", **TEXT, **SHAPE, num_key_value_heads=1),
        ["layers.0.mlp"],
        ["layers.0.self_attn"],
        ["embed_tokens", "layers.0.input_layernorm", "layers.0.post_attention_layernorm", "norm"],
    ),
    "deit of timm": (
        timm_model("deit_tiny_patch16_224", depth=1),
        ["blocks.0.mlp"],
        ["blocks.0.attn"],
        ["patch_embed.proj", "blocks.0.norm1", "blocks.0.norm2", "norm"],
    ),
    "swin of transformers": (
        hugging_face("Swin", image_size=16, patch_size=2, embed_dim=8, depths=[1], num_heads=[2], window_size=4),
        ["encoder.layers.0.blocks.0.mlp"],
        ["encoder.layers.0.blocks.0.attention"],
        [
            *("embeddings.patch_embeddings.projection", "embeddings.norm", "layernorm"),
            *(f"encoder.layers.0.blocks.0.layernorm_{place}" for place in ("before", "after")),
        ],
    ),
    "vit of torchvision": (  # its encoder owns the embedding of positions, and is not taken whole for that
        lambda: torchvision.models.VisionTransformer(32, 16, 1, 2, 16, 32),
        ["encoder.layers.encoder_layer_0.mlp"],
        ["encoder.layers.encoder_layer_0.self_attention"],
        ["conv_proj", "encoder.ln", "heads.head", *(f"encoder.layers.encoder_layer_0.ln_{i}" for i in (1, 2))],
    ),
    "torch": (
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 1, enable_nested_tensor=False),
        ["layers.0.linear1", "layers.0.linear2"],
        ["layers.0.self_attn"],
        ["layers.0.norm1", "layers.0.norm2"],
    ),
    "convnext of transformers": (
        hugging_face("ConvNext", hidden_sizes=[8], depths=[1], num_stages=1),
        ["encoder.stages.0.layers.0.pwconv1", "encoder.stages.0.layers.0.pwconv2"],
        [],
        [
            *("embeddings.patch_embeddings", "embeddings.layernorm", "layernorm"),
            *("encoder.stages.0.layers.0.dwconv", "encoder.stages.0.layers.0.layernorm"),
        ],
    ),
    "convnext of timm": (
        timm_model("convnext_atto", depths=(1, 1, 1, 1), dims=(8, 8, 8, 8)),
        [f"stages.{stage}.blocks.0.mlp" for stage in range(4)],
        [],
        [
            *("stem.0", "stem.1", "head.norm"),
            *(f"stages.{stage}.blocks.0.{name}" for stage in range(4) for name in ("conv_dw", "norm")),
            *(f"stages.{stage}.downsample.{i}" for stage in (1, 2, 3) for i in (0, 1)),
        ],
    ),
    "convnext of torchvision": (
        lambda: torchvision.models.ConvNeXt([CNBlockConfig(8, 16, 1), CNBlockConfig(16, None, 1)]).features,
        [f"{stage}.0.block.{i}" for stage in (1, 3) for i in (3, 5)],
        [],
        ["0.0", "0.1", "2.0", "2.1", *(f"{stage}.0.block.{i}" for stage in (1, 3) for i in (0, 2))],
    ),
}

# name: (architecture, what `all` takes)
WITHOUT_BLOCKS = {
    "resnet of transformers": (
        hugging_face("ResNet", embedding_size=8, hidden_sizes=[8], depths=[1], layer_type="basic"),
        [
            *("embedder.embedder.convolution", "embedder.embedder.normalization"),
            *(f"encoder.stages.0.layers.0.layer.{i}.{n}" for i in (0, 1) for n in ("convolution", "normalization")),
        ],
    ),
    "resnet of timm": (
        lambda: timm_model("resnet18", layers=(1, 1, 1, 1))().layer2,
        [*(f"0.{name}" for name in ("conv1", "bn1", "conv2", "bn2")), "0.downsample.0", "0.downsample.1"],
    ),
    "resnet of torchvision": (
        lambda: torchvision.models.resnet18().layer1[0],
        ["conv1", "bn1", "conv2", "bn2"],
    ),
    "inverted residual of timm": (
        lambda: timm_model("tf_efficientnet_lite0")().blocks[1][0],
        ["conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3"],
    ),
    "squeeze and excitation of torchvision": (  # narrows first, so it is no feed-forward block
        lambda: torchvision.models.efficientnet_b0().features[1][0],
        ["block.0.0", "block.0.1", "block.1.fc1", "block.1.fc2", "block.2.0", "block.2.1"],
    ),
    "sequential cnn": (sequential_cnn, ["0", "1", "4", "5"]),
    "lstm": (lambda: nn.Sequential(nn.Embedding(4, 8), nn.LSTM(8, 8, num_layers=2), nn.Linear(8, 2)), ["0", "1", "2"]),
    "gru": (lambda: nn.Sequential(nn.Embedding(4, 8), nn.GRU(8, 8)), ["0", "1"]),
}


def built(make):
    with torch.device("meta"):
        return make()


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_blocks_are_found_by_what_libraries_call_them(name):
    make, mlp, attention, others = TRANSFORMERS[name]
    model = built(make)
    assert list(select_modules(model, "mlp")) == mlp
    assert sorted(select_modules(model, "attn+mlp")) == sorted(mlp + attention)
    assert sorted(select_modules(model, "all")) == sorted(mlp + attention + others)
    assert resolve_rule(model, "auto") == "mlp"
    assert select_modules(model, "auto") == select_modules(model, "mlp")


@pytest.mark.parametrize("name", WITHOUT_BLOCKS)
def test_without_feed_forward_blocks_auto_takes_all(name):
    make, everything = WITHOUT_BLOCKS[name]
    model = built(make)
    assert list(select_modules(model, "all")) == everything
    assert resolve_rule(model, "auto") == "all"
    assert select_modules(model, "auto") == select_modules(model, "all")
    for rule in ("mlp", "attn+mlp"):
        with pytest.raises(fr.ConfigError, match=rf"'{rule.replace('+', '.')}' selects no module .* upscale = 'auto'"):
            select_modules(model, rule)


def test_selected_modules_come_in_the_models_order_and_do_not_overlap():
    for make, *_ in TRANSFORMERS.values():
        model = built(make)
        order = [name for name, _ in model.named_modules()]
        for rule in ("mlp", "attn+mlp", "all"):
            chosen = select_modules(model, rule)
            assert list(chosen) == sorted(chosen, key=order.index)
            assert not any(inner.startswith(f"{outer}.") for outer in chosen for inner in chosen)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("h.*.mpl", "did you mean 'h.*.mlp'"),
        ("h.0.mlp,h.0.atn", "by 'h.0.atn'; did you mean 'h.0.attn'"),
        ("h.*.mlp.c_fx", "did you mean 'h.*.mlp.c_fc'"),
        ("mpl", "did you mean 'mlp'"),
        ("attn + mlp", "did you mean 'attn.mlp'"),
        ("MLP", r"did you mean 'mlp'.*'MLP\*'"),
    ],
)
def test_a_pattern_that_selects_nothing_is_refused_with_the_nearest_name(rule, expected):
    model = built(TRANSFORMERS["gpt2"][0])
    with pytest.raises(fr.ConfigError, match=expected) as refused:
        fr.make_learner("pwe-moe-ls", upscale=rule).check_model(model, 2)
    assert str(refused.value).count("\n") == 0


def test_layers_of_a_deep_recurrent_module_are_parts_of_their_own():
    problem = ordinary_problem("deep lstm")
    parts = weights_of_modules(problem, "all")
    assert list(parts) == ["embed", "lstm.l0", "lstm.l1", "mlp"]
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    for layer in (0, 1):
        expected = [f"lstm.{kind}_l{layer}{way}" for way in ("", "_reverse") for kind in kinds]
        assert parts[f"lstm.l{layer}"] == expected
    for part, names in parts.items():
        assert all(lies_in(name, part) == (name in names) for name in problem.pretrained)
    assert list(weights_of_modules(ordinary_problem("lstm"), "all")) == ["embed", "lstm", "mlp"]
    assert isinstance(problem.model, Recurrent)


@pytest.mark.parametrize(("name", "rule"), [("vit", "mlp"), ("resnet", "all"), ("lstm", "mlp"), ("gpt2", "mlp")])
def test_auto_is_resolved_to_what_it_stands_for_and_learns_the_same(name, rule):
    problem = ordinary_problem(name)
    auto, written = (fr.make_learner("pwe-moe-ls", upscale=upscale, steps=2) for upscale in ("auto", rule))
    assert auto.resolved(problem) == written.resolved(problem)
    assert auto.resolved(problem).upscale == rule
    grid = fr.simplex_grid(2, 3)
    found = [learner.fit(problem, grid, fr.Context()) for learner in (auto, written)]
    assert found[0].diagnostics() == found[1].diagnostics()
    for one, other in zip(*(learned.members(grid) for learned in found), strict=True):
        assert all(torch.equal(one[2][key], other[2][key]) for key in problem.pretrained)
