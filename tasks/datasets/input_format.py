"""What a backbone takes: how an image or a text becomes numbers that are stored, and these what the model takes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ..stored_inputs import Inputs, joined


class InputFormat(ABC):
    """Turns raw examples into arrays of fixed shape, once, and stored arrays into what a model takes, every batch.

    `ClassificationProblem` takes `to_input`, `trim` and `join`.
    """

    kind: ClassVar[Literal["image", "text"]]
    """What raw examples are: Pillow images, or tuples of one or two texts."""

    @property
    @abstractmethod
    def key(self) -> Mapping[str, Any]:
        """Everything that decides the stored arrays, as JSON values (sizes, digests, library versions)."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """Everything that decides what a model takes, as JSON values: `key`, and what `to_input` adds to it."""
        return self.key

    @abstractmethod
    def stored(self, examples: Sequence[Any]) -> Mapping[str, NDArray[np.generic]]:
        """Return arrays (n, ...) of n raw examples by name, of one shape and type whatever the examples are.

        One array called "" is stored and handed to the model as a tensor; several as a mapping of tensors.

        Raises:
            DataError: an example cannot be used; the message gives its position among `examples`.
        """

    def notes(self, stored: Mapping[str, NDArray[np.generic]]) -> tuple[str, ...]:
        """Return what was decided for the user as these arrays were made, one sentence each."""
        return ()

    def trim(self, stored: Any) -> Inputs:
        """Return a batch of stored inputs without what it does not need, such as padding beyond its longest text.

        Called where inputs are stored, before they are copied to the model's device.
        """
        inputs: Inputs = stored
        return inputs

    def join(self, parts: Sequence[Any]) -> Inputs:
        """Return several batches of stored inputs as one, in the order given."""
        return joined(parts)

    @abstractmethod
    def to_input(self, stored: Any) -> Any:
        """Return what the model takes for a batch of stored inputs, a tensor or a mapping of tensors on its device."""
