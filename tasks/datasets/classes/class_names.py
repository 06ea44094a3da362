"""Match the names that data give to classes with the canonical ones, by what they have in common, never by position."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

from ....errors import DataError
from ....one_line import shown
from ...left_out import and_others

_PLACEHOLDER = re.compile(r"label[ _-]?(\d{1,9})", re.IGNORECASE)
"""How transformers calls classes that nobody has named."""


def names_of(one: str) -> list[str]:
    """Return all names of a class, which are parted by tabs; the first is the canonical one."""
    return [name.strip() for name in one.split("\t") if name.strip()] or [one]


def main_name(one: str) -> str:
    """Return the canonical name of a class that may have others."""
    return names_of(one)[0]


def normalised(name: str) -> str:
    """Return a name in lower case, with spaces for `_`, `-`, `/` and between the words of CamelCase."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", unicodedata.normalize("NFKC", name))
    return " ".join(re.sub(r"[_\-/\\\s]+", " ", spaced).casefold().split())


def class_number(one: str) -> int | None:
    """Return the number that a name is, or one of several names, as `00012` and `LABEL_12` are; None where none is."""
    for name in names_of(one):
        if placeholder := _PLACEHOLDER.fullmatch(name):
            return int(placeholder[1])
        if name.isascii() and name.isdecimal() and len(name) <= 9:
            return int(name)
    return None


def are_numbers(names: Sequence[str]) -> bool:
    """Return whether all classes have a number among their names."""
    return all(class_number(name) is not None for name in names)


def are_placeholders(names: Sequence[str]) -> bool:
    """Return whether all names only number the classes, as `LABEL_0` does."""
    return all(_PLACEHOLDER.fullmatch(name.strip()) for name in names)


def _without_letter(name: str) -> str:
    """Drop the initial that SUN397 puts before a name: `a_abbey`."""
    return re.sub(r"^([a-z]) (?=\1)", "", normalised(name))


def _letters(name: str) -> str:
    """Keep letters and digits alone."""
    return "".join(letter for letter in _without_letter(name) if letter.isalnum())


_FORMS: tuple[Callable[[str], str], ...] = (normalised, _without_letter, _letters)
"""Ever looser ways to look at a name; a looser one counts where the stricter have found nothing."""


def require_distinct(names: Sequence[str], whose: str) -> None:
    """Refuse names of which two are one when normalised.

    Raises:
        DataError: two are; the message names both.
    """
    seen: dict[str, tuple[int, str]] = {}
    for k, name in ((k, name) for k, one in enumerate(names) for name in names_of(one)):
        number = class_number(name)
        form = normalised(name) if number is None else str(number)
        other, known = seen.setdefault(form, (k, name))
        if other != k:
            raise DataError(f"two classes {whose} are one name: {shown(known)} and {shown(name)}; rename one")


def matched(found: Sequence[str], classes: Sequence[str]) -> list[int | None]:
    """Return the position in `classes` of every found name, None for one that matches none of a class's names."""
    if are_numbers(found) and are_numbers(classes):
        by_number = {class_number(name): k for k, name in enumerate(classes)}
        return [by_number.get(class_number(name)) for name in found]
    positions: list[int | None] = [None] * len(found)
    for form in _FORMS:
        known = _unique([{form(name) for name in names_of(one)} for one in classes])
        for i, name in enumerate(found):
            if positions[i] is None:
                positions[i] = known.get(form(name))
    return positions


def unmatched(found: Sequence[str], classes: Sequence[str]) -> list[int]:
    """Return which of the found names match no class, as `match_classes` matches them."""
    if are_numbers(found) and not are_numbers(classes):
        return [i for i, name in enumerate(found) if (class_number(name) or 0) >= len(classes)]
    return [i for i, position in enumerate(matched(found, classes)) if position is None]


def match_classes(found: Sequence[str], classes: Sequence[str], *, whose: str) -> list[int]:
    """Return the position in `classes` of every found name.

    Names are compared without regard to case, `_`, `-`, `/`, CamelCase and SUN397's initials. Where all found names
    are numbers and the classes have names, the numbers are positions, counted from 0.

    Raises:
        DataError: a name matches no class, or two match one; the message shows the nearest.
    """
    require_distinct(found, whose)
    if found and are_numbers(found) and not are_numbers(classes):
        return _by_number(found, classes, whose)
    positions = matched(found, classes)
    unknown = [name for name, position in zip(found, positions, strict=True) if position is None]
    if unknown:
        more = len(unknown) - 1
        others = f" (nor {'does 1 other' if more == 1 else f'do {more} others'})" if more else ""
        taken = {position for position in positions if position is not None}
        free = [name for k, name in enumerate(classes) if k not in taken]
        raise DataError(f"{shown(unknown[0])} {whose} matches no class{others}; {nearest(unknown[0], free or classes)}")
    by_position: dict[int, str] = {}
    for name, position in zip(found, positions, strict=True):
        if position is not None and by_position.setdefault(position, name) != name:
            raise DataError(
                f"{shown(by_position[position])} and {shown(name)} {whose} both match the class "
                f"{shown(main_name(classes[position]))}; rename one"
            )
    return [position for position in positions if position is not None]


def nearest(name: str, known: Sequence[str]) -> str:
    """Return a hint: the known name that is most alike, or the first few."""
    forms = {normalised(one): one for several in known for one in names_of(several)}
    if alike := difflib.get_close_matches(normalised(name), forms, n=1, cutoff=0.5):
        return f"the nearest is {shown(forms[alike[0]])}"
    if parts := [one for form, one in forms.items() if len(normalised(name)) > 2 and normalised(name) in form]:
        return f"the nearest is {shown(parts[0])}"
    some = ", ".join(shown(main_name(one), 60) for one in known[:5])
    return f"expected one of {some}{and_others(len(known) - 5)}"


def _by_number(found: Sequence[str], classes: Sequence[str], whose: str) -> list[int]:
    numbers = [class_number(name) or 0 for name in found]
    if max(numbers) >= len(classes):
        from_one = min(numbers) == 1 and max(numbers) == len(classes)
        advice = "they are counted from 1; count them from 0, or name them" if from_one else "name the classes"
        raise DataError(
            f"the labels {whose} are numbers up to {max(numbers)}, expected 0 to {len(classes) - 1} for "
            f"{len(classes)} classes; {advice}"
        )
    return numbers


def _unique(forms: Sequence[set[str]]) -> dict[str, int]:
    """Map every form that one class alone has to its position."""
    counts = Counter(form for several in forms for form in several)
    return {form: k for k, several in enumerate(forms) for form in several if form and counts[form] == 1}
