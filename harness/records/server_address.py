"""The address of an MLflow server that several machines record into, and what this machine keeps of its own for it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from ...errors import ConfigError

CREDENTIALS = "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
"""The environment variables by which MLflow is given a name and password, or a token; nothing here reads them."""


@dataclass(frozen=True)
class ServerAddress:
    """The address of an MLflow server."""

    url: str
    """Without a name, a password, a query, or a slash at its end."""

    @classmethod
    def parse(cls, text: str) -> ServerAddress | None:
        """Return the address that a text is; None where it is a path.

        Raises:
            ConfigError: it is an address of another kind, or holds a name or a password.
        """
        scheme, found, _ = text.partition("://")
        if not found:
            return None
        try:
            parts = urlsplit(text)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise ConfigError(f"--store cannot be read as an address ({error})") from error
        if scheme.lower() not in ("http", "https"):
            raise ConfigError(
                f"--store is a folder or the address of an MLflow server (http:// or https://), found one of "
                f"{scheme!r}; start `mlflow server` on that database and give its address"
            )
        if "@" in parts.netloc:
            raise ConfigError(
                "--store holds a name or a password, which would be printed and recorded; give the address without "
                f"them, and set {CREDENTIALS}"
            )
        if not host or parts.query:
            raise ConfigError(f"--store is an address such as http://server:5000, found {text!r}")
        return cls(urlunsplit((scheme.lower(), parts.netloc.lower(), parts.path.rstrip("/"), "", "")))

    @property
    def folder(self) -> Path:
        """The folder in which this machine keeps locks, checkpoints and what it could not deliver to the server yet.

        Raises:
            DataError: this user has no home, and FRONTRUNNER_CACHE is not set.
        """
        from ...tasks.cache_folder import cache_folder

        return cache_folder().resolve() / "servers" / hashlib.sha256(self.url.encode()).hexdigest()[:16]

    def __str__(self) -> str:
        return self.url
