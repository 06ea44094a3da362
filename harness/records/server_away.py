"""Tell that an MLflow server does not answer from what it answers, and wait for it, not for long."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from ...errors import ServerAwayError, StoreError
from ...one_line import as_one_line
from ...os_errors import causes
from .database_lock import Patience
from .server_address import CREDENTIALS, ServerAddress

LIMIT_S = 60.0
"""Seconds that the first call waits for a server that does not answer; the next ones do not wait."""
ASK_AGAIN_S = 5.0
"""Seconds for which a server that was found away is not asked again."""
PASSING = (408, 429, 500, 502, 503, 504)
"""Statuses by which a server, or what stands before it, says that it cannot answer now; MLflow tries these again."""
REFUSED = (401, 403)
_STATUS = re.compile(r"(?:failed with error code|too many) (\d{3})\b")

P = ParamSpec("P")
R = TypeVar("R")


class ServerPatience(Patience):
    """Waits for a server that does not answer: a minute once, then not at all until it answers again.

    So an outage costs each device a minute, whatever its length, and not the four minutes a call that MLflow's client
    would take by itself.
    """

    def __init__(self, address: ServerAddress, limit_s: float | None = None) -> None:
        super().__init__(f"the MLflow server {address}", limit_s=LIMIT_S if limit_s is None else limit_s)
        self._address = address
        self._away_since: float | None = None
        self._asked = 0.0
        self._why = ""

    @property
    def away(self) -> bool:
        """Whether the last call found that the server does not answer."""
        return self._away_since is not None

    def call(self, function: Callable[P, R], /, *args: P.args, **keys: P.kwargs) -> R:
        """Return what a function returns that calls the server.

        Raises:
            ServerAwayError: the server did not answer, for as long as this call may wait.
            StoreError: the server answers with an error. Exception: what else the function raises.
        """
        from mlflow.exceptions import MlflowException

        if self._own.calling:
            return function(*args, **keys)
        start = time.monotonic()
        if self.away and start - self._asked < ASK_AGAIN_S:
            raise self._error()
        waits = not self.away and not self._own.stop.is_set()
        said = False
        while True:
            self._own.calling = True
            try:
                found = function(*args, **keys)
            except Exception as error:
                if not is_away(error):
                    self._away_since = None
                    if isinstance(error, MlflowException):
                        raise refusal(error, self._address) from error
                    raise
                self._why = as_one_line(_why(error), 200)
                if not waits or self._own.stop.is_set() or time.monotonic() - start >= self.limit_s:
                    self._away_since, self._asked = self._away_since or start, time.monotonic()
                    raise self._error() from error
                if not said:
                    self.say(f"{self._what} does not answer ({self._why}); waiting up to {self.limit_s:.3g} seconds")
                    said = True
                self._own.stop.wait(min(2.0, self.limit_s / 4))
            else:
                self._away_since = None
                return found
            finally:
                self._own.calling = False

    def _error(self) -> ServerAwayError:
        return ServerAwayError(f"{self._what} does not answer ({self._why}); check that it runs and can be reached")


def is_away(error: BaseException | None) -> bool:
    """Return whether an error says that the server, or the database behind it, does not answer at this moment."""
    import requests

    transport = (requests.exceptions.ConnectionError, requests.exceptions.Timeout, requests.exceptions.RetryError)
    return any(isinstance(one, (ServerAwayError, *transport)) or _own_status(one) in PASSING for one in causes(error))


def status_of(error: BaseException | None) -> int | None:
    """Return the HTTP status that an error of MLflow or requests tells; None where it tells none."""
    return next((status for one in causes(error) if (status := _own_status(one)) is not None), None)


def _own_status(error: BaseException) -> int | None:
    """Return the HTTP status that an error tells itself, whatever it came from."""
    response = getattr(error, "response", None)
    if (found := getattr(response, "status_code", None)) is not None:
        return int(found)
    if told := _STATUS.search(str(error)):
        return int(told[1])
    codes = {"TEMPORARILY_UNAVAILABLE": 503, "RESOURCE_DOES_NOT_EXIST": 404}
    return codes.get(getattr(error, "error_code", None) or "")


def refusal(error: Exception, address: ServerAddress) -> StoreError:
    """Return what to raise where a server answers with an error."""
    status = status_of(error)
    if status in REFUSED:
        return StoreError(
            f"the MLflow server {address} refuses this user (status {status}); set {CREDENTIALS} to ones that it knows"
        )
    return StoreError(f"the MLflow server {address} cannot be used ({as_one_line(str(error), 300)})")


def _why(error: BaseException) -> str:
    """Return the innermost reason of a failed connection, which its error wraps in several layers of text."""
    text = str(error)
    inner = re.search(r"\[Errno -?\d+\] ([\w ]+)|(Read timed out|timed out|Name or service not known)", text)
    status = status_of(error)
    if inner:
        return inner[1] or inner[2]
    return f"status {status}" if status is not None else text
