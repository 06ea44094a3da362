"""Format qualities, seconds, bytes and counts for people."""

from __future__ import annotations

from collections.abc import Sequence

EXPONENT_BELOW = 0.00095
"""A quality below this is written with an exponent, since four decimals would leave one digit of it or none."""


def as_quality(value: float, sign: str = "") -> str:
    """Return a score or an error as `0.4380`, `8.1e-4` or `0.0000`.

    Args:
        value: a number of about one or, in hypervolumes of many tasks, of far less.
        sign: `"+"` to write that of positive numbers too.
    """
    if 0 < abs(value) < EXPONENT_BELOW:
        return small_text(value, 2, sign)
    return f"{value:{sign}.4f}" if abs(value) < 1e6 else f"{value:{sign}.4g}"


def small_text(value: float, digits: int, sign: str = "") -> str:
    """Return a small number with an exponent, `9.5e-5`, in so many significant digits."""
    mantissa, _, exponent = f"{value:{sign}.{digits - 1}e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def as_time(seconds: float) -> str:
    """Return seconds as `0.3 ms`, `4.2 s`, `1 min 20 s` or `2 h 05 min`."""
    if seconds < 0.1:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def as_bytes(count: float) -> str:
    """Return bytes in decimal units, as `12 kB`, `450 MB` or `1.25 GB`."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.2f} {unit}" if unit == "GB" else f"{count / size:.0f} {unit}"
    return f"{count:.0f} B"


def as_count(count: float) -> str:
    """Return a count as `264`, `3.36K` or `113.45M`, as arXiv 2406.09770 prints them."""
    for unit, size in (("B", 1e9), ("M", 1e6), ("K", 1e3)):
        if count >= size:
            return f"{count / size:.2f}{unit}"
    return f"{count:.0f}"


def as_rough_count(count: float) -> str:
    """Return a count rounded to three digits, as `15`, `2.4k`, `60k` or `1.2M`."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if count >= 0.9995 * size:  # 999.9k rounded to three digits is 1M
            return f"{count / size:.3g}{unit}"
    return f"{count:.0f}"


def as_rough_counts(counts: Sequence[float]) -> list[str]:
    """Return different counts as `as_rough_count`, and in full those that would look the same."""
    rough = [as_rough_count(count) for count in counts]
    return [f"{count:,.0f}" if rough.count(text) > 1 else text for count, text in zip(counts, rough, strict=True)]


def as_charged(gradient_examples: float, expert_gradient_examples: float | None) -> str:
    """Return the examples that a set costs as `57.6k + 19.2k`, experts first; `? + 19.2k` where theirs are unknown."""
    own = as_rough_count(gradient_examples)
    if expert_gradient_examples == 0:
        return own
    return f"{'?' if expert_gradient_examples is None else as_rough_count(expert_gradient_examples)} + {own}"


def as_steps(training_runs: float, training_steps: float, gradient_examples: float | None) -> str:
    """Return optimizer steps as `10×200×48`: trainings, unless there is one, steps of each and examples of a step."""
    factors = [*([training_runs] if training_runs != 1 else []), training_steps]
    if gradient_examples and training_runs and training_steps:
        factors.append(gradient_examples / (training_runs * training_steps))
    return "×".join(f"{factor:.0f}" for factor in factors)


def as_needs(labelled_examples: float, unlabelled_examples: float, full_trainings: float) -> str:
    """Return what a fit needs as `no data`, `256 inputs` or `2.4k labels, 15 trainings`."""
    counts = {"label": labelled_examples, "input": unlabelled_examples, "training": full_trainings}
    needed = [f"{as_rough_count(count)} {what}{'' if count == 1 else 's'}" for what, count in counts.items() if count]
    return ", ".join(needed) or "no data"
