"""Files that people write are UTF-8 under any locale, and others are refused by the line."""

import locale

import pytest

import frontrunner as fr
from frontrunner.harness.cells.bench_file import read_bench
from frontrunner.utf8_file import as_utf8, read_utf8

TEXT = "name: größe\nsuites: [tiny]\nlearners: [{method: pretrained, label: Müller ≥ 平均 🚀}]\n"
REFUSED = {
    "UTF-16": (TEXT.encode("utf-16"), "is UTF-16, expected UTF-8"),
    "UTF-16, the other way round": (b"\xfe\xff" + TEXT.encode("utf-16-be"), "is UTF-16, expected UTF-8"),
    "UTF-32": (TEXT.encode("utf-32"), "is UTF-32, expected UTF-8"),
    "Latin-1": (
        "name: x\n\nlearners: größe\n".encode("latin-1"),
        r"line 3 of .* is not UTF-8 \(byte 0xf6, perhaps Latin-1",
    ),
    "cut in a letter": (TEXT.encode()[:9], "line 1 of .* is not UTF-8"),
}


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("breaks", ["\n", "\r\n"])
def test_a_bench_is_read_as_utf_8_whatever_the_locale(mark, breaks, tmp_path, monkeypatch):
    monkeypatch.setattr(locale, "getpreferredencoding", lambda *_: "ascii")
    monkeypatch.setattr(locale, "getencoding", lambda: "ascii")
    file = tmp_path / "größe.yaml"
    file.write_bytes(mark + TEXT.replace("\n", breaks).encode())
    spec = read_bench(file)
    assert (spec.name, spec.learners[0].label) == ("größe", "Müller ≥ 平均 🚀")


@pytest.mark.parametrize("case", REFUSED)
def test_another_encoding_is_one_sentence(case, tmp_path):
    content, told = REFUSED[case]
    file = tmp_path / "bench.yaml"
    file.write_bytes(content)
    with pytest.raises(fr.FrontrunnerError, match=f"{told}.*save it as UTF-8"):
        read_bench(file)


def test_a_file_that_is_none_is_one_sentence(tmp_path):
    with pytest.raises(fr.FrontrunnerError, match=r"cannot be read \(Is a directory"):
        read_utf8(tmp_path, 1000)


@pytest.mark.parametrize(
    ("name", "text"), [("größe", "größe"), ("gr\udcc3\udcb6\udcc3\udc9fe", "größe"), ("\udcf6", "\\xf6")]
)
def test_a_name_of_a_file_can_be_written_as_utf_8(name, text):
    assert as_utf8(name) == text
