import threading

import pytest

from frontrunner.whole_file import replacing


def write(file, text, *, interrupted=False):
    with replacing(file) as partial:
        partial.write_text(text)
        if interrupted:
            raise KeyboardInterrupt
        return file.read_text() if file.exists() else None


def test_a_file_is_there_whole_or_as_it_was(tmp_path):
    file = tmp_path / "report.csv"
    assert write(file, "first") is None
    with pytest.raises(KeyboardInterrupt):
        write(file, "ha", interrupted=True)
    assert file.read_text() == "first"
    assert write(file, "second") == "first"
    assert file.read_text() == "second"
    assert list(tmp_path.iterdir()) == [file]


def test_threads_that_write_one_file_at_once_do_not_meet(tmp_path):
    file = tmp_path / "progress.json"
    inside, errors = threading.Barrier(2, timeout=10), []

    def put(text):
        try:
            with replacing(file) as partial:
                partial.write_text(text)
                inside.wait()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=put, args=(text,)) for text in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert file.read_text() in ("one", "two")
    assert list(tmp_path.iterdir()) == [file]
