import json
import subprocess
import sys

import pytest

import frontrunner as fr

PUBLIC = """
    Budget CellError Checkpoints Choice ClassificationProblem ConfigError Context ContinuousSet DataError
    DivergenceError DuplicateNameError Examples FiniteSet Front FrontError FrontrunnerError Hypervolume Indicator
    Learner Needs Objectives Params ParetoSet PluginError PreferenceError Problem Range RankError ScoringInput
    StoreError Suite TrainingSteps UnknownNameError UnsupportedError alignment bench dominated_share evaluate
    expected_utility export
    hypervolume igd igd_plus largest_gap layered_grid list_indicators list_methods list_suites load_problem
    make_learner non_uniformity normalised results run simplex_grid spread
"""
HEAVY = ["torch", "mlflow", "pymoo", "matplotlib", "pandas", "open_clip", "transformers", "optuna"]


def test_the_public_names_are_these():
    assert sorted(fr.__all__) == PUBLIC.split()
    assert sorted(dir(fr)) == PUBLIC.split()


@pytest.mark.parametrize("name", PUBLIC.split())
def test_a_public_name_is_there_and_documented(name):
    found = getattr(fr, name)
    if name != "Params":  # an alias of Mapping
        assert found.__name__ == name
        assert found.__doc__.strip()


def test_any_other_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'hypervolumes'"):
        _ = fr.hypervolumes


@pytest.mark.parametrize("error", [name for name in PUBLIC.split() if name.endswith("Error")])
def test_every_error_has_one_root(error):
    assert issubclass(getattr(fr, error), fr.FrontrunnerError)


def test_methods_suites_and_indicators_are_listed_with_one_line_each():
    for listed, expected in (
        (fr.list_methods(), "pwe-moe-ls"),
        (fr.list_suites(), "vision-mini"),
        (fr.list_indicators(), "igd"),
    ):
        assert expected in listed
        assert all(line and "\n" not in line for line in listed.values())


SUBPACKAGES = """
import frontrunner as fr
assert fr.methods.__name__ == "frontrunner.methods"
fr.list_methods(), fr.list_suites()
import frontrunner.methods.learner as learner
import frontrunner.tasks.suite as suite
assert fr.methods.learner is learner and learner.Learner is fr.Learner
assert fr.tasks.suite is suite and suite.Suite is fr.Suite
"""


def test_no_public_name_hides_a_subpackage():
    subprocess.run([sys.executable, "-c", SUBPACKAGES], check=True)


IMPORT = "import frontrunner"
HELP = """
from frontrunner.__main__ import main
sys.argv = ["frontrunner", "--help"]
try:
    main()
except SystemExit as end:
    assert not end.code
"""


@pytest.mark.parametrize("program", [IMPORT, HELP], ids=["import frontrunner", "frontrunner --help"])
def test_nothing_heavy_is_imported_by(program):
    tail = f"\nprint(json.dumps([name for name in {HEAVY} if name in sys.modules]))"
    answer = subprocess.run(
        [sys.executable, "-c", f"import json, sys\n{program}{tail}"], capture_output=True, text=True, check=True
    )
    assert json.loads(answer.stdout.splitlines()[-1]) == []
    assert ("leaderboard" in answer.stdout) == (program == HELP)
