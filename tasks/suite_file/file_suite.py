"""Suites whose pre-trained model, experts, heads and data are named by a YAML file."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import nn

from ..library_model import LibraryModel
from ..problem import Budget, Problem
from ..progress import Progress, silent
from ..suite import Suite, require_recordable
from .random_models import with_random_weights
from .reading import field, read_suite_file
from .schema import SuiteFile

if TYPE_CHECKING:  # reading weights and data imports much that a list of suites does not need
    from .loaded_model import LoadedModel


class FileSuite(Suite):
    """The suite of one suite file; `suite_class` makes a subclass a file."""

    budget: ClassVar[Budget]
    spec: ClassVar[SuiteFile]
    """What the file says."""
    file: ClassVar[Path]
    """The file, an absolute path; relative paths in it start at its folder."""

    def prepare(self, tasks: tuple[str, ...], *, device: torch.device, seed: int, progress: Progress) -> Problem:
        """Read weights, heads and data; what is decoded or converted is kept in the cache. The seed decides nothing."""
        from .file_problem import make_problem
        from .loaded_task import load_task

        model = self.load_model()
        loaded = {}
        with field(str(self.file)):
            for step, task in enumerate(tasks):
                progress(f"reading {task}", step, len(tasks), unit="")
                loaded[task] = load_task(task, self.spec, self.file.parent, model, progress)
            return make_problem(type(self), model, loaded, device)

    def architecture(self, tasks: tuple[str, ...]) -> nn.Module:
        """Return the encoder without values."""
        from .loaded_model import load_encoder

        with field(str(self.file)):
            return load_encoder(self.spec, self.file.parent)[2]

    def content_digest(self, tasks: tuple[str, ...]) -> str:
        """Return a digest of what the file says and of the content of the weights and data of these tasks."""
        from .suite_digest import digest_suite

        with field(str(self.file)):
            return digest_suite(self.spec, self.file.parent, tasks)

    def library_model(self) -> LibraryModel | None:
        """Return the file's library; None where weights are random, which nobody wants of a library.

        Raises:
            FrontrunnerError: the pre-trained model cannot be read.
        """
        model = self.load_model()
        if model.stored is None:
            return None
        return LibraryModel(self.spec.model.library, model.backbone, model.stored)

    def class_names(self, task: str) -> tuple[str, ...] | None:
        """Return the classes that the task's head names, else its data."""
        from .loaded_task import load_head_and_data
        from .locations import read_model

        base = self.file.parent
        with field(str(self.file)):
            expert = read_model(self.spec.tasks[task].expert, base, self.spec.model)
            head, data = load_head_and_data(task, self.spec, base, self.load_model(), expert, silent)
        return head.classes or data.classes

    def licences(self, tasks: tuple[str, ...]) -> Mapping[str, str | None]:
        """Return what the file says of the pre-trained model, and of the expert and the data of every task."""
        found: dict[str, str | None] = {"pre-trained model": self.spec.license}
        for task in tasks:
            said = self.spec.tasks[task]
            found |= {f"expert {task}": said.license, f"data {task}": said.data.license}
        return found

    def load_model(self) -> LoadedModel:
        """Return the encoder with the pre-trained weights.

        Raises:
            FrontrunnerError: they cannot be read, or do not fit; the message names the file and the field.
        """
        from .loaded_model import load_model

        with field(str(self.file)):
            return load_model(self.spec, self.file.parent)


def suite_class(path: str | Path, *, random: bool = False) -> type[FileSuite]:
    """Return the suite of a suite file; the same class for the same file that says the same.

    Args:
        path: the suite file.
        random: whether to return the suite of its shapes with random weights on generated data, see `random_models`.

    Raises:
        ConfigError: the file cannot be read, or is no suite file; the message names the wrong field.
    """
    spec = read_suite_file(path)
    file = Path(path).resolve()
    if random:
        with field(str(path)):
            spec = with_random_weights(spec, file.parent)
    return _made(file, spec.model_dump_json(exclude_unset=True))


@functools.lru_cache(maxsize=256)
def _made(file: Path, spec_json: str) -> type[FileSuite]:
    spec = SuiteFile.model_validate_json(spec_json)
    made: type[FileSuite] = type(
        "SuiteOfFile",
        (FileSuite,),
        {
            "__doc__": _summary(spec),
            "__module__": __name__,
            "name": spec.name,
            "version": spec.version,
            "tasks": tuple(spec.tasks),
            "budget": Budget(**spec.budget.model_dump()),
            "expert_examples": spec.expert_examples,
            "cpu_threads": spec.cpu_threads,
            "imports": _imports(spec),
            "spec": spec,
            "file": file,
        },
    )
    with field(str(file)):
        require_recordable(made)
    return made


def _summary(spec: SuiteFile) -> str:
    """Return one line on a suite, for lists."""
    library = spec.model.library
    return spec.summary or f"{len(spec.tasks)} tasks on {getattr(spec.model, library)} of {library}"


def _imports(spec: SuiteFile) -> tuple[str, ...]:
    """Return the libraries that preparing imports, which workers may share."""
    return () if spec.model.python is not None else (spec.model.library,)
