"""Bring files of runs to an MLflow server, and from there to this machine, once."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...errors import StoreError, UnreadableError
from ...one_line import as_one_line
from ...os_errors import because, is_full
from ...tasks.cache_folder import OTHER_FOLDER
from .server_away import is_away, status_of

if TYPE_CHECKING:
    from mlflow.store.artifact.artifact_repo import ArtifactRepository

    from .database_lock import Patience

NOT_FOUND = 404


class ServerFiles:
    """The files of the runs of an MLflow server.

    Args:
        url: the server's address.
        patience: how long to wait while the server does not answer.
    """

    def __init__(self, url: str, patience: Patience) -> None:
        self._url = url
        self._patience = patience

    def send(self, address: str, folder: Path, *, without: frozenset[str] = frozenset()) -> None:
        """Copy the files of a folder, and of those in it, to the run with this address; they replace older ones.

        Args:
            address: MLflow's address of the run's files.
            folder: the folder.
            without: names of files in the folder itself that are left out.
        """
        repository = self._repository(address)
        for file in sorted(found for found in folder.rglob("*") if found.is_file()):
            inner = file.relative_to(folder)
            if str(inner) not in without:
                below = None if inner.parent == Path() else inner.parent.as_posix()
                self._patience.call(repository.log_artifact, str(file), below)

    def bring(self, address: str, name: str, folder: Path) -> bool:
        """Copy a file of the run with this address to a folder, whole or not at all; False where the run has none.

        Raises:
            UnreadableError: it cannot be brought here now. StoreError: it is not the name of a file.
        """
        if name != Path(name).name or name in ("", ".", ".."):
            raise StoreError(f"{name!r}, a file of a run on {self._url}, is not the name of a file; it was left there")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with _partial(folder) as partial:
                if not self._downloaded(address, name, partial):
                    return False
                os.replace(partial / name, folder / name)
        except OSError as error:
            raise UnreadableError(f"{folder / name} cannot be written {because(error)}; {OTHER_FOLDER}") from error
        return True

    def _downloaded(self, address: str, name: str, folder: Path) -> bool:
        """Download a file of a run to a folder; return False where the run is known to have none of this name."""
        repository = self._repository(address)
        try:
            self._patience.call(repository.download_artifacts, name, str(folder))
            return (folder / name).is_file()
        except Exception as error:  # MLflow has no one type for it; where files are in a bucket, it is the bucket's
            # MLflow collects what failed in a new error, so that its cause and status are mostly lost.
            if is_away(error):
                raise
            if status_of(error) == NOT_FOUND or not self._lists(repository, name):
                return False
            why = as_one_line(str(error), 300)
            advice = f"; free some space in {folder.parent}, or set FRONTRUNNER_CACHE to another folder"
            raise UnreadableError(
                f"{name} of a run on {self._url} cannot be brought here now ({why}){advice if is_full(error) else ''}"
            ) from error

    def _lists(self, repository: ArtifactRepository, name: str) -> bool:
        """Return whether a run lists a file of this name among its own.

        Raises:
            UnreadableError: the server does not say.
        """
        try:
            return any(one.path == name for one in self._patience.call(repository.list_artifacts))
        except UnreadableError:
            raise
        except Exception as error:
            why = as_one_line(str(error), 300)
            raise UnreadableError(f"the files of a run on {self._url} cannot be read now ({why})") from error

    def _repository(self, address: str) -> ArtifactRepository:
        """Return where MLflow keeps the files of a run.

        Raises:
            StoreError: that is a folder of the server's own disk, which MLflow would look for on this machine.
        """
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        require_reachable(address, self._url)
        return get_artifact_repository(address, tracking_uri=self._url)


def require_reachable(address: str, url: str) -> None:
    """Raise StoreError where a server keeps files in a folder of its own disk, and does not pass them on itself."""
    if urlsplit(address).scheme in ("", "file"):
        raise StoreError(
            f"the MLflow server {url} keeps files in a folder ({address}) that it does not pass on; start it with "
            "--serve-artifacts and --artifacts-destination instead of --default-artifact-root"
        )


@contextlib.contextmanager
def _partial(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder beside the files of a run."""
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=folder) as partial:
        yield Path(partial)
