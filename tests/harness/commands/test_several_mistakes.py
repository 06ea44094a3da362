"""A file with several mistakes names all of them, whatever their kinds."""

import pytest

from frontrunner.errors import ConfigError
from frontrunner.harness.cells.bench_file import BenchSpec, read_bench
from frontrunner.mistakes import MOST, Mistakes, all_mistakes

MISTAKES = {
    "misspelt key": ("sedes: [0]", "unknown key 'sedes'; did you mean 'seeds'?"),
    "no number": ("seeds: [zero]", "seeds.0: "),
    "negative seed": ("seeds: [-1]", "seed must be 0 or more"),
    "probes": ("probes: -1", "probes: "),
    "unknown suite": ("suites: [tinny]", "did you mean 'tiny'?"),
    "unknown task": ("suites: [{name: tiny, tasks: [task0, task9]}]", "task of suite 'tiny'"),
    "missing suite file": ("suites: [nowhere.yaml]", "nowhere.yaml"),
    "misspelt key of a suite": ("suites: [{name: tiny, task: [task0]}]", ".task'; did you mean 'tasks'?"),
    "no grid": ("suites: [{name: tiny, points_per_edge: 0}]", "points_per_edge is an integer of 1 or more"),
    "unknown method": ("learners: [pretrainde]", "did you mean 'pretrained'?"),
    "unknown option": ("learners: [{method: ls, options: {step: 3}}]", "did you mean 'steps'?"),
    "wrong value": ("learners: [{method: ls, options: {steps: many}}]", "steps must be int"),
    "misspelt key of a learner": ("learners: [{method: ls, option: {}}]", ".option'; did you mean 'options'?"),
}
FOUR = [
    ["misspelt key", "unknown suite", "unknown method", "negative seed"],
    ["unknown task", "unknown option", "wrong value", "negative seed"],
    ["missing suite file", "unknown suite", "unknown method", "unknown option"],
    ["misspelt key of a suite", "misspelt key of a learner", "no number", "probes"],
    ["misspelt key of a learner", "wrong value", "unknown suite", "no number"],
]


def written(folder, cases):
    """A bench file with these mistakes, one of the right words beside them."""
    lines = {"suites": ["tiny"], "learners": ["pretrained"]}
    others = []
    for case in cases:
        key, _, value = MISTAKES[case][0].partition(": ")
        if key in lines:
            lines[key].append(value.removeprefix("[").removesuffix("]"))
        else:
            others.append(MISTAKES[case][0])
    text = ["name: x", *others, *(f"{key}: [{', '.join(reversed(values))}]" for key, values in lines.items())]
    file = folder / "bench.yaml"
    file.write_text("\n".join(text))
    return file


@pytest.mark.parametrize("cases", FOUR, ids=" ".join)
def test_four_mistakes_are_named_in_one_sentence(cases, command, tmp_path):
    file = written(tmp_path, cases)
    ended = command.within("bench", file, "--store", tmp_path / "store")
    ended.assert_one_sentence(f"{file}: 4 mistakes: (1)", "(4)", *(MISTAKES[case][1] for case in cases))
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("case", MISTAKES)
def test_one_mistake_is_not_numbered(case, command, tmp_path):
    file = written(tmp_path, [case])
    ended = command.within("bench", file, "--store", tmp_path / "store")
    ended.assert_one_sentence(str(file), MISTAKES[case][1])
    assert "mistakes" not in ended.err


def test_the_same_mistake_on_every_suite_is_named_once():
    learners = [{"method": "ls", "options": {"step": 3}}, {"method": "ls", "options": {"step": 4}}]
    spec = BenchSpec.model_validate({"name": "x", "suites": ["tiny", "convex-toy"], "learners": learners})
    with pytest.raises(LookupError, match=r"^unknown option of method 'ls': 'step'"):
        spec.cells()


def test_a_hundred_mistakes_are_counted_and_ten_are_told(tmp_path):
    file = tmp_path / "bench.yaml"
    file.write_text(f"name: x\nsuites: [tiny]\nlearners: [{', '.join(f'{{a{i}: 1}}' for i in range(50))}]")
    with pytest.raises(ConfigError, match=r"50 mistakes: .*and 40 more$") as caught:
        read_bench(file)
    assert f"({MOST})" in str(caught.value)


def test_no_mistake_raises_nothing_and_defects_are_not_noted():
    mistakes = Mistakes()
    with mistakes.noted():
        pass
    mistakes.raise_any()
    with pytest.raises(KeyError), mistakes.noted():
        raise KeyError


@pytest.mark.parametrize(("n_told", "n_more", "left"), [(1, 4, 4), (3, 20, 20), (10, 5, 5), (12, 5, 7), (10, 0, 0)])
def test_whatever_is_not_told_is_counted(n_told, n_more, left):
    said = all_mistakes([f"mistake {i}" for i in range(n_told)], n_more)
    assert said.startswith(f"{n_told + n_more} mistakes: (1)")
    assert said.endswith(f"; and {left} more") == (left > 0)
