"""`frontrunner store`: mend a store that was moved or has lost its database, and bring back what MLflow deleted."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import StoreOption, folder_of, say, store_to_read

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode="rich")


@app.callback()
def store() -> None:
    """Mend a store that was moved or has lost its database, and bring back what was deleted in MLflow."""


@app.command()
def repair(store: StoreOption = None) -> None:
    """Make the addresses by which MLflow finds files those of the store's folder; say what was changed."""
    opened = store_to_read(store)
    found = opened.repair()
    done = f"every address of files in {opened.folder} is right; nothing was changed"
    if found:
        done = f"the addresses of {found.counted} named {found.before}; they are those of {opened.folder} now"
    if opened.n_closed:
        runs = "1 run" if opened.n_closed == 1 else f"{opened.n_closed} runs"
        done += f"\nclosed in MLflow: {runs} whose process was killed just before it closed what it had recorded"
    deleted = opened.deleted_suites()
    if deleted:
        done += f"\ndeleted in MLflow: {', '.join(deleted)}; `frontrunner store restore` brings them back"
    say(done)


@app.command()
def restore(
    suite: Annotated[
        str | None, typer.Argument(help="The suite whose experiment was deleted in MLflow; all of them when absent.")
    ] = None,
    store: StoreOption = None,
) -> None:
    """Bring back experiments that were deleted in MLflow, with all of their runs."""
    restored = store_to_read(store).restore(suite)
    done = f"restored: {', '.join(restored)}" if restored else "no experiment of a suite was deleted"
    say(done)


@app.command()
def rebuild(
    force: Annotated[bool, typer.Option("--force", help="Replace a database that is undamaged, too.")] = False,
    store: StoreOption = None,
) -> None:
    """Make a database that is lost or damaged again, from the files of all finished cells; the old one is kept."""
    from .rebuilding import rebuild_store

    for line in rebuild_store(folder_of(store), force=force):
        say(line)
