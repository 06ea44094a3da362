"""`frontrunner bench` with tables and figures of a publication: on its own suite and on another one."""

import csv
import re

import pytest
import yaml

TABLE = {
    "title": "Table 9: two tasks",
    "source": "a paper",
    "columns": [
        {"heading": "One", "task": "task0"},
        {"heading": "Two", "task": "task1"},
        {"heading": "Avg", "mean": True},
    ],
    "rows": [
        {"method": "Theirs", "values": [12.3, 45.6, 78.9], "learner": "routers", "notes": {"Avg": "wrong"}},
        {"method": "Sums", "values": [21.0, 43.0, 65.0], "learner": "task-arithmetic", "at": "best"},
    ],
    "notes": {"wrong": "The row averages to 29.0."},
}
LEARNERS = [
    "experts",
    "task-arithmetic",
    {"method": "pwe-moe-ls", "options": {"upscale": "all", "steps": 2000}, "label": "routers"},
]
STUDY = {
    "name": "study",
    "suites": [{"name": "tiny", "tasks": ["task0", "task1"], "points_per_edge": 3}],
    "learners": LEARNERS,
    "tables": ["tables/nine.yaml"],
    "figures": ["fronts", "lambdas", {"kind": "coefficients", "title": "Figure 8"}, "distances"],
}


@pytest.fixture
def run(command, in_process, tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "nine.yaml").write_text(yaml.safe_dump(TABLE))

    def run(*further, **changed):
        (tmp_path / "study.yaml").write_text(yaml.safe_dump({**STUDY, **changed}))
        plugin = ("--plugin", command.plugin)
        return command.within("bench", tmp_path / "study.yaml", "--store", tmp_path / "store", *plugin, *further)

    return run


def published(tmp_path, suite="tiny"):
    """The files beside those of the bench's run, by name."""
    (folder,) = (tmp_path / "store" / "artifacts" / suite).glob("*/artifacts/published")
    return {file.name: file for file in folder.iterdir()}


def test_tables_and_figures_lie_among_the_files_of_the_run_and_are_printed(run, tmp_path):
    ended = run("--steps", "2", "-o", tmp_path / "board.html")
    assert ended.status == 0, ended.err
    found = published(tmp_path)
    stems = {name.rpartition(".")[0] for name in found}
    assert stems == {
        *("nine", "fronts-tiny-task0-task1", "lambdas", "figure-8-routers-tiny-task0-task1"),
        "distances-tiny-task0-task1",
    }
    assert {name for name in found if name.startswith("nine")} == {"nine.md", "nine.csv", "nine.tex"}
    assert {name.rpartition(".")[2] for name in found if name.startswith("lambdas")} == {"png", "pdf", "svg"}
    assert found["nine.md"].read_text().strip() in ended.out
    assert str(found["nine.md"].parent) in ended.out
    rows = list(csv.DictReader(found["nine.csv"].read_text().splitlines()))
    assert [row["text"] for row in rows if row["method"] == "Theirs"] == ["12.3", "45.6", "78.9"]
    measured = [float(row["mean"]) for row in rows if row["method"] == "routers"]
    assert measured[2] == pytest.approx((measured[0] + measured[1]) / 2)
    page = (tmp_path / "board.html").read_text()
    assert 'id="published"' in page
    assert page.count('src="data:image/png;base64,') == 4


def test_what_was_measured_is_what_the_fronts_of_the_store_say(run, tmp_path):
    from frontrunner.harness.records.store import Store

    run("--steps", "2")
    (attempt,) = [one for one in Store(tmp_path / "store", create=False).attempts() if one.cell.label == "routers"]
    record = attempt.record()
    centre = next(i for i, row in enumerate(record.evaluation.preferences) if row.tolist() == [0.5, 0.5])
    shown = re.search(
        r"\| routers .*?\| here .*?\| +([\d.]+) \| +([\d.]+) \|", published(tmp_path)["nine.md"].read_text()
    )
    assert [float(value) for value in shown.groups()] == pytest.approx(
        100 * (1 - record.evaluation.error[centre]), abs=0.051
    )


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["md", "tex"])
def test_a_report_begins_with_the_tables(ending, run, tmp_path):
    run("--steps", "2", "-o", tmp_path / f"board.{ending}")
    text = (tmp_path / f"board.{ending}").read_text()
    assert text.index("Table 9") < text.index("grid of 3 preferences")
    assert "--steps 2" in text


def test_on_another_suite_the_title_says_so_and_steps_are_its_own(run, tmp_path):
    other = {"name": "zdt1", "tasks": ["f1", "f2"], "points_per_edge": 3}
    ended = run("--suite", "tiny", suites=[other], tables=[], figures=["fronts"])
    assert ended.status == 0, ended.err
    assert "study on tiny" in ended.out + ended.err or published(tmp_path)
    assert {name.rpartition(".")[0] for name in published(tmp_path)} == {"fronts-tiny-task0-task1"}
    from frontrunner.harness.records.store import Store

    (attempt,) = [one for one in Store(tmp_path / "store", create=False).attempts() if one.cell.label == "routers"]
    assert attempt.cell.options["steps"] is None


def test_published_rows_stand_apart_on_another_suite(run, tmp_path):
    table = {
        **TABLE,
        "columns": [{"heading": "F1", "task": "f1"}, {"heading": "F2", "task": "f2"}, TABLE["columns"][2]],
    }
    (tmp_path / "tables" / "nine.yaml").write_text(yaml.safe_dump(table))
    zdt = {"name": "zdt1", "tasks": ["f1", "f2"], "points_per_edge": 3}
    ended = run("--suite", "tiny", "--steps", "2", suites=[zdt], figures=[])
    assert ended.status == 0, ended.err
    text = published(tmp_path)["nine.md"].read_text()
    own, apart = text.split("### ")[1:]
    assert "12.3" not in own
    assert "12.3" in apart
    assert "task0" in own
    assert "(study on tiny, 2 steps)" in own
    assert "on other data" in apart


@pytest.mark.parametrize(
    ("changed", "further", "told"),
    [
        ({"tables": ["tables/ten.yaml"]}, (), "ten.yaml"),
        ({"learners": ["experts"]}, (), "unknown label, named by the row 'Theirs' of table nine, 'routers'"),
        ({"figures": ["front"]}, (), "figures.0"),
        ({}, ("--suite", "tinny"), "did you mean 'tiny'"),
        ({}, ("--steps", "0"), "Invalid value for '--steps'"),
        ({"budgets": {"steps": [1, 2]}}, (), "a bench with tables runs its learners at one budget"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence_before_anything_runs(changed, further, told, run, tmp_path):
    ended = run(*further, **changed)
    ended.assert_one_sentence(told)
    assert ("study.yaml" in ended.err) == (not further)  # which is not to blame for an option
    assert not (tmp_path / "store").exists()


def test_a_script_has_the_tables_written_too(command, in_process, tmp_path):
    import frontrunner as fr

    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "nine.yaml").write_text(yaml.safe_dump(TABLE))
    small = {**STUDY, "learners": ["task-arithmetic", {"method": "experts", "label": "routers"}], "figures": []}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(small))
    fr.bench(tmp_path / "study.yaml", store=tmp_path / "store", device="cpu", plugins=[command.plugin])
    assert set(published(tmp_path)) == {"nine.md", "nine.csv", "nine.tex"}
