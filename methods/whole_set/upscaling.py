"""Up-scaling: the choice of modules that get merge coefficients of their own, and the merge itself."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ...errors import ConfigError
from ...tasks.precision import master_type
from ...tasks.problem import Params, Problem
from ..flat_weights import merged_names
from ..layers import layer_of
from ..pareto_set import ROOT_PART
from ..task_vectors import banks_by_type

MLP = frozenset({"mlp", "ffn", "feed_forward", "feedforward"})
ATTENTION = frozenset({"attn", "attention", "self_attn", "self_attention"})
WHOLE_MODEL = ""

RULES = """mlp: every feed-forward block; attn+mlp: every attention and feed-forward block; all: these and every
other module that owns parameters, leaving out what the model itself owns (embeddings, projections); model: the
whole model as one; or comma-separated patterns over module names, such as 'blocks.*.fc1,head'."""


def select_modules(model: nn.Module, rule: str) -> tuple[str, ...]:
    """Return the names of the modules that a rule up-scales, in the model's order; none contains another.

    Args:
        model: any module; blocks are recognised by their own names (`mlp`, `attn`, `self_attn`, ...).
        rule: see `RULES`.

    Raises:
        ConfigError: the rule selects nothing; the message shows names that it could.
    """
    modules = [name for name, module in model.named_modules() if name and any(True for _ in module.parameters())]
    if rule == "model":
        return (WHOLE_MODEL,)
    if rule == "mlp":
        chosen = [name for name in modules if _own_name(name) in MLP]
    elif rule == "attn+mlp":
        chosen = [name for name in modules if _own_name(name) in MLP | ATTENTION]
    elif rule == "all":
        owners = {name for name in modules if any(True for _ in model.get_submodule(name).parameters(recurse=False))}
        chosen = [name for name in modules if name in owners or _own_name(name) in MLP | ATTENTION]
        if not chosen:  # every parameter is the model's own
            return (WHOLE_MODEL,)
    else:
        patterns = [pattern.strip() for pattern in rule.split(",")]
        chosen = [name for name in modules if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]
    if not chosen:
        have = f"{', '.join(modules[:8])}{', ...' if len(modules) > 8 else ''}" if modules else "none"
        raise ConfigError(
            f"upscale = {rule!r} selects no module of {type(model).__name__}; its modules are {have}; "
            "upscale = 'model' takes it as a whole"
        )
    return tuple(name for name in chosen if not any(name.startswith(f"{outer}.") for outer in chosen))


def weights_of_modules(problem: Problem, rule: str) -> dict[str, list[str]]:
    """Map every module that a rule selects to its weights and buffers; ConfigError where it selects none."""
    prefixes = {module or ROOT_PART: f"{module}." if module else "" for module in select_modules(problem.model, rule)}
    return {part: [name for name in problem.pretrained if name.startswith(prefix)] for part, prefix in prefixes.items()}


def weights_of_layers(problem: Problem) -> dict[str, list[str]]:
    """Map every module to the weights and buffers that it holds (see `layer_of`), so that each is in one group."""
    layers: dict[str, list[str]] = {}
    for name in problem.pretrained:
        if name in problem.merged:
            layers.setdefault(layer_of(name) or ROOT_PART, []).append(name)
    return layers


def weights_of_tensors(problem: Problem) -> dict[str, list[str]]:
    """Map every weight and buffer to itself, a group of one."""
    return {name: [name] for name in merged_names(problem, problem.pretrained)}


class UpscaledModel:
    """Merges groups of a model's weights with coefficients of their own (arXiv 2406.09770, equation 2).

    Args:
        problem: source of the pre-trained model and the experts.
        groups: part of the model (see `ParetoSet.merge_coefficients`) -> names of its weights and buffers.
        rest_coefficient: the coefficient, for every task, of the weights outside all groups; they are merged once,
            and stay fixed.
    """

    def __init__(self, problem: Problem, groups: Mapping[str, Sequence[str]], rest_coefficient: float) -> None:
        self.parts = tuple(groups)
        """The names of the groups."""
        of_groups = [banks_by_type(problem, group) for group in groups.values()]
        self.banks = [bank for banks in of_groups for bank in banks]
        """The task vectors: one bank a group, or one for each type that its weights have."""
        self.rows = [row for row, banks in enumerate(of_groups) for _ in banks]
        """The group, by position, that each bank belongs to."""
        covered = {name for group in groups.values() for name in group}
        rest = merged_names(problem, (name for name in problem.pretrained if name not in covered))
        self._rest: Params = dict(problem.pretrained)
        for bank in banks_by_type(problem, rest) if rest else []:
            dtype = master_type([bank.base.dtype])
            everyone = torch.full((problem.n_tasks,), rest_coefficient, dtype=dtype, device=bank.base.device)
            self._rest = {**self._rest, **bank.merge(everyone)}

    @property
    def upscaled_parameters(self) -> int:
        """Return how many parameters of one plain model lie in groups."""
        return sum(len(bank.base) for bank in self.banks)

    def place(self, network: nn.Module) -> nn.Module:
        """Move a network that makes coefficients to the weights' device, in single precision or better."""
        return network.to(self.banks[0].base.device, master_type(bank.dtype for bank in self.banks))

    def merge(self, coefficients: Tensor) -> dict[str, Tensor]:
        """Return one plain model for coefficients (groups, T), differentiable in them."""
        return self.assembled(self.merge_flat(coefficients))

    def merge_flat(self, coefficients: Tensor) -> list[Tensor]:
        """Return the merged values of every bank for coefficients (groups, T), differentiable in them."""
        return [bank.merge_flat(coefficients[row]) for bank, row in zip(self.banks, self.rows, strict=True)]

    def assembled(self, flats: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return one plain model whose groups hold these flat values, one tensor a bank."""
        merged = dict(self._rest)
        for bank, flat in zip(self.banks, flats, strict=True):
            merged.update(bank.named(flat))
        return merged


def _own_name(path: str) -> str:
    return path.rpartition(".")[2]
