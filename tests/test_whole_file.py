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
