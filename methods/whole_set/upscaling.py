"""Up-scaling: which modules of a model get merge coefficients of their own, and the merge itself."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from ...errors import ConfigError
from ...tasks.problem import Params, Problem
from ..task_vectors import TaskVectorBank

MLP = frozenset({"mlp", "ffn", "feed_forward", "feedforward"})
ATTENTION = frozenset({"attn", "attention", "self_attn", "self_attention"})
WHOLE_MODEL = ""

RULES = """mlp: every feed-forward block; attn+mlp: every attention and feed-forward block; all: these and every
other module that owns parameters, leaving out what the model itself owns (embeddings, projections); model: the
whole model as one; or comma-separated patterns over module names, such as 'blocks.*.fc1,head'."""


def select_modules(model: nn.Module, rule: str) -> tuple[str, ...]:
    """Names of the modules a rule up-scales, in the model's order; no selected module contains another.

    Args:
        model: any module; blocks are recognised by their own names (`mlp`, `attn`, `self_attn`, ...).
        rule: see `RULES`.

    Raises:
        ConfigError: nothing matches; the message shows names that would.
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
        raise ConfigError(
            f"upscale = {rule!r} selects no module of {type(model).__name__}; its modules are "
            f"{', '.join(modules[:8]) or 'none'}{', ...' if len(modules) > 8 else ''}"
        )
    return tuple(name for name in chosen if not any(name.startswith(f"{outer}.") for outer in chosen))


class UpscaledModel:
    """A model whose selected modules are merged with coefficients of their own (paper, equation 2).

    The parameters outside them are merged once by task arithmetic with `rest_coefficient` for every task, and
    stay fixed.
    """

    def __init__(self, problem: Problem, rule: str, rest_coefficient: float) -> None:
        self.modules = select_modules(problem.model, rule)
        names = [self._names(problem.pretrained, module) for module in self.modules]
        self.banks = [TaskVectorBank(problem, group) for group in names]
        """One bank a module."""
        covered = {name for group in names for name in group}
        rest = [name for name, p in problem.pretrained.items() if name not in covered and p.is_floating_point()]
        self._rest: Params = dict(problem.pretrained)
        if rest:
            bank = TaskVectorBank(problem, rest)
            everyone = torch.full((problem.n_tasks,), rest_coefficient, dtype=bank.base.dtype, device=bank.base.device)
            self._rest = {**self._rest, **bank.merge(everyone)}

    @property
    def upscaled_parameters(self) -> int:
        """How many parameters of one plain model lie in up-scaled modules."""
        return sum(len(bank.base) for bank in self.banks)

    def merge(self, coefficients: Tensor) -> dict[str, Tensor]:
        """One plain model for (modules, T) coefficients, differentiable in them."""
        return self.assembled([bank.merge_flat(row) for bank, row in zip(self.banks, coefficients, strict=True)])

    def assembled(self, flats: Sequence[Tensor]) -> dict[str, Tensor]:
        """One plain model whose up-scaled modules hold these flat values, one tensor a module."""
        merged = dict(self._rest)
        for bank, flat in zip(self.banks, flats, strict=True):
            merged.update(bank.named(flat))
        return merged

    @staticmethod
    def _names(params: Iterable[str], module: str) -> list[str]:
        prefix = module if module == WHOLE_MODEL else f"{module}."
        return [name for name in params if name.startswith(prefix)]


def _own_name(path: str) -> str:
    return path.rpartition(".")[2]
