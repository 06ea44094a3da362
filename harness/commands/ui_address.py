"""Where MLflow's UI is served: whether a server can listen there, who can reach it, and the addresses of views."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket

from ...errors import ConfigError

LOCAL = "127.0.0.1"
"""The host that only this machine can reach."""


def view_address(host: str, port: int, experiment_id: str, view: str, *, charts: bool = False) -> str:
    """Return the address of a view of an experiment, as a table or, with `charts`, as charts."""
    return view_at(server_at(host, port), experiment_id, view, charts=charts)


def server_at(host: str, port: int) -> str:
    """Return the address of a server that listens on a host and a port of this machine."""
    shown = LOCAL if host in ("0.0.0.0", "::", "") else host  # those stand for all addresses, of which this is one
    if ":" in shown:
        shown = f"[{shown}]"
    return f"http://{shown}:{port}"


def view_at(server: str, experiment_id: str, view: str, *, charts: bool = False) -> str:
    """Return the address of a view of an experiment on the server with this address, see `view_address`."""
    mode = "&compareRunsMode=CHART" if charts else ""
    at = f"{server}/#/experiments/{experiment_id}/runs"
    return f"{at}?workflowType=machine_learning&viewStateShareKey={view}{mode}"


def is_local(host: str) -> bool:
    """Return whether only this machine can reach a server that listens on this host."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def require_free(host: str, port: int) -> None:
    """Raise ConfigError where no server can listen on this host and port."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"--host expects a name or address of this machine, found {host!r} ({error})") from error
    with socket.socket(family, kind, protocol) as probe:
        if os.name == "posix":  # else the port of a server that has just ended stays taken for a minute
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise ConfigError(
                f"port {port} of {host} cannot be listened on ({error.strerror}); perhaps a UI runs there "
                "already: choose another with --port"
            ) from error
