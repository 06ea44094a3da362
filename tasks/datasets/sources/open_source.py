"""Open the data that a suite file names, whatever their format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ....errors import ConfigError
from ...suite_file.schema import DataSpec
from ..raw_split import DataSource, Kind
from .generated_data import GeneratedData
from .image_folder import ImageFolders
from .parquet_table import ParquetTables
from .text_rows import TextFormat
from .text_table import TextTables
from .torchvision_data import TorchvisionData

_PATHS = ("imagefolder", "parquet", "csv", "tsv", "jsonl")
_TEXTS: tuple[TextFormat, ...] = ("csv", "tsv", "jsonl")


def open_source(
    spec: DataSpec, base: Path, *, kind: Kind | None = None, classes: Sequence[str] | None = None
) -> DataSource:
    """Return the data of a task; their files are listed and not read.

    Args:
        spec: the data, as the suite file has them.
        base: where relative paths start.
        kind: what the model takes, for data that are generated; images when None.
        classes: of the head, for data that are generated.

    Raises:
        DataError, ConfigError, UnknownNameError: there are no such data.
    """
    if spec.generated is not None:
        n_classes = None if classes is None else len(classes)
        return GeneratedData(
            spec.generated, kind or "image", n_classes=n_classes, n_texts=spec.n_texts, seed=spec.split_seed
        )
    if spec.torchvision is not None:
        return TorchvisionData(spec.torchvision, base, spec.root)
    if spec.hub is not None:
        from ...weight_files.hub_data_sets import fetch_data_set

        # Where train is named too, others are not looked for: what else is on this machine must decide nothing.
        only = list(spec.splits.values()) if "train" in spec.splits else None
        folder = fetch_data_set(spec.hub, spec.config, splits=only)
        return ParquetTables(folder.parent, folder.name, spec, name=f"the hub's {spec.hub}", only=only)
    given = next(path for name in _PATHS if (path := getattr(spec, name)) is not None)
    if not isinstance(given, str) and spec.splits:
        raise ConfigError("splits are given by paths already; leave out `splits`, or give one path")
    if spec.imagefolder is not None:
        return ImageFolders(base, given, list(spec.splits.values()))
    if spec.parquet is not None:
        return ParquetTables(base, given, spec)
    form = next(name for name in _TEXTS if getattr(spec, name) is not None)
    return TextTables(base, given, form, spec)


def deciding(spec: DataSpec) -> dict[str, Any]:
    """Return what of a task's data decides the examples beside the files' content, as JSON values.

    Paths do not: the same files elsewhere are the same data. Nor does their licence.
    """
    found = spec.model_dump(mode="json", exclude={*_PATHS, "root", "hub", "classes", "license"})
    found["format"] = next(
        (name for name in (*_PATHS, "hub") if getattr(spec, name) is not None), "torchvision or generated"
    )
    return found
