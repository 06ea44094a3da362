"""What a study found, in MLflow: its best configurations by name, a table of trials, and Optuna's plots."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path

import pandas as pd
from optuna.trial import FrozenTrial, TrialState

from ..errors import CellError, StoreError
from ..harness.cells.cell import digest
from ..harness.records.mlflow_tags import PREFIX
from ..harness.records.status import Ending, Status
from ..harness.records.store import Store
from ..harness.records.tuned import FILE, Configuration, Tuned
from .plots import draw_plots
from .standing import DEFAULT, REASON, WALL_TIME_S, settled, slot
from .study import OpenStudy

RECORDED = f"{PREFIX}recorded"
"""Tag: digest of the trials that a study's run was last logged with."""
KEPT = 10
"""Of a study with one objective so many of the best trials can be asked for."""


def record_study(study: OpenStudy, store: Store, parent: str) -> None:
    """Log a study whose trials are all settled on its parent run, and close that; nothing where it has been already.

    Raises:
        CellError: no trial has a value.
    """
    plan = study.plan
    standing = study.standing()
    best = study.best(KEPT)
    if not best:
        reasons = [trial.user_attrs[REASON] for trial in standing.trials if REASON in trial.user_attrs]
        raise CellError(f"no trial of study {plan.name!r} has a value (first: {reasons[0] if reasons else 'none ran'})")
    recorded = digest([[trial.number, trial.state.name, trial.values] for trial in standing.trials])
    if store.tags(parent).get(RECORDED) == recorded:
        store.end(parent, Ending(Status.FINISHED))
        return
    counts = {state: sum(trial.state == state for trial in standing.trials) for state in TrialState}
    try:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            trials_frame(study).to_csv(home / "trials.csv", index=False)
            (home / FILE).write_text(json.dumps(dataclasses.asdict(tuned(study)), indent=2))
            draw_plots(study, home)
            store.add_artifacts(parent, home)
    except OSError as error:
        raise StoreError(f"the result of study {plan.name!r} cannot be written ({error}); free some space") from error
    store.log(
        parent,
        params={
            "method": plan.learner.method,
            "suite": plan.spec.suite.name,
            **{f"space_{option}": where for option, where in plan.space.described().items()},
        },
        metrics={
            "trials": len(standing.trials),
            "trials_complete": counts[TrialState.COMPLETE],
            "trials_given_up": counts[TrialState.PRUNED],
            "trials_failed": counts[TrialState.FAIL],
            **{
                f"best_{objective.metric}": value
                for objective, value in zip(plan.objectives, best[0].values, strict=True)
            },
        },
        tags={  # what may change when the study goes on; MLflow lets no parameter do so
            f"{PREFIX}study_name": plan.name,
            "sampler": f"{plan.spec.sampler.name}, seed {plan.spec.sampler.seed}",
            **{f"best_{option}": str(value) for option, value in best[0].params.items()},
            RECORDED: recorded,
        },
    )
    store.end(parent, Ending(Status.FINISHED))


def tuned(study: OpenStudy) -> Tuned:
    """What can be asked for by the study's name."""
    plan = study.plan
    best = study.best(KEPT)
    return Tuned(
        study=plan.name,
        method=plan.learner.method,
        method_version=plan.settings()["learner"]["version"],
        chosen=slot(best[0]),
        configurations=[
            Configuration(
                trial=slot(trial),
                options=plan.options(trial.params),
                values={o.metric: value for o, value in zip(plan.objectives, trial.values, strict=True)},
            )
            for trial in best
        ],
    )


def trials_frame(study: OpenStudy) -> pd.DataFrame:
    """One row a trial that counts: number, state, options, objectives, seconds of fit and evaluation, and why it has no
    value."""
    rows = []
    for trial in study.standing().trials:
        values = trial.values if trial.state == TrialState.COMPLETE else [None] * len(study.plan.objectives)
        rows.append(
            {
                "trial": slot(trial),
                "state": state_of(trial),
                **{option: trial.params.get(option) for option in study.plan.space.distributions},
                **{o.metric: value for o, value in zip(study.plan.objectives, values, strict=True)},
                "wall_time_s": trial.user_attrs.get(WALL_TIME_S),
                "default": bool(trial.user_attrs.get(DEFAULT)),
                "reason": trial.user_attrs.get(REASON, ""),
            }
        )
    return pd.DataFrame(rows)


def state_of(trial: FrozenTrial) -> str:
    """For people: complete, given up, failed, running, or waiting to be tried (again)."""
    if not settled(trial):
        return "running" if trial.state == TrialState.RUNNING else "waiting"
    return {TrialState.COMPLETE: "complete", TrialState.PRUNED: "given up"}.get(trial.state, "failed")
