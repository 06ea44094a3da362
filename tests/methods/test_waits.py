"""How often a training step makes the processor wait for a GPU, counted without one: on the device meta.

There tensors have no values. What would have to be read is made up, and counted, and so is every copy from the
processor's memory that does not run beside the computation.
"""

import numpy as np
import pytest
import torch
from thinned import thinned
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import frontrunner as fr
from frontrunner.methods import training
from frontrunner.methods.per_preference import converging_training
from frontrunner.tasks.examples import Examples
from frontrunner.tasks.stored_inputs import moved
from frontrunner.testing import tiny_problem

META = torch.device("meta")
REPORT_EVERY = 2
MADE_UP = {
    "aten::_local_scalar_dense": lambda there: True if there.dtype == torch.bool else 1.0,
    "aten::equal": lambda _: False,
    "aten::nonzero": lambda there: torch.empty(0, there.ndim, dtype=torch.long, device=META),
    "aten::masked_select": lambda there: there.new_empty(0),
}
"""Operations of which a GPU's answer has to be read, and answers."""

NEVER = [
    *("ls", "stch", "multi-task", "adamerging", "pwe-moe-ls", "pwe-moe-stch", "layerwise-interpolation", "phn-ls"),
    *("pamal", "palora", "cosmos", "pareto-merging"),
]
"""Steps of these wait for nothing."""
GRAMIAN = "a programme of the gradients' inner products is solved on the CPU"
RAY = "a programme of the inner products and the losses is solved on the CPU"
READ = {
    **dict.fromkeys(("mgda", "imtl-g", "cagrad", "nash-mtl", "fairgrad", "upgrad"), (1, GRAMIAN)),
    **dict.fromkeys(("epo", "pmtl", "pmgda", "ferero", "pwe-moe-epo", "phn-epo"), (2, RAY)),
    "phn-hvi": (2, "the losses are checked, and the gradient of their hypervolume is computed on the CPU"),
}
"""Steps of these wait so often, for this reason."""


@pytest.fixture(autouse=True)
def reports_often(monkeypatch):
    """Fits may be as short as that."""
    for module in (training, converging_training):
        monkeypatch.setattr(module, "REPORT_EVERY", REPORT_EVERY)


class SentLists(TorchFunctionMode):
    """Counts lists of numbers that are copied to the device, as values or as an index."""

    def __init__(self, found):
        super().__init__()
        self.found = found

    def __torch_function__(self, func, types, args=(), kwargs=None):
        outputs = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        made = name in ("tensor", "as_tensor", "new_tensor") and isinstance(args[-1], (list, tuple))
        indexed = name in ("__getitem__", "__setitem__") and any(isinstance(one, list) for one in parts(args[1]))
        where = outputs if made else args[0] if indexed else None
        if where is not None and where.device == META:
            self.found.append(f"a list for {name}")
        return outputs


def parts(index):
    return index if isinstance(index, tuple) else (index,)


class CountedWaits(TorchDispatchMode):
    """Counts what a GPU would make the processor wait for, and makes up the values that are read."""

    def __init__(self):
        super().__init__()
        self.found = []
        self._lists = SentLists(self.found)

    def __enter__(self):
        self._lists.__enter__()
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        self._lists.__exit__(*error)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name, kwargs = func._schema.name, kwargs or {}
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        there = any(tensor.device == META for tensor in tensors)
        if there and name in MADE_UP:
            self.found.append(name)
            return MADE_UP[name](tensors[0])
        if there and name == "aten::_to_copy" and kwargs.get("device", META) == torch.device("cpu"):
            self.found.append("read whole")
            return torch.ones(args[0].shape, dtype=kwargs.get("dtype", args[0].dtype))
        outputs = func(*args, **kwargs)
        elsewhere = [tensor for tensor in tensors if tensor.device.type == "cpu" and tensor.ndim > 0]
        arrives = any(tensor.device == META for tensor in tree_leaves(outputs) if isinstance(tensor, torch.Tensor))
        if elsewhere and arrives and not kwargs.get("non_blocking", False):
            self.found.append(f"{name} from the CPU")
        return outputs


def on_meta(problem, data_too):
    """The problem with its weights, and perhaps its data, on the device meta."""
    problem.model.to(META)
    problem.pretrained = {name: tensor.to(META) for name, tensor in problem.pretrained.items()}
    problem.experts = tuple({name: tensor.to(META) for name, tensor in one.items()} for one in problem.experts)
    problem.heads = tuple(head.to(META) for head in problem.heads)
    if data_too:
        problem.data = tuple(
            {split: Examples(moved(e.inputs, META), moved(e.labels, META)) for split, e in splits.items()}
            for splits in problem.data
        )
    return problem


def waits_of(method, steps, *, data_too, **options):
    """What a whole fit waits for."""
    options |= {"multi-task": {"check_every": 1000}, "layerwise-interpolation": {"validate": False}}.get(method, {})
    learner, problem = fr.make_learner(method, steps=steps, **options), on_meta(tiny_problem(), data_too)
    with CountedWaits() as counted:
        learner.fit(problem, [[0.2, 0.3, 0.5]], fr.Context(device="meta"))
    return counted.found


def waits_of_a_step(method, **options):
    """The waits of `REPORT_EVERY` steps beyond those of a shorter fit, without the loss that is reported once in them.

    What is found out once, by the first step, cancels out.
    """
    shorter, longer = (waits_of(method, steps, **options) for steps in (REPORT_EVERY, 2 * REPORT_EVERY))
    n_waits = len(longer) - len(shorter) - 1
    assert n_waits % REPORT_EVERY == 0, longer[len(shorter) :]
    return n_waits // REPORT_EVERY


def trains_by_steps(name):
    learner = fr.make_learner(name)
    return learner.training_steps(tiny_problem().budget, [[0.5, 0.5]]) is not None


def test_every_learner_that_takes_steps_is_looked_at():
    assert sorted(filter(trains_by_steps, fr.list_methods())) == sorted([*NEVER, *READ])


@pytest.mark.parametrize(("data_too", "method"), thinned([True, False], NEVER, every=2))
def test_a_step_waits_for_nothing(method, data_too):
    assert waits_of_a_step(method, data_too=data_too) == 0


@pytest.mark.parametrize("method", READ)
def test_a_step_reads_what_its_solver_needs_and_nothing_else(method):
    assert waits_of_a_step(method, data_too=False) == READ[method][0]


@pytest.mark.parametrize("options", [{"bank_dtype": "bfloat16"}, {"preferences_per_step": 2}])
def test_merging_large_models_and_several_preferences_wait_for_nothing(options):
    assert waits_of_a_step("pwe-moe-ls", data_too=True, **options) == 0
    assert waits_of_a_step("pwe-moe-epo", data_too=False, **options) == 2 * options.get("preferences_per_step", 1)


@pytest.mark.parametrize(
    "wait",
    [
        lambda there: float(there.sum()),
        lambda there: bool((there > 0).any()),
        lambda there: there.tolist(),
        lambda there: there.cpu(),
        lambda there: there.nonzero(),
        lambda there: there.new_tensor([1.0, 2.0]),
        lambda there: torch.as_tensor(np.ones(2), device=META),
        lambda there: torch.as_tensor([1.0, 2.0], device=META),
        lambda there: torch.ones(3).to(META),
        lambda there: there.copy_(torch.ones(3)),
        lambda there: there[[0, 1]],
        lambda there: there.__setitem__([0, 1], 2.0),
        lambda there: there[torch.tensor([0, 1])],
    ],
)
def test_what_waits_is_counted(wait):
    there = torch.ones(3, device=META)
    with CountedWaits() as counted:
        wait(there)
    assert len(counted.found) == 1
