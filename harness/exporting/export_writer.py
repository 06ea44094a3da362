"""Write one exported model: its weights in every format, the heads of its tasks, and its card."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...tasks import Params
from ...tasks.backbones.open_clip_models.open_clip_export import HEAD
from ...tasks.weight_files.separate import separate
from ...tasks.weight_files.written_tensors import write_tensors
from .exported_heads import heads_of, write_heads
from .loading_code import STATE_DICT, loading_code
from .measured_errors import MeasuredErrors
from .model_card import CardContent, model_card
from .restored_run import RestoredRun

WEIGHTS, ABOUT, CARD = "model.safetensors", "model.json", "README.md"


class ExportWriter:
    """Writes models of one run.

    Args:
        run: the run.
        formats: which are written; the library's has a folder of its own where there are two.
        head: the task whose head the library's model gets.
    """

    def __init__(self, run: RestoredRun, formats: Sequence[str], head: str | None) -> None:
        self._run, self._formats, self._head = run, tuple(formats), head
        self._model = run.suite.library_model()
        self._heads = heads_of(run.problem, run.suite)

    def write(
        self, params: Params, preference: NDArray[np.float64], measured: MeasuredErrors | None, folder: Path
    ) -> list[Path]:
        """Write a model and return the paths of its state dict and of its library's folder, as far as they are asked.

        Args:
            params: the encoder's weights.
            preference: (T,), which the model stands for.
            measured: its errors; None where nobody knows them.
            folder: made if it is not there.
        """
        written = []
        folder.mkdir(exist_ok=True)
        for form in self._formats:
            place = folder if form == self._formats[0] else folder / form
            place.mkdir(exist_ok=True)
            if form == STATE_DICT:
                write_tensors(separate(params), place / WEIGHTS)
                about = {
                    "run": self._run.attempt.run_id,
                    "preference": self._named(preference),
                    **self._run.attempt.cell.to_json(),
                }
                (place / ABOUT).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
                written.append(place / WEIGHTS)
            elif self._model is not None:
                self._model.write(params, None if self._head is None else self._heads[self._head], place, form)
                written.append(place)
            write_heads(self._heads, place)
            content = self._content(form, preference, measured, beside=(place / HEAD).exists())
            (place / CARD).write_text(model_card(content), encoding="utf-8")
        return written

    def _named(self, preference: NDArray[np.float64]) -> dict[str, float]:
        return dict(zip(self._run.attempt.cell.tasks, preference.tolist(), strict=True))

    def _content(
        self, form: str, preference: NDArray[np.float64], measured: MeasuredErrors | None, *, beside: bool
    ) -> CardContent:
        cell = self._run.attempt.cell
        head = None if form == STATE_DICT else self._head
        task = head or cell.tasks[0]
        code = loading_code(form, self._run.suite, self._model, task, self._heads.get(task), head is not None)
        return CardContent(
            cell=cell,
            run_id=self._run.attempt.run_id,
            preference=self._named(preference),
            measured=measured,
            licences=self._run.suite.licences(cell.tasks),
            library=None if form == STATE_DICT else form,
            head=head,
            head_beside=beside,
            has_heads=bool(self._heads),
            loading=code,
            environment=self._run.record.environment,
            version=importlib.metadata.version("frontrunner"),
        )
