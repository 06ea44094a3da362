"""Mapped tensors use no memory of their own, can never change their file, and give read pages back."""

import copy
import gc
import io
import re
from pathlib import Path

import pytest
import torch
from weight_models import tensors, written_safetensors

from frontrunner.tasks.weight_files.mapped_file import map_safetensors, range_of, release
from frontrunner.tasks.weight_files.written_pages import has_written_pages


def resident_kb(tensor):
    """Resident memory of the mapping that holds a tensor."""
    address, of_it = tensor.data_ptr(), False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if bounds := re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line):
            of_it = int(bounds[1], 16) <= address < int(bounds[2], 16)
        elif of_it and line.startswith("Rss:"):
            return int(line.split()[1])
    raise AssertionError("not mapped")


needs_pagemap = pytest.mark.skipif(has_written_pages(id(object()), 8) is None, reason="the system shows no page map")


@pytest.fixture
def large(tmp_path):
    """Two tensors of 4 MB each."""
    values = {name: torch.full((1 << 20,), float(i)) for i, name in enumerate("ab")}
    return map_safetensors(written_safetensors(tmp_path / "large.safetensors", values, note="x")).tensors


def test_nothing_is_read_before_it_is_used(large):
    assert resident_kb(large["a"]) < 1000
    assert float(large["a"].sum()) == 0
    assert resident_kb(large["a"]) > 4000


@needs_pagemap
def test_read_pages_are_given_back_and_read_again(large):
    large["b"].sum()
    release(large.values())
    assert resident_kb(large["b"]) < 1000
    assert float(large["b"].sum()) == 1 << 20


@needs_pagemap
def test_what_was_written_survives_a_release(large):
    large["a"][5] = 7
    large["a"].numpy()[500_000] = 8
    release(large.values())
    assert large["a"][5] == 7
    assert large["a"][500_000] == 8
    assert range_of(large["a"]).is_written is True
    assert range_of(large["b"]).is_written is False


@pytest.mark.parametrize("write", [lambda t: t.zero_(), lambda t: t.numpy().fill(3), lambda t: t.view(-1)[:2].mul_(9)])
def test_a_write_never_reaches_the_file(tmp_path, write):
    file = written_safetensors(tmp_path / "a.safetensors")
    before = file.read_bytes()
    write(map_safetensors(file).tensors["layer1.weight"])
    assert file.read_bytes() == before
    assert torch.equal(map_safetensors(file).tensors["layer1.weight"], tensors()["layer1.weight"])


def test_tensors_outlive_everything_else(tmp_path):
    file = written_safetensors(tmp_path / "a.safetensors")
    kept = map_safetensors(file).tensors["layer2.weight"]
    gc.collect()
    file.unlink()
    assert torch.equal(kept, tensors()["layer2.weight"])
    assert range_of(kept) is not None


def test_views_and_parameters_are_found_and_copies_are_not(large):
    tensor = large["b"].view(1024, 1024)
    for same in (tensor.T, torch.nn.Parameter(tensor), tensor.detach()):
        assert range_of(same).start == range_of(large["b"]).start
        assert range_of(same).n_bytes == 4 << 20
    assert range_of(tensor[3]).n_bytes == 4096
    for other in (tensor.clone(), copy.deepcopy(tensor), tensor.to("meta"), torch.ones(2), torch.empty(0)):
        assert range_of(other) is None


def test_one_tensor_is_saved_and_copied_alone(tmp_path):
    values = {"small": torch.ones(3), "large": torch.ones(1 << 18)}
    small = map_safetensors(written_safetensors(tmp_path / "a.safetensors", values)).tensors["small"]
    saved = io.BytesIO()
    torch.save(small, saved)
    assert len(saved.getvalue()) < 10_000
    assert copy.deepcopy(small).untyped_storage().nbytes() == 12


def test_the_files_texts_and_order(tmp_path):
    file = written_safetensors(tmp_path / "a.safetensors", {"b": torch.ones(1), "a": torch.ones(2)}, note="x")
    found = map_safetensors(file)
    assert found.metadata == {"note": "x"}
    assert set(found.tensors) == {"a", "b"}


def test_a_file_that_aligns_badly_is_read(tmp_path):
    header = (
        b'{"f":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"w":{"dtype":"F32","shape":[2],"data_offsets":[3,11]}}'
    )
    content = len(header).to_bytes(8, "little") + header + bytes(3) + torch.tensor([1.0, 2.0]).numpy().tobytes()
    (tmp_path / "a.safetensors").write_bytes(content)
    assert map_safetensors(tmp_path / "a.safetensors").tensors["w"].tolist() == [1.0, 2.0]
