"""What a suite's models are to the library that their architecture comes from, which is to load them unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

if TYPE_CHECKING:  # a library's backbone imports the library
    from .backbones.backbone import Backbone, Head
    from .weight_files.stored_weights import StoredWeights


@dataclass(frozen=True)
class LibraryModel:
    """The way in which one library holds the models of a suite."""

    library: str
    """The library's key in suite files: open_clip, transformers, timm, torchvision or python."""
    backbone: Backbone
    """Writes the library's folders."""
    pretrained: StoredWeights
    """The pre-trained model as its file holds it: what is never merged, such as a text tower, comes from there."""

    def write(self, params: Mapping[str, Tensor], head: Head | None, folder: Path) -> None:
        """Write a folder from which the library itself loads one model.

        Args:
            params: the encoder's weights.
            head: the head that the model gets; the encoder alone when None.
            folder: made if it is not there.

        Raises:
            FrontrunnerError: the library cannot hold such a model.
        """
        from .backbones.transformers_models.exported_tokenizer import state_tokenizer
        from .datasets.text_format import TextFormat

        self.backbone.export(
            {name: tensor.detach().cpu() for name, tensor in params.items()}, head, self.pretrained, folder
        )
        if self.library == "transformers" and isinstance(self.backbone.inputs, TextFormat):
            state_tokenizer(self.backbone.inputs, folder)
