"""What is registered: methods with their documented options, suites with their tasks."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import inspect
import itertools
import textwrap

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..errors import ConfigError
from ..methods import METHODS, documented_ranges, list_methods
from ..tasks import SUITES, Budget, list_suites


def listing() -> RenderableType:
    """For the terminal."""
    parts: list[RenderableType] = []
    for name, summary in list_methods().items():
        parts.append(Text.assemble((name, "bold"), f"  {summary}"))
        with contextlib.suppress(ConfigError):  # its summary says that it cannot be imported
            options = _options(METHODS.get(name).Config)
            if options.row_count:
                parts.append(Padding.indent(options, 4))
    parts.append(Text("\nsuites", style="bold underline"))
    for name, summary in list_suites().items():
        parts.append(Text.assemble((name, "bold"), f"  {summary}"))
        with contextlib.suppress(ConfigError):
            parts.append(Text(f"    tasks: {', '.join(SUITES.get(name).tasks)}"))
    return Group(Text("methods", style="bold underline"), *parts)


def _options(config: type) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    documented, ranges = field_docs(config), documented_ranges(config)
    budget = {field.name for field in dataclasses.fields(Budget)}
    for field in dataclasses.fields(config):
        default = "unset" if field.default is None else str(field.default)
        if field.default is None and field.name in budget:
            default = "the suite's"
        help_text = Text(documented.get(field.name, ""))
        if field.name in ranges:
            searched = ranges[field.name]
            asked = ", if asked" if searched.costs else ""
            help_text.append(f" (tuned over {searched}{asked})", style="dim")
        table.add_row(field.name, Text(default), help_text)
    return table


def field_docs(config: type) -> dict[str, str]:
    """Field -> the docstring that follows it in the source of the class or of one it inherits from."""
    bases = [base for base in reversed(config.__mro__) if dataclasses.is_dataclass(base)]
    return {name: text for base in bases for name, text in _own_field_docs(base).items()}


def _own_field_docs(config: type) -> dict[str, str]:
    try:
        source = textwrap.dedent(inspect.getsource(config))
    except (OSError, TypeError):
        return {}  # made in an interactive session
    (definition,) = ast.parse(source).body
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    return {
        field.target.id: " ".join(text.value.value.split())
        for field, text in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
