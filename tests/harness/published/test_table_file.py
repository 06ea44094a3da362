"""Files of published tables: what is wrong with one is said in a sentence."""

import pytest
import yaml

import frontrunner as fr
from frontrunner.harness.published.table_file import read_tables

FINE = {
    "title": "t",
    "source": "s",
    "columns": [{"heading": "A", "task": "a"}, {"heading": "B", "mean": True}],
    "rows": [{"method": "m", "values": [1, "2-3"], "notes": {"A": "x", "method": "x"}}],
    "notes": {"x": "why"},
}


def written(tmp_path, **changed):
    (tmp_path / "t.yaml").write_text(yaml.safe_dump({**FINE, **changed}))
    return read_tables(["t.yaml"], tmp_path)


def test_a_table_is_read_as_it_is_written(tmp_path):
    (table,) = written(tmp_path).values()
    assert table.rows[0].values == [1.0, "2-3"]
    assert table.tasks == ("a",)


ROW = FINE["rows"][0]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"rows": [{**ROW, "values": [1]}]}, "the row 'm' has a value a column, 2; found 1"),
        ({"rows": [{**ROW, "values": [1, 2, 3]}]}, "the row 'm' has a value a column, 2; found 3"),
        ({"rows": [{**ROW, "notes": {"C": "x"}}]}, "a note on 'C', which is no heading"),
        ({"rows": [{**ROW, "notes": {"A": "y"}}]}, "refers to the note 'y', which is not among notes"),
        ({"rows": [{**ROW, "at": {"a": 2}}]}, "rows.0.at"),
        ({"rows": [{**ROW, "at": "corner"}]}, "rows.0.at"),
        ({"rows": [{**ROW, "learnr": "ls"}]}, "unknown key 'rows.0.learnr'; did you mean 'learner'"),
        ({"rows": []}, "rows"),
        ({"columns": [{"heading": "A"}, {"heading": "A"}]}, "headings are different"),
        ({"columns": [{"heading": "method"}, {"heading": "A"}]}, "none is 'method'"),
        ({"columns": [{"heading": "A", "task": "a", "mean": True}, {"heading": "B"}]}, "found several"),
        ({"columns": [{"heading": "A", "measure": "speed"}, {"heading": "B"}]}, "the measure 'speed' is not known"),
        ({"title": ""}, "title: one line"),
    ],
)
def test_a_table_that_does_not_fit_together_is_one_sentence(changed, told, tmp_path):
    with pytest.raises(fr.ConfigError, match=told) as refused:
        written(tmp_path, **changed)
    assert str(refused.value).startswith(str(tmp_path / "t.yaml"))
    assert "\n" not in str(refused.value)


def test_a_table_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(fr.ConfigError, match=r"none\.yaml"):
        read_tables(["none.yaml"], tmp_path)


def test_two_tables_of_one_name_are_refused_since_results_are_called_so(tmp_path):
    (tmp_path / "other").mkdir()
    for folder in (tmp_path, tmp_path / "other"):
        (folder / "t.yaml").write_text(yaml.safe_dump(FINE))
    with pytest.raises(fr.ConfigError, match="two tables are called 't'"):
        read_tables(["t.yaml", "other/t.yaml"], tmp_path)
