"""The state of the random generators that a whole program shares, which nothing reproducible may touch."""

from __future__ import annotations

import random

import numpy as np
import torch


def global_randomness() -> dict[str, object]:
    """Return the state of the shared generators of torch, NumPy and Python, comparable by `==`."""
    kind, words, *rest = np.random.get_state(legacy=True)  # noqa: NPY002 - the global state is what is watched
    return {
        "torch": torch.get_rng_state().numpy().tobytes(),
        "numpy": (kind, np.asarray(words).tobytes(), *rest),
        "random": random.getstate(),
    }
