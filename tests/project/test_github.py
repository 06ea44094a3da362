"""The workflows and templates of GitHub, as far as they can be checked without it."""

import re

import pytest
import yaml
from packaging.specifiers import SpecifierSet


@pytest.fixture(scope="module")
def workflow(root):
    return yaml.safe_load((root / ".github" / "workflows" / "checks.yml").read_text())


def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_every_supported_python_is_tested_and_stated(workflow, pyproject):
    project = pyproject["project"]
    stated = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert [entry["python"] for entry in workflow["jobs"]["tests"]["strategy"]["matrix"]["include"]] == stated
    assert all(version in SpecifierSet(project["requires-python"]) for version in stated)
    assert "3.10" not in SpecifierSet(project["requires-python"])


def test_lowest_versions_are_tested_on_the_lowest_python(workflow, pyproject):
    (setup,) = (step for step in workflow["jobs"]["lowest-versions"]["steps"] if "setup-python" in step.get("uses", ""))
    assert pyproject["project"]["requires-python"] == f">={setup['with']['python-version']}"


def test_jobs_run_targets_of_the_makefile(workflow, root):
    targets = set(re.findall(r"^([\w-]+):", (root / "Makefile").read_text(), flags=re.MULTILINE))
    matrix = {entry["target"] for entry in workflow["jobs"]["tests"]["strategy"]["matrix"]["include"]}
    called = {name for step in steps(workflow) for name in re.findall(r"^make ([\w-]+)", step.get("run", ""))}
    assert called == {"lint", "docs", "test-all"}
    assert matrix == {"test", "coverage"}
    assert called | matrix <= targets


def test_scripts_that_jobs_run_are_there(workflow, root):
    scripts = {name for step in steps(workflow) for name in re.findall(r"scripts/\w+\.py", step.get("run", ""))}
    assert scripts == {"scripts/lowest_versions.py"}
    assert all((root / name).exists() for name in scripts)


def test_a_workflow_may_only_read_and_ends_by_itself(workflow):
    assert workflow["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in workflow["jobs"].values())
    assert all(job["timeout-minutes"] for job in workflow["jobs"].values())
    assert workflow["concurrency"]["cancel-in-progress"]


def test_actions_are_githubs_own_pinned_by_major_version(workflow):
    uses = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert uses
    assert [name for name in uses if not re.fullmatch(r"actions/[\w-]+@v\d+", name)] == []
    assert len({name.partition("@")[0] for name in uses}) == len(set(uses))


@pytest.mark.parametrize("name", ["bug", "feature", "submission"])
def test_a_form_is_one_that_github_shows(name, root):
    form = yaml.safe_load((root / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml").read_text())
    assert {"name", "description", "body"} <= set(form)
    ids = [part["id"] for part in form["body"]]
    assert len(set(ids)) == len(ids)
    for part in form["body"]:
        assert part["type"] in {"textarea", "input", "dropdown", "checkboxes"}
        assert part["attributes"]["label"]
    assert any(part.get("validations", {}).get("required") for part in form["body"])


def test_a_bug_comes_with_what_doctor_says(root):
    form = yaml.safe_load((root / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text())
    (doctor,) = (part for part in form["body"] if "frontrunner doctor" in part["attributes"]["label"])
    assert doctor["validations"]["required"]
