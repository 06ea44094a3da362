"""What is installed is what is in the tree, and every place that names a version or an address names the same."""

import re

import yaml

REPOSITORY = "https://github.com/frontrunner-bench/frontrunner"
NOT_INSTALLED = {"tests", "benchmarks", "scripts", "build", "dist", "docs", "mlruns"}


def folders(root):
    """Folders of the package, relative to the root: each has an `__init__.py`, and so have those above it."""
    found = (
        file.parent.relative_to(root) for top in root.iterdir() if top.is_dir() for file in top.rglob("__init__.py")
    )
    return sorted(
        folder
        for folder in found
        if folder.parts[0] not in NOT_INSTALLED and not any(part.startswith(".") for part in folder.parts)
    )


def data_files(package):
    """Files beside the Python of a package, those in its folders that are no packages included."""
    for child in package.iterdir():
        if child.is_dir() and child.name != "__pycache__" and not (child / "__init__.py").exists():
            yield from (file for file in child.rglob("*") if file.is_file())
        elif child.is_file() and child.suffix not in {".py", ".pyc"}:
            yield child


def test_the_packages_of_pyproject_are_the_folders_of_the_tree(root, pyproject):
    expected = {"frontrunner", *(".".join(("frontrunner", *folder.parts)) for folder in folders(root))}
    listed = pyproject["tool"]["setuptools"]["packages"]
    assert set(listed) == expected
    assert len(listed) == len(expected)


def test_every_folder_with_python_is_a_package(root, pyproject):
    listed = pyproject["tool"]["setuptools"]["packages"]
    for top in {name.split(".")[1] for name in listed if "." in name}:
        for file in (root / top).rglob("*.py"):
            assert ".".join(("frontrunner", *file.parent.relative_to(root).parts)) in listed, file


def test_every_data_file_of_a_package_is_installed(root, pyproject):
    patterns = pyproject["tool"]["setuptools"]["package-data"]
    for folder in folders(root):
        package = ".".join(("frontrunner", *folder.parts))
        installed = {file for pattern in patterns.get(package, []) for file in (root / folder).glob(pattern)}
        assert not [file for file in data_files(root / folder) if file not in installed]
    for package, globs in patterns.items():
        for pattern in globs:
            assert list(root.joinpath(*package.split(".")[1:]).glob(pattern)), f"{package} has no {pattern}"


def test_addresses_are_of_one_repository(root, pyproject):
    urls = pyproject["project"]["urls"]
    assert set(urls) == {"Documentation", "Source", "Issues", "Changelog", "Paper"}
    assert all(url.startswith(REPOSITORY) for name, url in urls.items() if name != "Paper")
    assert yaml.safe_load((root / "CITATION.cff").read_text())["repository-code"] == REPOSITORY
    for page in ("mkdocs.yml", "SECURITY.md", ".github/ISSUE_TEMPLATE/config.yml"):
        assert set(re.findall(r"https://github\.com/[\w.-]+/[\w.-]+", (root / page).read_text())) == {REPOSITORY}


def test_the_citation_names_this_version_and_the_paper(root, pyproject):
    citation = yaml.safe_load((root / "CITATION.cff").read_text())
    project = pyproject["project"]
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"]
    assert [author["name"] for author in citation["authors"]] == [author["name"] for author in project["authors"]]
    (paper,) = citation["references"]
    assert paper["url"] == project["urls"]["Paper"]
    assert {"type", "title", "authors"} <= set(paper)  # what the format requires of a reference
    assert {"cff-version", "message", "title", "type"} <= set(citation)
