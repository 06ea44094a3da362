"""`frontrunner run`: one method on one suite, then its front."""

from __future__ import annotations

from typing import Annotated

import typer

from .cell_options import CellOptions, WeightsOption, with_cell_options
from .console import open_console, place_of
from .grid_options import GridOptions, with_grid_options


@with_cell_options(again=True)
@with_grid_options
def run(
    method: Annotated[str, typer.Argument(help="The method to run; `frontrunner list` shows all.")],
    suite: Annotated[
        str, typer.Argument(help="The suite to run it on, see `frontrunner list`, or a suite file of your own (.yaml).")
    ],
    tasks: Annotated[str | None, typer.Option(help="Tasks of the suite, comma-separated; all when absent.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the experts, the learner and all else that is random.")] = 0,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="An option of the method as key=value, see `frontrunner list METHOD`; repeatable."),
    ] = None,
    weights: WeightsOption = None,
    *,
    grid: GridOptions,
    cells: CellOptions,
) -> None:
    """Run one method on one suite and show its front; a finished run is not repeated."""
    from .early_answer import cell_without_torch, finished_before
    from .key_values import read_pairs

    chosen = None if tasks is None else [name.strip() for name in tasks.split(",")]
    where, options = {"tasks": chosen, "weights": weights, **vars(grid)}, read_pairs("--set", set_ or [])
    cell = None if cells.plugins else cell_without_torch(method, suite, where, seed=seed, options=options)
    if cell is not None and not cells.again:
        done = finished_before(cell, place_of(cells.store), cells.device)
        if done is not None:
            from .finished_line import say_finished_before
            from .front import print_front

            say_finished_before(open_console(), cell)
            print_front(done.run_id, cells.store)
            return
    from .bench import run_cells  # imports torch
    from .front import print_front
    from .single_cell import single_cell
    from .verdict import require_finished

    spec = single_cell(method, suite, where, seed=seed, options=options)
    (settled_cell,) = run_cells(spec, cells, refuse_misfits=True).settled
    require_finished(settled_cell)
    print_front(settled_cell.run_id, cells.store)
