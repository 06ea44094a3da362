"""Read the weights that a file or folder holds, whoever wrote them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from torch import Tensor

from ...errors import DataError
from .cached_tensors import converted
from .content_digest import digest_of
from .locate import nearest_path
from .mapped_file import map_safetensors
from .refused_files import is_safetensors, require_weights_file
from .stored_weights import StoredWeights
from .torch_file import CONVERSION, read_torch_file
from .weight_folder import WeightLayout, layout_of_file, layout_of_folder, read_config


def read_weights(where: str | Path, *, library: str = "") -> StoredWeights:
    """Return the weights of one model, mapped into memory, without running any code of its files.

    Safetensors are mapped from where they are. What torch.save wrote (state dicts, checkpoints that hold one, whole
    modules of known classes) is converted to safetensors once, in the cache folder, and mapped from there.

    Args:
        where: a file; or a folder as Hugging Face or open_clip writes it, with one file of weights or its shards.
        library: `open_clip` where its own files are meant in a folder that holds other libraries' too.

    Raises:
        DataError: there is nothing, nothing that can be read, or nothing that can be read without running code.
    """
    path = Path(where).expanduser()
    source = str(where)
    if not path.exists():
        raise DataError(f"there is no {source}; {nearest_path(path)}")
    layout = layout_of_folder(path, source, library=library) if path.is_dir() else layout_of_file(path)
    config = read_config(layout)
    tensors: dict[str, Tensor] = {}
    for file in layout.files:
        title = source if file == path else f"{file.name} in {source}"
        for name, tensor in _tensors(file, title).items():
            if name in tensors:
                raise DataError(f"{source} holds {name} in two shards; download the model again")
            tensors[name] = tensor
    return StoredWeights(tensors=tensors, source=source, config=config, digest=_digest(layout))


def _tensors(file: Path, source: str) -> dict[str, Tensor]:
    beginning = require_weights_file(file, source)
    if is_safetensors(beginning):
        tensors = dict(map_safetensors(file).tensors)
        if not tensors:
            raise DataError(f"{source} holds no weights; give a file that does")
        return tensors
    key = {"file": digest_of(file), "conversion": CONVERSION}
    return converted(key, lambda: read_torch_file(file, beginning, source))


def _digest(layout: WeightLayout) -> str:
    """Return the digest of all files: that of the file itself where it is one."""
    beside = [file for file in (layout.index, layout.config) if file is not None]
    digests = [digest_of(file) for file in (*layout.files, *beside)]
    return digests[0] if len(digests) == 1 else hashlib.sha256("/".join(digests).encode()).hexdigest()
