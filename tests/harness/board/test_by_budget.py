"""Quality and rank at each budget, of learners whose rows differ in their steps alone."""

import dataclasses

import matplotlib.image
import pytest

import frontrunner as fr
from frontrunner.harness.board.budget_curves import at_budget, best_first, budget_curves, budget_of, compared_budgets
from frontrunner.harness.board.budget_table import EXPERTS, by_budget_markdown, with_budgets
from frontrunner.harness.cells.budgets import without_steps
from frontrunner.harness.reports.budget_report import write_budget_report
from frontrunner.harness.reports.pictures import budget_figure as module
from frontrunner.harness.reports.pictures.budget_figure import budget_figure


@pytest.fixture
def at(make_row):
    """(label, steps, hypervolume, ...) -> a row of a learner with these steps."""

    def make(label, steps, hypervolume, *, runs=1, experts=0.0, method="cosmos", per_step=48, **options):
        counts = {"gradient_examples": 0.0, "expert_gradient_examples": experts}
        if steps:
            counts |= {"training_runs": float(runs), "training_steps": float(steps)}
            counts["gradient_examples"] = float(runs * steps * per_step)
            options = {**options, "steps": steps}
        counts["total_gradient_examples"] = counts["gradient_examples"] + experts
        row = make_row(label, hypervolume=hypervolume, **counts)
        results = {
            seed: dataclasses.replace(
                found,
                attempt=dataclasses.replace(
                    found.attempt, cell=dataclasses.replace(found.attempt.cell, method=method, options=options)
                ),
            )
            for seed, found in row.results.items()
        }
        key = without_steps(results[0].attempt.cell)
        return dataclasses.replace(row, results=results, method=method, key_without_steps=key)

    return make


@pytest.fixture
def board(at, make_board):
    return make_board(
        at("cosmos (1,600 steps in all)", 1600, 0.57),
        at("merge", 0, 0.5, method="interpolation", experts=57_600.0),
        at("cosmos (400 steps in all)", 400, 0.42),
        at("ls (400 steps in all)", 30, 0.3, runs=13, method="ls"),
        at("ls (1,600 steps in all)", 123, 0.5, runs=13, method="ls"),
        at("cosmos, other", 400, 0.1, dirichlet_alpha=2.0),
    )


def test_rows_that_differ_in_steps_alone_are_one_curve(board):
    found = {
        curve.label: (curve.budgets, [row.metrics["hypervolume"] for row in curve.rows])
        for curve in budget_curves(board)
    }
    assert found == {
        "cosmos": ((19_200, 76_800), [0.42, 0.57]),
        "merge": ((0,), [0.5]),
        "ls": ((18_720, 76_752), [0.3, 0.5]),
        "cosmos, other": ((19_200,), [0.1]),
    }


def test_budgets_that_are_near_are_one_column(board):
    assert compared_budgets(budget_curves(board)) == [19_200, 76_800]


def test_ranks_turn_over_and_equals_share(board):
    curves = budget_curves(board)
    found = {
        budget: dict(zip((c.label for c in curves), at_budget(board, curves, budget), strict=True))
        for budget in (19_200, 76_800)
    }
    assert found[19_200] == {"cosmos": (0.42, 2), "merge": (0.5, 1), "ls": (0.3, 3), "cosmos, other": (0.1, 4)}
    assert found[76_800] == {"cosmos": (0.57, 1), "merge": (0.5, 2), "ls": (0.5, 2), "cosmos, other": (0.1, 4)}
    assert at_budget(board, curves, 100) == [None if curve.label != "merge" else (0.5, 1) for curve in curves]


def test_a_learner_of_one_budget_is_compared_at_the_column_that_is_near(at, make_board):
    found = make_board(
        at("ls", 1600, 0.6, runs=13, method="ls"),
        at("cosmos", 1600, 0.57),
        at("ls (1,600 steps in all)", 123, 0.5, runs=13, method="ls"),
    )
    assert compared_budgets(budget_curves(found)) == [76_800, 998_400]
    assert "| cosmos  | 0.5700 (1) | 0.5700 (2) |" in by_budget_markdown([found])


def test_budgets_of_one_learner_are_columns_of_their_own_however_near(at, make_board):
    rows = [at("a", 1000, 0.4), at("a", 1200, 0.5), at("b", 1100, 0.6, method="ls"), at("b", 90, 0.1, method="ls")]
    assert compared_budgets(budget_curves(make_board(*rows))) == [4_320, 52_800, 57_600]


def test_curves_of_one_label_are_told_apart(at, make_board):
    rows = [at("a", 100, 0.4), at("a", 100, 0.5, dirichlet_alpha=2.0)]
    rows = [dataclasses.replace(row, key=f"{i}bcdef") for i, row in enumerate(rows)]
    assert [curve.label for curve in budget_curves(make_board(*rows))] == ["a [0bcd]", "a [1bcd]"]
    rows = [at("ls, long", 1600, 0.6), at("ls", 100, 0.5)]
    assert [curve.label for curve in budget_curves(make_board(*rows))] == ["ls"]


def test_rows_of_too_few_or_other_seeds_have_no_rank(at, make_board):
    def rows(*seeds):
        return [
            at("a", 400, [0.4] * seeds[0]),
            at("a", 1600, [0.5] * seeds[1]),
            at("b", 1600, [0.9] * seeds[2], method="ls"),
        ]

    few = make_board(*rows(2, 2, 2))
    assert sorted(at_budget(few, budget_curves(few), 76_800)) == [(0.5, None), (0.9, None)]
    shown = by_budget_markdown([few])
    assert "fewer than 3 seeds rank nothing" in shown
    assert "(1)" not in shown
    mixed = make_board(*rows(3, 3, 1))
    curves = budget_curves(mixed)
    found = at_budget(mixed, curves, 76_800)
    assert dict(zip((curve.label for curve in curves), found, strict=True)) == {"a": (0.5, 1), "b": (0.9, None)}
    assert [curves[i].label for i in best_first(found)] == ["a", "b"]
    assert "Rows that average other seeds than seeds 0, 1, 2 have no rank." in by_budget_markdown([mixed])


def test_a_learner_without_training_takes_nothing_where_objectives_need_no_data(make_row):
    assert budget_of(make_row("merge", training_runs=0.0)) == 0
    assert budget_of(make_row("of an older version")) is None


def test_the_table_says_rank_and_what_experts_took(board):
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in by_budget_markdown([board]).splitlines()
        if "|" in line
    ]
    assert lines[0] == ["learner", "19.2k", "76.8k", EXPERTS]
    assert lines[2:] == [
        ["cosmos", "0.4200 (2)", "0.5700 (1)", "0"],
        ["merge", "0.5000 (1)", "0.5000 (2)", "57.6k"],
        ["ls", "0.3000 (3)", "0.5000 (2)", "0"],
        ["cosmos, other", "0.1000 (4)", "0.1000 (4)", "0"],
    ]


def test_steps_are_the_budget_where_objectives_need_no_data(make_row, at, make_board):
    def without_data(row):
        intervals = {name: value for name, value in row.intervals.items() if "examples" not in name}
        return dataclasses.replace(row, intervals=intervals)

    rows = [without_data(at("a", 100, 0.4)), without_data(at("a", 200, 0.5))]
    (curve,) = budget_curves(make_board(*rows))
    assert curve.budgets == (100, 200)


def test_a_finished_row_whose_budget_nobody_knows_is_named(board, make_row, make_board):
    assert "Not shown here" not in by_budget_markdown([board])
    unknown = make_row("merged *once*", hypervolume=0.9)
    shown = by_budget_markdown([make_board(*board.rows, unknown, make_row("late", unfinished={0: "failed: x"}))])
    assert shown.endswith(r"Not shown here, since what they took is not recorded: merged \*once\*.")


def test_the_caption_is_short_sentences_of_what_is_shown(board, make_board, make_row, at):
    def sentences(board):
        return by_budget_markdown([board]).rpartition("\n\n")[2].split(". ")

    said = sentences(board)
    assert len(said) == 4
    assert max(len(one.split()) for one in said) <= 20
    assert "a number of gradients of examples in training" in said[0]
    assert said[1] == "The fine-tuning of the experts is not counted in these budgets"

    def without_examples(row):
        intervals = {name: value for name, value in row.intervals.items() if "examples" not in name}
        return dataclasses.replace(row, intervals=intervals)

    said = sentences(make_board(*(without_examples(at("a", steps, steps / 1000)) for steps in (100, 200))))
    assert "a number of optimizer steps" in said[0]
    assert not any("expert" in one for one in said)


def test_a_board_of_one_budget_has_no_table_and_no_picture(board, at, make_board, tmp_path):
    one = make_board(at("a", 100, 0.4), at("b", 100, 0.5, method="ls"))
    with pytest.raises(fr.ConfigError, match="found none; run a bench with `budgets`"):
        with_budgets([one])
    assert with_budgets([one, board]) == [board]
    with pytest.raises(fr.ConfigError, match="found none"):
        budget_figure(one, tmp_path / "none.png", title="none")


@pytest.mark.parametrize("labels", [("_hidden", "shown"), ("_$x^2$", "_")])
def test_every_label_is_in_the_legend(labels, at, make_board, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(module, "save_figure", lambda figure, path: drawn.append(figure))
    rows = [at(label, steps, 0.4, option=label) for label in labels for steps in (100, 200)]
    budget_figure(make_board(*rows), tmp_path / "budget.png", title="budget")
    texts = [text.get_text().lstrip("\u200b") for text in drawn[0].legends[0].get_texts()]
    assert sorted(text.replace("\\", "") for text in texts) == sorted(labels)


def test_budgets_that_are_near_are_told_apart_in_headings_and_on_the_axis(at, make_board, tmp_path, monkeypatch):
    near = make_board(at("a", 1001, 0.4, per_step=1), at("a", 1004, 0.5, per_step=1))
    assert " 1,001 |" in by_budget_markdown([near])
    assert " 1,004 |" in by_budget_markdown([near])
    drawn = []
    monkeypatch.setattr(module, "save_figure", lambda figure, path: drawn.append(figure))
    budget_figure(near, tmp_path / "budget.png", title="near")
    axis = drawn[0].axes[0].xaxis
    ticks = axis.get_major_formatter().format_ticks(axis.get_majorticklocs())
    assert len(set(ticks)) == len(ticks) > 1


def test_old_rows_without_counts_are_left_out(at, make_row, make_board):
    found = make_board(at("a", 100, 0.4), at("a", 200, 0.5), make_row("old"))
    assert [curve.label for curve in budget_curves(found)] == ["a"]


def test_the_picture_has_a_line_a_learner_and_a_panel_with_experts(board, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(module, "save_figure", lambda figure, path: drawn.append(figure))
    budget_figure(board, tmp_path / "budget.png", title="$budget$")
    fit, whole = drawn[0].axes
    lines = {line.get_label(): [list(map(float, axis)) for axis in line.get_data()] for line in fit.lines}
    assert lines["cosmos"] == [[19_200, 76_800], [0.42, 0.57]]
    assert lines["merge"] == [[0, 1], [0.5, 0.5]]  # across the whole width
    assert [list(line.get_xdata()) for line in whole.lines if line.get_label() == "merge"] == [[57_600]]


def test_a_bench_with_budgets_has_table_and_picture(run_bench, drawn, tmp_path, command):
    learners = ["experts", {"method": "cosmos", "options": {"batch_size": 4}}]
    with drawn():
        _, outcomes = run_bench(tmp_path / "store", learners, budgets={"steps": [2, 4]})
    assert [outcome.cell.label for outcome in outcomes] == [
        "experts",
        "cosmos (batch_size=4) (2 steps)",
        "cosmos (batch_size=4) (4 steps)",
    ]
    assert len(list((tmp_path / "store").rglob("budget-*.png"))) == 1
    store = tmp_path / "store"
    words = ("leaderboard", "by-budget", "--store", store)
    shown = command.within(*words, "--format", "md").out
    assert [cell.strip() for cell in shown.splitlines()[2].split("|")[1:-1]] == ["learner", "24", "48", EXPERTS]
    assert "cosmos (batch_size=4)" in command.within(*words).out
    file = tmp_path / "budgets.md"
    assert command.within(*words, "-o", file).status == 0
    assert shown.strip() in file.read_text()
    for ending in (".png", ".pdf", ".svg"):
        assert command.within(*words, "-o", file.with_suffix(ending)).status == 0
    ((picture,), drawn_again) = list(store.rglob("budget-*.png")), file.with_suffix(".png")
    assert (matplotlib.image.imread(picture) == matplotlib.image.imread(drawn_again)).all()
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "file").touch()
    folders = {"folder.md": "is a folder; name a file", "file/a.md": "is a file and no folder"}
    refused = folders | {"budgets.csv": ".md, .png, .pdf or .svg file, found", "no/a.png": "does not exist"}
    for name, sentence in refused.items():
        command.within(*words, "-o", tmp_path / name).assert_one_sentence(sentence)


def test_what_cannot_be_shown_is_one_sentence(command, store, make_cell, record, tmp_path):
    words = ("leaderboard", "by-budget", "--store", store.folder)
    command.within(*words).assert_one_sentence("no run of a cell is recorded", "run something first")
    record(store, make_cell("one"), [[0.1, 0.8], [0.4, 0.4]])
    command.within(*words).assert_one_sentence("found none; run a bench with `budgets`")
    command.within(*words, "--suite", tmp_path / "no.yaml").assert_one_sentence("no.yaml")
    ended = command.within(*words, "--format", "md", "-o", tmp_path / "budgets.png")
    ended.assert_one_sentence("say different things; drop --format")


def test_each_of_several_boards_has_a_picture_of_its_own(board, tmp_path):
    other = dataclasses.replace(board, name=f"team/{board.name} v2")
    file = tmp_path / "budgets.svg"
    written = list(write_budget_report(file, [board, other], made_by="test"))
    assert len({file, *written}) == 3
    assert all(one.parent == tmp_path and one.name.startswith("budgets-") and one.suffix == ".svg" for one in written)
    assert list(write_budget_report(file, [board], made_by="test")) == [file]
    assert all("Quality at each budget" in one.read_text() for one in (file, *written))
