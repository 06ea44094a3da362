"""Keys of a suite file that would mean nothing are refused with their path, before any file is looked at."""

import pytest
import yaml

from frontrunner.errors import ConfigError
from frontrunner.tasks.datasets.sources.generated_data import GeneratedData
from frontrunner.tasks.datasets.splits.split_choice import choose_splits
from frontrunner.tasks.suite_file.file_suite import suite_class
from frontrunner.tasks.suite_file.reading import read_suite_file
from frontrunner.tasks.suite_file.schema import FORMATS, READ_OF, DataSpec

VALUES = {
    "config": "cropped",
    "root": "data",
    "image": "img",
    "text": "sentence",
    "label": "label",
    "header": True,
    "separator": " ",
}
GIVEN = {"generated": {"train": 4, "classes": 2}}


def written(folder, data, **changes):
    """A suite file over one task."""
    spec = {
        "name": "s",
        "model": {"timm": "test_vit"},
        "pretrained": "w.safetensors",
        "tasks": {"cars": {"expert": "e.safetensors", "data": data}},
    }
    file = folder / "suite.yaml"
    file.write_text(yaml.safe_dump(spec | changes))
    return file


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("key", READ_OF)
def test_a_key_is_refused_for_data_that_do_not_read_it(key, form, tmp_path):
    file = written(tmp_path, {form: GIVEN.get(form, "somewhere"), key: VALUES[key]})
    if form in READ_OF[key]:
        assert getattr(read_suite_file(file).tasks["cars"].data, key) == VALUES[key]
        return
    with pytest.raises(
        ConfigError, match=rf"tasks\.cars\.data\.{key}: is for data of .* nothing beside {form}; remove"
    ):
        read_suite_file(file)


def test_a_default_that_is_not_written_is_no_key(tmp_path):
    made = suite_class(written(tmp_path, {"imagefolder": "somewhere"}))
    assert made.spec.tasks["cars"].data.header


def test_columns_of_images_and_of_texts_exclude_each_other(tmp_path):
    with pytest.raises(ConfigError, match=r"tasks\.cars\.data\.image: .*found `text` beside it"):
        read_suite_file(written(tmp_path, {"parquet": "x", "image": "i", "text": "t"}))


@pytest.mark.parametrize("text", ["one", ["one"]])
def test_a_separator_needs_two_texts(text, tmp_path):
    with pytest.raises(ConfigError, match=r"tasks\.cars\.data\.separator: joins the texts of a pair"):
        read_suite_file(written(tmp_path, {"csv": "x", "text": text, "separator": ""}))
    assert read_suite_file(written(tmp_path, {"csv": "x", "text": ["a", "b"], "separator": ""}))


@pytest.mark.parametrize("model", [{"open_clip": "ViT-B-32"}, {"timm": "test_vit"}, {"torchvision": "resnet18"}])
def test_images_have_no_length_in_tokens(model, tmp_path):
    file = written(tmp_path, {"imagefolder": "x"}, model=model, max_length=64)
    with pytest.raises(ConfigError, match=rf"max_length: .* a model of {next(iter(model))} takes images; remove it"):
        read_suite_file(file)


@pytest.mark.parametrize("key", ["img_size", "num_heads", "pretrained_cfg"])
def test_arguments_of_a_model_belong_to_its_options(key, tmp_path):
    file = written(tmp_path, {"imagefolder": "x"}, model={"timm": "test_vit", key: 32})
    with pytest.raises(ConfigError, match=rf"model\.{key}: expected one of open_clip.*options: {{{key}: \.\.\.}}"):
        read_suite_file(file)


def test_a_random_expert_has_no_head_of_its_own(tmp_path):
    task = {"expert": "random", "data": {"imagefolder": "x"}, "head": {"own": "fc"}}
    with pytest.raises(ConfigError, match=r"tasks\.cars\.head\.own: .*the expert random, which has none; remove it"):
        read_suite_file(written(tmp_path, {}, tasks={"cars": task}))


@pytest.mark.parametrize(("key", "value"), [("val_share", 0.2), ("split_seed", 3)])
def test_nothing_is_said_of_carving_where_nothing_is_carved(key, value):
    sizes = {"train": 8, "val": 4, "test": 4, "classes": 2}
    source = GeneratedData(sizes, "image", n_classes=None, n_texts=1, seed=0)
    spec = DataSpec.model_validate({"imagefolder": "x", key: value})
    with pytest.raises(ConfigError, match=rf"{key} says how val and test are carved"):
        choose_splits(source, spec)
    del sizes["val"]
    carved = GeneratedData(sizes, "image", n_classes=None, n_texts=1, seed=0)
    assert choose_splits(carved, spec).own == {"train": "train", "test": "test"}
    if key == "split_seed":
        assert choose_splits(source, spec.model_copy(update={"at_most": {"train": 4}})).own
