"""The lock of a cell is waited for also where another machine has the cell."""

import pytest
from filelock import Timeout

from frontrunner.harness.records import claimed_lock
from frontrunner.harness.records.claimed_lock import ClaimedLock


@pytest.fixture
def clock(monkeypatch):
    """Seconds that have been slept; nobody really sleeps."""
    slept = [0.0]

    class Clock:
        monotonic = staticmethod(lambda: slept[0])
        sleep = staticmethod(lambda seconds: slept.__setitem__(0, slept[0] + seconds))

    monkeypatch.setattr(claimed_lock, "time", Clock)
    return slept


def lock(folder, taken):
    return ClaimedLock(folder / "cell.lock", folder / "cell.worker.lock", taken)


@pytest.mark.parametrize("timeout", [0, 0.5, 1.7])
def test_it_is_given_up_after_the_timeout_and_not_before(timeout, tmp_path, clock):
    looks = []
    found = lock(tmp_path, lambda: looks.append(clock[0]) or True)
    with pytest.raises(Timeout):
        found.acquire(timeout=timeout)
    assert clock[0] == pytest.approx(timeout)
    assert len(looks) <= timeout / claimed_lock.LOOK_AGAIN_S + 2
    assert not found.is_locked
    lock(tmp_path, lambda: False).acquire(timeout=0).release()


@pytest.mark.parametrize("timeout", [-1, 5])
def test_it_is_had_once_the_other_machine_has_ended(timeout, tmp_path, clock):
    found = lock(tmp_path, lambda: clock[0] < 2)
    with found.acquire(timeout=timeout):
        assert (found.is_locked, clock[0]) == (True, pytest.approx(2, abs=0.5))


def test_it_is_free_again_where_nobody_can_be_asked(tmp_path):
    def ask():
        raise OSError

    found = lock(tmp_path, ask)
    with pytest.raises(OSError):  # noqa: PT011  (whatever it is)
        found.acquire(timeout=0)
    assert not found.is_locked
