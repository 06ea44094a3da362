"""The documentation of options: the docstring below each field of a `Config`.

pydantic reads such docstrings of its own models only; a plugin's `Config` is a plain dataclass, and a composed
method's inherits its fields.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools


def option_docs(config: type) -> dict[str, str]:
    """Map every documented option of a `Config` to its docstring, those of the classes it inherits from included."""
    bases = [base for base in reversed(config.__mro__) if dataclasses.is_dataclass(base)]
    return {name: text for base in bases for name, text in _own_docs(base).items()}


def _own_docs(config: type) -> dict[str, str]:
    """Read the docstrings of the fields that a class declares itself."""
    try:
        source = inspect.getsource(config)
        # A class in a class is indented, and what stands in it, comments or texts, may be less than it is.
        (outer,) = ast.parse(f"if True:\n{source}" if source[0].isspace() else source).body
    except (OSError, TypeError, SyntaxError):
        return {}  # made in an interactive session, or by `composed`, and then it declares nothing itself
    definition = outer.body[0] if isinstance(outer, ast.If) else outer
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
