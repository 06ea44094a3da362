"""What decides the problem of a suite file is in its digest and in the keys of what is cached of it."""

import json

import pytest
import torch
from crafted_suites import craft, crafted_spec
from torch import nn

import frontrunner as fr
from frontrunner.tasks import SUITES
from frontrunner.tasks.datasets.sources.image_folder import ImageFolders
from frontrunner.tasks.suite_file.file_suite import suite_class
from frontrunner.tasks.suite_file.loaded_model import in_type
from frontrunner.tasks.suite_file.random_models import random_expert, random_weights


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "cache"))


def on_meta(*sizes):
    return nn.Linear(*sizes, device="meta")


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_a_random_expert_lies_near_the_weights_that_it_was_asked_for(dtype):
    encoder = on_meta(4, 3)
    shapes = {name: like.shape for name, like in encoder.state_dict().items()}
    kind = getattr(torch, dtype)
    bases = [{name: torch.full(shape, value, dtype=kind) for name, shape in shapes.items()} for value in (1.0, -50.0)]
    for base in bases:
        expert = random_expert(encoder, base, "cars")
        assert all(tensor.dtype == kind for tensor in expert.values())
        assert torch.allclose(expert["weight"].float(), base["weight"].float(), atol=5)
    one, other = (random_expert(encoder, bases[0], task) for task in ("dtd", "cars"))
    assert not torch.equal(one["bias"], other["bias"])


def test_weights_of_equal_names_are_converted_each_for_itself():
    small, large = (random_weights(on_meta(*sizes)) for sizes in ((4, 3), (5, 3)))
    assert in_type(small, "bfloat16")["weight"].shape == (3, 4)
    assert in_type(large, "bfloat16")["weight"].shape == (3, 5)


def test_an_empty_class_folder_that_is_renamed_is_another_data_set(tmp_path):
    from PIL import Image

    for name in ("a", "b", "c"):
        (tmp_path / "train" / name).mkdir(parents=True)
    for name in ("b", "c"):
        Image.new("RGB", (4, 4)).save(tmp_path / "train" / name / "1.png")
    before = ImageFolders(tmp_path, {"train": "train"}).digest({"train": "train"})
    (tmp_path / "train" / "a").rename(tmp_path / "train" / "z")
    assert ImageFolders(tmp_path, {"train": "train"}).digest({"train": "train"}) != before


def digest_of_suite(folder, model, weights):
    task = {"expert": weights, "data": {"tsv": "t.tsv"}}
    text = json.dumps({"name": "s", "model": model, "pretrained": weights, "tasks": {"t": task}, "max_length": 8})
    (folder / "suite.yaml").write_text(text)
    return suite_class(folder / "suite.yaml")().content_digest(("t",))


MODULE = """
import torch
def build(tokenizer):
    return {"model": torch.nn.Sequential(torch.nn.Embedding(9, 4)), "tokenizer": tokenizer, "pad_token_id": 0}
"""


def test_the_tokenizer_that_a_users_function_names_is_part_of_the_digest(tmp_path):
    from safetensors.torch import save_file
    from tokenizers import Tokenizer, models

    (tmp_path / "m.py").write_text(MODULE)
    (tmp_path / "t.tsv").write_text("text\tlabel\na\t0\nb\t1\n" * 8)
    save_file({"0.weight": torch.zeros(9, 4)}, tmp_path / "w.safetensors")
    found = set()
    for vocabulary in ({"a": 0, "b": 1}, {"a": 1, "b": 0}):
        Tokenizer(models.WordLevel(vocabulary, unk_token="a")).save(str(tmp_path / "tok.json"))
        found.add(
            digest_of_suite(tmp_path, {"python": "m.py:build", "options": {"tokenizer": "tok.json"}}, "w.safetensors")
        )
    assert len(found) == 2


def test_all_of_a_suite_is_computed_in_the_type_that_it_states(tmp_path, monkeypatch):
    monkeypatch.setattr(SUITES, "_entries", dict(SUITES.entries()))  # others craft suites of this name
    craft(tmp_path)
    spec = crafted_spec(dtype="bfloat16")
    (tmp_path / "suite.yaml").write_text(json.dumps(spec))
    problem = fr.load_problem(tmp_path / "suite.yaml")
    assert {p.dtype for p in problem.pretrained.values()} == {torch.bfloat16}
    assert problem.evaluate(problem.experts[0], "test").error[0] < 0.1


def test_licences_are_told_and_decide_nothing(tmp_path):
    craft(tmp_path)
    suites, digests = [], set()
    for licences in (False, True):
        spec = crafted_spec()
        if licences:
            spec["license"] = "apache-2.0"
            first = spec["tasks"]["first"]
            first["license"], first["data"]["license"] = "mit", "cc-by-4.0"
        (tmp_path / "suite.yaml").write_text(json.dumps(spec))
        suites.append(suite_class(tmp_path / "suite.yaml")())
        digests.add(suites[-1].content_digest(("first",)))
    assert len(digests) == 1
    assert set(suites[0].licences(("first",)).values()) == {None}
    assert suites[1].licences(("first",)) == {
        "pre-trained model": "apache-2.0",
        "expert first": "mit",
        "data first": "cc-by-4.0",
    }
