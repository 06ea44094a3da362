"""What a backbone takes: how an image or a text becomes numbers that are stored, and these what the model takes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray


class InputFormat(ABC):
    """Turns raw examples into arrays of fixed shape, once, and stored arrays into what a model takes, every batch."""

    kind: ClassVar[Literal["image", "text"]]
    """What raw examples are: Pillow images, or tuples of one or two texts."""

    @property
    @abstractmethod
    def key(self) -> Mapping[str, Any]:
        """Everything that decides the stored arrays, as JSON values (sizes, digests, library versions)."""

    @abstractmethod
    def stored(self, examples: Sequence[Any]) -> Mapping[str, NDArray[np.generic]]:
        """Return arrays (n, ...) of n raw examples by name.

        One array called "" is stored and handed to the model as a tensor; several as a mapping of tensors.
        """

    @abstractmethod
    def to_input(self, stored: Any) -> Any:
        """Return what the model takes for a batch of stored inputs, a tensor or a mapping of tensors on its device."""
