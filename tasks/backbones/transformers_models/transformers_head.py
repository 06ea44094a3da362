"""Heads of transformers: the library's own classifier, given what the base model returned in the base model's place."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

HIDDEN = "last_hidden_state"
"""What the encoders of transformers call what they make of each token."""


class TransformersHead(nn.Module):
    """From what the base model returned to logits (n, classes), by the code of the library's classifier.

    Pooling, dropout and the order of layers are the library's; only the base model is not run again.

    Args:
        classifier: a `...ForSequenceClassification` or `...ForImageClassification`, on whatever device.
    """

    def __init__(self, classifier: Any) -> None:
        super().__init__()
        self.base_name: str = classifier.base_model_prefix
        self.input_name: str = classifier.main_input_name
        self.takes_mask = "attention_mask" in inspect.signature(classifier.forward).parameters
        setattr(classifier, self.base_name, _Given())
        self.classifier = classifier.eval()

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        """Return logits for what `encoded` made of the base model's output; differentiable."""
        output = dict(features)
        inputs = {self.input_name: output.pop("input_ids", output[HIDDEN])}
        if (mask := output.pop("attention_mask", None)) is not None and self.takes_mask:
            inputs["attention_mask"] = mask
        # A copy of one level holds the output of this call, so that calls may overlap.
        classifier = copy.copy(self.classifier)
        classifier._modules = {**self.classifier._modules, self.base_name: _Given(output)}
        logits: Tensor = classifier(**inputs).logits
        return logits


class _Given(nn.Module):
    """Returns what was given, whatever it is called with."""

    def __init__(self, output: Mapping[str, Tensor] | None = None) -> None:
        super().__init__()
        self.output = GivenOutput(output or {})

    def forward(self, *args: Any, **kwargs: Any) -> GivenOutput:
        """Return it."""
        return self.output


class GivenOutput(dict[Any, Any]):
    """A base model's output: fields by attribute, name, or position among those that are there."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # copying and pickling look for methods
            raise AttributeError(name)
        return self.get(name)

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(key) if isinstance(key, str) else tuple(self.values())[key]


def encoded(output: Mapping[str, Any], inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what heads need of one run of the base model, tensors by name with an example a row."""
    features = {name: value for name, value in output.items() if isinstance(value, Tensor)}
    features.update({name: inputs[name] for name in ("input_ids", "attention_mask") if name in inputs})
    return features
