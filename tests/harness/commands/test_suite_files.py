"""Suite files on the command line: from models and data in a folder to a leaderboard, and every mistake on the way."""

import json

import pytest
import yaml
from safetensors.torch import load_file, save_file
from suite_folders import TASKS, copied, image_spec, made_once, write_suite

from frontrunner.harness.board.yardstick import NEIGHBOUR
from frontrunner.harness.records.mlflow_tags import SUITE_FILE
from frontrunner.harness.records.store import Store
from frontrunner.tasks import SUITES
from frontrunner.tasks.suite_file.example_images import ExampleSize, make_image_example
from frontrunner.tasks.suite_file.example_texts import TextExampleSize, make_text_example
from frontrunner.tasks.suite_file.file_suite import suite_class


@pytest.fixture(scope="module")
def images(shared_folder):
    """A small vision transformer, its experts and image folders."""
    size = ExampleSize(pretraining_steps=8, expert_steps=15, train=80, test=40)
    return made_once(shared_folder / "image_example", lambda folder: make_image_example(folder, size))


@pytest.fixture(scope="module")
def texts(shared_folder):
    """A small GPT-2, its experts and tables."""
    size = TextExampleSize(pretraining_steps=20, expert_steps=30, train=80, test=40)
    return made_once(shared_folder / "text_example", lambda folder: make_text_example(folder, size))


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    """Forgets the suites of files, as every process does at its end; call it to start another."""
    kept = dict(SUITES.entries())

    def start_again():
        monkeypatch.setattr(SUITES, "_entries", dict(kept))

    start_again()
    return start_again


@pytest.fixture
def mine(images, tmp_path):
    """A copy of the image example with its suite file."""
    return write_suite(copied(images, tmp_path / "mine"), image_spec())


@pytest.mark.parametrize(("kind", "tasks"), [("images", 4), ("texts", 4)])
def test_from_a_folder_to_a_leaderboard(kind, tasks, request, command, in_process, tmp_path):
    folder = copied(request.getfixturevalue(kind), tmp_path / "mine")
    file = folder / "suite.yaml"
    assert command.within("suite", "new", folder).status == 0
    assert len(file.read_text().splitlines()) <= 25
    checked = command.within("suite", "check", file, "--format", "json")
    assert checked.status == 0, checked.err
    errors = json.loads(checked.out)["errors"]
    assert len(errors) == tasks + 1
    own = [errors[task][task] for task in errors if task != "pre-trained"]
    assert sum(own) < sum(errors["pre-trained"].values())
    spec = yaml.safe_load(file.read_text()) | {"budget": {"steps": 2, "batch_size": 2}, "cpu_threads": 1}
    write_suite(folder, spec, "suite.yaml")
    bench = tmp_path / "bench.yaml"
    named = {"file": "mine/suite.yaml", "tasks": list(spec["tasks"])[:2], "points_per_edge": 2}
    bench.write_text(yaml.safe_dump({"name": "b", "suites": [named], "learners": ["experts", "pwe-moe-ls"]}))
    ran = command.within("bench", bench, "--store", tmp_path / "store")
    assert ran.status == 0, ran.out + ran.err
    assert "mine v1 [" in ran.out
    assert "2 of 2 cells finished" in ran.out
    board = command.within("leaderboard", "--suite", file, "--format", "csv", "--store", tmp_path / "store")
    assert board.out.count("\nmine,") == 3  # two learners, and the yardstick
    assert board.out.count(NEIGHBOUR) == 1


@pytest.mark.slow
def test_workers_of_their_own_read_the_suite_file(mine, command, tmp_path):
    ran = command.run(
        "run", "experts", mine, "--store", tmp_path / "store", "--points-per-edge", "2", folder=mine.parent
    )
    assert ran.status == 0, ran.out + ran.err
    shown = command.within("list", mine)
    assert "digits, fashion" in shown.out
    assert str(mine) in shown.out


def run(command, file, tmp_path, *options, method="weight-averaging"):
    return command.within(
        "run", method, file, "--store", tmp_path / "store", "--points-per-edge", "2", *map(str, options)
    )


def _scaled_expert(folder):
    expert = folder / "weights" / "digits.safetensors"
    save_file({name: tensor * 0.9 for name, tensor in load_file(expert).items()}, expert)


def _without_a_picture(folder):
    next((folder / "data" / "fashion" / "train").rglob("*.png")).unlink()


def _other_budget(folder):
    write_suite(folder, image_spec(budget={"steps": 4, "batch_size": 4, "lr": 1e-3}))


def test_edits_that_decide_results_run_again_and_others_do_not(mine, command, in_process, tmp_path, forget):
    assert run(command, mine, tmp_path).status == 0
    write_suite(mine.parent, image_spec(summary="said in other words"))
    moved = mine.parent.rename(tmp_path / "elsewhere") / mine.name
    forget()
    run(command, moved, tmp_path)
    assert len(in_process) == 1  # the same weights and data in another place
    _scaled_expert(moved.parent)
    run(command, moved, tmp_path)
    assert len(in_process) == 2
    groups = {attempt.cell.group for attempt in Store(tmp_path / "store", create=False).attempts()}
    assert len(groups) == 2  # no two states of a file share a board


def test_every_edit_that_decides_results_is_in_the_digest_of_the_tasks_that_it_is_of(mine):
    def digest(*tasks):
        return suite_class(mine)().content_digest(tasks)

    before, fashion = digest(*TASKS), digest("fashion")
    _scaled_expert(mine.parent)
    scaled = digest(*TASKS)
    assert digest("fashion") == fashion
    _without_a_picture(mine.parent)
    fewer = digest(*TASKS)
    _other_budget(mine.parent)
    assert len({before, scaled, fewer, digest(*TASKS), digest("fashion"), fashion}) == 6


def test_again_runs_a_settled_cell_and_its_result_counts(mine, command, in_process, tmp_path):
    run(command, mine, tmp_path)
    first = run(command, mine, tmp_path)
    again = run(command, mine, tmp_path, "--again")
    assert (first.status, again.status, len(in_process)) == (0, 0, 2)
    store = Store(tmp_path / "store", create=False)
    attempts = store.attempts()
    assert len(attempts) == 2
    assert store.settled(attempts[0].cell).run_id == attempts[1].run_id
    board = command.within("leaderboard", "--format", "json", "--store", tmp_path / "store")
    assert attempts[1].run_id in board.out
    assert attempts[0].run_id not in board.out


def test_an_export_finds_the_suite_file_and_refuses_another_state_of_it(mine, command, in_process, tmp_path, forget):
    assert run(command, mine, tmp_path).status == 0
    (attempt,) = Store(tmp_path / "store", create=False).attempts()
    assert attempt.tags[SUITE_FILE] == str(mine)
    preference = ["--preference", "digits=0.5,fashion=0.5", "--store", tmp_path / "store"]

    def export(*options):
        forget()
        return command.within("export", attempt.run_id, *preference, "-o", tmp_path / "out", "--force", *options)

    written = export()
    assert written.status == 0, written.err
    assert (tmp_path / "out" / "timm" / "config.json").is_file()
    there = mine.rename(mine.with_name("moved.yaml"))
    export().assert_one_sentence(str(mine), "--plugin FILE")
    assert export("--plugin", there).status == 0
    write_suite(mine.parent, image_spec(budget={"steps": 9}))
    export().assert_one_sentence("another state of the suite 'mine'", str(mine))


def _without_expert(folder):
    (folder / "weights" / "digits.safetensors").unlink()


def _unreadable_image(folder):
    next((folder / "data" / "digits" / "train").rglob("*.png")).write_bytes(b"no image")


def test_all_mistakes_are_listed(mine, command):
    _without_expert(mine.parent)
    _unreadable_image(mine.parent)
    spec = image_spec()
    spec["tasks"]["fashion"]["data"] = {"imagefolder": "data/fashoin"}
    write_suite(mine.parent, spec)
    checked = command.within("suite", "check", mine)
    checked.assert_one_sentence("2 problems")
    assert "tasks.digits.expert: " in checked.out
    assert "tasks.fashion.data: " in checked.out


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"pretraind": "x"}, ["unknown key 'pretraind'", "did you mean 'pretrained'?"]),
        ({"model": {"tim": "test_vit"}}, ["unknown key 'model.tim'", "did you mean 'timm'?"]),
        ({"model": {"timm": "test_vti"}}, ["model: ", "test_vit"]),
        (
            {"tasks": {"MNIST": {"expert": "a", "data": {"csv": "x", "tsv": "y"}}}},
            ["tasks.MNIST.data: ", "csv and tsv"],
        ),
        ({"budget": {"steps": 0}}, ["budget.steps: ", "found 0"]),
        ({"name": "two\nlines"}, ["a suite's name must be one line", "my-suite.yaml"]),
    ],
)
def test_a_wrong_field_is_named_with_its_path(change, parts, mine, command, in_process, tmp_path):
    write_suite(mine.parent, image_spec(**change))
    command.within("suite", "check", mine).assert_one_sentence(*parts)
    ran = run(command, mine, tmp_path, method="pwe-moe-ls")
    assert [part for part in parts if part not in ran.err] == []
    assert in_process == []


def test_a_name_that_is_taken_names_both_origins(mine, command, tmp_path):
    write_suite(mine.parent, image_spec(name="vision-mini"))
    taken = ["'vision-mini' is registered twice", "vision_mini_suite", "my-suite.yaml"]
    run(command, mine, tmp_path).assert_one_sentence(*taken)
    assert not (tmp_path / "store").exists()


def test_an_option_that_fits_no_module_is_refused_before_anything_runs(mine, command, in_process, tmp_path):
    ran = run(command, mine, tmp_path, "--set", "upscale=nowhere.*", method="pwe-moe-ls")
    ran.assert_one_sentence("upscale", "nowhere")
    assert in_process == []


def test_a_draft_never_overwrites(images, command, tmp_path):
    folder = copied(images, tmp_path / "mine")
    (folder / "suite.yaml").write_text("mine")
    command.within("suite", "new", folder).assert_one_sentence("not overwritten", "--output")
    assert (folder / "suite.yaml").read_text() == "mine"
    command.within("suite", "new", tmp_path / "nowhere").assert_one_sentence("there is no folder")


def test_a_draft_says_what_is_to_be_decided(images, command, tmp_path):
    folder = copied(images, tmp_path / "mine")
    (folder / "weights" / "pretrained" / "config.json").unlink()
    (folder / "weights" / "pretrained").rename(folder / "weights" / "start")
    (folder / "data" / "digits").rename(folder / "data" / "numbers")
    written = command.within("suite", "new", folder)
    assert "for you to decide" in written.out
    text = (folder / "suite.yaml").read_text()
    assert text.count("DECIDE") >= 3
    assert "data/numbers" in text


def test_tasks_are_those_of_the_file(mine, command, tmp_path):
    run(command, mine, tmp_path, "--tasks", "digit").assert_one_sentence("did you mean 'digits'?")
    assert TASKS == ("digits", "fashion")
