"""What a board says beside hypervolume and cost: what a learner needs, and how far the true front is."""

import csv
import io
import json

import pytest
from front_scores import own_scores
from rich.console import Console

import frontrunner as fr
from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.board.raw_boards import as_csv, as_json
from frontrunner.harness.board.rendering import as_markdown, as_table
from frontrunner.harness.records.front_record import FrontRecord
from frontrunner.harness.running import run_cell
from frontrunner.harness.scoring.units import as_needs, as_rough_count
from frontrunner.methods import METHODS

LIMIT = 0.8


def table(markdown):
    """(heading, lines) of the first table."""
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    heading, _, *others = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return heading, others


@pytest.mark.parametrize(
    ("needs", "text"),
    [
        ((0, 0, 0), "no data"),
        ((0, 256, 0), "256 inputs"),
        ((2400, 0, 0), "2.4k labels"),
        ((2400, 0, 15), "2.4k labels, 15 trainings"),
        ((1, 1, 1), "1 label, 1 input, 1 training"),
    ],
)
def test_needs_are_written_for_people(needs, text):
    assert as_needs(*needs) == text


def test_rough_counts_never_show_a_thousand_thousands():
    counts = [0, 999, 1000, 12_345, 999_400, 999_600, 60_000_000]
    assert [as_rough_count(count) for count in counts] == ["0", "999", "1k", "12.3k", "999k", "1M", "60M"]


def test_needs_are_one_column_after_trainable_and_missing_in_older_runs(make_board, make_row):
    needs = {"labelled_examples": 720.0, "unlabelled_examples": 0.0, "full_trainings": 21.0}
    boards = [
        make_board(make_row("new", trainable_parameters=[8.0], **needs), make_row("old", trainable_parameters=[8.0]))
    ]
    heading, lines = table(as_markdown(boards))
    assert heading == ["#", "learner", "HV ↑", "trainable", "needs"]
    assert [line[-1] for line in lines] == ["720 labels, 21 trainings", "–"]
    raw = list(csv.DictReader(io.StringIO(as_csv(boards))))
    assert [line["labelled_examples"] for line in raw] == ["720.0", ""]
    assert json.loads(as_json(boards))[0]["rows"][0]["metrics"]["full_trainings"] == 21


@pytest.mark.parametrize(
    ("counts", "examples", "steps"),
    [
        ({"gradient_examples": 19_200, "expert_gradient_examples": 57_600}, "57.6k + 19.2k", None),
        ({"gradient_examples": 19_200, "expert_gradient_examples": 0}, "19.2k", None),
        ({"gradient_examples": 0, "expert_gradient_examples": 57_600}, "57.6k + 0", None),
        ({"gradient_examples": 19_200}, "? + 19.2k", None),
        (
            {"training_runs": 10, "training_steps": 200, "gradient_examples": 96_000, "expert_gradient_examples": 0},
            "96k",
            "10×200×48",
        ),
        ({"training_runs": 1, "training_steps": 400, "gradient_examples": 19_200}, "? + 19.2k", "400×48"),
        ({"training_runs": 1, "training_steps": 400}, None, "400"),
    ],
)
def test_charged_examples_and_steps_are_columns_of_few_characters(make_board, make_row, counts, examples, steps):
    counts = {name: float(count) for name, count in counts.items()}
    row = make_row("new", wall_time_s=1.0, trainable_parameters=8.0, **counts)
    heading, (found, old) = table(as_markdown([make_board(row, make_row("old", wall_time_s=1.0))]))
    shown = {"examples": examples, "steps": steps}
    assert {name: found[heading.index(name)] if name in heading else None for name in shown} == shown
    assert all(old[heading.index(name)] == "–" for name in shown if name in heading)


def test_equal_budgets_a_preference_and_in_total_are_told_apart(make_board, make_row):
    def trained(label, runs, steps):
        counts = {"training_runs": runs, "training_steps": steps, "gradient_examples": 48.0 * runs * steps}
        return make_row(label, wall_time_s=1.0, trainable_parameters=1.0, expert_gradient_examples=0.0, **counts)

    board = make_board(trained("a", 1.0, 400.0), trained("b", 10.0, 400.0), trained("c", 10.0, 40.0))
    heading, lines = table(as_markdown([board]))
    columns = [[line[heading.index(name)] for name in ("steps", "examples")] for line in lines]
    assert columns == [["400×48", "19.2k"], ["10×400×48", "192k"], ["10×40×48", "19.2k"]]
    raw = json.loads(as_json([board]))[0]["rows"][1]["metrics"]
    assert (raw["training_runs"], raw["training_steps"], raw["gradient_examples"]) == (10, 400, 192_000)


def test_a_worker_records_what_the_learner_declares(run_bench, tmp_path, monkeypatch):
    asked = []

    def needs(self, problem, preferences):
        asked.append((problem.n_tasks, preferences.shape))
        return fr.Needs(labelled_examples=7, trainings=2)

    monkeypatch.setattr(METHODS.get("experts"), "needs", needs)
    store, outcomes = run_bench(tmp_path, ["pretrained", "experts"])
    recorded = [store.find(outcome.run_id).metrics for outcome in outcomes]
    names = ("labelled_examples", "unlabelled_examples", "full_trainings")
    assert [[metrics[name] for name in names] for metrics in recorded] == [[0, 0, 0], [7, 0, 2]]
    assert asked == [(3, (19, 3))]
    (found,) = leaderboards(store)
    assert {row.label: row.metrics["full_trainings"] for row in found.rows} == {"pretrained": 0, "experts": 2}


@pytest.fixture
def limited(run_bench, tmp_path, monkeypatch):
    """A store with one run on a suite that knows how much hypervolume can be reached."""

    def load(*arguments, **keys):
        problem = fr.load_problem(*arguments, **keys)
        problem.hypervolume_limit = LIMIT
        return problem

    monkeypatch.setattr(run_cell, "load_problem", load)
    store, (outcome,) = run_bench(tmp_path, ["experts"])
    return store, store.find(outcome.run_id)


def test_the_share_of_the_reachable_hypervolume_is_recorded_and_shown(limited, tmp_path):
    store, attempt = limited
    record = attempt.record()
    ratio = record.hypervolume().value / LIMIT
    assert record.hypervolume_limit == LIMIT
    assert attempt.metrics["hypervolume_ratio"] == round(ratio, 4)
    # Whatever MLflow says, a board is computed from the recorded front.
    store.client.log_metric(attempt.run_id, "hypervolume_ratio", 17.0)
    (found,) = boards = leaderboards(store)
    assert found.rows[0].metrics["hypervolume_ratio"] == ratio
    heading, (line, _) = table(as_markdown(boards))
    assert line[heading.index("HV ratio ↑")] == f"{ratio:.4f}"


def test_a_front_recorded_before_there_were_limits_has_no_ratio(limited, tmp_path):
    import pyarrow.parquet as pq

    _, attempt = limited
    found = pq.read_table(attempt.folder / "front.parquet")
    about = json.loads(found.schema.metadata[b"frontrunner"])
    del about["hypervolume_limit"]
    pq.write_table(found.replace_schema_metadata({b"frontrunner": json.dumps(about)}), tmp_path / "old.parquet")
    old = FrontRecord.read(tmp_path / "old.parquet")
    assert old.hypervolume_limit is None
    assert "hypervolume_ratio" not in own_scores(old)
    assert "hypervolume" in own_scores(old)


def test_a_board_where_nobody_knows_the_limit_has_no_such_column(make_board, make_row):
    heading, _ = table(as_markdown([make_board(make_row())]))
    assert "HV ratio ↑" not in heading
    heading, lines = table(as_markdown([make_board(make_row(hypervolume_ratio=0.5), make_row())]))
    assert [line[heading.index("HV ratio ↑")] for line in lines] == ["0.5000", "–"]


def test_too_few_seeds_are_said_to_be_where_a_row_has_several(make_board, make_row):
    three = make_row("three", hypervolume=[0.5, 0.52, 0.54])
    two, one = make_row("two", hypervolume=[0.5, 0.51]), make_row("one", hypervolume=[0.5])
    heading, lines = table(as_markdown([make_board(three, two, one)]))
    at = heading.index("95 % interval")
    assert [line[at] for line in lines] == ["[0.4703, 0.5697]", "too few seeds", "too few seeds"]
    heading, lines = table(as_markdown([make_board(two, one)]))
    assert [line[heading.index("95 % interval")] for line in lines] == ["too few seeds"] * 2
    heading, _ = table(as_markdown([make_board(one)]))
    assert "95 % interval" not in heading


def test_too_few_seeds_have_ends_in_no_format(make_board, make_row):
    boards = [make_board(make_row("two", hypervolume=[0.5, 0.51]))]
    (line,) = csv.DictReader(io.StringIO(as_csv(boards)))
    assert [line[f"hypervolume{end}"] for end in ("", "_low", "_high")] == ["0.505", "", ""]
    ((row,),) = (board["rows"] for board in json.loads(as_json(boards)))
    assert row["intervals"]["hypervolume"] == {"mean": 0.505, "low": None, "high": None, "n": 2}


@pytest.mark.parametrize("width", [60, 80, 120, 180])
def test_a_narrow_terminal_leaves_out_columns_and_keeps_the_run(width, make_board, make_row):
    costs = {"igd": 0.1, "igd_plus": 0.1, "wall_time_s": 1.0, "peak_rss_bytes": 1e9, "fit_time_s": 1.0}
    console = Console(width=width, file=io.StringIO())
    console.print(as_table(make_board(make_row(hypervolume=[0.5], **costs)), width))
    lines = console.file.getvalue().splitlines()
    shown = [cell.strip() for cell in lines[2].strip("┃").split("┃")]
    assert max(map(len, lines)) <= width
    assert shown[:3] == ["#", "learner", "HV ↑"]
    assert shown[-1] == "run"
    assert any("01234567" in line for line in lines)
    left_out = [name for name in ("IGD ↓", "IGD+ ↓", "wall time", "peak memory", "fit") if name not in shown]
    note = f"Not shown for want of width: {', '.join(left_out)}."
    assert (note in " ".join(line.strip() for line in lines)) == bool(left_out)
    assert bool(left_out) == (width < 120)


def test_markdown_of_several_boards_is_a_document(make_board, make_row):
    failed = make_row("two | *three*", unfinished={0: "failed: `x` < 1\nagain", 1: "failed: `x` < 1\nagain"})
    text = as_markdown([make_board(make_row(), failed), make_board(make_row(), name="other")])
    first, second = text.split("\n\n### other\n\n")
    heading, rule, *lines = [line for line in first.splitlines() if line.startswith("|")]
    assert first.startswith("### tiny v1: a, b\n\n| ")
    assert {len(line) for line in (heading, rule, *lines)} == {len(heading)}
    assert r"two \| \*three\* [failed]" in lines[1]
    assert first.endswith("\n\n- two \\| \\*three\\*, seeds 0, 1: failed: \\`x\\` \\< 1 again")
    assert second.count("\n|") == 2
