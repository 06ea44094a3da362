"""Runs all of a tuning file: a study for each learner, then the test of what the studies found."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from ..errors import ConfigError
from ..harness.cells.suite_files import located
from ..harness.commands.cell_options import CellOptions
from ..harness.commands.executor_options import make_executor, store_for
from ..harness.commands.shown_progress import shown_progress
from ..harness.commands.verdict import require_settled
from ..harness.records.open_store import StorePlace, own_folder
from ..harness.records.store import Store
from ..harness.records.tuned import find_tuned_learners
from ..harness.reports.publish import run_and_publish_bench
from ..harness.running.divided_fits import require_divisible
from ..harness.running.executors.executor import Executor
from ..harness.running.progress_file import ProgressFile
from ..os_errors import because
from ..utf8_file import as_utf8
from ..whole_file import replacing
from ..yaml_file import checked_content
from .comparison import compare, comparison_bench, measures_shown, tuned_learners
from .spec import TuneSpec, read_tune
from .storage import PatientStorage, default_url, open_storage, storage_explained, without_password
from .study import OpenStudy, Plan
from .study_display import StudyDisplay
from .study_log import StudyLog
from .study_progress import StudyProgressListener
from .tables import Table, comparison_table, trials_table
from .tune import run_study


def run_file(
    file: Path,
    place: StorePlace,
    console: Console,
    *,
    cells: CellOptions,
    storage: str | None,
    output: Path | None,
) -> None:
    """Run the studies of a file and its test, and print their tables.

    Args:
        file: the YAML file of the tuning.
        place: the store's folder, created when it is not there yet, or the address of a server.
        console: where progress and tables are printed.
        cells: where cells run, one trial at a time in each place, with what plugins, and how progress is told.
        storage: the URL of Optuna's database; SQLite in the store when None.
        output: a .md file that the tables are also written to.

    Raises:
        FrontrunnerError: the file, the storage or the store cannot be used, or something did not finish.
    """
    if output is not None and (output.suffix != ".md" or not output.resolve().parent.is_dir()):
        raise ConfigError(f"the tables are written to a .md file in a folder that exists, found {str(output)!r}")
    spec = read_tune(file)
    with checked_content(file):
        spec = spec.model_copy(update={"suite": located(spec.suite, file.parent)})
        plans = [Plan.of(spec, learner) for learner in spec.learners]
        measures_shown(spec, plans[0].objectives)  # refuses goals that are none, before hours are spent
        require_divisible(
            (cell for plan in plans for cell in plan.cells({}, "default")), cells.executor.devices_per_cell
        )
    executor = make_executor(cells.executor, cells.device, cells.limits, own_folder(place))
    files = [str(Path(plugin).resolve()) for plugin in cells.plugins]
    files += [] if spec.suite.file is None else [spec.suite.file]
    with contextlib.closing(executor):
        executor.require_ready()
        store = store_for(executor, place, sum(plan.spec.trials for plan in plans))
        tuning = _Tuning(spec, plans, store, console, executor, files, cells)
        with checked_content(file):
            tuning.check_test()
        url = storage or default_url(store.folder)
        tables = tuning.run_studies(open_storage(url, store.folder, spec.heartbeat_s))
        if spec.test is not None:
            tables += tuning.run_test(spec.test.seeds)
    if spec.test is None:
        console.print("The file has no `test`: nothing was held against the default on other seeds.")
    if output is not None:
        _write(output, spec, file, tables)
        console.print(f"wrote {output}", highlight=False, soft_wrap=True, markup=False)
    console.print(
        f"\nRecorded in {place}. Look next:\n"
        f"  frontrunner ui --store {place}    the studies, their plots and trials in MLflow\n"
        f"  optuna-dashboard {without_password(url)}\n"
        f"  tuned: {plans[0].name}    as a learner in the file of a bench",
        highlight=False,
        soft_wrap=True,
    )


@dataclass(frozen=True)
class _Tuning:
    """The studies of one file with everything they run on."""

    spec: TuneSpec
    plans: Sequence[Plan]
    """One for each learner, in the order of the file."""
    store: Store
    console: Console
    executor: Executor
    plugins: Sequence[str]
    """Files that workers load, the suite file among them."""
    cells: CellOptions

    def check_test(self) -> None:
        """Raise what is wrong with the cells of the test, as far as they are known before the studies have run."""
        if self.spec.test is None:
            return
        bench = comparison_bench(self.spec)
        known = [learner for learner in bench.learners if learner not in tuned_learners(self.spec)]
        find_tuned_learners(bench.model_copy(update={"learners": known}), self.store).cells()

    def run_studies(self, database: PatientStorage) -> list[Table]:
        """Run what is left of every study, one after the other; print and return their tables."""
        for plan in self.plans:  # all of them are opened before hours are spent on the first
            with storage_explained(str(database.url)):
                OpenStudy(plan, database, self.store)
        tables = []
        for plan in self.plans:
            self.console.print(_announcement(plan), highlight=False, soft_wrap=True)
            shown = StudyDisplay(self.console, plan) if self.cells.log is None else StudyLog(self.cells.log, plan)
            n_cells = plan.spec.trials * len(plan.spec.seeds)
            file = ProgressFile(self.store.folder, command="tune", name=plan.name, n_cells=n_cells)
            with file, shown as listener:
                study = run_study(
                    plan,
                    database,
                    self.store,
                    executor=self.executor,
                    plugins=self.plugins,
                    listener=StudyProgressListener(listener, file),
                    limits=self.cells.limits,
                )
            tables.append(trials_table(study))
            self.console.print(tables[-1].for_terminal())
        return tables

    def run_test(self, seeds: Sequence[int]) -> list[Table]:
        """Run default and tuned configurations on the test split of `seeds`; print and return a table a measure.

        Raises:
            CellError: a cell did not finish; the tables have been printed.
        """
        bench = find_tuned_learners(comparison_bench(self.spec), self.store)
        shown = shown_progress(
            self.store.folder,
            command="tune",
            name=bench.name,
            n_cells=len(bench.cells()),
            console=self.console,
            log=self.cells.log,
        )
        with shown as listener:
            result = run_and_publish_bench(
                bench,
                self.store,
                executor=self.executor,
                plugins=self.plugins,
                listener=listener,
                limits=self.cells.limits,
            )
        tables = []
        for comparison in compare(self.store, bench, self.spec, self.plans[0].objectives):
            tables.append(comparison_table(comparison, seeds))
            self.console.print(tables[-1].for_terminal())
        require_settled(result.settled)
        return tables


def _announcement(plan: Plan) -> str:
    space = "; ".join(f"{option} {where}" for option, where in plan.space.described().items())
    objectives = ", ".join(objective.heading for objective in plan.objectives)
    return escape(
        f"{plan.name}: {plan.spec.trials} trials of {plan.learner.method} on {plan.spec.suite.name} over {space}; "
        f"{objectives} on the validation split; sampler {plan.spec.sampler.name}, seed {plan.spec.sampler.seed}"
    )


def _write(output: Path, spec: TuneSpec, file: Path, tables: Sequence[Table]) -> None:
    text = "\n\n".join(
        [
            f"# {spec.name}",
            f"Made by `frontrunner tune {as_utf8(str(file))} --output {as_utf8(str(output))}`.",
            *(t.as_markdown() for t in tables),
        ]
    )
    try:
        with replacing(output) as partial:
            partial.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"the tables cannot be written to {str(output)!r} {because(error)}") from error
