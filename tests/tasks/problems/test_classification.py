import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.plugin_import import import_plugin


@pytest.fixture
def tiny(request):
    plugin, _ = import_plugin(request.config.rootpath / "tests" / "tiny_plugin.py")
    return plugin.tiny_problem()


def one_batch(problem):
    return next(problem.batches("train", 8, torch.Generator().manual_seed(0)))


def test_losses_of_one_concatenated_pass_equal_those_task_by_task(tiny):
    batch = one_batch(tiny)
    together = tiny.losses(tiny.pretrained, batch)
    for t in range(tiny.n_tasks):
        torch.testing.assert_close(together[t], tiny.task_loss(t, tiny.pretrained, batch))


def test_losses_take_one_forward_pass(tiny):
    tiny.losses(tiny.pretrained, one_batch(tiny))  # the first time, it is compared with one pass a task
    calls = []
    tiny.model.register_forward_hook(lambda *_: calls.append(1))
    tiny.losses(tiny.pretrained, one_batch(tiny))
    assert len(calls) == 1


def test_evaluation_counts_by_hand(tiny):
    found = tiny.evaluate(tiny.experts[0], "test")
    for t in range(tiny.n_tasks):
        examples = tiny.data[t]["test"]
        logits = tiny.heads[t](tiny.forward(tiny.experts[0], examples.inputs))
        assert found.error[t] == float((logits.argmax(1) != examples.labels).double().mean())
        expected = torch.nn.functional.cross_entropy(logits, examples.labels)
        assert found.loss[t] == pytest.approx(float(expected), abs=1e-6)


def test_every_example_comes_once_an_epoch(tiny):
    stream = tiny.batches("train", 8, torch.Generator().manual_seed(1))
    seen = torch.cat([next(stream)[0].inputs for _ in range(5)])
    assert len(torch.unique(seen, dim=0)) == len(tiny.data[0]["train"]) == 40


def test_batches_depend_on_the_generator_only(tiny):
    first, second, other = (
        next(tiny.batches("train", 8, torch.Generator().manual_seed(seed)))[1].inputs for seed in (2, 2, 3)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_a_diverged_model_has_no_objectives(tiny):
    broken = {
        name: torch.full_like(t, torch.nan) if t.is_floating_point() else t for name, t in tiny.pretrained.items()
    }
    with pytest.raises(fr.FrontError, match="task0"):
        tiny.evaluate(broken, "test").require_finite(tiny.tasks)


def test_unknown_split_names_the_nearest(tiny):
    with pytest.raises(fr.UnknownNameError, match="did you mean 'test'"):
        tiny.evaluate(tiny.pretrained, "tset")


def test_experts_of_another_architecture_are_refused(tiny):
    arguments = {
        "name": "odd",
        "tasks": tiny.tasks,
        "model": tiny.model,
        "pretrained": tiny.pretrained,
        "budget": tiny.budget,
        "data": tiny.data,
        "heads": tiny.heads,
    }
    wrong = {**tiny.pretrained, "embed.weight": torch.zeros(1)}
    with pytest.raises(fr.ConfigError, match=r"'task2' do not fit the architecture at embed\.weight"):
        fr.ClassificationProblem(**arguments, experts=[*tiny.experts[:2], wrong])
    with pytest.raises(fr.ConfigError, match=r"experts must hold one entry a task \(3\), found 2"):
        fr.ClassificationProblem(**arguments, experts=tiny.experts[:2])


def test_reference_point_is_the_worst_error(tiny):
    assert np.array_equal(tiny.reference_point, np.ones(3))
