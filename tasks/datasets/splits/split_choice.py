"""Which of a data set's own splits are train, val and test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ....errors import ConfigError, DataError, UnknownNameError
from ...example_checks import USUAL_NAMES
from ...left_out import and_others
from ...suite_file.schema import DataSpec, Split
from ..raw_split import DataSource

HELD_OUT: tuple[Split, ...] = ("val", "test")


@dataclass(frozen=True)
class SplitChoice:
    """The data's own splits by ours; what is absent is carved from train."""

    own: dict[Split, str]
    notes: tuple[str, ...]


def usual_split(name: str) -> str | None:
    """Return which of train, val and test a split's name usually means, None where it means none of them."""
    return USUAL_NAMES.get(name.strip().lower())


def choose_splits(source: DataSource, spec: DataSpec) -> SplitChoice:
    """Return which splits are used.

    Names that the suite file gives count first, then usual ones such as `validation`. Where there is a validation
    split and no test split, the former is what is tested on, as authors of such data do.

    Raises:
        UnknownNameError: the suite file names a split that the data have not; the message offers the nearest.
        ConfigError: it says how train is divided, and nothing is carved from it.
        DataError: there is no training split, or two are called by usual names of one.
    """
    names = source.split_names
    own: dict[Split, str] = {}
    for split, name in spec.splits.items():
        if name not in names:
            raise UnknownNameError(f"split of {source.name}:", name, names)
        own[split] = name
    if len(names) == 1 and usual_split(names[0]) is None and not own:
        return SplitChoice({"train": names[0]}, ())
    free = [name for name in names if name not in own.values()]
    for split in ("train", *HELD_OUT):
        alike = [name for name in free if usual_split(name) == split]
        if split in own or not alike:
            continue
        if len(alike) > 1:
            raise DataError(
                f"{source.name} has the splits {_listed(alike)}, which are both usual names of {split}; "
                f"say which by `splits: {{{split}: {alike[0]}}}`"
            )
        own[split] = alike[0]
    if "train" not in own:
        raise DataError(
            f"{source.name} has no training split, found {_listed(names)}; say which by `splits: {{train: ...}}`"
        )
    _require_carving(source, spec, own)
    notes = []
    if "val" in own and "test" not in own:
        own["test"] = own.pop("val")
        notes.append(f"{own['test']} of the data, which have no test split, is used as test")
    if unused := [name for name in names if name not in own.values()]:
        notes.append(f"not used: {_listed(unused)} of the data; `splits` can name them")
    return SplitChoice(own, tuple(notes))


def _require_carving(source: DataSource, spec: DataSpec, own: dict[Split, str]) -> None:
    """Refuse what says how train is divided where nothing is carved from it.

    Raises:
        ConfigError: the suite file says it.
    """
    if len(own) < len(("train", *HELD_OUT)):
        return
    given = spec.model_fields_set
    unused = [("val_share", True), ("split_seed", not spec.at_most and spec.generated is None)]
    for key, means_nothing in unused:
        if means_nothing and key in given:
            raise ConfigError(
                f"{key} says how val and test are carved from train, but {source.name} has {own['val']} and "
                f"{own['test']}; remove it"
            )


def _listed(names: Sequence[str]) -> str:
    shown = [repr(name) for name in names[:8]]
    more = and_others(len(names) - 8)
    return ", ".join(shown) + more if more or len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
