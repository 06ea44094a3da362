"""What cannot be read without running code, or not at all, is refused in one sentence that says what it is."""

import builtins
import json
import os
import pathlib
import pickle
import re
import zipfile

import numpy as np
import pytest
import torch
from torch import nn
from weight_models import Runs, saved_module, short_header, tensors, text_pickle, truncated, written_safetensors

import frontrunner as fr
from frontrunner.tasks.weight_files.read_weights import read_weights


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "cache"))


def refusal(where):
    with pytest.raises(fr.FrontrunnerError) as caught:
        read_weights(where)
    message = str(caught.value)
    assert isinstance(caught.value, fr.DataError)
    assert "\n" not in message
    assert str(where) in message
    return message


def scripted(file):
    torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.ones(1, 2)), file)


def quantised(file):
    torch.save({"w": torch.quantize_per_tensor(torch.ones(4), 0.1, 0, torch.qint8)}, file)


def npz(file):
    with file.open("wb") as opened:
        np.savez(opened, a=np.ones(3))


def packed_again(file):
    whole = file.with_name("whole.pt")
    torch.save(tensors(), whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))


def half_a_legacy_file(file):
    torch.save(tensors(), file, _use_new_zipfile_serialization=False)
    file.write_bytes(file.read_bytes()[:-40])


def swollen(file):
    torch.save({"w": torch.ones(1).expand(1 << 40)}, file)


FILES = {
    "an archive that was packed again": (packed_again, "a.pt", "packed again with compression"),
    "half a legacy file": (half_a_legacy_file, "a.pt", "is damaged"),
    "repeated numbers": (swollen, "a.pt", "most of which repeat others"),
    "much beside the weights": (
        lambda f: torch.save({"notes": "x" * 70_000_000}, f),
        "a.pt",
        "bytes beside its weights",
    ),
    "TorchScript": (scripted, "a.pt", "is TorchScript.*timm/vit_base_patch32_clip_224.openai"),
    "a plain pickle": (text_pickle, "a.pt", "written by pickle.dump"),
    "a plain pickle of the first protocols": (
        lambda f: f.write_bytes(pickle.dumps(tensors(), 2)),
        "a.pkl",
        "pickle.dump",
    ),
    "an LFS pointer": (
        lambda f: f.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n"),
        "a.safetensors",
        "is a Git LFS pointer.*git lfs pull",
    ),
    "nothing in it": (lambda f: f.touch(), "a.pt", "is empty"),
    "text": (lambda f: f.write_text("weights\n"), "a.pt", "is text, not weights"),
    "letters": (lambda f: f.write_text("ä" * 3000), "a.pt", "is text, not weights"),
    "a page": (lambda f: f.write_text("<!DOCTYPE html><html>Sign in</html>"), "a.pt", "is a web page"),
    "GGUF": (lambda f: f.write_bytes(b"GGUF" + bytes(50)), "a.gguf", "is a GGUF file"),
    "ONNX": (lambda f: f.write_bytes(b"\x08\x07\x12" + bytes(50)), "a.onnx", "is an ONNX model"),
    "Flax": (lambda f: f.write_bytes(b"\x82\xa4" + bytes(50)), "flax_model.msgpack", "Flax"),
    "Keras": (lambda f: f.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(50)), "tf_model.h5", "HDF5"),
    "TensorFlow": (lambda f: f.write_bytes(b"\x08\x07\x12" + bytes(50)), "saved_model.pb", "TensorFlow"),
    "NumPy": (npz, "a.npz", "zip archive of NumPy arrays"),
    "gzip": (lambda f: f.write_bytes(b"\x1f\x8b" + bytes(50)), "a.pt", "compressed by gzip"),
    "noise": (lambda f: f.write_bytes(bytes([200, 7, 255]) * 500), "a.pt", "neither safetensors nor"),
    "noise called so": (lambda f: f.write_bytes(bytes([200, 7, 255]) * 500), "a.safetensors", "no safetensors file"),
    "half an archive": (lambda f: truncated(f, f.with_name("whole")), "a.pt", "is truncated"),
    "half safetensors": (short_header, "a.safetensors", "no complete safetensors file"),
    "no tensors": (lambda f: torch.save({"epoch": 3}, f), "a.pt", "no weights, but the entries epoch"),
    "a number": (lambda f: torch.save(3, f), "a.pt", "no weights, but a int"),
    "no entries": (lambda f: torch.save({}, f), "a.pt", "no weights, but nothing"),
    "empty safetensors": (lambda f: written_safetensors(f, {}), "a.safetensors", "holds no weights"),
    "a sparse tensor": (lambda f: torch.save({"w": torch.eye(3).to_sparse()}, f), "a.pt", "w as a sparse tensor"),
    "a quantised tensor": (quantised, "a.pt", "w as a quantised tensor|without running code"),
    "a class of somebody": (
        lambda f: saved_module(f, module="mine.nets", name="Net"),
        "a.pt",
        "asks to run mine.nets.Net",
    ),
    "a module before 1.6": (
        lambda f: torch.save(nn.Linear(2, 2), f, _use_new_zipfile_serialization=False),
        "a.pt",
        "whole module in the format of torch before 1.6",
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_no_weights_says_what_it_is(tmp_path, kind):
    make, name, expected = FILES[kind]
    make(tmp_path / name)
    assert re.search(expected, refusal(tmp_path / name))


class TestMaliciousPickles:
    FUNCTIONS = (
        (os.system, "posix.system"),
        (builtins.eval, "builtins.eval"),
        (builtins.getattr, "builtins.getattr"),
        (torch.hub.load, "torch.hub.load"),
    )

    @pytest.mark.parametrize(("function", "name"), FUNCTIONS, ids=[name for _, name in FUNCTIONS])
    @pytest.mark.parametrize("nested", [False, True])
    @pytest.mark.parametrize("is_zip", [True, False], ids=["archive", "legacy"])
    def test_the_refused_name_is_said_and_nothing_runs(self, tmp_path, function, name, nested, is_zip):
        trap = Runs(function, f"touch {tmp_path}/ran")
        content = {**tensors(), "more": {"deep": [trap]}} if nested else trap
        torch.save(content, tmp_path / "a.pt", _use_new_zipfile_serialization=is_zip)
        assert f"asks to run {name}" in refusal(tmp_path / "a.pt")
        assert not (tmp_path / "ran").exists()

    def test_beside_known_classes(self, tmp_path):
        linear = nn.Linear(2, 2)
        linear.extra = Runs(os.system, f"touch {tmp_path}/ran")
        torch.save(linear, tmp_path / "a.pt")
        assert "asks to run posix.system" in refusal(tmp_path / "a.pt")
        assert not (tmp_path / "ran").exists()

    def test_names_that_lead_out_of_a_known_module(self, tmp_path):
        torch.save({"w": torch.ones(1), "x": Runs(len)}, tmp_path / "a.pt")
        archive = tmp_path / "b.pt"
        with zipfile.ZipFile(tmp_path / "a.pt") as old, zipfile.ZipFile(archive, "w") as new:
            for name in old.namelist():
                part = old.read(name)
                assert not name.endswith("data.pkl") or b"c__builtin__\nlen\n" in part
                new.writestr(name, part.replace(b"c__builtin__\nlen\n", b"ctorch.nn.modules.module\ntorch.hub.load\n"))
        assert "asks to run torch.nn.modules.module.torch.hub.load" in refusal(archive)


class TestPlaces:
    def test_a_missing_file_offers_the_nearest(self, tmp_path):
        written_safetensors(tmp_path / "base.safetensors")
        assert f"did you mean {tmp_path / 'base.safetensors'}?" in refusal(tmp_path / "bass.safetensors")

    def test_a_missing_folder_offers_the_nearest(self, tmp_path):
        (tmp_path / "weights").mkdir()
        assert f"did you mean {tmp_path / 'weights'}?" in refusal(tmp_path / "weihgts" / "a.pt")

    def test_a_missing_file_says_what_is_there(self, tmp_path):
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "cars.safetensors").touch()
        assert "holds cars.safetensors" in refusal(tmp_path / "in" / "zebra")

    def test_a_folder_one_level_too_high(self, tmp_path):
        for name in ("checkpoint-10", "checkpoint-20"):
            (tmp_path / "run" / name).mkdir(parents=True)
            written_safetensors(tmp_path / "run" / name / "model.safetensors")
        assert "but checkpoint-10, checkpoint-20 in it do; give that folder" in refusal(tmp_path / "run")

    def test_a_folder_two_levels_too_high(self, tmp_path):
        (tmp_path / "run" / "a" / "b").mkdir(parents=True)
        torch.save(tensors(), tmp_path / "run" / "a" / "b" / "c.pt")
        assert "but a/b in it does" in refusal(tmp_path / "run")

    @pytest.mark.parametrize(
        ("names", "expected"),
        [
            ([], "holds no weights, such as model.safetensors, but nothing"),
            (["notes.txt"], "but notes.txt"),
            (["tf_model.h5"], "holds tf_model.h5, which is not read"),
            (["a.safetensors", "b.safetensors"], "several files of weights, a.safetensors, b.safetensors"),
        ],
    )
    def test_a_folder_without_weights_of_one_model(self, tmp_path, names, expected):
        folder = tmp_path / "model"
        folder.mkdir()
        for name in names:
            (folder / name).touch()
        assert expected in refusal(folder)

    def test_a_missing_shard(self, tmp_path):
        places = {"a": "model-1.safetensors", "b": "model-2.safetensors"}
        written_safetensors(tmp_path / "model-1.safetensors", {"a": torch.ones(1)})
        (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
        assert "lacks 1 of 2 shards of its weights, such as model-2.safetensors" in refusal(tmp_path)

    @pytest.mark.parametrize("content", ['{"weight_map": {"a": "../secret"}}', "{}", '{"weight_map": {"a": 3}}'])
    def test_an_index_that_leads_elsewhere(self, tmp_path, content):
        (tmp_path / "model.safetensors.index.json").write_text(content)
        assert "names no shards" in refusal(tmp_path)

    @pytest.mark.parametrize("content", ["{", "[1]", "[" * 100000])
    def test_a_damaged_configuration(self, tmp_path, content):
        written_safetensors(tmp_path / "model.safetensors")
        (tmp_path / "config.json").write_text(content)
        assert "config.json" in refusal(tmp_path)

    def test_a_pipe(self, tmp_path):
        os.mkfifo(tmp_path / "pipe.safetensors")
        assert "is not a regular file, but a pipe" in refusal(tmp_path / "pipe.safetensors")

    def test_a_device(self):
        assert "is not a regular file, but a device" in refusal(pathlib.Path("/dev/zero"))

    def test_a_file_that_may_not_be_read(self, tmp_path, monkeypatch):
        file = written_safetensors(tmp_path / "a.safetensors")

        def denied(*_args, **_options):
            raise PermissionError(13, "Permission denied", str(file))

        monkeypatch.setattr(pathlib.Path, "open", denied)
        assert "give yourself permission" in refusal(file)
