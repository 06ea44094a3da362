"""Backbones that a function of the user's makes."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import ConfigError, FrontrunnerError, UnknownNameError
from ...one_line import as_one_line, shown
from ...plugin_import import import_plugin
from ..datasets.image_format import ImageFormat
from ..weight_files.stored_weights import StoredWeights
from ..weight_files.written_tensors import write_tensors
from .backbone import Head
from .last_layer import MANY, classes_in, layer_of_classes, named_layer, require_last
from .meta_parameters import drop_values
from .model_options import HOW
from .python_inputs import INPUT_OPTIONS, described_inputs
from .split_backbone import SplitBackbone

DESCRIBED = ("head", *INPUT_OPTIONS)
"""What a function may say about its model beside it; the options of a suite file say the same by the same names."""


class PythonBackbone(SplitBackbone):
    """The encoder that `build(**options)` of the user's file makes.

    `build` returns an `nn.Module`, or a mapping that holds it as `model` and describes it:

    - `head`: the name of the module's last layer, such as "fc", if it is a whole classifier; the layer is taken off,
      and every expert's file brings its own. An encoder without one returns features (n, d), or whatever its heads
      take; an expert's file then holds a linear layer beside the encoder's.
    - `image_size`, `mean`, `std`: RGB images, the shortest side resized and the centre cut to that many pixels a side,
      scaled to 0 to 1 and normalised, by ImageNet's mean and deviation when these are absent.
    - `tokenizer`, `pad_token_id`: texts; a tokenizer.json or a folder that holds one, relative to the file, and the
      number that pads (0 when absent). The module is called with `input_ids` and `attention_mask`, (n, tokens) each,
      as far as its `forward` has arguments of these names, else with the mapping of both.
    - `inputs`: an `InputFormat` instead, for anything else.

    What the mapping does not describe is taken from options of the same names. A `build` that takes `num_classes`, and
    is given none, is asked for a number that tells its last layer.

    Args:
        file: the user's file.
        function: the name in it.
        options: keyword arguments of the function.
        max_length: the most tokens of a text.

    Raises:
        ConfigError: the file cannot be imported, the function fails, or what it returns cannot be used.
        UnknownNameError: the function takes no such option.
        UnsupportedError: the last layer cannot be split off.
    """

    def __init__(self, file: Path, function: str, options: Mapping[str, Any], *, max_length: int | None = None) -> None:
        self.options = dict(options)
        source = f"{function} of {file.name}"
        module, _ = import_plugin(file)
        build = getattr(module, function, None)
        if not callable(build):
            raise ConfigError(f"{file} has no function {function!r}; expected one that returns an nn.Module")
        parameters = _parameters(build)
        _require_known(parameters, options, source)
        asked = "num_classes" in parameters and "num_classes" not in options and "head" not in options
        model, described = _called(
            build, _accepted(parameters, options), {"num_classes": MANY} if asked else {}, source
        )
        described = {key: options[key] for key in DESCRIBED if key in options} | described
        layer = described.get("head")
        if layer is not None:
            layer = named_layer(model, layer, source)
        elif asked:
            layer = layer_of_classes(model, source)
        inputs = described_inputs(described, file.parent, max_length, source)
        if layer is not None and isinstance(inputs, ImageFormat):
            require_last(model, layer, (1, *inputs.shape), source)
        self._arguments = frozenset(_parameters(model.forward))
        super().__init__(drop_values(model), layer, source, inputs)

    @classmethod
    def from_spec(
        cls, named: str, options: Mapping[str, Any], base: Path, *, max_length: int | None = None
    ) -> PythonBackbone:
        """Make the backbone that a suite file names as `file.py:function`, relative to its folder.

        Raises:
            ConfigError: that is no file and function.
        """
        file, colon, function = named.rpartition(":")
        if not colon or not function.isidentifier():
            raise ConfigError(f"a model of python is written file.py:function, such as my.py:build; found {named!r}")
        return cls(base / Path(file).expanduser(), function, options, max_length=max_length)

    def run(self, encoder: nn.Module, inputs: Any) -> Any:
        """Return what the user's module does of images, or of the parts of texts that it has arguments for."""
        if not isinstance(inputs, Mapping):
            return encoder(inputs)
        taken = {name: value for name, value in inputs.items() if name in self._arguments}
        return encoder(**taken) if taken else encoder(inputs)

    def export(self, params: Mapping[str, Tensor], head: Head | None, pretrained: StoredWeights, folder: Path) -> None:
        """Write the module's state dict, and a model.json that says how it was made and is loaded."""
        folder.mkdir(parents=True, exist_ok=True)
        write_tensors(self.joined(params, head), folder / "model.safetensors", {"format": "pt"})
        beside = "its own last layer" if self.layer else "a linear layer beside the encoder, under head."
        described = {
            "library": "python",
            "function": self.source,
            "options": self.options,
            "head": None if head is None else {"layer": self.layer or "head", "num_classes": classes_in(head.module)},
            "classes": None if head is None or head.classes is None else list(head.classes),
            "how_to_load": f"model.safetensors is the state dict of what the function makes, with {beside}",
        }
        (folder / "model.json").write_text(json.dumps(described, indent=2, default=str), encoding="utf-8")

    def _why_missing(self, name: str) -> str:
        return "" if self.layer else "where the function returns a whole classifier, name its last layer by `head`"


def _parameters(build: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(build).parameters
    except (TypeError, ValueError):  # of a compiled function
        return {}


def _accepted(parameters: Mapping[str, inspect.Parameter], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options for the function: all but those that describe the inputs and that it does not take."""
    return {key: value for key, value in options.items() if key in parameters or key not in DESCRIBED}


def _require_known(parameters: Mapping[str, inspect.Parameter], options: Mapping[str, Any], source: str) -> None:
    """Refuse an option that the function has no argument for and that describes no inputs."""
    if not parameters or any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values()):
        return
    for key in options:
        if key not in parameters and key not in DESCRIBED:
            raise UnknownNameError(f"option of {source}:", key, {*parameters, *DESCRIBED}, otherwise=HOW)


def _called(
    build: Callable[..., Any], options: Mapping[str, Any], more: Mapping[str, Any], source: str
) -> tuple[nn.Module, dict[str, Any]]:
    """Return the module that a function makes, and what it says about it."""
    try:
        with torch.random.fork_rng(devices=[]):
            made = build(**options, **more)
    except FrontrunnerError:
        raise
    except Exception as error:  # of the user's code
        raise ConfigError(
            f"{source} fails with the options {shown(dict(options))} "
            f"({type(error).__name__}: {as_one_line(str(error), 300)}); mend the function or the options"
        ) from error
    described = dict(made) if isinstance(made, Mapping) else {"model": made}
    model = described.pop("model", None)
    if not isinstance(model, nn.Module):
        raise ConfigError(
            f"{source} must return an nn.Module, or a mapping that holds it as 'model'; found {type(made).__name__}"
        )
    unknown = sorted(str(key) for key in described.keys() - set(DESCRIBED))
    if unknown:
        raise ConfigError(f"{source} returns {unknown[0]!r} beside the model, expected some of {', '.join(DESCRIBED)}")
    return model, described
