"""JSON and Parquet are counted before they are parsed or read."""

import io
import json
import tracemalloc

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from frontrunner.errors import StoreError
from frontrunner.harness.records.front_record import FrontRecord
from frontrunner.harness.records.json_limits import parse_json, read_limited
from frontrunner.harness.records.table_limits import read_table

TOO_LARGE = {
    "depth": (b"[" * 33 + b"]" * 33, "may hold 32 lists and objects inside each other at most, found 33"),
    "depth without an end": (b"[" * 10**6, "may hold 32 lists and objects inside each other at most, found 1,000,000"),
    "depth of objects": (b'{"a":' * 40 + b"1" + b"}" * 40, "may hold 32 lists and objects inside"),
    "values": (b"[" + b"[]," * 4_000_001 + b"[]]", "may hold 4,000,000 values at most, found"),
    "texts": (b'["' + b'","' * 13_000_000 + b'"]', "may hold 4,000,000 values at most"),
    "bytes": (b" " * (64 * 10**6 + 1), "may have 64,000,000 bytes at most, found 64,000,001"),
    "digits": (b"[" + b"1" * 401 + b"]", "may hold numbers of 400 digits at most"),
    "digits of a million": (b"1" * 10**6, "may hold numbers of 400 digits at most"),
}


@pytest.mark.parametrize("case", TOO_LARGE)
def test_json_that_would_cost_much_is_not_parsed(case, monkeypatch):
    content, why = TOO_LARGE[case]
    monkeypatch.setattr(json, "loads", lambda _: pytest.fail("it was parsed"))
    with pytest.raises(ValueError, match=f"^it {why}"):
        parse_json(content, "it")


@pytest.mark.parametrize(
    "value", [None, 1.5, "[[[[" * 50, '"]\\[{' * 9, ["a,b" * 100, {"x": [1, {"y": "}\\"}]}], "é\0\ud800"]
)
def test_json_within_the_limits_is_read(value):
    assert parse_json(json.dumps(value).encode(), "it") == value


@pytest.mark.parametrize("content", [b"", b"{", b"[1,]", b'"', b"\xff\xfe", b"\0", b"nul", b'["a]', b"]" * 50])
def test_what_is_no_json_is_a_value_error(content):
    with pytest.raises(ValueError, match=r"."):
        parse_json(content, "it")


def test_a_file_is_not_read_beyond_its_limit(tmp_path):
    (tmp_path / "a.json").write_bytes(b"x" * 11)
    with pytest.raises(ValueError, match=r"a\.json may have 10 bytes at most, found 11"):
        read_limited(tmp_path / "a.json", max_bytes=10)


def table(columns, metadata=None):
    out = io.BytesIO()
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), out)
    return out


TABLES = {
    "rows": ({"x": np.zeros(5_000_000)}, {"max_rows": 20_000}, "may have 20,000 rows at most, found 5,000,000"),
    "columns": ({f"c{i}": [1.0] for i in range(3101)}, {}, "may have 3,100 columns .* found 3,101 columns of 1 rows"),
    "values": ({f"c{i}": np.zeros(600_000, np.int8) for i in range(100)}, {}, "50,000,000 values at most, found 100"),
    "repeated texts": ({"x": ["a" * 10**5] * 1000}, {"texts": ("x",)}, "'x' of it may hold 50,000,000 bytes of text"),
    "texts where numbers are": ({"x": ["a"]}, {}, "has a column 'x' of type string, numbers are expected"),
    "lists": ({"x": [[1.0]]}, {}, "has a column 'x' of type list"),
    "structures": ({"x": [{"a": 1}]}, {}, "has a column 'x' of type struct"),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_table_that_would_cost_much_is_not_read(case):
    columns, given, why = TABLES[case]
    content = table(columns)
    del columns
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=f"{why}"):
            read_table(content, "it", **given)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
    assert pa.total_allocated_bytes() - before < 10e6


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\xff" * 20 + b"PAR1", b"not a table"])
def test_a_damaged_front_is_a_store_error(tmp_path, content):
    (tmp_path / "front.parquet").write_bytes(content)
    with pytest.raises(StoreError, match=r"the recorded front .* cannot be read"):
        FrontRecord.read(tmp_path / "front.parquet")


def test_a_front_of_a_million_points_is_refused_by_its_footer(tmp_path):
    (tmp_path / "front.parquet").write_bytes(table({"label": [""] * 10**6}, {"frontrunner": "{}"}).getvalue())
    with pytest.raises(StoreError, match="a front may have 20,000 rows at most, found 1,000,000"):
        FrontRecord.read(tmp_path / "front.parquet")
