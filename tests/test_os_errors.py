"""An error of the system is told by its own reason, and only a full disk asks for space."""

import errno
import os

import pytest

from frontrunner.os_errors import because, causes

FULL = (errno.ENOSPC, errno.EDQUOT)


@pytest.mark.parametrize("number", [*FULL, errno.EROFS, errno.EACCES, errno.ENAMETOOLONG, errno.EMFILE, errno.ESTALE])
def test_the_reason_is_the_systems_and_the_advice_fits(number):
    text = because(OSError(number, os.strerror(number), "a/file"))
    assert text.startswith(f"({os.strerror(number)}: 'a/file'); ")
    assert ("free some space" in text) == (number in FULL)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG])
def test_a_copy_that_cannot_be_written_names_where_it_was_written_to(number):
    error = OSError(number, os.strerror(number), "a/file", None, "a/store/copy")
    assert because(error).startswith(f"({os.strerror(number)}: 'a/store/copy')")


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES])
def test_another_error_of_a_copy_names_what_was_copied(number):
    error = OSError(number, os.strerror(number), "a/file", None, "a/store/copy")
    assert because(error).startswith(f"({os.strerror(number)}: 'a/file')")


SAID = {
    "Rust": (OSError("I/O error: No space left on device (os error 28)"), "(os error 28)); free some space"),
    "Arrow": (OSError("[Errno 13] Error writing. Detail: [errno 13] Permission denied"), "give yourself permission"),
    "nothing to advise": (OSError("AF_UNIX path too long"), "(AF_UNIX path too long)"),
    "an unknown number": (OSError(errno.EXDEV, "Invalid cross-device link"), "(Invalid cross-device link)"),
    "no text at all": (OSError(), "(OSError)"),
    "several lines": (OSError("first\nsecond"), "(first)"),
}


@pytest.mark.parametrize("case", SAID)
def test_errors_of_libraries_are_told_by_what_they_say(case):
    error, end = SAID[case]
    text = because(error)
    assert text.endswith(end) or end in text
    assert "\n" not in text
    assert ("space" in text.partition(");")[2]) == (case == "Rust")


def test_causes_are_told_from_the_outside_in():
    inner, middle, outer = OSError("inner"), ValueError("middle"), RuntimeError("outer")
    middle.__context__, outer.__cause__ = inner, middle
    assert list(causes(outer)) == [outer, middle, inner]
    assert list(causes(None)) == []


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_chain_that_leads_back_to_itself_ends(length):
    chain = [OSError(str(number)) for number in range(length)]
    for number, error in enumerate(chain):
        error.__cause__ = chain[(number + 1) % length]
    assert list(causes(chain[0])) == chain
