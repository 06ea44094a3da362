"""Boards as LaTeX: escaped, the columns of Markdown, the best in bold, and a document that compiles where TeX is."""

import dataclasses
import re
import shutil
import subprocess

import pytest

from frontrunner.harness.board.latex import PREAMBLE, as_latex, escape_latex
from frontrunner.harness.board.overall_ranking import overall_ranking
from frontrunner.harness.board.rendering import as_markdown

SPECIAL = r"a_b & 50% {x} #1 $y$ \input{z} ~^ <|> λ Δ ± é 蓝 [0.1, 0.2]"


def rows(latex):
    """Cells of the lines of every table, the heading first."""
    lines = [line.strip().removesuffix(r" \\") for line in latex.splitlines() if line.endswith(r" \\")]
    return [re.split(r" (?<!\\)& ", line) for line in lines]


@pytest.mark.parametrize("letter", "&%$#_{}")
def test_what_means_something_is_escaped(letter):
    assert escape_latex(f"a{letter}b") == f"a\\{letter}b"


def test_no_command_is_left_of_a_label():
    escaped = escape_latex(SPECIAL)
    commands = set(re.findall(r"\\([a-zA-Z]+)", escaped))
    ours = {"textbackslash", "textasciitilde", "textasciicircum", "textless", "textbar", "textgreater"}
    assert commands == ours | {"lambda", "Delta", "pm"}
    assert escaped.endswith("é ? [0.1, 0.2]")
    assert escape_latex("two\nlines\x1b[31m") == "two lines"


def test_columns_are_those_of_markdown(make_board, make_row):
    boards = [make_board(make_row("one", hypervolume=[0.5, 0.6, 0.7], igd_plus=[0.1, 0.1, 0.2], fit_time_s=[1, 2, 3]))]
    heading = next(line for line in as_markdown(boards).splitlines() if line.startswith("|"))
    cells = [escape_latex(cell.strip()) for cell in heading.strip("|").split("|")]
    assert rows(as_latex(boards))[0] == cells
    assert rf"\begin{{tabular}}{{rl{'r' * (len(cells) - 2)}}}" in as_latex(boards)


def test_the_best_of_every_indicator_is_bold_in_its_own_direction_and_costs_never(make_board, make_row):
    board = make_board(
        make_row("a", hypervolume=0.7, igd_plus=0.3, fit_time_s=9.0),
        make_row("b", hypervolume=0.6, igd_plus=0.10001, fit_time_s=1.0),
        make_row("c", hypervolume=0.5, igd_plus=0.10002, fit_time_s=2.0),
        make_row("d", unfinished={0: "failed: x"}),
    )
    bold = [(line[1], [cell for cell in line if cell.startswith(r"\textbf{")]) for line in rows(as_latex([board]))[1:]]
    shown = r"\textbf{0.1000}"
    assert bold == [("a", [r"\textbf{0.7000}"]), ("b", [shown]), ("c", [shown]), (r"d [failed]", [])]


def test_what_has_no_direction_has_no_arrow_and_no_best(make_board, make_row):
    board = make_board(*(make_row(str(i), hypervolume=i / 10, compromise_share=i / 5) for i in range(1, 4)))
    heading, *lines = rows(as_latex([board]))
    place = heading.index("compromise")
    assert [line[place] for line in lines] == ["0.2000", "0.4000", "0.6000"]


def test_a_single_row_is_not_the_best(make_board, make_row):
    assert r"\textbf" not in as_latex([make_board(make_row("alone"))])


def test_the_caption_is_short_and_warnings_are_notes_under_the_table(make_board, make_row):
    board = make_board(
        make_row("good", hypervolume=[0.7, 0.7, 0.7]),
        make_row("flat_1", hypervolume=[0.5, 0.5, 0.5], front_points=[9.0] * 3, distinct_answers=[1.0] * 3),
        make_row("late", unfinished={0: "failed: 100 % of $x$"}),
    )
    board = dataclasses.replace(board, name="tiny_v1")
    latex = as_latex([board, dataclasses.replace(board, reference_point=None)])
    first, unfinished = latex.split(r"\end{table}")[:2]
    assert re.findall(r"\\caption\{(.*)\}", latex) == [
        r"tiny\_v1. Objectives: error on the test split, minimised.",
        r"tiny\_v1. No cell has finished yet.",
    ]
    above, under = first.split(r"\end{tabular}}")
    notes = [line.strip().removesuffix(r"\par") for line in under.splitlines() if line.endswith(r"\par")]
    assert notes[0].startswith("HV at reference point (1, 1)")
    assert r"flat\_1, seeds 0, 1, 2: answers coincide (1 distinct of 9)." in notes
    assert r"late, seed 0: failed: 100 \% of \$x\$." in notes
    assert all(note.endswith(".") for note in notes)
    assert "distinct of" not in above
    assert "late, seed 0" in unfinished


def test_average_ranks_have_their_notes_under_the_table(make_board, make_row):
    boards = [make_board(make_row("a", hypervolume=0.5), make_row("b"), name=name) for name in "xy"]
    boards = [boards[0], make_board(*boards[1].rows, make_row("c", hypervolume=0.1), name="y")]
    caption, _, under = as_latex([], overall_ranking(boards)).partition(r"\begin{tabular}")
    assert r"\caption{Average rank by mean HV over 2 boards" in caption
    assert "Not ranked" not in caption
    assert r"Not ranked, since of other seeds or not finished on every board: c.\par" in under


def test_it_is_written_by_the_command(command, store, make_cell, record, tmp_path):
    record(store, make_cell("one"), [[0.1, 0.6], [0.3, 0.3]])
    printed = command.within("leaderboard", "--format", "tex", "--store", store.folder)
    assert printed.status == 0
    assert printed.out.startswith(PREAMBLE)
    file = tmp_path / "board.tex"
    assert command.within("leaderboard", "-o", file, "--store", store.folder).status == 0
    assert file.read_text().splitlines()[0] == "% Leaderboard, made by: frontrunner leaderboard"
    assert file.read_text().split("\n", 1)[1] == printed.out
    for line in (r"\toprule", r"\midrule", r"\bottomrule"):
        assert printed.out.count(line) == 1


@pytest.mark.parametrize("name", ["board.xlsx", "board", "board.TEX", "board.tex.gz", "no/board.tex"])
def test_another_ending_is_one_sentence(name, command, store, tmp_path):
    ended = command.within("leaderboard", "-o", tmp_path / name, "--store", store.folder)
    ended.assert_one_sentence("does not exist" if "/" in name else ".md, .csv, .json, .tex or .html file, found", name)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_it_compiles(make_board, make_row, tmp_path):
    boards = [
        make_board(
            make_row(SPECIAL, hypervolume=[0.5, 0.6, 0.7], igd=[1, 2, 3]),
            make_row("b"),
            make_row("c"),
            make_row(SPECIAL, unfinished={0: SPECIAL}),
            name=name,
        )
        for name in ("suite_1: a & b", "two")
    ]
    text = as_latex(boards, overall_ranking(boards))
    begin = "\\documentclass{article}\n\\usepackage{booktabs,graphicx}\n\\begin{document}"
    document = f"{begin}\n{text}\n\\end{{document}}\n"
    (tmp_path / "paper.tex").write_text(document, encoding="utf-8")
    ended = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
    )
    assert ended.returncode == 0, ended.stdout[-3000:]
    assert "Missing character" not in ended.stdout
