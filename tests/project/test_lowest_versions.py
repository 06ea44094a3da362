import subprocess
import sys

import pytest
from packaging.requirements import Requirement


@pytest.fixture(scope="module")
def lowest(script):
    return lambda *requirements: list(script("lowest_versions").lowest(requirements))


def test_a_lower_bound_becomes_a_pin(lowest):
    assert lowest("torch>=2.4", "mlflow<3.18,>=3.14") == ["torch==2.4", "mlflow==3.14"]


def test_an_extra_of_a_requirement_is_left_out_since_constraints_have_none(lowest):
    assert lowest("mkdocstrings[python]>=0.28") == ["mkdocstrings==0.28"]


def test_a_marker_is_kept(lowest):
    (line,) = lowest("pygmo>=2.20; sys_platform == 'linux'")
    assert Requirement(line).marker == Requirement("pygmo; sys_platform == 'linux'").marker
    assert str(Requirement(line).specifier) == "==2.20"


def test_a_requirement_without_a_lower_bound_is_free(lowest):
    assert lowest("pandas-stubs", "frontrunner[docs]", "a<2", "b==1") == []


def test_the_script_pins_every_bound_of_pyproject(root, pyproject):
    printed = subprocess.run(
        [sys.executable, root / "scripts" / "lowest_versions.py"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    project = pyproject["project"]
    declared = [*project["dependencies"], *(r for extra in project["optional-dependencies"].values() for r in extra)]
    assert len(printed) == sum(">=" in requirement for requirement in declared) > 30
    for line in map(Requirement, printed):
        (requirement,) = (found for found in map(Requirement, declared) if found.name == line.name)
        (pin,) = line.specifier
        assert pin.operator == "=="
        assert requirement.specifier.contains(pin.version)


def test_every_dependency_has_a_lower_bound_and_says_so_once(pyproject):
    names = [Requirement(text).name for text in pyproject["project"]["dependencies"]]
    assert len(set(names)) == len(names)
    assert all(">=" in text for text in pyproject["project"]["dependencies"])
