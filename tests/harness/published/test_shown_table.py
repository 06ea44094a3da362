"""The forms of a table say the same, and escape what means something in them."""

import csv
import html
import io
import re

from frontrunner.harness.published.shown_table import (
    ShownTable,
    TableEntry,
    TableRow,
    as_csv,
    as_html,
    as_latex,
    as_markdown,
)
from frontrunner.metrics.statistics import mean_interval

WILD = r"a_b & 50% <script>|$x$ `y`"
TABLE = ShownTable(
    f"Table {WILD}",
    ("A", "=B"),
    (
        TableRow(TableEntry("Theirs", "a"), "published", (TableEntry("88.9", "b"), TableEntry("2-3 min"))),
        TableRow(
            TableEntry("ours"),
            "here",
            (TableEntry("70.0 ± 1.5", measured=mean_interval([69.0, 70.0, 71.0])), TableEntry("–")),
        ),
    ),
    ("[a] One note.", f"[b] {WILD}"),
)


def test_csv_has_an_entry_a_line_with_numbers_of_what_was_measured_alone():
    rows = list(csv.DictReader(io.StringIO(as_csv([TABLE]))))
    assert [(row["method"], row["from"], row["text"], row["marks"]) for row in rows] == [
        ("Theirs", "published", "88.9", "ab"),
        ("Theirs", "published", "2-3 min", "a"),
        ("ours", "here", "70.0 ± 1.5", ""),
        ("ours", "here", "–", ""),
    ]
    assert [row["mean"] for row in rows] == ["", "", "70.0", ""]
    assert float(rows[2]["low"]) < 70 < float(rows[2]["high"])
    assert rows[2]["seeds"] == "3"
    assert rows[1]["column"] == "'=B"  # no formula in a spreadsheet


def test_markdown_escapes_what_it_would_read():
    text = as_markdown([TABLE])
    assert "\\<script>" in text
    assert "50% \\<script>\\|$x$ \\`y\\`" in text
    assert re.search(r"\| Theirs \[a\] \| published +\| +88\.9 \[b\] \|", text)


def test_latex_is_booktabs_with_names_on_the_left():
    text = as_latex([TABLE])
    assert r"\begin{tabular}{llrr}" in text
    assert r"Theirs [a] & published & 88.9 [b] & 2-3 min \\" in text
    assert r"50\% \textless{}script\textgreater{}" in text
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 1


def test_html_cannot_be_left_and_tells_rows_apart():
    text = as_html([TABLE])
    assert "<script>" not in text
    assert html.escape(WILD) in text
    assert re.findall(r'<tr class="(\w+)">', text) == ["printed", "measured"]


def test_several_tables_stand_one_after_the_other():
    for form, mark in ((as_markdown, "### "), (as_latex, r"\begin{table}"), (as_html, "<h3>")):
        assert form([TABLE, TABLE]).count(mark) == 2
