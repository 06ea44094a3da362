"""Which folders of a tree of images are splits, and which are classes; a path one level off is noticed."""

from __future__ import annotations

from collections.abc import Sequence

from ....errors import DataError, UnknownNameError
from ..classes.class_names import are_numbers, main_name, matched
from ..splits.split_choice import usual_split
from .image_tree import ImageTree


def find_splits(tree: ImageTree, named: Sequence[str] = ()) -> list[str]:
    """Return the folders of splits that a folder holds; none where it holds class folders.

    Args:
        tree: the images below the folder.
        named: folders that are splits though they are called otherwise.

    Raises:
        DataError: the folder is one level too high or too deep; the message says which to give.
        UnknownNameError: it has no folder that was named.
    """
    children = tree.children()
    if not any(tree.images.values()):
        raise DataError(f"{tree.root} holds no image, in no folder below it; give the folder that holds class folders")
    for name in named:
        if name not in tree.images:
            raise UnknownNameError(f"split of {tree.root}:", name, children)
    splits = [child for child in children if usual_split(child) and _has_folders(tree, child)]
    flat = [child for child in children if usual_split(child) and tree.images[child]]
    if flat and len(flat) == len([child for child in children if usual_split(child)]) == len(children):
        raise DataError(
            f"{tree.root / flat[0]} holds {len(tree.images[flat[0]])} images and no class folders; "
            f"sort them into a folder a class, as in {flat[0]}/cat/1.jpg"
        )
    if splits or named:
        return list(dict.fromkeys([*splits, *named]))
    _require_level(tree, children)
    return []


def class_levels(tree: ImageTree, classes: Sequence[str] | None) -> dict[str, str]:
    """Return the class of every folder of a split, by path relative to the split's.

    A class may be nested: it is called by the whole path (`a/abbey`), or by one of its ends. What fits the classes
    counts; where they are not known, the first level does, as in torchvision, but for initials as SUN397 has them.

    Args:
        tree: the images of the split.
        classes: the names of the classes, where they are known.

    Raises:
        DataError: images lie beside the class folders, or there are no class folders.
    """
    if tree.images[""]:
        n = len(tree.images[""])
        if len(tree.images) == 1:
            raise DataError(
                f"{tree.root} holds {n} images and no class folders; give the folder that holds a folder a class"
            )
        raise DataError(
            f"{n} images lie in {tree.root} beside the class folders, first {tree.images[''][0]}; move them into one"
        )
    tops = tree.children()
    full = {folder: folder for folder in tree.images if tree.images[folder] or _is_leaf(tree, folder)}
    first = {folder: folder.partition("/")[0] for folder in full}
    if first == full:
        return full
    if classes is None or are_numbers([main_name(one) for one in classes]):
        _require_several(tree, tops)
        return full if len(tops) > 1 and all(len(top) == 1 and not top.isdigit() for top in tops) else first
    last = {folder: folder.rpartition("/")[2] for folder in full}
    fitting = [
        sum(k is not None for k in matched(list(dict.fromkeys(way.values())), classes)) for way in (first, full, last)
    ]
    return (first, full, last)[max(range(3), key=lambda way: (fitting[way], -way))]


def _require_level(tree: ImageTree, children: Sequence[str]) -> None:
    """Refuse a folder that is one level too high or too deep."""
    root = tree.root
    holders = [child for child in children if any(usual_split(grand) for grand in tree.below(child).children())]
    holders = [child for child in holders if not tree.images[child]]
    if holders:
        inner = sorted(filter(usual_split, tree.below(holders[0]).children()))
        several = f" (and {len(holders) - 1} like it)" if len(holders) > 1 else ""
        raise DataError(
            f"{root} is one level too high: splits ({', '.join(inner)}) are in {holders[0]}{several}; "
            f"give {root / holders[0]}"
        )
    _require_several(tree, children)
    if tree.images[""] and len(tree.images) == 1:
        raise DataError(
            f"{root} is one level too deep: it holds {len(tree.images[''])} images and no class folders; "
            f"give {root.parent}"
        )
    if usual_split(root.name) and (others := _sibling_splits(tree)):
        raise DataError(
            f"{root} is one level too deep: {', '.join(others)} lie beside it; give {root.parent}, or a path a split"
        )


def _require_several(tree: ImageTree, children: Sequence[str]) -> None:
    """Refuse a single folder in which several are, where class folders are expected."""
    if len(children) == 1 and not tree.images[children[0]] and not tree.images[""]:
        inner = tree.below(children[0]).children()
        if len(inner) > 1:
            raise DataError(
                f"{tree.root} is one level too high: it holds {children[0]} alone, in which {len(inner)} class folders "
                f"are ({', '.join(inner[:3])}{', ...' if len(inner) > 3 else ''}); give {tree.root / children[0]}"
            )


def _sibling_splits(tree: ImageTree) -> list[str]:
    parent = tree.root.absolute().parent
    return sorted(
        path.name
        for path in parent.iterdir()
        if path.is_dir() and usual_split(path.name) and path.name != tree.root.name
    )


def _has_folders(tree: ImageTree, folder: str) -> bool:
    return not tree.images[folder] and any(path.startswith(f"{folder}/") for path in tree.images)


def _is_leaf(tree: ImageTree, folder: str) -> bool:
    return folder != "" and not any(path.startswith(f"{folder}/") for path in tree.images)
