"""Every command and snippet of the README runs as printed, or is named here with why it does not."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

import frontrunner as fr
from frontrunner.methods.registry import METHODS
from frontrunner.tasks.suite_file.file_suite import suite_class

NOT_RUN = {
    "pip install -e .": "downloads PyTorch and its like; CI installs the checkout in the same way",
    "pip install torch torchvision --index-url https://download.pytorch.org/whl/cpu": "downloads PyTorch",
    "make quickstart": "takes minutes and fine-tunes; what it runs is compared and its bench file read below",
    "make test": "is what runs this test",
}
"""Commands that no test runs, and why."""
INSTALL, OWN_MODELS = "Install", "Your own models"
MOST_WORDS = 360
"""What is read aloud in two minutes, at 180 words a minute; names of sections and of pages are among them."""


@dataclass(frozen=True)
class Block:
    """Fenced text below a heading."""

    heading: str
    language: str
    text: str

    @property
    def commands(self):
        """Lines without comments."""
        return [line for line in (line.partition(" #")[0].strip() for line in self.text.splitlines()) if line]


@pytest.fixture(scope="module")
def root(request):
    return request.config.rootpath


@pytest.fixture(scope="module")
def readme(root):
    return (root / "README.md").read_text()


@pytest.fixture(scope="module")
def blocks(readme):
    """All that is fenced, however it is marked."""
    found = [
        Block(section.partition("\n")[0], language, text)
        for section in re.split(r"^## ", readme, flags=re.M)
        for language, text in re.findall(r"^```(.*?)\n(.*?)^```$", section, flags=re.DOTALL | re.MULTILINE)
    ]
    assert len(found) * 2 == len(re.findall(r"^ *```", readme, flags=re.MULTILINE))
    return found


def commands(blocks, *headings):
    return [line for b in blocks if b.language == "sh" and b.heading in headings for line in b.commands]


def test_every_block_is_of_a_kind_that_a_test_below_runs(blocks):
    """A new kind, a second script or a command below another heading needs a test of its own."""
    assert {b.language for b in blocks} == {"sh", "yaml", "python"}
    assert [b.heading for b in blocks if b.language != "sh"] == [OWN_MODELS, "In Python"]
    elsewhere = [
        line for b in blocks if b.language == "sh" and b.heading not in (INSTALL, OWN_MODELS) for line in b.commands
    ]
    assert [line for line in elsewhere if line not in NOT_RUN] == []
    assert commands(blocks, OWN_MODELS)
    assert set(NOT_RUN) <= {line for b in blocks if b.language == "sh" for line in b.commands}, "forget what is gone"


def test_code_within_sentences_is_no_command(readme):
    """A command that is only mentioned would escape the tests here."""
    prose = re.sub(r"^```.*?^```$|<!--.*?-->", "", readme, flags=re.DOTALL | re.MULTILINE)
    assert [
        code for code in re.findall(r"`([^`]+)`", prose) if re.match(r"(frontrunner|make|pip|python3?|git) ", code)
    ] == []


def test_make_quickstart_runs_the_bench_and_installs_before(root):
    told = subprocess.run(
        ["make", "-n", "-B", "--no-print-directory", "quickstart"], cwd=root, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert told[-1] == ".venv/bin/frontrunner bench studies/quickstart.yaml"
    assert any(line.endswith("pip install --quiet -e .") for line in told)


def test_the_table_has_the_learners_of_the_quickstart(root, readme):
    from frontrunner.harness.cells.bench_file import read_bench

    part = re.search(r"<!-- quickstart: .*?<!-- quickstart: end -->", readme, flags=re.DOTALL)[0]
    heading, _, *rows = [
        [cell.strip() for cell in line.strip("| ").split("|")] for line in re.findall(r"^\|.*$", part, re.M)
    ]
    assert heading == ["learner", "HV ↑", "compromise", "align. ↑", "wall time"]
    volumes = [float(row[1]) for row in rows]
    assert volumes == sorted(volumes, reverse=True)
    labels = {cell.label for cell in read_bench(root / "studies" / "quickstart.yaml").cells()}
    assert {row[0].partition(" [")[0] for row in rows} == labels


def test_every_learner_has_its_place(readme):
    table = readme.partition("## Learners")[2].partition("## Documentation")[0]
    built_in = {name for name in fr.list_methods() if METHODS.origin(name).startswith("frontrunner.")}
    assert sorted(re.findall(r"`([^`]+)`", table)) == sorted(built_in)


def test_columns_of_the_table_are_explained_below_it(readme):
    explained = set(re.findall(r"^- \*\*(.+?)\*\*", readme.partition("<!-- quickstart: end -->")[2], re.M))
    assert {"HV", "Compromise", "Align.", "Wall time"} == explained


def test_the_suite_file_is_one(blocks, tmp_path):
    (block,) = [b for b in blocks if b.language == "yaml"]
    (tmp_path / "suite.yaml").write_text(block.text)
    suite = suite_class(tmp_path / "suite.yaml")
    assert len(block.text.splitlines()) <= 25
    assert (suite.budget.steps, suite.tasks) == (4000, ("pets", "cars"))


def test_it_is_read_aloud_in_two_minutes(readme):
    prose = re.sub(r"^```.*?^```$|<!--.*?-->|^\|.*?$|!\[.*?\]\(.*?\)", "", readme, flags=re.DOTALL | re.MULTILINE)
    assert len(re.findall(r"\w[\w'.-]*", re.sub(r"\]\([^)]*\)", "]", prose))) <= MOST_WORDS


def test_five_words_are_defined_before_they_are_used(readme):
    """Of those who read from the top: what a word means stands in its own section, the first after the introduction."""
    introduction, words, *_ = re.split(r"^## ", readme, flags=re.M)
    assert re.findall(r"^- \*\*(\w+)\*\*", words, re.M) == ["Task", "Expert", "Preference", "Front", "Cell"]
    assert re.findall(r"\b(?:expert|preference|front|cell)s?\b", introduction) == []


def test_contents_name_the_sections(readme):
    listed = re.findall(r"\[([^]]+)\]\(#([\w-]+)\)", readme)
    headings = re.findall(r"^## (.+)$", readme, re.M)
    assert [name for name, _ in listed] == headings
    assert [anchor for _, anchor in listed] == [re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings]


def test_addresses_are_those_of_the_project(root, blocks, readme):
    urls = tomllib.loads((root / "pyproject.toml").read_text())["project"]["urls"]
    assert f"git clone {urls['Source']}" in commands(blocks, INSTALL)
    assert f"({urls['Issues']})" in readme


def run_in_order(lines, folder, environment):
    """In one shell, which ends at the first command that fails."""
    script = "\n".join(["set -e", *lines])
    ended = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=800
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.slow
def test_commands_to_install_make_an_environment_in_a_clone(root, blocks, tmp_path):
    """The address is served from this checkout."""
    if not (root / ".git").exists():
        pytest.skip("this is no clone")
    (clone,) = [line for line in commands(blocks, INSTALL) if line.startswith("git clone ")]
    redirected = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{root.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": shlex.split(clone)[2],
    }
    lines = [line for line in commands(blocks, INSTALL) if line not in NOT_RUN]
    told = run_in_order([*lines, "command -v python pip", "pwd"], tmp_path, os.environ | redirected).splitlines()
    folder = Path(told[-1])
    assert [Path(program) for program in told[-3:-1]] == [folder / ".venv" / "bin" / name for name in ("python", "pip")]
    assert (folder / "studies" / "quickstart.yaml").exists()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_commands_of_own_models_run_one_after_the_other(blocks, tmp_path, command):
    bin_folder = os.path.dirname(sys.executable)
    environment = command.environment | {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}"}
    out = run_in_order([line for line in commands(blocks, OWN_MODELS) if line not in NOT_RUN], tmp_path, environment)
    assert (tmp_path / "demo" / "suite.yaml").exists()
    assert "pre-trained" in out
    assert re.search(r"pwe-moe-ls \(steps=100\).* 0\.\d{4} ", out)


@pytest.mark.slow
def test_the_script_prints_hypervolume_and_alignment(blocks, capsys):
    (block,) = [b for b in blocks if b.language == "python"]
    exec(compile(block.text, "README.md", "exec"), {})
    hypervolume, alignment = map(float, capsys.readouterr().out.split())
    assert 0 < hypervolume < 1
    assert 0.5 < alignment <= 1
