"""Repositories of the hub: what is on this machine is used offline, what is not is asked for in one sentence."""

import types

import huggingface_hub
import pytest
from weight_models import written_safetensors

import frontrunner as fr
from frontrunner.tasks.weight_files.hub import fetch_data_set, fetch_model, looks_like_hub_id
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
        ("a/b/c", False),
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
    with pytest.raises(fr.DataError, match="'a//b' is no id"):
        fetch_model("a//b")


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
    ("files", "wanted", "left"),
    [
        (("model.safetensors", "pytorch_model.bin"), "*.safetensors", "*.bin"),
        (("pytorch_model.bin", "flax_model.msgpack"), "*.bin", "*.msgpack"),
    ],
)
def test_safetensors_are_preferred_to_other_formats(monkeypatch, tmp_path, files, wanted, left):
    downloads = Downloads(monkeypatch, tmp_path, *files)
    assert fetch_model("me/model") == tmp_path
    patterns = downloads.asked["allow_patterns"]
    assert wanted in patterns
    assert left not in patterns
    assert "*.json" in patterns


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
        assert downloads.asked["allow_patterns"] == ["rte/*.parquet"]

    def test_downloaded_from_the_hubs_own_conversion(self, monkeypatch, tmp_path):
        downloads = Downloads(monkeypatch, tmp_path, "plain/train/0.parquet", on="refs/convert/parquet")
        assert fetch_data_set("me/set") == tmp_path / "plain"
        assert downloads.asked["revision"] == "refs/convert/parquet"

    def test_without_parquet(self, monkeypatch, tmp_path):
        Downloads(monkeypatch, tmp_path, "data.csv")
        with pytest.raises(fr.DataError, match="has no Parquet files"):
            fetch_data_set("me/set")
