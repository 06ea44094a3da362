"""Look at the processes of a command while any of them may end."""

import contextlib

import psutil


def living(process):
    """Whether it runs: neither gone nor a zombie, whose parent has not asked yet how it ended."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def below(process, *, recursive=False):
    """Those that it has started and that live, with their command lines; any may end while it is looked at."""
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in process.children(recursive=recursive):
            with contextlib.suppress(psutil.NoSuchProcess):  # ZombieProcess is one
                if living(child):
                    found.append((child, " ".join(child.cmdline())))
    return found


def workers_of(process):
    """The workers of a command: each is a child of its keeper, and that one of the server that forks them."""
    servers = [server for server, line in below(process) if "multiprocessing.forkserver" in line]
    keepers = [keeper for server in servers for keeper, _ in below(server)]
    return [worker for keeper in keepers for worker, _ in below(keeper)]
