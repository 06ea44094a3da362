"""The listing of what is registered: methods with their documented options, suites with their tasks."""

from __future__ import annotations

import contextlib
import dataclasses

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..errors import ConfigError
from ..methods import METHODS, documented_ranges, list_methods, option_docs
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
    documented, ranges = option_docs(config), documented_ranges(config)
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
