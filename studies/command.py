"""What `frontrunner tune` does: every study of a file, then the test, with what a person sees of both."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from optuna.trial import FrozenTrial, TrialState
from rich.console import Console
from rich.markup import escape

from ..errors import ConfigError
from ..harness.cells.environment import resolve_devices
from ..harness.commands.display import Display
from ..harness.commands.verdict import require_settled
from ..harness.records.store import Store
from ..harness.running.bench import run_bench
from ..harness.running.settle import SettledCell
from .comparison import compare, comparison_bench, measures_shown, tuned_learners
from .counted_trials import DISCARDED, REASON, settled, slot
from .spec import TuneSpec, read_tune
from .storage import default_url, explained, open_storage
from .study import OpenStudy, Plan
from .tables import Table, comparison_table, trials_table
from .tune import run_study


def run_file(
    file: Path,
    folder: Path,
    console: Console,
    *,
    device: str,
    storage: str | None,
    plugins: Sequence[str],
    output: Path | None,
) -> None:
    """Run the studies of a file and the test, print their tables, and write them to `output`.

    Raises:
        FrontrunnerError: the file, the storage or the store cannot be used, or something did not finish.
    """
    if output is not None and (output.suffix != ".md" or not output.resolve().parent.is_dir()):
        raise ConfigError(f"the tables are written to a .md file in a folder that exists, found {str(output)!r}")
    spec = read_tune(file)
    plans = [Plan.of(spec, learner) for learner in spec.learners]
    measures_shown(spec, plans[0].objectives)  # refuses goals that are none, before hours are spent
    devices = resolve_devices(device)
    files = [str(Path(plugin).resolve()) for plugin in plugins]
    opened = Store(folder, create=True)
    if spec.test is not None:  # as far as it can be known now
        known = [learner for learner in comparison_bench(spec).learners if learner not in tuned_learners(spec)]
        comparison_bench(spec).model_copy(update={"learners": known}).found_in(opened).cells()
    url = storage or default_url(folder)
    database = open_storage(url, folder, spec.heartbeat_s)
    for plan in plans:  # all of them, before hours are spent on the first
        with explained(url):
            OpenStudy(plan, database, opened)
    tables: list[Table] = []
    for plan in plans:
        console.print(_announcement(plan), highlight=False, soft_wrap=True)
        with StudyDisplay(console, plan) as display:
            study = run_study(plan, database, opened, devices=devices, plugins=files, listener=display)
        tables.append(trials_table(study))
        console.print(tables[-1].for_terminal())
    if spec.test is not None:
        bench = comparison_bench(spec).found_in(opened)
        with Display(console, len(bench.cells())) as display:
            outcomes = run_bench(bench, opened, devices=devices, plugins=files, listener=display)
        for comparison in compare(opened, bench, spec, plans[0].objectives):
            tables.append(comparison_table(comparison, spec.test.seeds))
            console.print(tables[-1].for_terminal())
        require_settled(outcomes)
    else:
        console.print("The file has no `test`: nothing was held against the default on other seeds.")
    if output is not None:
        _write(output, spec, file, tables)
    option = f" --store {folder}"
    console.print(
        f"\nRecorded in {folder}. Look next:\n"
        f"  frontrunner ui{option}    the studies, their plots and trials in MLflow\n"
        f"  optuna-dashboard {url}\n"
        f"  tuned: {plans[0].name}    as a learner in the file of a bench",
        highlight=False,
        soft_wrap=True,
    )


class StudyDisplay(Display):
    """Shows the cells of a study as a bench does, and says what became of every trial."""

    def __init__(self, console: Console, plan: Plan) -> None:
        super().__init__(console, plan.spec.trials)
        self._plan = plan

    def ends(self, outcome: SettledCell) -> None:
        """Its trial says more."""
        self.removes(outcome.cell)

    def tried(self, study: OpenStudy, trial: FrozenTrial) -> None:
        """One line a trial."""
        trials = study.counted().trials
        done = sum(settled(other) for other in trials)
        self.advances(done)
        options = ", ".join(f"{name}={_short(value)}" for name, value in trial.params.items())
        name = escape(f"{self._plan.name} trial {slot(trial)} ({options})")
        if DISCARDED in trial.user_attrs:
            self.says(f"[dim]– {name}: not run, {escape(trial.user_attrs[DISCARDED])}[/]")
        elif trial.state == TrialState.COMPLETE:
            values = ", ".join(
                f"{o.measure} {value:.5g}" for o, value in zip(self._plan.objectives, trial.values, strict=True)
            )
            self.says(f"[green]✓[/] {name}: {values}{self._best(study, trial)} [{done}/{self._plan.spec.trials}]")
        elif not settled(trial):
            self.says(f"[yellow]– {name}: ended from outside, to be tried again[/]")
        else:
            mark = "–" if trial.state == TrialState.PRUNED else "[red]✗[/]"
            self.says(f"{mark} {name}: {escape(trial.user_attrs[REASON])} [{done}/{self._plan.spec.trials}]")

    def _best(self, study: OpenStudy, trial: FrozenTrial) -> str:
        best = study.best(1)
        if len(self._plan.objectives) > 1 or not best:
            return ""
        return ", the best so far" if slot(best[0]) == slot(trial) else f" (best {best[0].values[0]:.5g})"


def _announcement(plan: Plan) -> str:
    space = "; ".join(f"{option} {where}" for option, where in plan.space.described().items())
    objectives = ", ".join(objective.heading for objective in plan.objectives)
    return escape(
        f"{plan.name}: {plan.spec.trials} trials of {plan.learner.method} on {plan.spec.suite.name} over {space}; "
        f"{objectives} on the validation split; sampler {plan.spec.sampler.name}, seed {plan.spec.sampler.seed}"
    )


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _write(output: Path, spec: TuneSpec, file: Path, tables: Sequence[Table]) -> None:
    text = "\n\n".join(
        [f"# {spec.name}", f"Made by `frontrunner tune {file} --output {output}`.", *(t.as_markdown() for t in tables)]
    )
    try:
        output.write_text(text + "\n")
    except OSError as error:
        raise ConfigError(f"the tables cannot be written to {str(output)!r} ({error.strerror})") from error
