"""Making a classifier of transformers without values."""

from __future__ import annotations

import copy
import logging
from typing import Any

import torch

from ..meta_parameters import parameters_on_meta

OF_THE_HEAD = ("id2label", "label2id", "problem_type", "architectures")
"""Keys of a configuration that making a classifier changes; the number of classes is that of `id2label`."""


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


def keep_own_config(encoder: Any, classifier: Any, config: Any) -> None:
    """Give a base model a configuration that says nothing of the classifier it was made with, in place.

    Args:
        encoder: the base model, which shares the classifier's configuration.
        classifier: what `make_classifier` returned.
        config: the configuration that was made from, which is not changed.
    """
    shared = classifier.config
    own = copy.deepcopy(shared)
    for name in OF_THE_HEAD:
        setattr(own, name, copy.deepcopy(getattr(config, name, None)))
    for part in encoder.modules():
        if getattr(part, "config", None) is shared:
            part.config = own
