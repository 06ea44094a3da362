"""The snippets of CONTRIBUTING and docs are what they say; those of the README have tests of their own."""

import re
import shlex

import pytest
import torch
import typer

import frontrunner as fr
from frontrunner.__main__ import app
from frontrunner.harness.cells.bench_file import read_bench
from frontrunner.methods.registry import METHODS
from frontrunner.plugin_import import import_plugin
from frontrunner.studies.spec import read_tune
from frontrunner.studies.study import Plan
from frontrunner.tasks.suite_file.file_suite import suite_class
from frontrunner.tasks.suite_file.schema import BudgetSpec, HeadSpec, SuiteFile, ZeroShotSpec
from frontrunner.testing import scoring_input


def blocks(file, language):
    return re.findall(rf"```{language}\n(.*?)```", file.read_text(), flags=re.DOTALL)


@pytest.fixture
def root(request):
    return request.config.rootpath


def imported(text, folder):
    file = folder / text.partition("\n")[0].removeprefix("# ")
    file.write_text(text)
    return import_plugin(file)[0]


def test_the_learner_and_the_suite_of_contributing_work_together(root, tmp_path):
    learner_text, suite_text, _ = blocks(root / "CONTRIBUTING.md", "python")
    assert all(len(text.splitlines()) < 40 for text in (learner_text, suite_text))
    suite = imported(suite_text, tmp_path).Blobs()
    problem = suite.prepare(suite.tasks, device=torch.device("cpu"), seed=0, progress=fr.tasks.silent)
    learner = imported(learner_text, tmp_path).Towards()
    pareto_set = learner.fit(problem, fr.simplex_grid(2, 3), fr.Context())
    assert fr.evaluate(problem, pareto_set, fr.simplex_grid(2, 3)).n_points == 3
    errors = fr.evaluate(problem, pareto_set, fr.simplex_grid(2, 3)).objectives
    assert errors[0, 1] == errors[-1, 0] == 0
    assert errors[0, 0] > 0.3


def test_the_indicator_of_contributing_is_one(root, tmp_path):
    text = blocks(root / "CONTRIBUTING.md", "python")[2]
    indicator = imported(text, tmp_path).WorstTask()
    assert len(text.splitlines()) < 40
    assert indicator.value(scoring_input()) == scoring_input().front.objectives.max(axis=1).min()


def test_the_bench_of_its_page_is_a_bench(root, tmp_path):
    (text,) = blocks(root / "docs" / "benches.md", "yaml")
    (tmp_path / "bench.yaml").write_text(text)
    assert len(read_bench(tmp_path / "bench.yaml").cells()) == 6


def test_the_suite_file_of_its_page_is_one(root, tmp_path):
    text = blocks(root / "docs" / "suite-files.md", "yaml")[0]
    (tmp_path / "suite.yaml").write_text(text)
    suite = suite_class(tmp_path / "suite.yaml")
    assert len(text.splitlines()) <= 25
    assert suite.budget.steps == 4000
    assert suite.tasks == ("pets", "cars")


def test_every_key_of_a_suite_file_is_described(root):
    page = (root / "docs" / "suite-files.md").read_text()
    for key in (*SuiteFile.model_fields, *BudgetSpec.model_fields, *HeadSpec.model_fields, *ZeroShotSpec.model_fields):
        assert key in page, key


@pytest.mark.parametrize("position", [0, 1])
def test_the_tunings_of_their_page_are_tunings(position, root, tmp_path):
    text = blocks(root / "docs" / "tuning.md", "yaml")[position]
    (tmp_path / "tune.yaml").write_text(text)
    spec = read_tune(tmp_path / "tune.yaml")
    assert [Plan.of(spec, learner).space.distributions for learner in spec.learners]


@pytest.mark.parametrize("name", ["quickstart", "analytic", "vision-mini"])
def test_shipped_studies_name_what_exists(root, name):
    assert read_bench(root / "studies" / f"{name}.yaml").cells()


@pytest.mark.parametrize("name", ["analytic", "vision-mini", "budget", "equal-budget"])
def test_studies_of_every_learner_have_every_learner(root, name):
    found = {cell.method for cell in read_bench(root / "studies" / f"{name}.yaml").cells()}
    built_in = {name for name in fr.list_methods() if METHODS.origin(name).startswith("frontrunner.")}
    assert found == built_in


def test_what_pages_link_to_is_there(root):
    pages = [root / "README.md", root / "CONTRIBUTING.md", *root.glob("docs/*.md")]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#]+)", page.read_text())]
    here = [(page, link) for page, link in links if not link.startswith("http")]
    assert len(here) > 10
    assert [(page.name, link) for page, link in here if not (page.parent / link).exists()] == []


def parsed(command, arguments, parent=None):
    """Reads a command line as the program does, without running anything; what is wrong is raised."""
    context = command.make_context(command.name or "frontrunner", list(arguments), parent=parent)
    rest = [*getattr(context, "_protected_args", []), *context.args]
    if rest and hasattr(command, "resolve_command"):
        _, inner, further = command.resolve_command(context, rest)
        return parsed(inner, further, context)
    assert rest == []
    return context


def documented_commands(root):
    for page in [root / "README.md", root / "CONTRIBUTING.md", *sorted(root.glob("docs/**/*.md"))]:
        for text in re.findall(r"^```(?:sh)?\n(.*?)^```$", page.read_text(), flags=re.DOTALL | re.MULTILINE):
            for line in text.replace("\\\n", " ").splitlines():
                if line.startswith("frontrunner "):
                    yield page.name, shlex.split(line, comments=True)[1:]


def test_commands_of_all_pages_are_what_the_program_reads(root):
    program = typer.main.get_command(app)
    found = list(documented_commands(root))
    assert len(found) > 30
    wrong = []
    for page, arguments in found:
        try:
            parsed(program, arguments)
        except Exception as error:
            wrong.append((page, " ".join(arguments), str(error)))
    assert wrong == []


@pytest.mark.parametrize(
    "arguments", ["lsit", "run pwe-moe-ls", "leaderboard --no-such", "leaderboard by-budget extra"]
)
def test_a_command_that_the_program_refuses_would_be_found(arguments):
    with pytest.raises(Exception, match=r"."):
        parsed(typer.main.get_command(app), arguments.split())
