"""The shipped tables of arXiv 2406.09770 hold what it prints, typed here once more."""

import re
from pathlib import Path

import pytest

import frontrunner as fr
from frontrunner.harness.cells.bench_file import read_bench
from frontrunner.harness.published.beside import tables_beside
from frontrunner.harness.published.measured import Measured
from frontrunner.harness.published.shown_table import as_csv, as_html, as_latex, as_markdown
from frontrunner.harness.published.study import PublishedStudy

PAPER = Path(fr.__file__).parent / "studies" / "paper"
BENCH_OF = {"figure-5b": "figure-5"}
PRINTED = {
    "figure-5b": """
        SUN397 | Cars | DTD | Avg
        Pretrained: 63.2 59.2 44.4 55.6
        Fine-tuned (STL): 75.3 77.7 79.4 77.5
        LS (EW): 75.1 77.2 78.9 77.1
        EPO (EW): 74.3 78.6 77.7 76.9
        MGDA: 68.9 65.7 79.5 71.4
        Weight Averaging: 70.1 69.7 64.9 68.2
        Task Arithmetic: 70.1 70.6 67.6 69.4
        Ties-Merging: 71.3 71.2 67.7 70.1
        Ours-LS (MLP, EW): 69.4 68.8 72.6 70.3
        Ours-LS (Attn+MLP, EW): 71.7 74.7 76.1 74.2
        Ours-LS (Attn+MLP, r=[1,0,0]): 73.3 65.7 71.7 70.2
        Ours-LS (Attn+MLP, r=[0,1,0]): 69.1 77.9 71.3 72.8
        Ours-LS (Attn+MLP, r=[0,0,1]): 68.2 70.4 77.1 71.9
    """,
    "table-2": """
        SUN397 | Cars | RESISC45 | EuroSAT | SVHN | GTSRB | MNIST | DTD | Avg
        Pretrained: 63.2 59.2 60.2 45.0 31.6 32.6 48.3 44.4 48.1
        Fine-tuned (STL): 75.3 77.7 96.1 99.9 97.5 98.7 99.7 79.4 90.5
        LS (EW): 73.9 74.4 93.9 98.2 95.8 98.9 99.5 77.9 88.9
        EPO (EW): 74.2 78.3 93.4 98.2 95.7 97.3 99.0 78.0 89.3
        MGDA: 64.8 63.7 87.7 92.3 90.8 98.4 99.0 74.7 83.9
        Weight Averaging: 65.3 63.3 71.4 73.6 64.2 52.8 87.5 50.1 66.0
        Fisher Merging: 68.6 69.2 70.7 66.4 72.9 51.1 87.9 59.9 68.3
        RegMean: 65.3 63.5 75.6 78.6 78.1 67.4 93.7 52.0 71.8
        Task Arithmetic: 55.3 54.9 66.7 77.4 80.2 69.7 97.3 50.1 69.0
        Ties-Merging: 65.0 64.3 74.7 76.8 81.3 69.4 96.5 54.3 72.8
        Ours-LS (MLP): 63.5 64.0 79.1 87.3 84.8 81.8 93.1 63.6 77.2
        Ours-LS (Attn+MLP): 69.2 71.4 85.3 92.8 90.3 89.7 97.1 71.9 83.5
        Ours-EPO (MLP): 66.2 65.9 77.5 82.7 81.6 79.4 88.2 64.3 75.7
        Ours-EPO (Attn+MLP): 70.0 72.2 85.0 90.7 90.9 87.2 94.0 70.6 82.6
    """,
    "table-3": """
        SUN397 | Cars | RESISC45 | EuroSAT | SVHN | GTSRB | MNIST | DTD | Avg
        Pretrained: 68.2 77.9 71.3 61.3 58.4 50.6 76.4 55.4 64.9
        Fine-tuned (STL): 82.3 92.4 97.4 99.9 98.1 99.2 99.7 84.1 94.1
        LS (EW): 80.8 90.6 96.3 96.3 97.6 99.1 99.6 84.4 93.5
        Weight Averaging: 72.1 81.6 82.6 91.4 78.2 70.6 97.0 62.8 79.5
        Fisher Merging: 69.2 88.6 87.5 93.5 80.6 74.8 93.3 70.0 82.2
        RegMean: 73.3 81.8 86.1 97.0 88.0 84.2 98.5 60.8 83.7
        Task Arithmetic: 74.1 82.1 86.7 92.6 87.9 86.8 98.9 65.6 84.4
        Ties-Merging: 75.0 84.5 88.0 94.3 85.7 82.1 98.7 67.7 84.5
        Ours-LS (MLP): 77.6 88.5 92.5 96.1 95.2 94.7 98.2 79.1 90.2
    """,
    "table-4": """
        MRPC | MNLI | CoLA | SST-2 | QNLI | QQP | RTE | Avg
        Fine-tuned (STL): 80.4 82.1 76.8 93.2 91.3 89.3 70.3 83.9
        Simple Average: 55.0 55.1 51.0 57.6 76.7 44.8 52.5 56.1
        Simple Average *: 51.0 55.1 55.0 52.5 57.6 76.7 44.8 56.1
        Task Arithmetic: 67.9 68.1 68.8 85.1 70.1 80.9 47.3 69.4
        Ties-Merging: 68.4 71.4 68.4 81.8 69.6 82.4 47.7 70.0
        Ours-LS (MLP): 77.0 68.8 72.5 85.2 75.6 81.1 62.8 74.7
    """,
    "table-5": """
        SUN397 | Cars | RESISC45 | EuroSAT | SVHN | GTSRB | MNIST | DTD
        pre-trained: 63.2 59.6 60.2 45.0 31.6 32.6 48.3 44.4
        SUN397: 75.3 49.2 54.2 49.4 28.3 29.7 49.1 40.1
        Cars: 55.9 77.7 51.2 39.6 29.4 30.2 51.8 38.8
        RESISC45: 52.2 47.2 96.1 56.3 24.2 22.5 49.6 34.7
        EuroSAT: 51.6 45.3 32.5 99.9 19.3 26.1 37.9 35.9
        SVHN: 49.3 40.2 30.3 12.7 97.5 31.4 85.7 28.7
        GTSRB: 46.4 38.9 29.5 22.0 43.9 98.7 39.5 28.5
        MNIST: 49.2 40.2 33.5 20.7 49.2 15.3 99.7 27.4
        DTD: 50.4 49.4 41.9 33.9 28.9 22.8 47.8 79.4
    """,
    "table-6": """
        SUN397 | Cars | RESISC45 | EuroSAT | SVHN | GTSRB | MNIST | DTD
        pre-trained: 68.2 77.9 71.3 61.3 58.4 50.6 76.4 55.4
        SUN397: 82.3 71.2 64.7 54.6 52.5 46.9 75.1 51.9
        Cars: 67.2 92.4 68.4 56.4 57.8 48.4 73.7 55.6
        RESISC45: 66.3 71.5 97.4 57.7 52.7 48.5 78.9 52.1
        EuroSAT: 65.7 70.8 46.9 99.9 49.1 46.6 75.0 48.4
        SVHN: 67.6 70.8 64.4 37.0 98.1 47.2 91.1 51.9
        GTSRB: 66.5 73.4 64.8 34.5 61.6 99.2 82.9 52.5
        MNIST: 68.5 73.0 65.5 43.4 66.5 44.1 99.7 52.6
        DTD: 66.0 74.4 68.0 55.7 51.3 47.8 64.3 84.1
    """,
    "table-7": """
        MRPC | MNLI | CoLA | SST-2 | QNLI | QQP | RTE | Avg
        MRPC: 80.4 25.9 30.8 49.1 47.1 65.9 49.1 49.8
        MNLI: 33.8 82.1 59.5 40.5 46.5 24.9 57.4 49.2
        CoLA: 68.4 32.8 76.8 51.0 50.4 39.2 48.0 52.4
        SST-2: 40.2 32.9 51.8 91.2 49.8 56.8 44.4 52.4
        QNLI: 30.6 38.9 58.7 47.0 88.3 39.9 48.7 50.3
        QQP: 62.3 25.7 31.4 49.1 45.0 89.6 49.1 50.3
        RTE: 37.5 47.7 52.8 54.9 53.5 33.7 65.3 49.3
    """,
}
COSTS = (
    ("B/32", "LS", 2, "113.45M", "113.45M", "16", "3.4 GB", "4 min"),
    ("B/32", "EPO", 2, "113.45M", "113.45M", "16", "6.1 GB", "8 min"),
    ("B/32", "Ours-LS", 2, "264", "226.79M", "16", "2.8 GB", "2-3 min"),
    ("B/32", "Ours-LS (All)", 2, "1.43K", "338.88M", "16", "3.9 GB", "3 min"),
    ("B/32", "Ours-EPO", 2, "264", "226.79M", "16", "3.1 GB", "3-4 min"),
    ("B/32", "Ours-EPO (All)", 2, "1.43K", "338.88M", "16", "3.9 GB", "5-6 min"),
    ("B/32", "Ours-LS", 3, "540", "283.46M", "16", "3.6 GB", "3 min"),
    ("B/32", "Ours-EPO", 3, "540", "283.46M", "16", "3.9 GB", "5 min"),
    ("B/32", "LS", 8, "113.45M", "113.45M", "16", "7.4 GB", "13 min"),
    ("B/32", "Ours-LS", 8, "3.36K", "566.81M", "16", "7.4 GB", "10 min"),
    ("B/32", "Ours-LS (All)", 8, "18.20K", "1.02B", "16", "10.0 GB", "8 min"),
    ("B/32", "Ours-EPO", 8, "3.36K", "566.81M", "16", "7.8 GB", "30 min"),
    ("B/32", "Ours-EPO (All)", 8, "18.20K", "1.02B", "16", "10.5 GB", "85 min"),
    ("L/14", "EPO", 2, "342.56M", "342.56M", "16", "4 x 20.5 GB (DDP)", None),
    ("L/14", "MGDA", 2, "342.56M", "342.56M", "16", "2 x 20.5 GB (DDP)", "80 min"),
    ("L/14", "Ours-LS", 2, "528", "745.46M", "16", "19.8 GB", "16 min"),
    ("L/14", "Ours-EPO", 2, "528", "745.46M", "16", "20.8 GB", "37 min"),
    ("L/14", "Ours-LS", 8, "6.72K", "1.95B", "12", "4 x 21.5 GB (DDP)", "15 min"),
    ("L/14", "Ours-EPO", 8, "6.72K", "1.95B", "12", "4 x 22.1 GB (DDP)", "85 min"),
)
MISPRINTS = {
    "figure-5b": {("Pretrained", "Cars")},
    "table-1": set(),
    "table-2": {
        ("Pretrained", "Cars"),
        ("LS (EW)", "Avg"),
        *((method, "method") for method in ("LS (EW)", "Fisher Merging", "RegMean")),
    },
    "table-3": {
        ("LS (EW)", "Avg"),
        ("Task Arithmetic", "Avg"),
        *((method, "method") for method in ("LS (EW)", "Fisher Merging", "RegMean")),
    },
    "table-4": {
        *(("Fine-tuned (STL)", heading) for heading in ("SST-2", "QNLI", "QQP", "RTE", "Avg")),
        ("Simple Average", "method"),
        ("Task Arithmetic", "Avg"),
        ("Task Arithmetic", "method"),
    },
    "table-5": {("pre-trained", "Cars")},
    "table-6": set(),
    "table-7": {("SST-2", "SST-2"), ("QNLI", "QNLI"), ("QQP", "QQP"), ("RTE", "RTE")},
    "table-8": {
        ("EPO", "GPU memory"),
        ("MGDA", "GPU memory"),
        ("Ours-LS", "GPU memory"),
        ("Ours-EPO", "GPU memory"),
        ("Ours-LS", "Time"),
        ("Ours-LS (All)", "Time"),
    },
}
"""(row, heading) of every known misprint or doubt, "method" for a whole row; more may be marked."""
RECOMPUTED = {"89.06", "93.09", "84.34", "83.3", "69.7"}
"""What the values of rows average to whose printed average is another."""


def study_of(name):
    file = PAPER / f"{BENCH_OF.get(name, name)}.yaml"
    spec = read_bench(file)
    return PublishedStudy.read(spec, spec, file.parent)


def shown(name):
    (table,) = tables_beside(study_of(name), name, Measured([], [], []))
    return table


def printed(name):
    """Heading and {row: values}, a row that occurs twice as [values, ...], in the order of the paper."""
    heading, *rows = [line.strip() for line in PRINTED[name].strip().splitlines()]
    return heading.split(" | "), [(method, values.split()) for method, values in (row.rsplit(": ", 1) for row in rows)]


def published_rows(cells):
    return [line for line in cells if line[1].startswith("published")]


def unmarked(text):
    return re.sub(r" \[[a-z]\]$", "", text)


@pytest.mark.parametrize("name", PRINTED)
def test_a_table_of_accuracies_is_as_it_was_printed(name):
    headings, rows = printed(name)
    table = shown(name)
    assert table.cells[0] == ["method", "from", *headings]
    found = [[unmarked(cell) for cell in line] for line in published_rows(table.cells)]
    told = [("published, corrected" if method.endswith(" *") else "published") for method, _ in rows]
    assert found == [
        [method.removesuffix(" *"), source, *values] for (method, values), source in zip(rows, told, strict=True)
    ]


@pytest.mark.parametrize(("name", "kept"), [("table-8", COSTS), ("table-1", COSTS[:6])])
def test_a_table_of_costs_is_as_it_was_printed(name, kept):
    backbones = {"clip-vit-b-32-ta8": "B/32", "clip-vit-l-14-ta8": "L/14"}
    rows = study_of(name).tables[name].rows
    assert [(backbones[row.suite], row.method, row.n_tasks, *row.values) for row in rows] == list(kept)
    found = [[unmarked(cell) for cell in line] for line in published_rows(shown(name).cells)]
    assert found == [[method, "published", *(text or "–" for text in rest)] for _, method, _, *rest in kept]


@pytest.mark.parametrize("name", MISPRINTS)
def test_known_misprints_are_marked_with_a_note_that_is_shown(name):
    table, found = shown(name), set()
    letters = {note[1] for note in table.notes if re.match(r"\[[a-z]\] ", note)}
    for line in table.lines:
        for heading, entry in zip(("method", *table.headings), (line.method, *line.entries), strict=True):
            assert set(entry.marks) <= letters
            if entry.marks:
                found.add((line.method.text, heading))
    assert found >= MISPRINTS[name]


def test_every_printed_average_that_is_not_that_of_its_row_is_marked_and_no_other():
    for name in PRINTED:
        table = shown(name)
        if "Avg" not in table.headings:
            continue
        for line in published_rows_of(table):
            values = [float(entry.text) for entry in line.entries]
            wrong = abs(sum(values[:-1]) / len(values[:-1]) - values[-1]) > 0.051
            assert bool(line.entries[-1].marks) == wrong, (name, line.method.text)


def published_rows_of(table):
    return [line for line in table.lines if line.source.startswith("published")]


def test_the_notes_say_what_rows_average_to():
    told = " ".join(note for name in ("table-2", "table-3", "table-4") for note in shown(name).notes)
    assert {number for number in RECOMPUTED if number in told} == RECOMPUTED


@pytest.mark.parametrize("name", MISPRINTS)
def test_every_form_of_a_table_has_every_printed_value_and_every_note(name):
    table = shown(name)
    for form in (as_markdown, as_csv, as_latex, as_html):
        text = form([table])
        for line in published_rows_of(table):
            assert all(entry.text.replace("–", "") in text for entry in line.entries)
    for form in (as_markdown, as_html):
        plain = re.sub(r"&\w+;|&#x27;|[\\\"']", "", form([table]))
        assert all(re.sub(r"[\"']", "", note) in plain for note in table.notes)


def test_the_corrected_row_has_the_printed_values_under_other_headings():
    wrong, right = [line for line in published_rows_of(shown("table-4")) if line.method.text == "Simple Average"]
    assert sorted(entry.text for entry in wrong.entries) == sorted(entry.text for entry in right.entries)
    headings = shown("table-4").headings
    under = {heading: entry.text for heading, entry in zip(headings, right.entries, strict=True)}
    order = ["CoLA", "MNLI", "MRPC", "QNLI", "QQP", "RTE", "SST-2", "Avg"]
    assert [under[heading] for heading in order] == [entry.text for entry in wrong.entries]
