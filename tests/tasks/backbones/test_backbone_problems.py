"""Problems posed over backbones: one encoder, a head a task, one pass for all tasks."""

import pytest
import torch
import transformers
from tiny_transformers import FORMAT, IMAGE_MODELS, inputs_of, make_model, saved

from frontrunner.tasks.backbones.timm_backbone import TimmBackbone
from frontrunner.tasks.backbones.transformers_models.transformers_backbone import TransformersBackbone
from frontrunner.tasks.classification import ClassificationProblem
from frontrunner.tasks.examples import Examples
from frontrunner.tasks.problem import Budget
from frontrunner.tasks.recomputation import call_within, with_weights
from frontrunner.tasks.weight_files.stored_weights import StoredWeights

N_CLASSES = (3, 5)


@pytest.fixture(autouse=True)
def quiet():
    transformers.logging.set_verbosity_error()


def examples(inputs, n_classes):
    tensors = inputs.get("pixel_values", inputs)
    n = len(next(iter(inputs.values())))
    return Examples(tensors, torch.arange(n) % n_classes)


def problem_of(backbone, base, experts, inputs):
    data = [{split: examples(inputs, n) for split in ("train", "val", "test")} for n in N_CLASSES]
    return ClassificationProblem(
        name="own",
        tasks=("first", "second"),
        model=backbone.build(),
        pretrained=backbone.encoder_weights(base),
        experts=[backbone.encoder_weights(expert) for expert in experts],
        heads=[backbone.head(expert).module for expert in experts],
        data=data,
        budget=Budget(1, 2),
        run=backbone.run,
    )


def require_one_pass(problem, caplog):
    """All tasks go through one pass, with every task's own weights, and gradients are what they are one by one."""
    batch = next(problem.batches("train", 4, torch.Generator().manual_seed(0)))
    chosen = [
        name for name, tensor in problem.pretrained.items() if tensor.ndim > 1 and "embed" not in name and "w" in name
    ]
    models = [
        {n: t.clone().requires_grad_() if n in chosen else problem.pretrained[n] for n, t in expert.items()}
        for expert in problem.experts
    ]
    problem.losses_by_model(models, batch)
    passes = problem.forward_passes
    losses = problem.losses_by_model(models, batch)
    assert problem.forward_passes == passes + 1
    assert caplog.records == []
    alone = torch.stack([problem.task_loss(t, params, batch) for t, params in enumerate(models)])
    torch.testing.assert_close(losses, alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ["GPT2", "Bert", "Llama", "ViT", "ConvNext", "ResNet"])
def test_tasks_of_transformers_take_one_pass(name, tmp_path, caplog):
    models = [make_model(name, n, seed=n) for n in N_CLASSES]
    experts = [saved(model, tmp_path / str(n)) for n, model in zip(N_CLASSES, models, strict=True)]
    base = saved(make_model(name, 2), tmp_path / "base")
    backbone = TransformersBackbone(base.config, base.source, lambda made: FORMAT)
    inputs = inputs_of(name, n=8)
    if name not in IMAGE_MODELS:
        inputs["attention_mask"][::2, 5:] = 0
        inputs["input_ids"].masked_fill_(inputs["attention_mask"] == 0, backbone.config.pad_token_id)
    problem = problem_of(backbone, base, experts, inputs)
    for t, model in enumerate(models):
        model.config.pad_token_id = getattr(backbone.config, "pad_token_id", None)
        with torch.no_grad():
            loss = torch.nn.functional.cross_entropy(model(**inputs).logits, problem.data[t]["test"].labels)
        assert problem.evaluate(problem.experts[t], "test").loss[t] == pytest.approx(loss.item(), abs=1e-5)
    require_one_pass(problem, caplog)


def test_tasks_of_timm_take_one_pass(caplog):
    import timm

    options = {"depths": [1, 1, 1, 1], "dims": [8, 8, 8, 8]}

    def stored(n_classes):
        torch.manual_seed(n_classes)
        model = timm.create_model("convnext_atto", num_classes=n_classes, **options)
        return StoredWeights(model.state_dict(), f"{n_classes}.safetensors", {}, "")

    backbone = TimmBackbone("convnext_atto", options)
    problem = problem_of(
        backbone, stored(2), [stored(n) for n in N_CLASSES], {"pixel_values": torch.randn(8, 3, 32, 32)}
    )
    require_one_pass(problem, caplog)


@pytest.mark.parametrize("name", ["GPT2", "DistilBert", "ResNet"])
def test_random_heads_of_transformers_run(name, tmp_path):
    base = saved(make_model(name), tmp_path)
    state = torch.get_rng_state()
    backbone = TransformersBackbone(base.config, base.source, lambda made: FORMAT)
    assert torch.equal(torch.get_rng_state(), state)
    head = backbone.random_head(4, torch.Generator().manual_seed(1))
    same = backbone.random_head(4, torch.Generator().manual_seed(1)).state_dict()
    assert all(torch.equal(tensor, same[key]) for key, tensor in head.state_dict().items())
    encoder, params = backbone.build(), backbone.encoder_weights(base)
    inputs = inputs_of(name)
    with torch.no_grad():
        features = call_within(with_weights(encoder, params), backbone.run, encoder, inputs.get("pixel_values", inputs))
        logits = head(features)
    assert logits.shape == (3, 4)
    assert logits.std() > 0


def test_random_heads_of_timm_run():
    state = torch.get_rng_state()
    backbone = TimmBackbone("convnext_atto", {"depths": [1, 1, 1, 1], "dims": [8, 8, 8, 8]})
    assert torch.equal(torch.get_rng_state(), state)
    head = backbone.random_head(4, torch.Generator().manual_seed(1))
    assert head(torch.randn(2, 8)).shape == (2, 4)
    assert head.weight.std() == pytest.approx(0.02, rel=0.5)
    assert not head.bias.any()
