"""What pydantic finds wrong is said with its place, and what a validator refuses in the validator's own words."""

import json

import pytest
import yaml
from pydantic import BaseModel, ValidationError, field_validator

from frontrunner.errors import ConfigError, StoreError
from frontrunner.harness.cells.bench_file import BenchSpec
from frontrunner.harness.records.checked_entries import MAX_ENTRIES
from frontrunner.harness.records.finished_cell import MANIFEST, FinishedCell
from frontrunner.validation_words import validation_message
from frontrunner.yaml_file import read_yaml


class Model(BaseModel):
    even: int = 0

    @field_validator("even")
    @classmethod
    def _even(cls, value):
        if value == 1:
            raise ValueError("an even number is expected")
        if value == 3:
            raise AssertionError("3 is odd")
        if value == 5:
            raise ValueError
        return value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1, "even: an even number is expected"),
        (3, "even: 3 is odd"),
        (5, "even: the value is not accepted"),  # it said nothing itself
        ("x", "even: Input should be a valid integer, unable to parse string as an integer"),
    ],
)
def test_a_validators_words_stand_alone(value, said):
    with pytest.raises(ValidationError) as caught:
        Model.model_validate({"even": value})
    assert validation_message(caught.value) == said


def test_a_recorded_folder_is_damaged_in_words_of_our_own(tmp_path):
    costs = {f"cost {i}": 1.0 for i in range(MAX_ENTRIES + 1)}
    (tmp_path / MANIFEST).write_text(json.dumps({"cell": {}, "resolved": {}, "costs": costs, "files": {}}))
    with pytest.raises(StoreError, match=r"is damaged \(costs: an object may have 1,000 entries here at most, found"):
        FinishedCell.read(tmp_path)


def test_a_bench_file_is_refused_in_words_of_our_own(tmp_path):
    file = tmp_path / "bench.yaml"
    file.write_text(yaml.safe_dump({"name": "b", "suites": [{"tasks": ["a"]}], "learners": ["pretrained"]}))
    with pytest.raises(ConfigError) as caught:
        read_yaml(file, BenchSpec)
    assert "suites.0: a suite is given by name, or by file: a suite file" in str(caught.value)
    assert "Value error" not in str(caught.value)
