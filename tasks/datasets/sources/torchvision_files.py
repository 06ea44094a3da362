"""Where torchvision's data sets keep their files, and what their splits are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class TorchvisionFiles:
    """One data set of torchvision."""

    folder: str
    """Its files below the root: a folder or a pattern."""
    splits: Mapping[str, Mapping[str, Any]]
    """The arguments that choose a split, by torchvision's name of it; one called `all` where it has no splits."""
    numbers: bool = False
    """Whether its classes are best called by their numbers, whatever torchvision says."""
    advice: str = ""
    """How to get the files where torchvision cannot fetch them."""
    options: Mapping[str, Any] = field(default_factory=dict)


def _by_name(*names: str) -> dict[str, dict[str, Any]]:
    return {name: {"split": name} for name in names}


_TRAIN = {"train": {"train": True}, "test": {"train": False}}
_ALL: dict[str, dict[str, Any]] = {"all": {}}

TORCHVISION: Mapping[str, TorchvisionFiles] = {
    "MNIST": TorchvisionFiles("MNIST/raw", _TRAIN, numbers=True),
    "FashionMNIST": TorchvisionFiles("FashionMNIST/raw", _TRAIN),
    "KMNIST": TorchvisionFiles("KMNIST/raw", _TRAIN),
    "EMNIST": TorchvisionFiles("EMNIST/raw", _TRAIN, options={"split": "digits"}),
    "CIFAR10": TorchvisionFiles("cifar-10-batches-py", _TRAIN),
    "CIFAR100": TorchvisionFiles("cifar-100-python", _TRAIN),
    "USPS": TorchvisionFiles("usps*.bz2", _TRAIN),
    "SVHN": TorchvisionFiles("*_32x32.mat", _by_name("train", "test", "extra"), numbers=True),
    "STL10": TorchvisionFiles("stl10_binary", _by_name("train", "test")),
    "GTSRB": TorchvisionFiles("gtsrb", _by_name("train", "test"), numbers=True),
    "StanfordCars": TorchvisionFiles(
        "stanford_cars",
        _by_name("train", "test"),
        advice="torchvision cannot fetch it any more; put devkit/, cars_train/, cars_test/ and "
        "cars_test_annos_withlabels.mat there, or read `hub: tanganke/stanford_cars`",
    ),
    "DTD": TorchvisionFiles("dtd/dtd", _by_name("train", "val", "test")),
    "EuroSAT": TorchvisionFiles("eurosat/2750", _ALL),
    "SUN397": TorchvisionFiles("SUN397", _ALL),
    "Food101": TorchvisionFiles("food-101", _by_name("train", "test")),
    "Flowers102": TorchvisionFiles("flowers-102", _by_name("train", "val", "test")),
    "FGVCAircraft": TorchvisionFiles("fgvc-aircraft-2013b", _by_name("train", "val", "trainval", "test")),
    "OxfordIIITPet": TorchvisionFiles("oxford-iiit-pet", {"train": {"split": "trainval"}, "test": {"split": "test"}}),
    "Country211": TorchvisionFiles("country211", _by_name("train", "valid", "test")),
    "RenderedSST2": TorchvisionFiles("rendered-sst2", _by_name("train", "val", "test")),
    "FER2013": TorchvisionFiles("fer2013", _by_name("train", "test")),
}
"""By the name of torchvision's class."""
ARCHIVES = (".gz", ".tgz", ".zip", ".tar")
"""Suffixes of what the files were unpacked from, which decides nothing."""
