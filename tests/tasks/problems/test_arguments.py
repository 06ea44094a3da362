"""What scripts may pass for tasks, seed and device is refused in one sentence where it is none."""

import numpy as np
import pytest
import torch

import frontrunner as fr


@pytest.mark.parametrize("tasks", ["e1", b"e1", {"e1", "e2"}, {"e1": 1}, 1])
def test_tasks_that_are_no_list_of_names_are_refused(tasks):
    with pytest.raises(fr.ConfigError, match=r"^tasks is a list of names, such as \['e1', 'e2'\]; found "):
        fr.load_problem("merging-toy", tasks=tasks)


@pytest.mark.parametrize("tasks", [["e2", "e1"], ("e2", "e1"), np.array(["e2", "e1"])])
def test_tasks_of_any_ordered_kind_are_taken_in_their_order(tasks):
    assert list(fr.load_problem("merging-toy", tasks=tasks).tasks) == ["e2", "e1"]


@pytest.mark.parametrize("name", [5, None, ["convex-toy"]])
def test_a_name_that_is_no_text_is_refused(name):
    with pytest.raises(fr.ConfigError, match="a suite is asked for by its name, a text; found "):
        fr.load_problem(name)


@pytest.mark.parametrize("device", ["gpu", "", "cuda:x", 0, None])
def test_a_device_that_torch_does_not_know_is_refused(device):
    for use in (lambda: fr.Context(device=device), lambda: fr.load_problem("convex-toy", device=device)):
        with pytest.raises(fr.ConfigError, match=r"^a device is cpu, cuda, cuda:N or another that torch knows; found "):
            use()


@pytest.mark.parametrize("seed", ["a", "1", 1.0, None, True, [1]])
def test_a_seed_that_is_no_whole_number_is_refused(seed):
    for use in (lambda: fr.Context(seed=seed), lambda: fr.load_problem("convex-toy", seed=seed)):
        with pytest.raises(fr.ConfigError, match=r"^a seed is a whole number; found "):
            use()


@pytest.mark.parametrize("seed", [-1, 2**63, np.int64(-5), 10**30])
def test_a_seed_that_generators_do_not_take_is_refused(seed):
    for use in (lambda: fr.Context(seed=seed), lambda: fr.load_problem("convex-toy", seed=seed)):
        with pytest.raises(fr.ConfigError, match=r"^a seed must be 0 or more and below 2\^63, found "):
            use()


def test_a_context_holds_plain_values():
    context = fr.Context(np.int64(3), torch.device("cpu"))
    assert (context.seed, context.device) == (3, "cpu")
    assert context == fr.Context(3, "cpu", checkpoints=context.checkpoints)
