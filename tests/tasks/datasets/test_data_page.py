"""The page on data shows what a suite file takes."""

import re

import yaml

from frontrunner.tasks.suite_file.schema import DataSpec


def test_the_formats_of_the_page_are_formats(pytestconfig):
    (block,) = re.findall(r"```yaml\n(.*?)```", (pytestconfig.rootpath / "docs" / "data.md").read_text(), re.DOTALL)
    shown = [DataSpec.model_validate(entry) for entry in yaml.safe_load(block)]
    formats = {"imagefolder", "parquet", "csv", "tsv", "jsonl", "hub", "torchvision", "generated"}
    assert {name for spec in shown for name in formats if getattr(spec, name) is not None} == formats
