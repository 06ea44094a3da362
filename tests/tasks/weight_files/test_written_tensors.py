"""Files of tensors are read by whoever may read the files beside them, and hold what was written."""

import os
import stat

import pytest
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from frontrunner.tasks.weight_files.written_tensors import write_tensors

TENSORS = {"a": torch.arange(6.0).view(2, 3), "b": torch.tensor(3)}


@pytest.fixture(params=[0o022, 0o027, 0o002, 0o077])
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(file):
    return stat.S_IMODE(file.stat().st_mode)


@pytest.mark.parametrize("is_there", [False, True])
def test_permissions_are_those_of_a_new_file(is_there, umask, tmp_path):
    file = tmp_path / "model.safetensors"
    if is_there:
        file.touch(mode=0o600)
    write_tensors(TENSORS, file)
    (tmp_path / "other").touch()
    assert mode(file) == mode(tmp_path / "other") == 0o666 & ~umask
    assert {path.name for path in tmp_path.iterdir()} == {"model.safetensors", "other"}


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
def test_content_comes_back(metadata, tmp_path):
    write_tensors(TENSORS, tmp_path / "x", metadata)
    assert all(torch.equal(tensor, TENSORS[name]) for name, tensor in load_file(tmp_path / "x").items())
    with safe_open(tmp_path / "x", "pt") as opened:
        assert opened.metadata() == metadata


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises((OSError, SafetensorError)):
        write_tensors(TENSORS, tmp_path / "nowhere" / "x")
    assert list(tmp_path.iterdir()) == []
