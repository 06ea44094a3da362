"""The suite files that ship: what they name, and the parameters of the paper's table 8 by the suites that are built."""

import pytest

import frontrunner as fr
from frontrunner.methods.whole_set.upscale_rules import select_modules
from frontrunner.tasks import SUITES
from frontrunner.tasks.backbones.clip.clip_activation import QUICK_GELU
from frontrunner.tasks.datasets.classes.name_list import listed_names
from frontrunner.tasks.paper_suites import FOLDER
from frontrunner.tasks.suite_file.loaded_model import load_encoder

TA8 = ("sun397", "cars", "resisc45", "eurosat", "svhn", "gtsrb", "mnist", "dtd")
CLIPS = ("clip-vit-b-32-ta8", "clip-vit-b-16-ta8", "clip-vit-l-14-ta8", "clip-vit-b-32-ta20")
NAMES = (*CLIPS, "gpt2-glue")
N_CLASSES = {
    "sun397": 397, "cars": 196, "resisc45": 45, "eurosat": 10, "svhn": 10, "gtsrb": 43, "mnist": 10, "dtd": 47,
    "flowers102": 102, "pcam": 2, "fer2013": 7, "pets": 37, "stl10": 10, "cifar100": 100, "cifar10": 10, "food101": 101,
    "fashion-mnist": 10, "emnist": 10, "kmnist": 10, "rendered-sst2": 2,
}  # fmt: skip
N_PROMPTS = {"sun397": 2, "cars": 8, "resisc45": 18, "eurosat": 3, "svhn": 1, "gtsrb": 3, "mnist": 1, "dtd": 8}


def router_parameters(n_tasks):
    """Those of one router of two layers (arXiv 2406.09770, section 4.2)."""
    return 4 * n_tasks**2 + 3 * n_tasks


@pytest.mark.parametrize("name", NAMES)
def test_every_suite_file_and_its_variant_with_random_weights_are_registered(name):
    summaries = fr.list_suites()
    assert "Hugging Face hub" in summaries[name]
    assert "random" in summaries[f"{name}-random"]
    assert SUITES.get(f"{name}-random").tasks == SUITES.get(name).tasks
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(NAMES)


@pytest.mark.parametrize("name", CLIPS)
def test_tasks_are_the_papers_in_its_order_with_its_classes_and_prompts(name):
    spec = SUITES.get(name).spec
    assert tuple(spec.tasks)[:8] == TA8
    for task, said in spec.tasks.items():
        classes = listed_names(said.data.classes, FOLDER)
        prompts = listed_names(said.head.zero_shot.templates, FOLDER)
        assert len(set(classes)) == N_CLASSES[task]
        assert all(prompt.count("{}") == 1 for prompt in prompts)
        assert len(prompts) == N_PROMPTS.get(task, len(prompts))


def test_language_tasks_are_in_the_order_of_the_papers_table():
    spec = SUITES.get("gpt2-glue").spec
    assert tuple(spec.tasks) == ("mrpc", "mnli", "cola", "sst2", "qnli", "qqp", "rte")
    # On the hub a pair that entails is class 0, in the files of TSV it may be named.
    assert spec.tasks["qnli"].data.classes == spec.tasks["rte"].data.classes == ["entailment", "not_entailment"]


@pytest.mark.parametrize("name", CLIPS)
def test_the_activation_of_the_public_checkpoints_is_part_of_name_and_version(name):
    suite = SUITES.get(f"{name}-random")
    backbone, stored, _ = load_encoder(suite.spec, FOLDER)
    assert stored is None
    assert backbone.architecture.activation == QUICK_GELU
    assert suite.version.endswith("quickgelu")


TABLE_8 = [
    ("clip-vit-b-32-ta8", "mlp", 2, 264, 226_787_337),
    ("clip-vit-b-32-ta8", "mlp", 3, 540, 283_456_797),
    ("clip-vit-b-32-ta8", "mlp", 8, 3_360, 566_805_537),
    ("clip-vit-b-32-ta8", "all", 2, 1_430, 338_879_639),
    ("clip-vit-b-32-ta8", "all", 8, 18_200, 1_015_184_921),
    ("clip-vit-l-14-ta8", "mlp", 2, 528, 745_461_521),
    ("clip-vit-l-14-ta8", "mlp", 8, 6_720, 1_954_164_545),
]


@pytest.mark.parametrize(("name", "rule", "n_tasks", "trainable", "total"), TABLE_8)
def test_parameters_are_those_of_table_8(name, rule, n_tasks, trainable, total):
    suite = SUITES.get(f"{name}-random")()
    encoder = suite.architecture(suite.tasks[:n_tasks])
    modules = select_modules(encoder, rule)
    upscaled = sum(p.numel() for module in modules for p in encoder.get_submodule(module).parameters())
    of_routers = len(modules) * router_parameters(n_tasks)
    assert of_routers == trainable
    assert sum(p.numel() for p in encoder.parameters()) + n_tasks * upscaled + of_routers == total


def test_random_weights_know_their_shapes_offline_and_count_classes(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    glue = SUITES.get("gpt2-glue-random")
    assert glue.spec.tasks["mnli"].data.generated["classes"] == 3
    encoder = glue().architecture(("rte",))
    assert sum(p.numel() for p in encoder.parameters()) == 124_439_808
    assert glue().content_digest(("rte",)) != glue().content_digest(("mnli",))
