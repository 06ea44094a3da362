"""Making a classifier of transformers without values."""

from __future__ import annotations

import copy
import logging
from typing import Any

import torch

from ..meta_parameters import parameters_on_meta


def make_classifier(made_by: Any, config: Any, n_classes: int) -> Any:
    """Return a classifier on the device meta that runs without caches and returns what heads need, in evaluation mode.

    Args:
        made_by: the library's class.
        config: its configuration, which is not changed.
        n_classes: the classes of its head.
    """
    own = copy.deepcopy(config)
    own.num_labels = n_classes
    own.problem_type = None
    own.architectures = [made_by.__name__]
    logger = logging.getLogger("transformers")
    level = logger.level
    logger.setLevel(logging.ERROR)  # it advises on ids of tokens that are not used
    try:
        with torch.random.fork_rng(devices=[]), parameters_on_meta():
            try:
                model = made_by._from_config(own, dtype=torch.float32, attn_implementation="sdpa")
            except ValueError:  # a class without torch's attention
                model = made_by._from_config(own, dtype=torch.float32, attn_implementation="eager")
    finally:
        logger.setLevel(level)
    for part in model.modules():
        if (settings := getattr(part, "config", None)) is not None:
            settings.use_cache = False
            settings.return_dict = True
            settings.output_hidden_states = False
    return model.eval().requires_grad_(False)
