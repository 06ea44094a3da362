"""Listings for the terminal of what is registered: all of it at a glance, or one entry in full."""

from __future__ import annotations

import dataclasses
import inspect
import re

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ...errors import ConfigError, UnknownNameError
from ...methods import METHODS, Learner, list_methods
from ...metrics import INDICATORS, Indicator, list_indicators
from ...registry import FROM_PLUGIN
from ...tasks import SUITES, Suite, list_suites
from ...tasks.suite import require_recordable
from ...tasks.suite_file.random_models import SUFFIX
from .described_options import describe_options

INDENT = 2
RANDOM_SUMMARY = "one of these shapes with random weights on generated data, for memory and speed alone"
"""What stands for the variants of suite files with random weights, one line for all."""
ROOMY = 100
"""The terminal's width, in columns, from which on the choices of an option stand on one line."""
_SECTIONS = re.compile(r"^(Args|Attributes|Raises|Returns):[ \t]*$(\n([ \t]+.*)?$)*", re.MULTILINE)
"""A section of a docstring, its heading and all indented or empty lines below it."""


def overview() -> RenderableType:
    """List every method, suite (with its tasks) and indicator with its summary."""
    listed = _columns()
    listed.add_row(Text("methods", style="bold underline"))
    for name, summary in list_methods().items():
        listed.add_row(Text(name, style="bold"), Text(summary))
    listed.add_row()
    listed.add_row(Text("suites", style="bold underline"))
    suites = list_suites()
    shipped = [name for name in suites if SUITES.origin(name).startswith("frontrunner.")]  # plugins name freely
    shapes = [name.removesuffix(SUFFIX) for name in shipped if name.endswith(SUFFIX)]
    for name, summary in suites.items():
        if name.removesuffix(SUFFIX) in shapes and name.endswith(SUFFIX):
            continue
        listed.add_row(Text(name, style="bold"), Text(summary))
        try:
            suite = SUITES.get(name)
        except ConfigError:  # its summary says that it cannot be imported
            continue
        try:
            require_recordable(suite)
            tasks = ", ".join(suite.tasks)
        except ConfigError as error:
            tasks = str(error)
        listed.add_row("", Text(tasks, style="dim"))
    if shapes:
        listed.add_row(Text(f"NAME{SUFFIX}", style="bold"), Text(f"{RANDOM_SUMMARY}: {', '.join(shapes)}"))
    listed.add_row()
    listed.add_row(Text("indicators", style="bold underline"))
    for name, summary in list_indicators().items():
        listed.add_row(Text(name, style="bold"), Text(summary))
    hint = Text("\n`frontrunner list METHOD` shows its options; `list SUITE` its budget.")
    return Group(listed, hint)


def entry(name: str, *, width: int) -> RenderableType:
    """Show the method, suite or indicator of this name in full, or all that have the name.

    Args:
        name: a registered name.
        width: the terminal's width in columns.

    Raises:
        UnknownNameError: nothing registered has the name; the message offers the nearest one.
        ConfigError: what has the name cannot be imported, or could not be run.
    """
    pages: list[RenderableType] = []
    if name in METHODS.entries():
        pages.append(_method_page(name, METHODS.get(name), width))
    if name in SUITES.entries():
        pages.append(_suite_page(name, SUITES.get(name)))
    if name in INDICATORS.entries():
        pages.append(_indicator_page(name, INDICATORS.get(name)))
    if not pages:
        known = {*METHODS.entries(), *SUITES.entries(), *INDICATORS.entries()}
        raise UnknownNameError("method, suite or indicator", name, known, otherwise=FROM_PLUGIN)
    return Group(*pages)


def _method_page(name: str, method: type[Learner], width: int) -> RenderableType:
    facts = {
        "version": str(method.version),
        "origin": METHODS.origin(name),
    }
    parts = [_heading(name, list_methods()[name]), *_about(method), _facts(facts)]
    options = Table(box=None, padding=(0, 2, 0, 0), header_style="underline")
    options.add_column("option", no_wrap=True)
    options.add_column("type", max_width=None if width >= ROOMY else len("float or none"))
    options.add_column("default", no_wrap=True)
    options.add_column("meaning")
    for option in describe_options(method.Config):
        text = Text(option.text)
        if option.tuned:
            text.append(f" (tuned over {option.tuned})", style="dim")
        options.add_row(Text(option.name, style="bold"), Text(option.type), Text(option.default), text)
    if options.row_count:
        parts += [Text(), Padding.indent(options, INDENT)]
    else:
        parts.append(Text("\n  It has no options."))
    return Group(*parts)


def _suite_page(name: str, suite: type[Suite]) -> RenderableType:
    require_recordable(suite)
    facts = {
        "tasks": ", ".join(suite.tasks),
        "version": suite.version,
        "origin": SUITES.origin(name),
    }
    if suite.budget is not None:
        facts["budget"] = ", ".join(
            f"{field.name} {getattr(suite.budget, field.name):g}" for field in dataclasses.fields(suite.budget)
        )
    return Group(_heading(name, list_suites()[name]), *_about(suite), _facts(facts))


def _indicator_page(name: str, indicator: type[Indicator]) -> RenderableType:
    facts = {
        "heading": indicator.heading,
        "better": ("larger" if indicator.maximize else "smaller") if indicator.directed else "neither by itself",
        "range": f"{indicator.least:g} to {indicator.most:g}",
        "needs": ", ".join(indicator.needs),
        "version": indicator.version,
        "origin": INDICATORS.origin(name),
    }
    return Group(_heading(name, list_indicators()[name]), *_about(indicator), _facts(facts))


def _heading(name: str, summary: str) -> RenderableType:
    heading = _columns()
    heading.add_row(Text(name, style="bold"), Text(summary))
    return heading


def _about(found: type) -> list[RenderableType]:
    """Return a class's docstring, its paragraphs filled to the terminal's width; empty where it has none of its own.

    The sections for who constructs it in Python are left out: on the command line options are set.
    """
    text = _SECTIONS.sub("", inspect.cleandoc(vars(found).get("__doc__") or "")).strip()
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text)]
    return [Padding(Text("\n\n".join(paragraphs)), (1, 0, 0, INDENT))] if text else []


def _facts(facts: dict[str, str]) -> RenderableType:
    listed = _columns()
    for what, found in facts.items():
        if found:
            listed.add_row(what, Text(found))
    return Padding(listed, (1, 0, 0, INDENT))


def _columns() -> Table:
    """Return a table of two columns: names, which stay whole, and text, which is wrapped beside them."""
    columns = Table.grid(padding=(0, 2, 0, 0))
    columns.add_column(no_wrap=True)
    columns.add_column()
    return columns
