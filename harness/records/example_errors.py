"""Which test examples each member of a set answers wrongly, a bit each: what the test sample's noise is estimated from.

Importing this module does not import torch.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ...regular_file import check_regular
from .json_limits import parse_json
from .not_read import not_read

MAX_BYTES = 64 * 10**6
"""The most bytes of the file: 100 members on eight tasks of 640,000 examples each."""
_EXAMPLES = "n_examples"


@dataclass(frozen=True)
class ExampleErrors:
    """Which examples of T tasks n members answer wrongly, packed to bits."""

    bits: tuple[NDArray[np.uint8], ...]
    """For each task, a row of bits a member, shape (n, ceil(n_t / 8)), as `numpy.packbits` packs them."""
    n_examples: tuple[int, ...]
    """For each task, its number of examples, n_t."""

    def __post_init__(self) -> None:
        """Raise ValueError where bits and numbers of examples do not fit together."""
        rows = {len(one) for one in self.bits}
        shapes = [one.shape[1:] for one in self.bits]
        if len(rows) != 1 or shapes != [(packed_bytes(n),) for n in self.n_examples] or min(self.n_examples) < 1:
            raise ValueError(
                f"errors by example have a row of bits a member and task; found {[one.shape for one in self.bits]} "
                f"for {list(self.n_examples)} examples"
            )

    @property
    def n_members(self) -> int:
        """How many members there are, n."""
        return len(self.bits[0])

    def wrong(self, t: int) -> NDArray[np.uint8]:
        """Return 1 where a member is wrong on an example of task `t`, else 0, shape (n, n_t)."""
        return np.unpackbits(self.bits[t], axis=1, count=self.n_examples[t])

    def errors(self) -> NDArray[np.float64]:
        """Return the share of wrong answers, shape (n, T)."""
        return np.stack([self.wrong(t).mean(axis=1) for t in range(len(self.bits))], axis=1)

    def fits(self, errors: NDArray[np.float64]) -> bool:
        """Return whether the shares of wrong answers are these errors, shape (n, T), but for rounding."""
        return errors.shape == (self.n_members, len(self.bits)) and bool(
            np.allclose(self.errors(), errors, rtol=0.0, atol=1e-6)
        )

    def write(self, file: Path) -> None:
        """Write the file: safetensors, one tensor a task, named by its position."""
        from safetensors.numpy import save

        about = {_EXAMPLES: json.dumps(list(self.n_examples))}
        file.write_bytes(save({str(t): one for t, one in enumerate(self.bits)}, metadata=about))

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read the file; raise StoreError where it is missing, damaged or too large."""
        from safetensors import safe_open

        try:
            check_regular(file)
            if (size := file.stat().st_size) > MAX_BYTES:
                raise ValueError(f"errors by example may have {MAX_BYTES:,} bytes at most, found {size:,}")
            with safe_open(file, framework="numpy") as opened:
                n_examples = tuple(parse_json((opened.metadata() or {})[_EXAMPLES].encode(), "numbers of examples"))
                if not all(type(n) is int for n in n_examples) or set(opened.keys()) != set(
                    map(str, range(len(n_examples)))
                ):
                    raise ValueError("errors by example have one number of examples a task")
                bits = tuple(opened.get_tensor(str(t)) for t in range(len(n_examples)))
            if any(one.dtype != np.uint8 for one in bits):
                raise ValueError("errors by example are packed to bytes")
            return cls(bits, n_examples)
        except Exception as damage:
            raise not_read(f"the recorded errors by example {file}", damage) from damage


def packed_bytes(n_examples: int) -> int:
    """Return how many bytes the bits of so many examples take."""
    return -(-n_examples // 8)


class ExampleErrorsSoFar:
    """Collects the errors by example of one member after the other.

    Args:
        n_members: how many members there will be.
    """

    def __init__(self, n_members: int) -> None:
        self._n_members = n_members
        self._rows: list[list[NDArray[np.uint8]]] = []
        self._n_examples: tuple[int, ...] = ()
        self.left_out = ""
        """Why there are none, although the problem knows them; empty otherwise."""

    def add(self, wrong: Sequence[NDArray[np.bool_]] | None) -> None:
        """Add the next member: whether it is wrong on each example (n_t,) of T tasks; None where nobody knows."""
        n_examples = () if wrong is None else tuple(len(one) for one in wrong)
        if not self._rows:
            self._n_examples = n_examples
            if (size := self._n_members * sum(map(packed_bytes, n_examples))) > MAX_BYTES:
                self.left_out = f"they would have {size:,} bytes, {MAX_BYTES:,} are kept at most"
        elif n_examples != self._n_examples:
            self.left_out = self.left_out or "members were evaluated on other numbers of examples"
        self._rows.append([] if self.left_out or wrong is None else [np.packbits(one) for one in wrong])

    def collected(self) -> ExampleErrors | None:
        """Return the errors of all members; None where they are not known, or left out."""
        if self.left_out or not self._n_examples:
            return None
        return ExampleErrors(tuple(np.stack(of_task) for of_task in zip(*self._rows, strict=True)), self._n_examples)
