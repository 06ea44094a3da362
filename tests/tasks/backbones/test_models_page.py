"""What the page on models says is read as it stands."""

import re

import pytest
import torch
import yaml
from torch.func import functional_call

from frontrunner.tasks.backbones.python_backbone import PythonBackbone
from frontrunner.tasks.suite_file.schema import ModelSpec
from frontrunner.tasks.weight_files.stored_weights import StoredWeights


@pytest.fixture
def page(pytestconfig):
    return (pytestconfig.rootpath / "docs" / "models.md").read_text()


def test_models_are_written_as_shown(page):
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    lines = [yaml.safe_load(line) for line in block.splitlines()]
    assert len(lines) == 5
    assert all(ModelSpec(**line["model"]) for line in lines)


def test_the_function_can_be_used(page, tmp_path):
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "my.py").write_text(block)
    backbone = PythonBackbone.from_spec("my.py:build", {"width": 6}, tmp_path)
    namespace = {}
    exec(block, namespace)
    model = namespace["build"](6)["model"]
    stored = StoredWeights(model.state_dict(), "expert.safetensors", {}, "")
    images = torch.randn(2, *backbone.inputs.shape)
    with torch.no_grad():
        features = functional_call(backbone.build(), backbone.encoder_weights(stored), (images,))
        torch.testing.assert_close(backbone.head(stored).module(features), model(images))
