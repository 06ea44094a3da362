"""A bench on another suite than its own: which task stands for which, and whose budget it has."""

import pytest

import frontrunner as fr
from frontrunner.harness.cells.bench_file import BenchSpec
from frontrunner.harness.cells.other_suite import at_steps, on_other_suite

LONG = {"method": "pwe-moe-ls", "options": {"upscale": "model", "steps": 4000, "batch_size": 16}, "label": "long"}


def bench(*suites, learners=("pretrained",), **further):
    spec = {"name": "mine", "suites": list(suites), "learners": list(learners), **further}
    return BenchSpec.model_validate(spec)


def three_pairs():
    pairs = (["cars", "dtd"], ["cars", "mnist"], ["dtd", "mnist"])
    return bench(*({"name": "clip-vit-b-32-ta8", "tasks": pair, "points_per_edge": 5} for pair in pairs))


def test_tasks_become_the_other_suites_in_the_order_in_which_the_bench_names_them():
    found = on_other_suite(three_pairs(), "merging-toy")
    assert [suite.tasks for suite in found.spec.suites] == [["e1", "e2"], ["e1", "e3"], ["e2", "e3"]]
    assert {suite.name for suite in found.spec.suites} == {"merging-toy"}
    assert found.in_place_of == {"cars": "e1", "dtd": "e2", "mnist": "e3"}
    assert found.spec.name == "mine on merging-toy"
    assert {cell.points_per_edge for cell in found.spec.cells()} == {5}


def test_tasks_of_the_same_names_stay():
    found = on_other_suite(three_pairs(), "clip-vit-b-32-ta8-random")
    assert [suite.tasks for suite in found.spec.suites] == [suite.tasks for suite in three_pairs().suites]
    assert found.in_place_of == {task: task for task in ("cars", "dtd", "mnist")}


def test_tasks_that_the_other_suite_has_no_room_for_fall_away():
    found = on_other_suite(bench({"name": "clip-vit-b-32-ta8"}), "tiny")
    assert found.spec.suites[0].tasks == ["task0", "task1", "task2"]
    assert found.in_place_of == {"sun397": "task0", "cars": "task1", "resisc45": "task2"}


def test_a_suite_of_which_nothing_would_be_left_is_an_error_that_says_so():
    with pytest.raises(
        fr.ConfigError, match=r"convex-toy has 2 tasks \(f1, f2\), .* leaves 1 in the place of cars, mnist"
    ):
        on_other_suite(three_pairs(), "convex-toy")


@pytest.mark.parametrize("name", ["vision-minni", "no-such-file.yaml"])
def test_an_unknown_suite_is_refused(name):
    with pytest.raises(fr.FrontrunnerError, match=name):
        on_other_suite(three_pairs(), name)


def test_no_name_is_refused_in_words_of_our_own():
    with pytest.raises(fr.ConfigError, match=r"^a suite is given by name, or by file: a suite file$"):
        on_other_suite(three_pairs(), "")


def test_steps_and_batches_are_left_to_the_other_suite_and_other_options_stay():
    spec = bench({"name": "clip-vit-b-32-ta8", "points_per_edge": 1}, learners=[LONG])
    (cell,) = on_other_suite(spec, "tiny").spec.cells()
    assert (cell.options["steps"], cell.options["batch_size"], cell.options["upscale"]) == (None, None, "model")
    assert cell.label == "long"


def test_steps_are_those_of_every_training_and_the_title_says_so():
    spec = bench({"name": "tiny", "points_per_edge": 2}, learners=[LONG, "ls", "pretrained"])
    found = at_steps(spec, 3)
    assert found.name == "mine, 3 steps"
    assert [cell.options.get("steps") for cell in found.cells()] == [3, 3, None]
    assert [cell.label for cell in found.cells()] == ["long", "ls", "pretrained"]


@pytest.mark.parametrize("steps", [0, -1, 10**13])
def test_steps_that_nobody_can_take_are_refused(steps):
    with pytest.raises(fr.ConfigError, match="a budget is a whole number"):
        at_steps(bench({"name": "tiny"}), steps)
