"""What a suite's models are to the library that their architecture comes from, which is to load them unchanged."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

if TYPE_CHECKING:  # a library's backbone imports the library
    from .backbones.backbone import Backbone, Head
    from .backbones.clip.other_library import Rewrite
    from .weight_files.stored_weights import StoredWeights


@dataclass(frozen=True)
class LibraryModel:
    """The way in which libraries hold the models of a suite."""

    library: str
    """The library's key in suite files: open_clip, transformers, timm, torchvision or python."""
    backbone: Backbone
    """Writes the library's folders."""
    pretrained: StoredWeights
    """The pre-trained model as its file holds it: what is never merged, such as a text tower, comes from there."""

    @property
    def libraries(self) -> tuple[str, ...]:
        """The libraries that can load the models, the architecture's own first."""
        return (self.library, *self._others())

    def write(self, params: Mapping[str, Tensor], head: Head | None, folder: Path, library: str | None = None) -> None:
        """Write a folder from which a library itself loads one model.

        Args:
            params: the encoder's weights.
            head: the head that the model gets; the encoder alone when None.
            folder: made if it is not there.
            library: one of `libraries`; the architecture's own when None.

        Raises:
            FrontrunnerError: the library cannot hold such a model.
        """
        if library is not None and library != self.library:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as own:
                self.write(params, head, Path(own))
                self._others()[library](Path(own), folder)
            return
        from .backbones.transformers_models.exported_tokenizer import state_tokenizer
        from .datasets.text_format import TextFormat

        on_cpu = {name: tensor.detach().cpu() for name, tensor in params.items()}
        self.backbone.export(on_cpu, head, self.pretrained, folder)
        if self.library == "transformers" and isinstance(self.backbone.inputs, TextFormat):
            state_tokenizer(self.backbone.inputs, folder)

    def _others(self) -> Mapping[str, Rewrite]:
        """Return what writes the models for other libraries."""
        if self.library not in ("open_clip", "transformers"):
            return {}
        from .backbones.clip.other_library import other_libraries

        return other_libraries(self.backbone)
