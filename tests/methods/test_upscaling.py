import pytest
import torch
from torch import nn

import frontrunner as fr
from frontrunner.methods.whole_set.upscale_rules import select_modules


def test_rules_on_a_network_of_blocks(tiny):
    mlps = ("blocks.0.mlp", "blocks.1.mlp")
    assert select_modules(tiny.model, "mlp") == mlps
    assert select_modules(tiny.model, "attn+mlp") == ("blocks.0.attn", mlps[0], "blocks.1.attn", mlps[1])
    assert select_modules(tiny.model, "all") == ("embed", "blocks.0.attn", mlps[0], "blocks.1.attn", mlps[1], "norm")
    assert select_modules(tiny.model, "model") == ("",)


def test_patterns_select_outermost_modules(tiny):
    assert select_modules(tiny.model, "blocks.1*, embed") == ("embed", "blocks.1")


def test_all_of_a_model_that_owns_its_parameters_is_the_model():
    model = nn.Module()
    model.x = nn.Parameter(torch.zeros(3))
    assert select_modules(model, "all") == ("",)


def test_plain_sequential_is_up_scaled_layer_by_layer():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
    assert select_modules(model, "all") == ("0", "3")


def test_nothing_found_names_what_there_is():
    with pytest.raises(fr.ConfigError, match=r"'mlp' selects no module of Sequential; its modules are 0"):
        select_modules(nn.Sequential(nn.Linear(2, 2)), "mlp")


@pytest.mark.parametrize(
    ("width", "layers", "patch", "out", "mlp_parameters", "all_parameters"),
    [
        # Reference counts of CLIP ViT-B/32 and L/14: 12 d^2 L feed-forward numbers, and everything but
        # class_embedding, positional embedding and proj of the vision tower.
        (768, 12, 32, 512, 56_669_184, 87_849_216 - 768 - 38_400 - 393_216),
        (1024, 24, 14, 768, 201_449_472, 303_966_208 - 1_024 - 263_168 - 786_432),
    ],
    ids=["B/32", "L/14"],
)
def test_full_size_clip_is_up_scaled_as_in_the_paper(width, layers, patch, out, mlp_parameters, all_parameters):
    from open_clip.transformer import VisionTransformer

    with torch.device("meta"):
        tower = VisionTransformer(224, patch, width, layers, width // 64, 4.0, output_dim=out)

    def count(names):
        return sum(p.numel() for name in names for p in tower.get_submodule(name).parameters())

    mlps, everything = select_modules(tower, "mlp"), select_modules(tower, "all")
    assert len(mlps) == layers
    assert count(mlps) == mlp_parameters
    assert len(everything) == 3 + 4 * layers
    assert count(everything) == all_parameters
