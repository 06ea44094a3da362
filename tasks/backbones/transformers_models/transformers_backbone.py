"""Backbones of transformers: the base models of its classifiers of images and of texts."""

from __future__ import annotations

import copy
import inspect
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ....errors import DataError
from ...datasets.input_format import InputFormat
from ...weight_files.stored_weights import StoredWeights
from ...weight_files.written_tensors import allow_as_usual
from ..backbone import Backbone, Head
from ..encoder_fit import fitting, require_no_adapter, unwrapped
from ..last_layer import MANY
from ..meta_parameters import without_values
from ..random_heads import filled
from .padding_side import padded_right
from .quiet_transformers import without_bars
from .transformers_classifier import keep_own_config, make_classifier
from .transformers_config import (
    classification,
    read_config,
    require_same_architecture,
    with_padding,
)
from .transformers_head import TransformersHead, encoded
from .transformers_head_file import read_head
from .transformers_names import library_names

BESIDE = (
    "tokenizer*",
    "vocab*",
    "merges.txt",
    "special_tokens_map.json",
    "added_tokens.json",
    "*.model",
    "preproc*.json",
)
"""Files of a model's folder that say how inputs are made; an export takes them along."""


class TransformersBackbone(Backbone):
    """The base model of a `...ForSequenceClassification` or `...ForImageClassification`, under its own names.

    Args:
        raw_config: the content of the model's config.json.
        source: what messages call the model.
        inputs: tells what the encoder takes, from the backbone without it.
        folder: where the files that say how inputs are made lie; None where there is none.

    Raises:
        DataError: the configuration is none that the library reads without running code.
        ConfigError: it does not say which kind of classifier is meant.
        UnsupportedError: it is of a model that is no classifier or cannot be merged.
    """

    def __init__(
        self,
        raw_config: Mapping[str, Any],
        source: str,
        inputs: Callable[[TransformersBackbone], InputFormat],
        *,
        folder: Path | None = None,
    ) -> None:
        self.folder = folder
        self.original = read_config(raw_config, source)
        """The configuration as the model's maker wrote it."""
        self.kind, self._made_by = classification(self.original, source)
        self.config = with_padding(self.original, source) if self.kind == "text" else self.original
        self._classifier = make_classifier(self._made_by, self.config, MANY)
        self._prefix: str = self._classifier.base_model_prefix
        base = getattr(self._classifier, self._prefix, None)
        if not isinstance(base, nn.Module):
            raise DataError(f"{source}: {self._made_by.__name__} has no base model that could be the encoder")
        keep_own_config(base, self._classifier, self.config)
        self.encoder: Any = base
        """The base model; its weights have no values."""
        self.inputs = inputs(self)
        self._taken = frozenset(inspect.signature(self.encoder.forward).parameters)

    def build(self) -> nn.Module:
        """Return the base model on the device meta; tables that it computes have values, on the CPU."""
        return without_values(self.encoder)

    def run(self, encoder: nn.Module, inputs: Any) -> dict[str, Tensor]:
        """Return the base model's outputs by name, with token ids and mask where there are any.

        What the mask hides goes behind the texts and becomes the token that pads, so that positions count from the
        first token and pooling finds the last one, whatever padded a text and on which side.
        """
        given = dict(inputs) if isinstance(inputs, Mapping) else {self._classifier.main_input_name: inputs}
        if "attention_mask" in given and "input_ids" in given:
            given = padded_right(given, given["attention_mask"])
            pad = self.config.get_text_config().pad_token_id
            given["input_ids"] = given["input_ids"].masked_fill(given["attention_mask"] == 0, pad)
        taken = {name: value for name, value in given.items() if name in self._taken}
        return encoded(encoder(**taken), given)

    def encoder_weights(self, stored: StoredWeights, base: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """Return the base model's weights, of files with and without its prefix, of any version of the library."""
        require_no_adapter(stored)
        require_same_architecture(self.config, stored)
        return fitting(
            self.encoder,
            self._within(self._named(stored)),
            stored.source,
            why_missing=_why_missing,
            vocabulary=self._vocabulary(),
        )

    def head(self, stored: StoredWeights, name: str | None = None) -> Head:
        """Return the library's classifier without its base model, for as many classes as the file has."""
        outside = {key: tensor for key, tensor in self._named(stored).items() if not key.startswith(f"{self._prefix}.")}
        return read_head(self._made_by, self.config, self._classifier, outside, stored, name)

    def random_head(self, n_classes: int, generator: torch.Generator) -> nn.Module:
        """Return the library's classifier without its base model, never trained."""
        return filled(TransformersHead(make_classifier(self._made_by, self.config, n_classes)), generator)

    def export(self, params: Mapping[str, Tensor], head: Head | None, pretrained: StoredWeights, folder: Path) -> None:
        """Write a folder for `from_pretrained`: a classifier if there is a head, else the base model."""
        folder.mkdir(parents=True, exist_ok=True)
        dtype = next((tensor.dtype for tensor in params.values() if tensor.is_floating_point()), torch.float32)
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in params.items()}
        config = copy.deepcopy(self.config)  # that of the encoder also says how it is run here, without a cache
        if head is None:
            model: Any = without_values(self.encoder)
        else:
            own = {name.removeprefix("classifier."): tensor for name, tensor in head.module.state_dict().items()}
            tensors = {f"{self._prefix}.{name}": tensor for name, tensor in tensors.items()}
            tensors |= {name: tensor.detach().to("cpu", dtype).contiguous() for name, tensor in own.items()}
            model = make_classifier(self._made_by, self.config, self._n_classes(head))
            names = head.classes or tuple(f"LABEL_{k}" for k in range(self._n_classes(head)))
            config.id2label = dict(enumerate(names))
            config.label2id = {label: k for k, label in enumerate(names)}
            config.problem_type = None
        config.dtype = dtype
        model.config = config
        with without_bars():
            model.save_pretrained(folder, state_dict=tensors)
        for file in folder.glob("*.safetensors"):
            allow_as_usual(file)
        if self.folder is not None:
            for file in sorted({file for pattern in BESIDE for file in self.folder.glob(pattern)}):
                shutil.copyfile(file, folder / file.name)

    @staticmethod
    def _n_classes(head: Head) -> int:
        n: int = head.module.classifier.config.num_labels  # type: ignore[union-attr,assignment] # a TransformersHead
        return n

    def _vocabulary(self) -> str:
        """Return the name of the weights that have a row a token; empty where inputs are no texts."""
        table = self.encoder.get_input_embeddings() if self.kind == "text" else None
        return next((f"{name}.weight" for name, part in self.encoder.named_modules() if part is table), "")

    def _named(self, stored: StoredWeights) -> dict[str, Tensor]:
        """Return all tensors of a file by the classifier's names."""
        expected = self._classifier.state_dict()
        return unwrapped(stored.tensors, expected, lambda tensors: library_names(self._classifier, tensors))

    def _within(self, named: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return those of the base model by its own names, those included that only a file without prefix can hold."""
        prefix = f"{self._prefix}."
        own = {name for name, _ in self.encoder.named_children()} - {n for n, _ in self._classifier.named_children()}
        return {
            name.removeprefix(prefix): tensor
            for name, tensor in named.items()
            if name.startswith(prefix) or name.partition(".")[0] in own
        }


def _why_missing(name: str) -> str:
    if name.startswith("pooler."):
        return (
            "files of language models leave the pooler out, and transformers would fill it with random numbers; "
            "give a pre-trained model that has one"
        )
    return ""
