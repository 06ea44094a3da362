"""Measure the resident memory of this process and of the processes that it has started, each page counted once.

Without children that is the resident set size (RSS). Forked children share their parent's pages until somebody writes
to them, so the sum of the RSS of all processes counts such pages several times. The Linux kernel's proportional set
size (PSS) divides a page by the number of processes that map it, so that it adds up.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

if sys.platform != "win32":
    import resource


@dataclass(frozen=True)
class PagesOfProcess:
    """The pages that one process maps, in bytes, as the Linux kernel counts them."""

    proportional: int
    """PSS of memory that belongs to no file: only relatives map the same pages, so that it adds up within a family."""
    file_proportional: int
    """PSS of mapped files such as libraries, whose pages strangers may map too."""
    file_resident: int
    """RSS of mapped files."""
    shared_with_family: int
    """The part of `proportional` that other processes map as well, at least."""

    @classmethod
    def of(cls, pid: int) -> PagesOfProcess | None:
        """Return the pages of a process, none for one that has ended; None where the kernel does not tell."""
        try:
            counted = _fields(Path(f"/proc/{pid}/smaps_rollup"))
            files = _fields(Path(f"/proc/{pid}/status")).get("RssFile", 0)
        except PermissionError:
            return None
        except OSError:
            return cls(0, 0, 0, 0) if sys.platform == "linux" and Path("/proc/self/smaps_rollup").exists() else None
        if "Pss_Anon" not in counted:  # Linux before 5.4: strangers' shares of libraries are missing
            return cls(counted.get("Pss", 0), 0, 0, 0)
        return cls(
            proportional=counted["Pss_Anon"] + counted["Pss_Shmem"],
            file_proportional=counted["Pss_File"],
            file_resident=files,
            shared_with_family=max(0, counted["Pss_Anon"] - counted["Private_Dirty"]),
        )


class ProcessTree:
    """Measures the memory of this process and everything below it, or, given `below`, what is below another process.

    Children that end between two measurements are not seen by `resident_bytes`; of those that were waited for,
    `ended_child_bytes` tells the largest. What is below another process is all counted at once: such a measurement is
    taken when the memory may be too much, and asked for again where it is.
    """

    def __init__(self, below: int | None = None) -> None:
        self._root = psutil.Process(below)
        self._counts_root = below is None
        self._known: set[psutil.Process] = set()
        self._ended_before = _largest_ended_child()
        self.has_new_children = False
        """Whether the last measurement saw children that the one before did not. Those of this process are measured
        the next time, since a child that has not begun its own program yet has its parent's memory."""
        self.counts_shared_pages_twice = False
        """Whether a measurement had to add up RSS, since the operating system tells no PSS of some process."""

    def added_up_bytes(self) -> int:
        """Return the sum of the resident bytes of all processes: quickly known, and never too low."""
        return sum(
            _resident(process.pid) for process in (*self._above_children(), *self._root.children(recursive=True))
        )

    def resident_bytes(self) -> int:
        """Return the resident bytes of all processes."""
        children = set(self._root.children(recursive=True))
        self.has_new_children = not children <= self._known
        seen = children & self._known if self._counts_root else children
        counted = [process.pid for process in (*self._above_children(), *seen)]
        self._known = children
        resident = [_resident(pid) for pid in counted]
        if len(counted) < 2:
            return sum(resident)
        pages = [PagesOfProcess.of(pid) for pid in counted]
        told = [found for found in pages if found is not None]
        if len(told) < len(pages):
            self.counts_shared_pages_twice = True
            return sum(resident)
        return max(*resident, self._union(told))

    def _above_children(self) -> tuple[psutil.Process, ...]:
        return (self._root,) if self._counts_root else ()

    def ended_child_bytes(self) -> int:
        """Return the peak RSS of the largest child that has ended and was waited for since this object was made.

        0 where there was none, where a larger one had ended before, and on Windows.
        """
        largest = _largest_ended_child()
        return largest if largest > self._ended_before else 0

    def _union(self, tree: Sequence[PagesOfProcess]) -> int:
        """Return the bytes of all pages that any process of the tree maps."""
        above = [PagesOfProcess.of(pid) for pid in self._forked_from()]
        return (
            sum(found.proportional for found in tree)
            + sum(found.shared_with_family for found in above if found is not None)
            # Strangers' shares of libraries are not known, but Python's processes have them in common.
            + max(sum(found.file_proportional for found in tree), *(found.file_resident for found in tree))
        )

    def _forked_from(self) -> list[int]:
        """Return the processes above that these were forked from, with which they share what all of them only read.

        A process that has begun a program of its own, as a worker has since its command, shares nothing with that.
        """
        found = [] if self._counts_root else [self._root.pid]
        with contextlib.suppress(psutil.Error):
            program = self._root.cmdline()
            for parent in self._root.parents():
                if parent.cmdline() != program:
                    break
                found.append(parent.pid)
        return found


def reset_kernel_peak() -> None:
    """Reset the peak that the Linux kernel keeps; where that fails, it is that of the whole process."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def kernel_peak_bytes() -> int | None:
    """Return the peak resident bytes of this process as the Linux kernel counts them, None elsewhere."""
    with contextlib.suppress(OSError):
        return _fields(Path("/proc/self/status")).get("VmHWM")
    return None


def _fields(file: Path) -> dict[str, int]:
    """Return the sizes in a file of /proc, in bytes."""
    lines = (
        line.split() for line in file.read_text(encoding="ascii", errors="replace").splitlines() if line.endswith(" kB")
    )
    return {words[0].removesuffix(":"): int(words[1]) * 1024 for words in lines}


def _resident(pid: int) -> int:
    """Return a process' RSS, 0 where it has ended or the operating system does not tell."""
    with contextlib.suppress(psutil.Error):
        return int(psutil.Process(pid).memory_info().rss)
    return 0


def _largest_ended_child() -> int:
    """Return the peak RSS in bytes of the largest child that has ended and was waited for; 0 where there is none."""
    if sys.platform == "win32":
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
