"""Inputs are one tensor or several by name, in memory or mapped from files, on the weights' device or the CPU."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

import frontrunner as fr
from frontrunner.tasks.datasets.image_format import ImageFormat
from frontrunner.tasks.datasets.text_format import TextFormat
from frontrunner.tasks.pass_size import PassSize
from frontrunner.tasks.rows import tensors_in
from frontrunner.tasks.stored_inputs import joined, moved

N = 12


class TwoInputs(nn.Module):
    """Adds two linear maps of inputs that it is given by name."""

    def __init__(self):
        super().__init__()
        self.left, self.mlp = nn.Linear(3, 4), nn.Linear(2, 4)

    def forward(self, left, right):
        return torch.tanh(self.left(left) + self.mlp(right))


def by_name(encoder, inputs):
    return encoder(**inputs)


def named_inputs(generator, n=N):
    return {
        "left": torch.randn(n, 3, generator=generator),
        "right": torch.randint(5, (n, 2), generator=generator, dtype=torch.uint8),
    }


def as_floats(inputs):
    return {name: tensor.float() for name, tensor in inputs.items()}


def problem_with(inputs_of=named_inputs, *, model=TwoInputs, n=N, **options):
    """Two tasks of two classes."""
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    model = model()
    pretrained = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    labels = torch.arange(n) % 2
    return fr.ClassificationProblem(
        name="named",
        tasks=["one", "other"],
        model=model,
        pretrained=pretrained,
        experts=[{k: v + 0.1 * (t + 1) for k, v in pretrained.items()} for t in range(2)],
        budget=fr.Budget(steps=2, batch_size=3),
        data=[{s: fr.Examples(inputs_of(generator), labels) for s in ("train", "val", "test")} for _ in range(2)],
        **{
            "heads": [nn.Linear(4, 2) for _ in range(2)],
            "to_input": as_floats,
            "run": by_name,
            **options,
        },
    )


def one_batch(problem, size=3):
    return next(problem.batches("train", size, torch.Generator().manual_seed(1)))


def test_rows_of_all_tensors_are_taken_together():
    examples = fr.Examples({"a": torch.arange(6), "b": torch.arange(12).view(6, 2)}, torch.arange(6))
    for taken in (examples.take(torch.tensor([4, 1])), next(examples.stream(2, torch.Generator().manual_seed(0)))):
        assert torch.equal(taken.inputs["a"], taken.labels)
        assert torch.equal(taken.inputs["b"], torch.stack([2 * taken.labels, 2 * taken.labels + 1], dim=1))


def test_named_inputs_give_the_losses_gradients_and_errors_of_torch_alone():
    problem = problem_with()
    batch = one_batch(problem)

    def logits(t, params, inputs):
        return problem.heads[t](torch.func.functional_call(problem.model, params, (), as_floats(inputs)))

    expected = torch.stack(
        [
            nn.functional.cross_entropy(logits(t, problem.pretrained, part.inputs), part.labels)
            for t, part in enumerate(batch)
        ]
    )
    for losses in (problem.losses(problem.pretrained, batch), problem.losses_by_model([problem.pretrained] * 2, batch)):
        torch.testing.assert_close(losses, expected)
    torch.testing.assert_close(
        problem.log_probabilities(1, problem.pretrained, batch),
        logits(1, problem.pretrained, batch[1].inputs).log_softmax(dim=1),
    )
    found = problem.evaluate(problem.pretrained, "test")
    for t in range(2):
        test = problem.data[t]["test"]
        wrong = logits(t, problem.pretrained, test.inputs).argmax(dim=1) != test.labels
        assert found.error[t] == float(wrong.double().mean())


@pytest.mark.parametrize("differing", ["mlp", "left"])
def test_named_inputs_go_through_models_that_differ_in_one_pass(differing):
    problem = problem_with()
    batch = one_batch(problem)
    models = [
        {k: v.clone().requires_grad_() if k.startswith(differing) else v for k, v in problem.pretrained.items()}
        for _ in range(2)
    ]
    leaves = [m[k] for m in models for k in m if k.startswith(differing)]
    together = torch.autograd.grad(problem.losses_by_model(models, batch).sum(), leaves)
    before = problem.forward_passes
    problem.losses_by_model(models, batch)
    assert problem.forward_passes - before == 1
    apart = torch.autograd.grad(fr.Problem.losses_by_model(problem, models, batch).sum(), leaves)
    torch.testing.assert_close(together, apart)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "map names to tensors"),
        ({1: torch.ones(2, 3)}, "map names to tensors"),
        ({"a": "text"}, "inputs 'a' of Examples must be a tensor"),
        ({"a": torch.tensor(1.0)}, "inputs 'a' of Examples must have examples"),
    ],
)
def test_mappings_that_are_none_of_tensors_are_refused(inputs, message):
    with pytest.raises(fr.ConfigError, match=message):
        fr.Examples(inputs, torch.zeros(2, dtype=torch.long))


def test_each_of_several_inputs_is_checked():
    def with_nan(generator):
        inputs = named_inputs(generator)
        inputs["left"][3, 1] = torch.nan
        return inputs

    with pytest.raises(fr.ConfigError, match=r"inputs 'left' of task 'one' .* first in example 3"):
        problem_with(with_nan)
    with pytest.raises(fr.ConfigError, match=r"12 inputs 'left' and 11 labels|12 inputs 'right' and 11 labels"):
        problem_with(lambda generator: named_inputs(generator, 12), n=11)


class Touched(TorchDispatchMode):
    """Notes operations that read all rows of a tensor, views excepted."""

    def __init__(self, n_rows):
        super().__init__()
        self.n_rows, self.found = n_rows, []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        outputs = func(*args, **(kwargs or {}))
        given = [x for x in tensors_in((args, kwargs or {})) if x.ndim > 1 and len(x) == self.n_rows]
        made = {x.untyped_storage().data_ptr() for x in tensors_in(outputs)}
        self.found += [func for x in given if x.untyped_storage().data_ptr() not in made and "index" not in str(func)]
        return outputs


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("named", [False, True])
def test_mapped_files_are_read_where_they_lie_and_by_the_row(tmp_path, named):
    n = 700
    np.save(tmp_path / "images.npy", np.random.default_rng(0).integers(0, 256, (n, 3), dtype=np.uint8))
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")

    class Model(nn.Sequential):
        def __init__(self):
            super().__init__(nn.ReLU(inplace=True), nn.Linear(3, 4))

    with Touched(n) as touched:
        problem = problem_with(
            lambda generator: {"pixels": mapped} if named else mapped,
            model=Model,
            n=n,
            to_input=lambda inputs: (inputs["pixels"] if named else inputs).float().sub_(128),
            run=None,
        )
        stored = problem.data[0]["train"].inputs
        stored = stored["pixels"] if named else stored
        assert stored.data_ptr() == mapped.ctypes.data
        problem.losses(problem.pretrained, one_batch(problem))
        problem.evaluate(problem.pretrained, "test")
    assert touched.found == []
    assert np.array_equal(np.load(tmp_path / "images.npy"), mapped)


def test_a_model_that_writes_to_its_inputs_changes_no_example():
    class Writing(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(3, 4)

        def forward(self, inputs):
            return self.linear(inputs.mul_(0.5))

    problem = problem_with(
        lambda generator: torch.randn(N, 3, generator=generator), model=Writing, to_input=lambda x: x, run=None
    )
    before = problem.data[0]["test"].inputs.clone()
    first = problem.evaluate(problem.pretrained, "test")
    assert torch.equal(problem.data[0]["test"].inputs, before)
    assert np.array_equal(problem.evaluate(problem.pretrained, "test").loss, first.loss)


def on_fake_gpu(problem):
    """Put weights and heads on a CUDA device that only pretends, which refuses to mix devices and to be waited for."""
    device = torch.device("cuda:0")

    def there(params):
        return {name: torch.empty(w.shape, dtype=w.dtype, device=device) for name, w in params.items()}

    problem.pretrained = there(problem.pretrained)
    problem.heads = [head.to(device) for head in problem.heads]
    return problem


@pytest.fixture
def fake_gpu(monkeypatch):
    pinned = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: pinned.append(tensor) or tensor)
    with FakeTensorMode(allow_non_fake_inputs=True):
        yield pinned


def test_batches_go_to_the_device_of_the_weights_and_no_step_waits_for_it(fake_gpu):
    with torch._subclasses.fake_tensor.unset_fake_temporarily():
        problem = problem_with()
        problem._comparison.agree = lambda *_: True  # once a fit, values are compared, which takes reading them
        problem._backward_checked = True
    problem = on_fake_gpu(problem)
    for number, batch in zip(range(2), problem.batches("train", 3, torch.Generator()), strict=False):
        assert {part.labels.device.type for part in batch} == {"cuda"}
        assert {tensor.device.type for part in batch for tensor in part.inputs.values()} == {"cuda"}
        assert len(fake_gpu) == 6 * (number + 1)  # two tasks, two inputs and labels
        leaf = torch.empty(4, 2, device="cuda:0", requires_grad=True)
        model = {**problem.pretrained, "mlp.weight": leaf}
        for losses in (problem.losses(model, batch), problem.losses_by_model([model, dict(model)], batch)):
            assert losses.device.type == "cuda"
            assert losses.requires_grad
        assert problem.log_probabilities(0, problem.pretrained, batch).device.type == "cuda"


def test_stored_images_and_texts_become_inputs_without_waiting_for_the_device(fake_gpu):
    with torch._subclasses.fake_tensor.unset_fake_temporarily():
        words = Tokenizer(models.WordLevel({"a": 0, "cat": 1}, unk_token="a"))
        text_format = TextFormat(words, 9)
    images = ImageFormat(8, 0.5, 0.2).to_input(torch.zeros(2, 3, 8, 8, dtype=torch.uint8, device="cuda:0"))
    assert (images.device.type, images.dtype, images.shape) == ("cuda", torch.float32, (2, 3, 8, 8))
    parts = [
        dict.fromkeys(("input_ids", "attention_mask"), torch.ones(2, n, dtype=torch.uint8, device="cuda:0"))
        for n in (5, 3)
    ]
    taken = text_format.to_input(text_format.join(parts))
    assert {(tensor.device.type, tensor.dtype, tensor.shape) for tensor in taken.values()} == {
        ("cuda", torch.int64, (4, 5))
    }


class Reads(TorchDispatchMode):
    """Counts numbers that are read one by one, for each of which a GPU would be waited for."""

    n = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.n += "_local_scalar_dense" in str(func)
        return func(*args, **(kwargs or {}))


def test_evaluation_reads_no_number_a_batch(monkeypatch):
    problem = problem_with()
    monkeypatch.setattr(PassSize, "n_examples", lambda *_: 2)
    with Reads() as reads:
        problem.evaluate(problem.pretrained, "test")
    assert reads.n == 0


@pytest.mark.parametrize("wrap", [lambda x: {"logits": x}, lambda x: SimpleNamespace(logits=x), lambda x: x])
def test_a_head_may_answer_with_something_that_has_logits(wrap):
    class Head(nn.Linear):
        def forward(self, features):
            return wrap(super().forward(features))

    plain = problem_with()
    heads = [Head(4, 2) for _ in plain.heads]
    for own, head in zip(heads, plain.heads, strict=True):
        own.load_state_dict(head.state_dict())
    wrapped = problem_with(heads=heads)
    batch = one_batch(plain)
    assert torch.equal(wrapped.losses(plain.pretrained, batch), plain.losses(plain.pretrained, batch))
    assert np.array_equal(wrapped.evaluate(plain.pretrained, "val").loss, plain.evaluate(plain.pretrained, "val").loss)
    with pytest.raises(fr.ConfigError, match=r"must give logits \(n, classes\), found a tuple"):
        problem_with(
            model=TwoInputs, run=lambda encoder, inputs: (by_name(encoder, inputs),), heads=[nn.Identity()] * 2
        )


def test_what_is_on_the_device_is_neither_pinned_nor_copied(fake_gpu):
    here = torch.zeros(3)
    assert moved(here, here.device) is here
    there = torch.zeros(3, device="cuda:0")
    assert moved({"a": there}, there.device)["a"] is there
    assert fake_gpu == []


def test_inputs_of_one_form_are_joined():
    parts = [named_inputs(torch.Generator().manual_seed(k)) for k in range(2)]
    assert torch.equal(joined(parts)["left"], torch.cat([part["left"] for part in parts]))
    with pytest.raises((TypeError, KeyError)):
        joined([parts[0]["left"], parts[1]])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_inputs_are_given_in_the_half_precision_of_all_weights(dtype):
    seen = []

    class Noting(TwoInputs):
        def __init__(self):
            super().__init__()
            self.to(dtype)

        def forward(self, left, right):
            seen.append((left.dtype, right.dtype))
            return super().forward(left, right.to(left.dtype))

    def make():
        return problem_with(model=Noting, to_input=lambda x: {**x, "left": x["left"].float()})

    if dtype == torch.float64:
        with pytest.raises(fr.ConfigError, match="cannot be run"):
            make()
        return
    with pytest.raises(fr.ConfigError, match="head of task 'one' cannot be run"):
        make()
    assert seen[0] == (torch.bfloat16, torch.uint8)
