"""The results as Markdown: a table a part, the paper's memory in a column of its own."""

from pathlib import Path

import yaml

PUBLISHED = Path(__file__).parents[2] / "studies" / "paper" / "tables" / "table-8.yaml"
SUITES = {"B/32": "clip-vit-b-32-ta8", "L/14": "clip-vit-l-14-ta8"}
"""Tower -> the suite of the paper's table."""
GB = 1e9


def as_markdown(content, order):
    """Return the page of a result file's content; parts come in this order, those without an end too."""
    about = content["about"]
    memory = f" ({about['memory_bytes'] / GB:.1f} GB)" if "memory_bytes" in about else ""
    versions = ", ".join(f"{name} {about[name]}" for name in ("torch", "cuda", "python") if name in about)
    lines = [f"# Measured on {about['device']}{memory}", "", f"{versions}; {about['shapes']} shapes.", ""]
    for name in order:
        lines += _section(name, content["parts"].get(name))
    return "\n".join(lines)


def _section(name, part):
    if part is None:
        return [f"## {name}", "", "Not started yet.", ""]
    reason = f": {part['reason']}" if part.get("reason") else ""
    lines = [f"## {name}", "", f"{part['status']}{reason}, {part['seconds']:.0f} s.", ""]
    rows = part["rows"]
    if not rows:
        return lines
    if any("outcome" in row for row in rows):
        return [*lines, *_tests(rows), ""]
    columns = _STEPS if any("steps" in row for row in rows) else _others(rows)
    published = _published(name)
    headings = [*columns, *(["paper"] if published else [])]
    lines += [f"| {' | '.join(headings)} |", f"|{' --- |' * len(headings)}"]
    for row in rows:
        cells = [cell(row) for cell in columns.values()] if "failed" not in row else _failed(row, columns)
        cells += [published.get(row["name"], "–")] if published else []
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def _tests(rows):
    counts = {kind: sum(row["outcome"] == kind for row in rows) for kind in ("passed", "failed", "skipped")}
    said = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    failed = [f"- {row['name']}: {row.get('reason', '')}" for row in rows if row["outcome"] == "failed"]
    return [f"{said}.", *(["", *failed] if failed else [])]


def _failed(row, columns):
    return [row["name"], row["failed"].replace("|", "/"), *["–"] * (len(columns) - 2)]


def _ms(row):
    return f"{row['median_ms']:.1f} ({row['low_ms']:.1f} to {row['high_ms']:.1f})"


def _bytes(key):
    return lambda row: f"{row[key] / GB:.2f} GB" if key in row else "–"


def _count(key):
    return lambda row: f"{row[key]:,}" if key in row else "–"


_STEPS = {
    "": lambda row: row["name"],
    "ms a step (quartiles)": _ms,
    "steps": _count("steps"),
    "peak allocated": _bytes("peak_allocated_bytes"),
    "peak reserved": _bytes("peak_reserved_bytes"),
    "held before": _bytes("held_bytes"),
    "trained": _count("trainable_parameters"),
    "kept": _count("total_parameters"),
}
"""Columns of trainings: heading -> function from a row to its cell."""


def _others(rows):
    keys = list(dict.fromkeys(key for row in rows for key in row if key != "failed"))
    return {key.replace("_", " "): (lambda row, key=key: str(row.get(key, "–"))) for key in keys}


def _published(part):
    """Return what the paper prints for GPU memory, by learner; nothing for a part that it has not."""
    tower, _, rest = part.partition(", ")
    batch, _, dtype = rest.partition(", ")
    if tower not in SUITES or dtype != "float32":
        return {}
    table = yaml.safe_load(PUBLISHED.read_text(encoding="utf-8"))
    (memory,) = (i for i, column in enumerate(table["columns"]) if column["heading"] == "GPU memory")
    n_tasks = int(batch.partition(" ")[0])
    return {
        row["learner"]: row["values"][memory]
        for row in table["rows"]
        if row["suite"] == SUITES[tower] and row["n_tasks"] == n_tasks and row["values"][memory] is not None
    }
