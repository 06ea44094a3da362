"""Names of weights in files of transformers, of whatever version wrote them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ....errors import DataError
from ....one_line import as_one_line

LEGACY = (("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias"))
"""How the first BERT files call the weights of a layer norm, and what they are called now."""


def library_names(model: Any, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors by the names of a model, as the library's own reading of older files renames and cuts them.

    A prefix of the base model is put before names that lack it. Names that the model does not have are kept.

    Args:
        model: a model of the library with a head.
        tensors: by a file's names.

    Raises:
        DataError: weights that the library joins from several are not all there.
    """
    expected = model.state_dict()
    renamings, converters, rename = _rules(model)
    named: dict[str, Tensor] = {}
    joined: dict[str, Any] = {}
    for name, tensor in tensors.items():
        new, pattern = rename(name, renamings, converters, model.base_model_prefix, expected)
        if new not in expected:
            kept, _ = rename(name, [], [], model.base_model_prefix, expected)
            if kept in expected:
                new, pattern = kept, None
        if pattern is None or new not in expected:
            named[new] = tensor
            continue
        if new not in joined:
            joined[new] = copy.deepcopy(next(one for one in converters if pattern in one.source_patterns))
        joined[new].add_tensor(new, name, pattern, tensor)
    for name, converter in joined.items():
        try:
            made = converter.convert(name, model=model, config=model.config)
        except Exception as error:  # of the library, for what an incomplete file lacks
            raise DataError(f"{name} cannot be made of the file's weights ({as_one_line(str(error), 200)})") from error
        named.update({key: part[0] if isinstance(part, list) else part for key, part in made.items()})
    return named


def _rules(model: Any) -> tuple[list[Any], list[Any], Any]:
    """Return the library's rules, those that rename and those that compute, and the function that applies them."""
    try:
        from transformers.conversion_mapping import get_model_conversion_mapping
        from transformers.core_model_loading import WeightConverter, WeightRenaming, rename_source_key
    except ImportError:  # before transformers 5 modules were called as in files
        return [], [], _renamed
    rules = get_model_conversion_mapping(model)
    renamings = [rule for rule in rules if isinstance(rule, WeightRenaming)]
    return renamings, [rule for rule in rules if isinstance(rule, WeightConverter)], rename_source_key


def _renamed(
    name: str, _renamings: list[Any], _converters: list[Any], prefix: str, expected: Mapping[str, Tensor]
) -> tuple[str, None]:
    """Return a name of the oldest files as it is now, with the prefix of the base model, as transformers 5 would."""
    for old, new in LEGACY:
        name = name.replace(old, new)
    return (f"{prefix}.{name}" if f"{prefix}.{name}" in expected else name), None
