"""The page on CLIPs names architectures and options that there are."""

import re

import open_clip
import yaml

from frontrunner.tasks.backbones.open_clip_models.open_clip_backbone import AS_PUBLISHED
from frontrunner.tasks.suite_file.schema import ModelSpec


def test_the_models_of_the_page_are_models(pytestconfig):
    text = (pytestconfig.rootpath / "docs" / "clip.md").read_text()
    (block,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    shown = [ModelSpec.model_validate(entry) for entry in yaml.safe_load(block)]
    assert {option for spec in shown for option in spec.options} == {AS_PUBLISHED}
    named = set(re.findall(r"`(ViT-[\w-]+)`", text))
    assert len(named) >= 4
    assert named <= set(open_clip.list_models())
