"""Seconds, bytes and counts as people read them."""

from __future__ import annotations


def as_time(seconds: float) -> str:
    """`0.3 ms`, `4.2 s`, `1 min 20 s`, `2 h 05 min`."""
    if seconds < 0.1:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def as_bytes(count: float) -> str:
    """Decimal units: `12 kB`, `450 MB`, `1.25 GB`."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.2f} {unit}" if unit == "GB" else f"{count / size:.0f} {unit}"
    return f"{count:.0f} B"


def as_count(count: float) -> str:
    """`264`, `3.36K`, `113.45M`, as the paper prints them."""
    for unit, size in (("B", 1e9), ("M", 1e6), ("K", 1e3)):
        if count >= size:
            return f"{count / size:.2f}{unit}"
    return f"{count:.0f}"


def as_rough_count(count: float) -> str:
    """`15`, `2.4k`, `60k`, `1.2M`, for numbers whose size is what matters."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if count >= 0.9995 * size:  # three digits of 999.9k are 1M
            return f"{count / size:.3g}{unit}"
    return f"{count:.0f}"


def as_needs(labelled_examples: float, unlabelled_examples: float, full_trainings: float) -> str:
    """`no data`, `256 inputs`, `2.4k labels, 15 trainings`."""
    counts = {"label": labelled_examples, "input": unlabelled_examples, "training": full_trainings}
    needed = [f"{as_rough_count(count)} {what}{'' if count == 1 else 's'}" for what, count in counts.items() if count]
    return ", ".join(needed) or "no data"
