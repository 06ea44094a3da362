"""Repositories of the hub: what is on this machine is used offline, what is not is asked for in one sentence."""

import re
import types

import huggingface_hub
import pytest
from weight_models import written_safetensors

import frontrunner as fr
from frontrunner.tasks.weight_files.hub import fetch_model, looks_like_hub_id
from frontrunner.tasks.weight_files.hub_data_sets import fetch_data_set
from frontrunner.tasks.weight_files.locate import locate_weights
from frontrunner.tasks.weight_files.read_weights import read_weights


@pytest.fixture(autouse=True)
def hub(tmp_path, monkeypatch):
    """A cache of the hub, and an address at which nobody answers."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "hub"


def snapshot(hub, name, *files, revision="main"):
    """Lay out a repository as huggingface_hub does when it has downloaded some files."""
    folder = hub / name / "snapshots" / f"{'a' * 39}{len(revision) % 10}"
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    ref = hub / name / "refs" / revision
    ref.parent.mkdir(parents=True, exist_ok=True)
    ref.write_text(folder.name)
    return folder


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("openai/clip-vit-base-patch32", True),
        ("timm/vit_base_patch32_clip_224.openai", True),
        ("gpt2", True),
        ("weights/cars.safetensors", False),
        ("./weights", False),
        ("../weights", False),
        ("/data/weights", False),
        ("~/weights", False),
        ("a/b/cars", True),
        ("nik-dim/tall_masks/single_task/ViT-B-32/CarsVal/nonlinear_finetuned.pt", True),
        ("a/b/../c.pt", False),
        ("a//c.pt", False),
        ("a b", False),
        ("", False),
        ("model.pt", False),
    ],
)
def test_what_may_be_an_id(text, expected):
    assert looks_like_hub_id(text) is expected


def test_a_model_on_this_machine_is_used_without_a_network(hub):
    folder = snapshot(hub, "models--me--model", "config.json")
    (folder / "config.json").write_text("{}")
    written_safetensors(folder / "model.safetensors")
    assert fetch_model("me/model") == folder
    assert len(read_weights(fetch_model("me/model")).tensors) == 3


@pytest.mark.parametrize("present", [(), ("config.json",)])
def test_a_model_that_is_not_complete_here_says_which_command_fetches_it(hub, present):
    snapshot(hub, "models--me--model", *present)
    with pytest.raises(fr.DataError, match=r"the model 'me/model' is not on this machine.* run `hf download me/model`"):
        fetch_model("me/model")


def test_what_is_no_id_is_refused():
    with pytest.raises(fr.DataError, match="'a b/c' is no id"):
        fetch_model("a b/c")


class Downloads:
    """Stands for the hub: its lists of files, and what was asked for."""

    def __init__(self, monkeypatch, folder, *files, on=None):
        self.asked = {}
        siblings = [types.SimpleNamespace(rfilename=file) for file in files]

        def info(_api, _repo_id, *, revision=None, timeout):
            assert timeout <= 30
            return types.SimpleNamespace(siblings=siblings if revision == on else [])

        def download(repo_id, *, local_files_only=False, **options):
            if local_files_only:
                raise FileNotFoundError
            self.asked = {"repo_id": repo_id, **options}
            return str(folder)

        monkeypatch.setattr(huggingface_hub.HfApi, "model_info", info)
        monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", info)
        monkeypatch.setattr(huggingface_hub, "snapshot_download", download)


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        (("model.safetensors", "pytorch_model.bin", "config.json"), ["model.safetensors", "config.json"]),
        (("pytorch_model.bin", "flax_model.msgpack", "vocab.txt"), ["pytorch_model.bin", "vocab.txt"]),
        (("onnx/model.safetensors", "a.pt"), ["a.pt"]),
    ],
)
def test_safetensors_are_preferred_to_other_formats(monkeypatch, tmp_path, files, wanted):
    downloads = Downloads(monkeypatch, tmp_path, *files)
    assert fetch_model("me/model") == tmp_path
    assert downloads.asked["allow_patterns"] == wanted


class TestPartsOfRepositories:
    FILE = "me/many/B-32/cars/tuned.pt"

    def test_a_file_on_this_machine(self, hub):
        folder = snapshot(hub, "models--me--many", "B-32/cars/tuned.pt")
        assert fetch_model(self.FILE) == folder / "B-32/cars/tuned.pt"

    def test_a_folder_on_this_machine(self, hub):
        folder = snapshot(hub, "models--me--many", "cars/config.json")
        written_safetensors(folder / "cars" / "model.safetensors")
        (folder / "cars" / "config.json").write_text("{}")
        assert fetch_model("me/many/cars") == folder / "cars"

    @pytest.mark.parametrize(
        ("hub_id", "command"),
        [(FILE, "hf download me/many B-32/cars/tuned.pt"), ("me/many/cars", "hf download me/many --include 'cars/*'")],
    )
    def test_missing(self, hub_id, command):
        with pytest.raises(fr.DataError, match=re.escape(f"run `{command}`")):
            fetch_model(hub_id)

    def test_downloading_a_folder_leaves_the_others(self, monkeypatch, tmp_path):
        downloads = Downloads(monkeypatch, tmp_path, "a/model.safetensors", "b/model.safetensors", "model.safetensors")
        assert fetch_model("me/many/b") == tmp_path / "b"
        assert downloads.asked["allow_patterns"] == ["b/model.safetensors"]

    def test_downloading_a_file(self, monkeypatch, tmp_path):
        downloads = Downloads(monkeypatch, tmp_path, "a/tuned.pt", "b/tuned.pt")
        assert fetch_model("me/many/b/tuned.pt") == tmp_path / "b/tuned.pt"
        assert downloads.asked["allow_patterns"] == ["b/tuned.pt"]
        with pytest.raises(fr.UnknownNameError, match="did you mean 'b/tuned\\.pt'"):
            fetch_model("me/many/b/tuned2.pt")

    def test_a_folder_without_weights(self, monkeypatch, tmp_path):
        Downloads(monkeypatch, tmp_path, "a/model.safetensors", "b/notes.txt")
        with pytest.raises(fr.DataError, match="holds no weights in b"):
            fetch_model("me/many/b")


class TestLocating:
    def test_a_path_comes_first(self, tmp_path):
        (tmp_path / "me").mkdir()
        file = written_safetensors(tmp_path / "me" / "model")
        assert locate_weights("me/model", tmp_path) == file
        assert locate_weights(str(file), tmp_path / "elsewhere") == file

    @pytest.mark.parametrize("given", ["weights/bass.safetensors", "./weights/bass.safetensors", "weights/bass"])
    def test_a_missing_file_is_not_looked_for_on_the_hub(self, tmp_path, given):
        (tmp_path / "weights").mkdir()
        written_safetensors(tmp_path / "weights" / "base.safetensors")
        with pytest.raises(fr.DataError, match=r"no .*weights/bass(\.safetensors)?; did you mean .*base\.safe"):
            locate_weights(given, tmp_path)

    def test_both_places_are_named(self, tmp_path):
        with pytest.raises(fr.DataError, match=r"no .*me/model, and the model 'me/model' is not .*hf download"):
            locate_weights("me/model", tmp_path)

    def test_the_hub(self, hub, tmp_path):
        folder = snapshot(hub, "models--me--model", "notes.txt")
        written_safetensors(folder / "model.safetensors")
        assert locate_weights("me/model", tmp_path) == folder


class TestDataSets:
    def test_on_this_machine(self, hub):
        folder = snapshot(hub, "datasets--me--set", "data/train-0.parquet")
        assert fetch_data_set("me/set") == folder / "data"
        assert fetch_data_set("me/set", "default") == folder / "data"

    def test_a_configuration_on_this_machine(self, hub):
        folder = snapshot(hub, "datasets--me--glue", "cola/train-0.parquet", "rte/train-0.parquet")
        assert fetch_data_set("me/glue", "rte") == folder / "rte"

    def test_the_hubs_own_conversion_on_this_machine(self, hub):
        folder = snapshot(hub, "datasets--me--set", "plain/train/0.parquet", revision="refs/convert/parquet")
        assert fetch_data_set("me/set", "plain") == folder / "plain"

    def test_missing(self):
        with pytest.raises(fr.DataError, match=r"data set 'me/set'.*hf download --repo-type dataset me/set"):
            fetch_data_set("me/set")

    @pytest.mark.parametrize("config", [None, "mnli"])
    def test_several_configurations(self, monkeypatch, tmp_path, config):
        Downloads(monkeypatch, tmp_path, "cola/train-0.parquet", "rte/train-0.parquet")
        with pytest.raises(fr.DataError, match="'me/glue' has the configurations cola, rte, and none"):
            fetch_data_set("me/glue", config)

    def test_downloaded(self, monkeypatch, tmp_path):
        downloads = Downloads(monkeypatch, tmp_path, "cola/train-0.parquet", "rte/train-0.parquet")
        assert fetch_data_set("me/glue", "rte") == tmp_path / "rte"
        assert downloads.asked["allow_patterns"] == ["rte/train-0.parquet"]

    @pytest.mark.parametrize(
        "files",
        [
            ("data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet", "data/contrast-0.parquet"),
            ("plain/train/0000.parquet", "plain/train/0001.parquet", "plain/contrast/0000.parquet"),
        ],
    )
    def test_only_the_splits_that_are_wanted(self, monkeypatch, tmp_path, files):
        downloads = Downloads(monkeypatch, tmp_path, *files)
        assert fetch_data_set("me/set", splits=["train"]) == tmp_path / files[0].split("/")[0]
        assert downloads.asked["allow_patterns"] == list(files[:2])
        with pytest.raises(fr.DataError, match="has the splits contrast, train, none is called 'test'"):
            fetch_data_set("me/set", splits=["train", "test"])

    def test_a_split_that_is_not_here_is_fetched(self, hub):
        snapshot(hub, "datasets--me--set", "data/train-0.parquet")
        with pytest.raises(fr.DataError, match="hf download"):
            fetch_data_set("me/set", splits=["train", "test"])

    def test_downloaded_from_the_hubs_own_conversion(self, monkeypatch, tmp_path):
        downloads = Downloads(monkeypatch, tmp_path, "plain/train/0.parquet", on="refs/convert/parquet")
        assert fetch_data_set("me/set") == tmp_path / "plain"
        assert downloads.asked["revision"] == "refs/convert/parquet"

    def test_without_parquet(self, monkeypatch, tmp_path):
        Downloads(monkeypatch, tmp_path, "data.csv")
        with pytest.raises(fr.DataError, match="has no Parquet files"):
            fetch_data_set("me/set")
