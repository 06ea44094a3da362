"""Messages between cells on a Ray cluster and the command that asked for them.

The mailbox is an actor beside the command. It holds messages as bytes, so that its process imports next to nothing.
"""

from __future__ import annotations

from collections import defaultdict


class RayMailbox:
    """Keeps what cells report until the command fetches it, and which cells are to stop.

    A cell is named by the ticket of its attempt.
    """

    def __init__(self) -> None:
        self._messages: dict[str, list[bytes]] = defaultdict(list)
        self._stopped: set[str] = set()

    def put(self, ticket: str, message: bytes) -> None:
        """Keep a message of a cell."""
        self._messages[ticket].append(message)

    def take(self) -> dict[str, list[bytes]]:
        """Return the messages of all cells since the last call, by ticket, oldest first."""
        taken, self._messages = dict(self._messages), defaultdict(list)
        return taken

    def stop(self, ticket: str) -> None:
        """Have a cell end soon."""
        self._stopped.add(ticket)

    def is_stopped(self, ticket: str) -> bool:
        """Return whether a cell is to end."""
        return ticket in self._stopped
