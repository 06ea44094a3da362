"""A YAML loader that refuses what is larger or other than what people write, before it costs memory or time.

YAML is small on disk and large in memory: an alias stands for a copy, of copies of copies. Sizes are counted while the
events of the file are read, before any of its values is made.
"""

from __future__ import annotations

from typing import Any

import yaml

MAX_BYTES = 500_000
"""The most bytes of a file; a bench of a thousand learners with all their options has a fifth of that."""
MAX_NODES = 50_000
"""The most values and keys, with those that aliases repeat."""
MAX_DEPTH = 20
"""The most lists and mappings inside each other, with those that aliases put there; a bench has six."""
MAX_DIGITS = 100
"""The most digits of a whole number."""


class LimitError(yaml.YAMLError):
    """Raised for a file that is larger than a limit; the message names the limit and what was found."""


class PlainLoader(yaml.SafeLoader):
    """Loads texts, numbers, true, false, null, lists and mappings, each key once; a date is a text."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._n_nodes = 0
        self._depth = 0
        self._anchored: dict[int, tuple[int, int]] = {}  # id of a node -> how many nodes it has, and its height

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose one node, and count it with all that lies in it."""
        if self.check_event(yaml.AliasEvent):
            node = super().compose_node(parent, index)
            if id(node) not in self._anchored:
                raise LimitError("an alias stands within what it names, so that it would never end")
            n_nodes, height = self._anchored[id(node)]
            self._count(n_nodes, self._depth + height)
            return node
        before, above = self._n_nodes, self._depth
        self._depth += not self.check_event(yaml.ScalarEvent)
        self._count(1, self._depth)
        node = super().compose_node(parent, index)
        self._depth = above
        self._anchored[id(node)] = (self._n_nodes - before, self._height(node))
        return node

    def _count(self, n_nodes: int, depth: int) -> None:
        self._n_nodes += n_nodes
        if self._n_nodes > MAX_NODES:
            raise LimitError(f"it may hold {MAX_NODES:,} values at most, with those that aliases repeat, found more")
        if depth > MAX_DEPTH:
            raise LimitError(f"it may hold {MAX_DEPTH} lists and mappings inside each other at most, found more")

    def _height(self, node: yaml.Node | None) -> int:
        """Return how many lists and mappings lie inside each other in a node, itself included."""
        if not isinstance(node, yaml.CollectionNode):
            return 0
        pairs = isinstance(node, yaml.MappingNode)
        inner = [part for pair in node.value for part in pair] if pairs else node.value
        return 1 + max((self._anchored[id(part)][1] for part in inner), default=0)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Make a mapping; a key that is given twice is an error, where YAML's own loader keeps the last value."""
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(problem=f"the key {key.value!r} is given twice")
                seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """Make a whole number of few digits; Python refuses to read many, or takes long."""
        if len(node.value) > MAX_DIGITS:
            raise LimitError(f"a whole number may have {MAX_DIGITS} digits at most, found {len(node.value):,}")
        return int(super().construct_yaml_int(node))


PlainLoader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
PlainLoader.yaml_constructors = {
    tag: constructor
    for tag, constructor in yaml.SafeLoader.yaml_constructors.items()
    if tag is None or tag.rpartition(":")[2] in ("null", "bool", "int", "float", "str", "seq", "map")
}
PlainLoader.add_constructor("tag:yaml.org,2002:int", PlainLoader.construct_yaml_int)
