"""What outlines say of methods and suites is what the real modules say, and needs no torch."""

import subprocess
import sys

import pytest

from frontrunner.errors import ConfigError, UnknownNameError
from frontrunner.harness.cells.bench_file import BenchSpec
from frontrunner.methods import METHODS, recorded_options
from frontrunner.outline import PACKAGE, AbsentError, outline
from frontrunner.tasks import SUITES

SHIPPED_METHODS = [name for name, entry in METHODS.entries().items() if isinstance(entry.target, str)]
SHIPPED_SUITES = [name for name, entry in SUITES.entries().items() if isinstance(entry.target, str)]


@pytest.mark.parametrize("name", SHIPPED_METHODS)
def test_a_method_has_its_options_and_version(name):
    real, outlined = METHODS.get(name), outline("methods").METHODS.get(name)
    assert outlined.version == real.version
    assert outline("methods").recorded_options(outlined().config) == recorded_options(real().config)
    assert outlined.__module__ == real.__module__.replace("frontrunner", PACKAGE, 1)


@pytest.mark.parametrize("name", SHIPPED_SUITES)
def test_a_suite_has_its_tasks_and_version(name):
    real, outlined = SUITES.get(name), outline("tasks").SUITES.get(name)
    assert (outlined.version, outlined.tasks, outlined.name) == (real.version, real.tasks, real.name)


def test_cells_have_the_same_keys():
    suites = ["convex-toy", {"name": "vision-mini", "tasks": ["digits", "fashion"], "points_per_edge": 4}]
    learners = [*SHIPPED_METHODS, {"method": "pwe-moe-stch", "options": {"upscale": "model", "lr": "1e-3"}}]
    content = {"name": "x", "suites": suites, "learners": learners, "seeds": [0, 3]}
    found = outline("harness.cells.bench_file").BenchSpec.model_validate(content).cells()
    real = BenchSpec.model_validate(content).cells()
    assert [(cell.key, cell.group, cell.title) for cell in found] == [(c.key, c.group, c.title) for c in real]


@pytest.mark.parametrize(
    ("options", "error"),
    [({"steps": "many"}, ConfigError), ({"step": 3}, UnknownNameError), ({"upscale": "mpl"}, ConfigError)],
)
def test_errors_are_the_same(options, error):
    told = []
    for methods in (outline("methods"), sys.modules["frontrunner.methods"]):
        with pytest.raises(error) as caught:
            methods.make_learner("pwe-moe-ls", **options)
        told.append(str(caught.value))
    assert told[0] == told[1]


def test_what_would_use_an_absent_library_says_so():
    with pytest.raises(AbsentError, match="torch"):
        outline("tasks.torch_device").as_device("cpu")
    learner = outline("methods").make_learner("pwe-moe-ls")
    assert not isinstance(learner, METHODS.base)


def test_it_imports_no_library_that_takes_long():
    code = (
        "import sys\nfrom frontrunner.outline import outline\n"
        "for name in outline('methods').METHODS.entries(): outline('methods').METHODS.get(name)\n"
        "for name in outline('tasks').SUITES.entries(): outline('tasks').SUITES.get(name)\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {*sys.argv[1:]}))"
    )
    heavy = ["torch", "scipy", "pandas", "mlflow", "pymoo", "moocore", "transformers", "open_clip", "timm", "optuna"]
    ended = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, timeout=280)
    assert (ended.stdout, ended.stderr) == ("[]\n", "")
