"""A task's head as a file of transformers holds it beside the base model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ....errors import DataError
from ...weight_files.stored_weights import StoredWeights
from ..backbone import Head
from ..last_layer import MANY
from .transformers_classifier import make_classifier
from .transformers_head import TransformersHead


def read_head(
    made_by: Any, config: Any, classifier: Any, outside: Mapping[str, Tensor], stored: StoredWeights, name: str | None
) -> Head:
    """Return the head that a file holds, by the code of the library's classifier.

    Args:
        made_by: the class of the classifier.
        config: its configuration.
        classifier: one with `MANY`, to tell which dimensions are classes.
        outside: the file's tensors that are not of the base model.
        stored: the file.
        name: what the file calls the head's only layer; as the library calls it when None.

    Raises:
        DataError: there is no such head, it is incomplete, or it is none that tells classes apart.
    """
    problem = stored.config.get("problem_type")
    if problem not in (None, "single_label_classification"):
        raise DataError(
            f"the head of {stored.source} is for {problem}, expected one that tells classes apart, one a text or image"
        )
    prefix = f"{classifier.base_model_prefix}."
    shapes = {key: like.shape for key, like in classifier.state_dict().items() if not key.startswith(prefix)}
    found = _renamed(outside, stored, set(shapes), name)
    missing = sorted(shapes.keys() - found.keys())
    if missing:
        others = ", ".join(sorted({key.rpartition(".")[0] or key for key in outside})[:4]) or "none"
        raise DataError(
            f"{stored.source} holds no complete head: expected {', '.join(sorted(shapes))}, missing {missing[0]}; "
            f"beside the encoder it has {others}; name its head by head: {{own: NAME}}, or give it by "
            "head: {file: ...}"
        )
    n_classes = _count(shapes, found, stored.source)
    made = TransformersHead(make_classifier(made_by, config, n_classes))
    state = {f"classifier.{key}": found[key].detach().clone() for key in shapes}
    made.load_state_dict(state, strict=True, assign=True)
    made.requires_grad_(False)
    return Head(made, _class_names(stored, n_classes))


def _renamed(
    outside: Mapping[str, Tensor], stored: StoredWeights, expected: set[str], name: str | None
) -> dict[str, Tensor]:
    """Return a head's tensors by the library's names; a file may call the only layer otherwise, or hold it alone."""
    found = {key: tensor for key, tensor in outside.items() if key in expected}
    layers = {key.rpartition(".")[0] for key in expected}
    tops = {key.partition(".")[0] for key in expected}
    if name is not None and name not in tops | layers:
        if len(layers) > 1:
            raise DataError(
                f"the head of {stored.source} is made of {', '.join(sorted(layers))}, so it cannot be called {name!r}; "
                "leave its name out"
            )
        layer = next(iter(layers))
        return {
            f"{layer}.{key.removeprefix(f'{name}.')}": tensor
            for key, tensor in stored.tensors.items()
            if key.startswith(f"{name}.")
        }
    if not found and len(layers) == 1 and {f"{next(iter(layers))}.{key}" for key in stored.tensors} == expected:
        return {f"{next(iter(layers))}.{key}": tensor for key, tensor in stored.tensors.items()}
    return found


def _count(shapes: Mapping[str, Any], found: Mapping[str, Tensor], source: str) -> int:
    """Return how many classes a head tells apart, where its shapes are those of the library's with so many."""
    counts: dict[str, int] = {}
    for key, shape in shapes.items():
        tensor = found[key]
        if tensor.ndim != len(shape) or any(n != m for n, m in zip(tensor.shape, shape, strict=True) if m != MANY):
            expected = tuple("classes" if m == MANY else m for m in shape)
            raise DataError(f"{source} holds {key} of shape {tuple(tensor.shape)}, expected {expected}")
        counts.update((key, n) for n, m in zip(tensor.shape, shape, strict=True) if m == MANY)
    if len(set(counts.values())) != 1:
        raise DataError(f"the head of {source} has different numbers of classes in {counts}, expected one number")
    n_classes = next(iter(counts.values()))
    if n_classes < 2:
        raise DataError(
            f"the head of {source} gives one number, as for regression; expected two or more classes to tell apart"
        )
    return n_classes


def _class_names(stored: StoredWeights, n_classes: int) -> tuple[str, ...] | None:
    """Return the names of the classes that a file states, by logit; None where it states none of its own."""
    raw = stored.config.get("id2label")
    if not isinstance(raw, Mapping) or not raw:
        return None
    try:
        names = {int(key): str(label) for key, label in raw.items()}
    except ValueError:
        names = {}
    if set(names) != set(range(n_classes)):
        raise DataError(
            f"{stored.source} names {len(raw)} classes (id2label in its config.json), expected {n_classes}, "
            "as many as its head tells apart"
        )
    listed = tuple(names[k] for k in range(n_classes))
    return None if all(label == f"LABEL_{k}" for k, label in enumerate(listed)) else listed
