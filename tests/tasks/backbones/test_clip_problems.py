"""Problems over CLIPs: all tasks go through one pass, each with its own weights, whatever is up-scaled."""

import pytest
import torch
from small_clips import EMBEDDING, architecture_folder, hugging_face_config, open_clip_model

from frontrunner.methods import make_learner
from frontrunner.methods.learner import Context
from frontrunner.tasks.backbones import make_backbone
from frontrunner.tasks.backbones.clip.zero_shot import ZeroShotHead
from frontrunner.tasks.backbones.hf_clip.hf_clip_backbone import HfClipBackbone
from frontrunner.tasks.classification import ClassificationProblem
from frontrunner.tasks.datasets.image_format import ImageFormat
from frontrunner.tasks.examples import Examples
from frontrunner.tasks.problem import Budget
from frontrunner.tasks.suite_file.schema import ModelSpec
from frontrunner.tasks.weight_files.stored_weights import StoredWeights
from frontrunner.tasks.weight_files.weight_digest import digest_weights


def backbone_of(kind, folder):
    if kind == "transformers":
        images = ImageFormat(size=16, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
        return HfClipBackbone(hugging_face_config().to_dict(), "models/clip", inputs=images)
    options = {"as_published": kind == "published"}
    return make_backbone(ModelSpec(open_clip=architecture_folder(folder), options=options), folder, None)


def problem_of(backbone):
    def stored(seed):
        tensors = open_clip_model(seed=seed).state_dict()
        return StoredWeights(tensors, f"{seed}.safetensors", {}, digest_weights(tensors))

    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (8, 3, 16, 16), generator=generator, dtype=torch.uint8)
    splits = {split: Examples(images, torch.arange(8) % 3) for split in ("train", "val", "test")}
    heads = [ZeroShotHead(torch.randn(3, EMBEDDING, generator=generator)) for _ in range(2)]
    base = backbone.encoder_weights(stored(0))
    return ClassificationProblem(
        name="clips",
        tasks=("first", "second"),
        model=backbone.build(),
        pretrained=base,
        experts=[backbone.encoder_weights(stored(seed), base) for seed in (1, 2)],
        heads=heads,
        data=[splits, splits],
        budget=Budget(2, 4),
        to_input=backbone.inputs.to_input,
        run=backbone.run,
    )


@pytest.mark.parametrize("kind", ["open_clip", "published", "transformers"])
def test_tasks_of_a_clip_take_one_pass(kind, tmp_path, caplog):
    problem = problem_of(backbone_of(kind, tmp_path))
    batch = next(problem.batches("train", 4, torch.Generator().manual_seed(0)))
    blocks = [name for name in problem.pretrained if ".mlp." in name]
    models = [
        {**problem.pretrained, **{name: expert[name].clone().requires_grad_() for name in blocks}}
        for expert in problem.experts
    ]
    problem.losses_by_model(models, batch)  # compares the ways
    passes = problem.forward_passes
    losses = problem.losses_by_model(models, batch)
    assert problem.forward_passes == passes + 1
    assert caplog.records == []
    alone = torch.stack([problem.task_loss(t, params, batch) for t, params in enumerate(models)])
    torch.testing.assert_close(losses, alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", ["open_clip", "published", "transformers"])
@pytest.mark.parametrize(("method", "upscale"), [("pwe-moe-ls", "auto"), ("pwe-moe-epo", "all")])
def test_a_clip_is_learned(kind, method, upscale, tmp_path):
    problem = problem_of(backbone_of(kind, tmp_path))
    learned = make_learner(method, upscale=upscale).fit(problem, [[0.5, 0.5]], Context(seed=0))
    n_modules = {
        ("auto", "open_clip"): 2,
        ("auto", "published"): 2,
        ("auto", "transformers"): 2,
        ("all", "open_clip"): 3 + 4 * 2,
        ("all", "published"): 5 + 5 * 2,
    }.get((upscale, kind))
    if n_modules is not None:
        assert learned.trainable_parameters == n_modules * 22
    found = learned.solve([0.3, 0.7])
    assert found.keys() == problem.pretrained.keys()
    assert problem.evaluate(found, "test").error.shape == (2,)
