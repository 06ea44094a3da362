"""How far experts lie apart, layer by layer: Euclidean distances of their attention and feed-forward blocks."""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import ConfigError

if TYPE_CHECKING:  # imports torch
    from torch import nn

    from ...tasks.problem import Problem

KINDS = ("attention", "feed-forward")


@dataclass(frozen=True)
class BlockDistances:
    """The distances of one kind of block in one layer, over all pairs of T experts.

    The distance of two experts is that of their task vectors, too: the pre-trained weights cancel.
    """

    layer: int
    """From 0 at the input."""
    kind: str
    """One of `KINDS`."""
    parameters: int
    """How many weights the block has; a larger block lies farther apart at an equal change of every weight."""
    distances: tuple[float, ...]
    """||theta_i - theta_j||_2 of every pair i < j."""

    @property
    def mean(self) -> float:
        """The mean distance over the pairs."""
        return sum(self.distances) / len(self.distances)

    @property
    def per_weight(self) -> float:
        """The mean distance divided by the root of the number of weights: the change of a typical weight."""
        return self.mean / math.sqrt(self.parameters)


def block_distances(problem: Problem) -> list[BlockDistances]:
    """Return the distances of all layers, from the input to the output and attention first.

    Raises:
        ConfigError: the architecture has no attention and feed-forward blocks in numbered layers, or there are fewer
            than two experts.
    """
    import torch

    blocks = layers_of_blocks(problem.model)
    if not blocks or problem.n_tasks < 2:
        raise ConfigError(
            f"distances by layer need attention or feed-forward blocks in numbered layers, and two experts; "
            f"{problem.name} has {len(blocks)} blocks and {problem.n_tasks} experts"
        )
    found = []
    for (layer, kind), modules in blocks.items():
        names = [
            name
            for name, weight in problem.pretrained.items()
            if weight.is_floating_point() and any(name.startswith(f"{module}.") for module in modules)
        ]
        rows = [torch.cat([expert[name].double().ravel() for name in names]) for expert in problem.experts]
        apart = tuple(float((one - other).norm()) for one, other in itertools.combinations(rows, 2))
        found.append(BlockDistances(layer, kind, len(rows[0]), apart))
    return found


def layers_of_blocks(model: nn.Module) -> dict[tuple[int, str], list[str]]:
    """Return the modules that make up each block, by layer and kind; layers are counted in the model's order.

    A block belongs to the layer of the first number in its name, as `resblocks.3` of `resblocks.3.mlp`; blocks without
    a number are left out.
    """
    from ...methods.whole_set.blocks import attention_blocks, feed_forward_blocks

    of_kind = {"attention": attention_blocks(model), "feed-forward": feed_forward_blocks(model)}
    found: dict[str, dict[str, list[str]]] = {}
    for path, _ in model.named_modules():
        words = path.split(".")
        numbered = next((i for i, word in enumerate(words) if word.isdigit()), None)
        if numbered is None:
            continue
        for kind in KINDS:
            if path in of_kind[kind]:
                found.setdefault(".".join(words[: numbered + 1]), {}).setdefault(kind, []).append(path)
    return {
        (layer, kind): _outermost(blocks[kind])
        for layer, blocks in enumerate(found.values())
        for kind in KINDS
        if kind in blocks
    }


def _outermost(modules: Sequence[str]) -> list[str]:
    """Return the modules that lie in no other of them."""
    return [name for name in modules if not any(name.startswith(f"{other}.") for other in modules)]


def write_distances(found: Mapping[int, Sequence[BlockDistances]], file: Path) -> None:
    """Write a CSV file with a line for every seed, layer and kind."""
    with file.open("w", encoding="utf-8", newline="") as out:
        lines = csv.writer(out, lineterminator="\n")
        lines.writerow(["seed", "layer", "kind", "parameters", "mean", "least", "largest", "mean_per_weight"])
        for seed, rows in found.items():
            for one in rows:
                ends = [min(one.distances), max(one.distances)]
                lines.writerow([seed, one.layer, one.kind, one.parameters, one.mean, *ends, one.per_weight])
