import hashlib
import pickletools
import shutil

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.tasks.fine_tuning import FineTuning
from frontrunner.tasks.nearest_neighbour import nearest_neighbour_errors
from frontrunner.tasks.vision_mini import clip, images
from frontrunner.tasks.vision_mini import vision_mini_suite as suite

CPU = torch.device("cpu")
TASKS = tuple(clip.TEMPLATES)


def test_every_template_task_ships_and_nothing_else():
    assert set(images.manifest()) == set(TASKS) == set(suite.VisionMini.tasks)


@pytest.mark.parametrize("task", TASKS)
def test_a_domain_decodes_to_what_its_manifest_says(task):
    domain = images.load_domain(task, CPU)
    sizes = {split: len(examples) for split, examples in domain.splits.items()}
    assert sum(sizes.values()) == images.manifest()[task]["count"]
    for examples in domain.splits.values():
        assert examples.inputs.dtype == torch.uint8
        assert examples.inputs.shape[1:] == (3, 32, 32)
        assert set(examples.labels.tolist()) == set(range(len(domain.classes)))


@pytest.mark.parametrize("task", TASKS)
def test_no_image_is_in_two_splits(task):
    seen = {
        split: {hashlib.sha256(image.numpy().tobytes()).digest() for image in examples.inputs}
        for split, examples in images.load_domain(task, CPU).splits.items()
    }
    splits = list(seen)
    for i, first in enumerate(splits):
        for second in splits[i + 1 :]:
            assert not seen[first] & seen[second]


def test_what_ships_is_small_and_holds_no_pickle():
    files = list(clip.ASSETS.iterdir())
    assert sum(file.stat().st_size for file in files) < 16e6
    for file in files:
        with pytest.raises(ValueError, match=r".*"):
            list(pickletools.genops(file.read_bytes()))


def test_the_model_is_a_small_clip_with_open_clips_module_names():
    model, tokenizer = clip.load_clip(CPU)
    assert type(model).__module__ == "open_clip.model"
    assert sum(parameter.numel() for parameter in model.visual.parameters()) < 500_000
    assert hasattr(model.visual.transformer.resblocks[0], "mlp")
    assert tokenizer.token_to_id("<end>") == tokenizer.get_vocab_size() - 1


def test_every_caption_is_in_the_vocabulary_and_an_unknown_word_is_refused():
    _, tokenizer = clip.load_clip(CPU)
    for task in TASKS:
        captions = [t.format(name) for t in clip.TEMPLATES[task] for name in images.manifest()[task]["classes"]]
        assert clip.tokenize(tokenizer, captions).shape == (len(captions), 16)
    with pytest.raises(fr.DataError, match="outside the tokenizer's vocabulary"):
        clip.tokenize(tokenizer, ["a photo of a xylophone"])


def test_zero_shot_heads_have_the_temperature_as_their_length():
    model, tokenizer = clip.load_clip(CPU)
    head = clip.zero_shot_head(model, tokenizer, "digits", images.manifest()["digits"]["classes"])
    torch.testing.assert_close(head.weight.norm(dim=1), model.logit_scale.detach().exp().expand(10))
    features = torch.randn(4, 64)
    torch.testing.assert_close(head(features), head(7 * features))


def test_the_pretrained_model_beats_chance_everywhere():
    model, tokenizer = clip.load_clip(CPU)
    for task in TASKS:
        domain = images.load_domain(task, CPU)
        head = clip.zero_shot_head(model, tokenizer, task, domain.classes)
        test = domain.splits["test"]
        with torch.no_grad():
            right = head(model.encode_image(clip.to_input(test.inputs))).argmax(dim=1) == test.labels
        assert float(right.float().mean()) > 1.3 / len(domain.classes), task


@pytest.mark.parametrize("name", ["clip.safetensors", "tokenizer.json", "digits.webp", "manifest.json"])
@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_a_damaged_file_is_one_sentence(name, damage, tmp_path, monkeypatch):
    assets = tmp_path / "assets"
    shutil.copytree(clip.ASSETS, assets)
    content = (assets / name).read_bytes()
    (assets / name).unlink()
    if damage == "truncated":
        (assets / name).write_bytes(content[: len(content) // 2])
    monkeypatch.setattr(clip, "WEIGHTS", assets / clip.WEIGHTS.name)
    monkeypatch.setattr(clip, "TOKENIZER", assets / clip.TOKENIZER.name)
    monkeypatch.setattr(images, "ASSETS", assets)
    images.manifest.cache_clear()
    try:
        with pytest.raises(fr.DataError, match="reinstall frontrunner"):
            clip.load_clip(CPU), images.load_domain("digits", CPU)
    finally:
        images.manifest.cache_clear()


def test_experts_come_in_the_order_of_tasks_and_do_not_depend_on_it(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path))
    monkeypatch.setattr(suite, "EXPERT", FineTuning(steps=3, batch_size=8, peak_lr=1e-3))
    told = []
    first = fr.load_problem("vision-mini", ["optdigits", "emoji"], progress=lambda *what, **_: told.append(what))
    second = fr.load_problem("vision-mini", ["emoji", "optdigits"])
    assert ("expert emoji", 3, 3) in told
    assert len(list(tmp_path.glob("experts/*.safetensors"))) == 2
    for name, tensor in first.experts[0].items():
        assert torch.equal(tensor, second.experts[1][name])
    assert not torch.equal(first.experts[0]["conv1.weight"], first.experts[1]["conv1.weight"])
    other = fr.load_problem("vision-mini", ["emoji"], seed=1)
    assert not torch.equal(other.experts[0]["conv1.weight"], second.experts[0]["conv1.weight"])


def test_experts_do_not_depend_on_threads_or_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(suite, "EXPERT", FineTuning(steps=3, batch_size=64, peak_lr=1e-3))
    made = []
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / str(threads)))
            made.append(fr.load_problem("vision-mini", ["emoji"]).experts[0])
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(made[0][name], made[1][name]) for name in made[0])


@pytest.fixture(scope="module")
def three_tasks():
    return fr.load_problem("vision-mini", ["digits", "fashion", "animals"])


@pytest.mark.slow
def test_tasks_conflict(three_tasks):
    """Every expert gains 10 points on its own task and loses 5 or more on another."""
    start = three_tasks.evaluate(three_tasks.pretrained, "test").error
    for t, expert in enumerate(three_tasks.experts):
        gain = start - three_tasks.evaluate(expert, "test").error
        assert gain[t] >= 0.10
        assert np.delete(gain, t).min() <= -0.05


@pytest.mark.slow
@pytest.mark.timeout(1800)  # eight experts are fine-tuned
def test_every_expert_is_better_than_1_nearest_neighbour():
    problem = fr.load_problem("vision-mini")
    own = [problem.evaluate(expert, "test").error[t] for t, expert in enumerate(problem.experts)]
    assert (np.array(own) < nearest_neighbour_errors(problem, "test")).all()


@pytest.mark.slow
def test_raising_a_preference_helps_its_task_and_routing_beats_the_baselines(three_tasks):
    problem = three_tasks
    grid = fr.simplex_grid(3, 6)
    learned = fr.make_learner("pwe-moe-ls", upscale="all").fit(problem, grid, fr.Context())
    for t in range(3):
        errors = []
        for weight in (0.0, 0.5, 1.0):
            preference = np.full(3, (1 - weight) / 2)
            preference[t] = weight
            errors.append(problem.evaluate(learned.solve(preference), "test").error[t])
        assert errors[0] > errors[1] > errors[2]

    def volume(pareto_set):
        return fr.hypervolume(fr.evaluate(problem, pareto_set, grid), problem.reference_point).value

    others = [fr.make_learner(name).fit(problem, grid, fr.Context()) for name in ("experts", "task-arithmetic")]
    assert volume(learned) > max(map(volume, others))
