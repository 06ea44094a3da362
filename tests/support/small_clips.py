"""Small CLIPs of open_clip and of transformers with random weights, and folders of them."""

import json

import torch

VISION = {"layers": 2, "width": 32, "head_width": 16, "patch_size": 8, "image_size": 16}
TEXT = {"layers": 2, "width": 16, "heads": 2, "context_length": 16, "vocab_size": 49408}
EMBEDDING = 24


def open_clip_config(quick_gelu=True):
    return {
        "embed_dim": EMBEDDING,
        "quick_gelu": quick_gelu,
        "vision_cfg": dict(VISION),
        "text_cfg": dict(TEXT),
    }


def randomized(model, seed=0):
    """The same model with all weights drawn, biases and norms included."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim:
                centre = 1.0 if parameter.ndim == 1 and "weight" in name else 0.0
                parameter.copy_(centre + 0.1 * torch.randn(parameter.shape, generator=generator))
    return model.eval()


def open_clip_model(quick_gelu=True, seed=0):
    from open_clip.model import CLIP

    return randomized(CLIP(**open_clip_config(quick_gelu)), seed)


def hugging_face_config(act="quick_gelu"):
    from transformers import CLIPConfig

    vision = {"hidden_size": 32, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {"hidden_size": 16, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    return CLIPConfig(
        vision_config={**vision, "image_size": 16, "patch_size": 8, "hidden_act": act, "projection_dim": EMBEDDING},
        text_config={**text, "max_position_embeddings": 16, "hidden_act": act, "projection_dim": EMBEDDING},
        projection_dim=EMBEDDING,
    )


def hugging_face_model(act="quick_gelu", seed=0):
    from transformers import CLIPModel

    return randomized(CLIPModel(hugging_face_config(act)), seed)


def architecture_folder(folder, quick_gelu=True, **preprocess):
    """A folder that open_clip knows as an architecture, without weights; returns what a suite file calls it."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"model_cfg": open_clip_config(quick_gelu), "preprocess_cfg": preprocess}
    (folder / "open_clip_config.json").write_text(json.dumps(content))
    return f"local-dir:{folder}"
