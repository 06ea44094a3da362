"""Which modules of a model are up-scaled, that is, get merge coefficients of their own."""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Collection, Sequence

from torch import nn

from ...errors import ConfigError
from ...tasks.problem import Problem
from ..flat_weights import merged_names
from ..layers import layer_of
from ..pareto_set import ROOT_PART
from ..recurrent_layers import recurrent_parts
from .blocks import attention_blocks, feed_forward_blocks

WHOLE_MODEL = ""

RULES = """auto: mlp where there are feed-forward blocks, else all; mlp: every feed-forward block; attn+mlp: every
attention and feed-forward block; all: these and every other module that owns parameters, leaving out what the model
and modules around such blocks own themselves (embeddings, projections); model: the whole model as one; or
comma-separated patterns over module names, such as 'blocks.*.fc1,head'."""
NAMED_RULES = ("auto", "mlp", "attn+mlp", "all", "model")
SHOWN = 8
"""The most module names that a message lists."""


def check_rule(rule: str) -> None:
    """Refuse a rule that selects nothing of any architecture, or that is a misspelt name of a rule.

    A module whose name looks like that of a rule is selected by a pattern, as `models*`.

    Raises:
        ConfigError: the rule is none; the message offers the nearest.
    """
    patterns = [part.strip() for part in rule.split(",") if part.strip()]
    if not patterns:
        raise ConfigError(f"upscale must be {RULES}")
    for pattern in patterns if rule not in NAMED_RULES else []:
        told = f"upscale is {', '.join(NAMED_RULES)}, or patterns over names of modules; found {pattern!r}"
        near = difflib.get_close_matches(pattern.lower(), NAMED_RULES, n=1, cutoff=0.66)
        if impossible := re.search(r"[^\w.*?\[\]!-]", pattern):
            what = f"did you mean {near[0]!r}?" if near else f"no name holds {impossible[0]!r}"
            raise ConfigError(f"{told}; {what}")
        if near and pattern not in NAMED_RULES and not set(pattern) & set(".*?["):
            raise ConfigError(f"{told}; did you mean {near[0]!r}? A module of this name is selected by '{pattern}*'")


def resolve_rule(model: nn.Module, rule: str) -> str:
    """Return the rule that `auto` stands for on this architecture, mlp or all; any other rule as it is."""
    if rule != "auto":
        return rule
    return "mlp" if feed_forward_blocks(model) else "all"


def select_modules(model: nn.Module, rule: str, *, told: str = "") -> tuple[str, ...]:
    """Return the names of the modules that a rule up-scales, in the model's order; none contains another.

    Args:
        model: any module, without values too; how blocks are recognised is said in `blocks`.
        rule: see `RULES`.
        told: what messages call the rule, `upscale = ...` when empty.

    Raises:
        ConfigError: the rule or one of its patterns selects nothing; the message shows names that it could.
    """
    modules = [name for name, module in model.named_modules() if name and any(True for _ in module.parameters())]
    told = told or f"upscale = {rule!r}"
    rule = resolve_rule(model, rule)
    if rule == "model":
        return (WHOLE_MODEL,)
    if rule == "mlp":
        wanted = feed_forward_blocks(model)
    elif rule in ("attn+mlp", "all"):
        wanted = feed_forward_blocks(model) | attention_blocks(model)
    else:
        wanted = _matching(model, modules, rule, told)
    if rule == "all":
        wanted |= _owners(model, modules, wanted)
        if not wanted:  # every parameter is the model's own
            return (WHOLE_MODEL,)
    if not wanted:
        have = f"{', '.join(modules[:SHOWN])}{', ...' if len(modules) > SHOWN else ''}" if modules else "none"
        raise ConfigError(
            f"{told} selects no module of {type(model).__name__}; its modules are {have}; "
            "upscale = 'auto' takes all that own parameters, upscale = 'model' takes it as a whole"
        )
    chosen = [name for name in modules if name in wanted]
    return tuple(name for name in chosen if not any(name.startswith(f"{outer}.") for outer in chosen))


def weights_of_modules(problem: Problem, rule: str) -> dict[str, list[str]]:
    """Map every part that a rule selects to its weights and buffers; ConfigError where it selects none.

    Parts are modules, and where these are recurrent and have several layers, their layers (`lstm.l0`, `lstm.l1`).
    """
    parts: dict[str, list[str]] = {}
    for module in select_modules(problem.model, rule):
        prefix = f"{module}." if module else ""
        names = [name for name in problem.pretrained if name.startswith(prefix)]
        parts.update(recurrent_parts(problem.model.get_submodule(module), module or ROOT_PART, names))
    return parts


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


def _owners(model: nn.Module, modules: Sequence[str], blocks: Collection[str]) -> frozenset[str]:
    """Return the modules that own parameters, without those that hold blocks, whose own are left out as the model's."""
    return frozenset(
        name
        for name in modules
        if any(True for _ in model.get_submodule(name).parameters(recurse=False))
        and not any(block.startswith(f"{name}.") for block in blocks)
    )


def _matching(model: nn.Module, modules: Sequence[str], rule: str, told: str) -> frozenset[str]:
    """Return the modules that comma-separated patterns select; ConfigError for a pattern that selects none."""
    found: set[str] = set()
    for pattern in filter(None, (part.strip() for part in rule.split(","))):
        matched = [name for name in modules if fnmatch.fnmatchcase(name, pattern)]
        if not matched:
            raise ConfigError(
                f"{told} selects no module of {type(model).__name__} by {pattern!r}; {_advice(pattern, modules)}"
            )
        found.update(matched)
    return frozenset(found)


def _advice(pattern: str, modules: Sequence[str]) -> str:
    """Return what may have been meant by a pattern that selects nothing."""
    # Users write blocks.* for numbered blocks, so names are compared with their numbers as stars, too.
    starred = {re.sub(r"(?<![^.])\d+(?![^.])", "*", name) for name in modules}
    known = sorted({*NAMED_RULES, *modules, *starred}, key=len)
    if near := difflib.get_close_matches(pattern, known, n=1, cutoff=0.6):
        return f"did you mean {near[0]!r}?"
    have = f"{', '.join(modules[:SHOWN])}{', ...' if len(modules) > SHOWN else ''}" if modules else "none"
    return f"expected {', '.join(NAMED_RULES)}, or patterns over its modules, which are {have}"
