"""The seam between a library's models and a suite: what every library has to say about an architecture."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import UnsupportedError
from ..datasets.input_format import InputFormat
from ..weight_files.stored_weights import StoredWeights


@dataclass(frozen=True)
class Head:
    """A task's frozen head, with the names of its classes where the file that it came from says them."""

    module: nn.Module
    """From what `Backbone.run` returns to logits (n, classes)."""
    classes: tuple[str, ...] | None
    """Names by logit; None where they are not known."""


class Backbone(ABC):
    """An architecture of one library, as an encoder without heads.

    The encoder is the library's own module, so that its weights keep their names; heads are modules beside it.
    """

    inputs: InputFormat
    """What the encoder takes, from the model's own configuration."""

    @abstractmethod
    def build(self) -> nn.Module:
        """Return the encoder on the device meta, in evaluation mode: names, shapes and code, no values."""

    @abstractmethod
    def encoder_weights(self, stored: StoredWeights, base: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """Return the encoder's weights by the encoder's own names, views of the file's where names alone differ.

        Args:
            stored: a pre-trained model's or an expert's file, with whatever prefixes, heads and names its maker uses.
            base: the pre-trained encoder's weights, for the few that a maker's experts leave out since they are never
                fine-tuned.

        Raises:
            DataError: a layer is missing, has another shape, or the file states another activation; the message
                names the file, what was expected and what was found.
        """

    @abstractmethod
    def head(self, stored: StoredWeights, name: str | None = None) -> Head:
        """Return the head that an expert's file holds beside the encoder.

        Args:
            stored: the expert's file, or a file of the head alone.
            name: the head's name in the file; found when None.

        Raises:
            DataError: there is none, or several and `name` says not which.
        """

    def random_head(self, n_classes: int, generator: torch.Generator) -> nn.Module:
        """Return a head that was never trained, for suites with random weights: weights N(0, 0.02^2), biases 0."""
        raise UnsupportedError("heads of this architecture cannot be made without an expert's file")

    def zero_shot_head(self, pretrained: StoredWeights, classes: Sequence[str], templates: Sequence[str]) -> nn.Module:
        """Return the head that the pre-trained text tower makes of prompts (arXiv 2103.00020, section 3.1.4).

        Raises:
            UnsupportedError: the architecture has no text tower.
        """
        raise UnsupportedError("a zero-shot head needs a CLIP with a text tower; give the expert's own head")

    def run(self, encoder: nn.Module, inputs: Any) -> Any:
        """Return features for what `inputs.to_input` made: a tensor (n, d), or a container that the heads take."""
        return encoder(inputs)

    @abstractmethod
    def export(self, params: Mapping[str, Tensor], head: Head | None, pretrained: StoredWeights, folder: Path) -> None:
        """Write a folder from which the library itself loads this encoder, its configuration and a head if given."""
