"""Problems over weights that are mapped from files: looked at once, never copied, and the same as any others."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import frontrunner as fr
from frontrunner.harness.running.problem_digest import UnchangedWeights, digest_problem
from frontrunner.tasks import weight_values
from frontrunner.tasks.weight_files import file_identity, weight_digest
from frontrunner.tasks.weight_files.read_weights import read_weights
from frontrunner.tasks.weight_files.written_pages import has_written_pages

pytestmark = pytest.mark.skipif(has_written_pages(id(object()), 8) is None, reason="the system shows no page map")
NAMES = ("base", "a", "b")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 4)
        self.norm = nn.BatchNorm1d(4)

    def forward(self, inputs):
        return self.norm(self.layer(inputs))


def values():
    """Return the pre-trained model and two experts, all of them made."""
    found = []
    for seed in range(3):
        torch.manual_seed(seed)
        found.append({name: tensor.clone() for name, tensor in Net().state_dict().items()})
    return found


def pose(models, model=None):
    examples = fr.Examples(torch.ones(4, 3), torch.arange(4) % 3)
    return fr.ClassificationProblem(
        name="net",
        tasks=NAMES[1:],
        model=model or Net(),
        pretrained=models[0],
        experts=models[1:],
        budget=fr.Budget(steps=1, batch_size=2),
        data=[dict.fromkeys(("train", "val", "test"), examples)] * 2,
        heads=[nn.Linear(4, 3)] * 2,
    )


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Files that were written long ago, as it were."""
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(file_identity, "SETTLED_S", -1.0)
    for name, model in zip(NAMES, values(), strict=True):
        save_file(model, tmp_path / f"{name}.safetensors")
    return tmp_path


def mapped(folder):
    return [read_weights(folder / f"{name}.safetensors").tensors for name in NAMES]


@pytest.fixture
def looks(monkeypatch):
    """The tensors whose values were checked."""
    seen = []
    look = weight_values.range_of_values
    monkeypatch.setattr(weight_values, "range_of_values", lambda tensor: seen.append(tensor) or look(tensor))
    return seen


class TestChecks:
    def test_mapped_weights_are_checked_once(self, folder, looks):
        first = pose(mapped(folder))
        n_looks = len(looks)
        second = pose(mapped(folder))
        assert n_looks > 0
        assert len(looks) == n_looks
        assert (second.merged, second.never_negative) == (first.merged, first.never_negative)
        assert second.never_negative == {"norm.running_var"}

    def test_ordinary_weights_are_checked_every_time(self, looks):
        pose(values())
        n_looks = len(looks)
        pose(values())
        assert len(looks) == 2 * n_looks > 0

    def test_what_is_wrong_is_said_every_time(self, folder):
        broken = values()[2]
        broken["layer.bias"][1] = float("nan")
        save_file(broken, folder / "b.safetensors")
        for _ in range(2):
            with pytest.raises(fr.ConfigError, match=r"the expert of 'b' holds NaN in layer\.bias"):
                pose(mapped(folder))

    @pytest.mark.parametrize("write", [lambda t: t.fill_(float("nan")), lambda t: t.numpy().fill(float("inf"))])
    def test_what_was_written_into_mapped_weights_is_looked_at(self, folder, write):
        pose(mapped(folder))
        models = mapped(folder)
        write(models[1]["layer.weight"])
        with pytest.raises(fr.ConfigError, match=r"the expert of 'a' holds (NaN|infinity) in layer\.weight"):
            pose(models)

    def test_a_buffer_is_no_parameter(self, folder):
        class Other(nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = nn.Linear(3, 4)
                self.norm = nn.Module()
                for name, tensor in nn.BatchNorm1d(4).state_dict().items():
                    parameter = nn.Parameter(tensor, requires_grad=False)
                    setattr(self.norm, name, parameter)

            def forward(self, inputs):
                return self.layer(inputs)

        assert pose(mapped(folder)).never_negative == {"norm.running_var"}
        assert pose(mapped(folder), Other()).never_negative == set()


class TestDigests:
    def test_they_are_those_of_ordinary_weights(self, folder):
        assert digest_problem(pose(mapped(folder))) == digest_problem(pose(values()))

    def test_weights_are_hashed_once(self, folder, monkeypatch):
        digest_problem(pose(mapped(folder)))
        hashed = []
        monkeypatch.setattr(weight_digest, "release", hashed.append)  # called after each weight
        unchanged = UnchangedWeights(pose(mapped(folder)))
        unchanged.require()
        assert hashed == []
        assert unchanged.digest == digest_problem(pose(values()))

    def test_reading_changes_nothing(self, folder):
        problem = pose(mapped(folder))
        unchanged = UnchangedWeights(problem)
        problem.evaluate(problem.experts[0], "test")
        problem.evaluate(problem.pretrained, "test")
        unchanged.require()

    @pytest.mark.parametrize(
        "write",
        [
            lambda params: params["layer.bias"].add_(1),
            lambda params: params["layer.bias"].data.add_(1),
            lambda params: params["layer.bias"].numpy().fill(3),
            lambda params: params["layer.weight"].T[1].zero_(),
        ],
        ids=["in place", "by data", "by NumPy", "through a view"],
    )
    @pytest.mark.parametrize(("t", "title"), [(0, "the pre-trained model"), (2, "the expert of b")])
    def test_a_write_is_noticed(self, folder, write, t, title):
        problem = pose(mapped(folder))
        unchanged = UnchangedWeights(problem)
        write((problem.pretrained, *problem.experts)[t])
        with pytest.raises(fr.ConfigError, match=f"wrote into the weights of {title}, from"):
            unchanged.require()

    def test_a_write_of_the_same_values_is_none(self, folder):
        problem = pose(mapped(folder))
        unchanged = UnchangedWeights(problem)
        problem.pretrained["layer.bias"].add_(0)
        unchanged.require()

    def test_other_weights_in_their_place_are_noticed(self, folder):
        problem = pose(mapped(folder))
        unchanged = UnchangedWeights(problem)
        problem.experts = (problem.experts[1], problem.experts[0])
        with pytest.raises(fr.ConfigError, match="the expert of a, the expert of b"):
            unchanged.require()
