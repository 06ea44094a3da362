"""How many examples the splits of well-known data sets have, since copies in circulation often are something else."""

from __future__ import annotations

from collections.abc import Mapping

from ...suite_file.schema import Split
from .class_names import normalised

_SIZES: Mapping[str, Mapping[Split, tuple[int, ...]]] = {
    "sun397": {"train": (19_850,), "test": (19_850,)},
    "cars": {"train": (8_144,), "test": (8_041,)},
    "resisc45": {"train": (18_900,), "test": (6_300,)},
    "svhn": {"train": (73_257,), "test": (26_032,)},
    "gtsrb": {"train": (26_640,), "test": (12_630,)},
    "mnist": {"train": (60_000,), "test": (10_000,)},
    "dtd": {"train": (3_760,), "test": (1_880,)},
    "cola": {"train": (8_551,), "test": (1_043,)},
    "sst2": {"train": (67_349,), "test": (872,)},
    "mrpc": {"train": (3_668,), "test": (408,)},
    "qqp": {"train": (363_846,), "test": (40_430,)},
    "mnli": {"train": (392_702,), "test": (9_815, 9_832)},
    "qnli": {"train": (104_743,), "test": (5_463,)},
    "rte": {"train": (2_490,), "test": (277,)},
}
"""By the usual name of the task: training examples, and those that are tested on (GLUE's validation parts).
GTSRB's official final training set has 39,209 images, those that papers on task arithmetic use 26,640."""
_OTHER_NAMES = {"stanford cars": "cars", "sst 2": "sst2"}


def size_notes(task: str, sizes: Mapping[Split, int]) -> list[str]:
    """Return a note a split that has not as many examples as the data set of the task's name.

    Args:
        task: the name of the task.
        sizes: examples of the data's own splits.
    """
    name = normalised(task)
    known = _SIZES.get(_OTHER_NAMES.get(name, name), {})
    return [
        f"{split} has {n:,} examples, that of {task} usually {' or '.join(f'{one:,}' for one in known[split])}: "
        f"results compare with those on the same data only"
        for split, n in sizes.items()
        if split in known and n not in known[split]
    ]
