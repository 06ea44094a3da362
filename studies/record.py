"""Records what a study found in MLflow: its best configurations by name, a table of trials, and Optuna's plots."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path

import pandas as pd
from optuna.trial import FrozenTrial, TrialState

from ..errors import CellError, StoreError
from ..harness.board.spreadsheet_text import as_spreadsheet_text
from ..harness.cells.cell import digest
from ..harness.records.mlflow_tags import PREFIX, SUMMARISED
from ..harness.records.parent_files import TUNED
from ..harness.records.status import Ending, Status
from ..harness.records.store import Store
from ..harness.records.tuned import Configuration, Tuned
from ..harness.running.reason import in_one_line
from ..methods import METHODS
from ..os_errors import because
from .counted_trials import DEFAULT, REASON, WALL_TIME_S, settled, slot
from .plots import draw_plots
from .study import OpenStudy

KEPT = 10
"""How many of the best trials of a study with one objective can be asked for."""


def record_study(study: OpenStudy, store: Store, parent: str) -> list[str]:
    """Log a study whose trials have all settled on its MLflow run, and close the run.

    Nothing is logged again where the trials are those of the last time.

    Args:
        study: the study.
        store: where its run is.
        parent: the run's id.

    Returns:
        A sentence where the plots could not be drawn; the same command tries them again.

    Raises:
        CellError: no trial has a value.
        StoreError: the artifacts cannot be written.
    """
    plan = study.plan
    counted = study.counted()
    if not study.best(1):
        reasons = [trial.user_attrs[REASON] for trial in counted.trials if REASON in trial.user_attrs]
        raise CellError(f"no trial of study {plan.name!r} has a value (first: {reasons[0] if reasons else 'none ran'})")
    recorded = digest([[trial.number, trial.state.name, trial.values] for trial in counted.trials])
    if store.tags(parent).get(SUMMARISED) == recorded:
        store.end(parent, Ending(Status.FINISHED))
        return []
    notes = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            trials = trials_frame(study).map(as_spreadsheet_text).rename(columns=as_spreadsheet_text)
            trials.to_csv(home / "trials.csv", index=False)
            (home / TUNED).write_text(json.dumps(dataclasses.asdict(tuned(study)), indent=2), encoding="utf-8")
            try:
                draw_plots(study, home)
            except Exception as error:  # of Optuna, plotly or matplotlib: no reason to lose the study
                notes.append(f"the plots of study {plan.name!r} could not be drawn ({in_one_line(error)})")
            store.add_artifacts(parent, home)
    except OSError as error:
        raise StoreError(f"the result of study {plan.name!r} cannot be written {because(error)}") from error
    _log(study, store, parent, "" if notes else recorded)
    store.end(parent, Ending(Status.FINISHED))
    return notes


def _log(study: OpenStudy, store: Store, parent: str, recorded: str) -> None:
    """Log the study's space, numbers of trials and best values; `recorded` is the digest of its trials.

    It is empty where something is to be tried again.
    """
    plan, best = study.plan, study.best(1)[0]
    trials = study.counted().trials
    counts = {state: sum(trial.state == state for trial in trials) for state in TrialState}
    values = zip(plan.objectives, best.values, strict=True)
    store.log(
        parent,
        params={
            "method": plan.learner.method,
            "suite": plan.spec.suite.name,
            **{f"space_{option}": where for option, where in plan.space.described().items()},
        },
        metrics={
            "trials": len(trials),
            "trials_complete": counts[TrialState.COMPLETE],
            "trials_given_up": counts[TrialState.PRUNED],
            "trials_failed": counts[TrialState.FAIL],
            **{f"best_{objective.measure}": value for objective, value in values},
        },
        tags={  # what may change when the study goes on; MLflow lets no parameter do so
            f"{PREFIX}study_name": plan.name,
            "sampler": f"{plan.spec.sampler.name}, seed {plan.spec.sampler.seed}",
            **{f"best_{option}": str(value) for option, value in best.params.items()},
            SUMMARISED: recorded,
        },
    )


def tuned(study: OpenStudy) -> Tuned:
    """Return the best configurations of a study, as benches find them by the study's name."""
    plan = study.plan
    best = study.best(KEPT)
    return Tuned(
        study=plan.name,
        method=plan.learner.method,
        method_version=plan.settings()["learner"]["version"],
        method_source=METHODS.source(plan.learner.method),
        chosen=slot(best[0]),
        configurations=[
            Configuration(
                trial=slot(trial),
                options=plan.options(trial.params),
                values={o.measure: value for o, value in zip(plan.objectives, trial.values, strict=True)},
            )
            for trial in best
        ],
    )


def trials_frame(study: OpenStudy) -> pd.DataFrame:
    """Return a table with one row for each trial that counts.

    Its columns are the trial's number and state, options, objectives (empty without values), seconds of fit and
    evaluation, whether it is the default, and the reason why it has no values.
    """
    rows = []
    for trial in study.counted().trials:
        values = trial.values if trial.state == TrialState.COMPLETE else [None] * len(study.plan.objectives)
        rows.append(
            {
                "trial": slot(trial),
                "state": state_of(trial),
                **{option: trial.params.get(option) for option in study.plan.space.distributions},
                **{o.measure: value for o, value in zip(study.plan.objectives, values, strict=True)},
                "wall_time_s": trial.user_attrs.get(WALL_TIME_S),
                "default": bool(trial.user_attrs.get(DEFAULT)),
                "reason": trial.user_attrs.get(REASON, ""),
            }
        )
    return pd.DataFrame(rows)


def state_of(trial: FrozenTrial) -> str:
    """Return the state of a trial in words: complete, given up, failed, running, or waiting to be tried (again)."""
    if not settled(trial):
        return "running" if trial.state == TrialState.RUNNING else "waiting"
    return {TrialState.COMPLETE: "complete", TrialState.PRUNED: "given up"}.get(trial.state, "failed")
