import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from unused_module import with_unused_module

import frontrunner as fr
from frontrunner.methods.whole_set.conditioned_set import ConditionedSet
from frontrunner.methods.whole_set.router import RouterBank

GRID = fr.simplex_grid(3, 3)
RULES = ["mlp", "attn+mlp", "all", "model", "blocks.0.*,norm"]


def fitted(problem, **options):
    return fr.make_learner("pwe-moe-ls", **options).fit(problem, GRID, fr.Context())


def untrained(problem, **options):
    """The learner before any step."""
    return fr.make_learner("pwe-moe-ls", **options).untrained(problem, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("rule", RULES)
def test_without_noise_or_steps_it_is_task_arithmetic(tiny, rule):
    routed = untrained(tiny, upscale=rule, init_std=0, init_lambda=0.4)
    arithmetic = fr.make_learner("task-arithmetic", points=2, max_lambda=0.4).fit(tiny, GRID, fr.Context())
    (_, _, expected) = list(arithmetic.members(GRID))[-1]
    for preference in GRID:
        for name, tensor in routed.solve(preference).items():
            torch.testing.assert_close(tensor, expected[name], atol=1e-6, rtol=0)


@pytest.mark.parametrize("rule", RULES)
def test_routed_and_unloaded_logits_agree(tiny, rule):
    routed = fitted(tiny, upscale=rule)
    inputs = tiny.data[0]["test"].inputs
    for preference in np.random.default_rng(0).dirichlet(np.ones(3), size=5):
        with torch.no_grad():
            through_routers = tiny.forward(routed.weights_for(routed.as_input(preference)), inputs)
        tiny.model.load_state_dict(routed.solve(preference), strict=True)
        torch.testing.assert_close(through_routers, tiny.model(inputs), atol=1e-5, rtol=0)


def test_a_router_update_is_seen_at_the_next_forward(tiny):
    routed = fitted(tiny)
    before = routed.solve([1, 0, 0])["blocks.0.mlp.0.weight"].clone()
    with torch.no_grad():
        routed.network.biases[-1] += 0.1
    assert not torch.equal(before, routed.solve([1, 0, 0])["blocks.0.mlp.0.weight"])


@pytest.mark.parametrize("rule", RULES)
def test_gradients_reach_routers_only_and_all_of_them(tiny, rule):
    routed = untrained(tiny, upscale=rule, init_std=0.5)
    batch = next(tiny.batches("train", 8, torch.Generator().manual_seed(0)))
    tiny.losses(routed.weights_for(routed.as_input(np.array([0.2, 0.3, 0.5]))), batch).sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in routed.network.biases)
    fixed = [*tiny.model.parameters(), *tiny.pretrained.values(), *(p for e in tiny.experts for p in e.values())]
    fixed += [tensor for bank in routed.model.banks for tensor in (bank.base, bank.rows)]
    assert all(tensor.grad is None and not tensor.requires_grad for tensor in fixed)


def test_training_lowers_the_scalarized_loss(make_tiny):
    problem = make_tiny(steps=300)
    trained, start = fitted(problem, upscale="all"), untrained(problem, upscale="all")

    def scalarized(pareto_set):
        return sum(r @ problem.evaluate(pareto_set.solve(r), "train").loss for r in GRID)

    assert scalarized(trained) < scalarized(start) - 0.05


def test_it_follows_the_preference_where_the_optimum_is_known(make_points):
    """A linear gate reaches it."""
    pareto_set = fitted(make_points(steps=1500), upscale="model", router_depth=1, lr=0.03)
    for preference in GRID:
        np.testing.assert_allclose(pareto_set.solve(preference)["x"].numpy(), preference, atol=0.02)


def test_saved_routers_take_kilobytes(tiny):
    size = sum(tensor.numel() * tensor.element_size() for tensor in fitted(tiny, upscale="all").state().values())
    assert size < 10_000


def test_routers_that_do_not_fit_are_refused(tiny):
    state = fitted(tiny, hidden_size=4).state()
    with pytest.raises(fr.ConfigError, match="does not fit"):
        fr.make_learner("pwe-moe-ls", hidden_size=5).restore(tiny, state, GRID, fr.Context())


@pytest.mark.parametrize(("t", "expected"), [(2, 22), (3, 45), (7, 217), (8, 280)])
def test_a_default_router_has_the_papers_size(t, expected):
    routers = RouterBank(1, t, depth=2, hidden_size=2 * t, init_lambda=0.3, init_std=0.01, generator=torch.Generator())
    assert sum(parameter.numel() for parameter in routers.parameters()) == expected


def test_routers_of_a_bank_are_independent_two_layer_networks():
    generator = torch.Generator().manual_seed(0)
    bank = RouterBank(4, 3, depth=2, hidden_size=5, init_lambda=0.3, init_std=1.0, generator=generator)
    preference = torch.tensor([0.2, 0.3, 0.5])
    for g, row in enumerate(bank(preference)):
        hidden = (bank.weights[0][g] @ preference + bank.biases[0][g]).relu()
        torch.testing.assert_close(row, bank.weights[1][g] @ hidden + bank.biases[1][g])


def test_dead_units_are_those_no_preference_reaches():
    bank = RouterBank(1, 2, depth=2, hidden_size=4, init_lambda=0.3, init_std=1.0, generator=torch.Generator())
    with torch.no_grad():
        bank.weights[0][0] = torch.tensor([[1.0, -1.0], [-1.0, -2.0], [0.0, 0.0], [-3.0, 0.5]])
    assert bank.dead_share() == 0.5


def test_a_step_allocates_one_merged_copy(make_tiny):
    """A step makes one tensor of the up-scaled size for the weights and one for their gradient."""
    problem = make_tiny(n_tasks=3)
    routed = untrained(problem, upscale="model")
    size = routed.model.upscaled_parameters
    seen = set()

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            for tensor in out if isinstance(out, (tuple, list)) else [out]:
                if isinstance(tensor, torch.Tensor) and tensor.untyped_storage().nbytes() >= size * 4:
                    seen.add(tensor.untyped_storage().data_ptr())
                    held.append(tensor)  # kept alive, so that no address is used twice
            return out

    held = []
    existing = {routed.model.banks[0].base.untyped_storage().data_ptr()}
    existing.add(routed.model.banks[0].rows.untyped_storage().data_ptr())
    batch = next(problem.batches("train", 2, torch.Generator().manual_seed(0)))
    with Watch():
        params = routed.weights_for(routed.as_input(np.array([0.2, 0.3, 0.5])))
    assert len(seen - existing) == 1
    loss = problem.losses(params, batch).sum()
    with Watch():
        loss.backward()
    assert len(seen - existing) == 2


class TwoBranches(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.branches = torch.nn.ModuleList([torch.nn.Linear(3, 3), torch.nn.Linear(3, 3)])


class BranchProblem(fr.Problem):
    """Each task runs one branch only, so that half of the modules get no gradient from it."""

    def losses(self, params, batch):
        return torch.stack([self.task_loss(t, params, batch) for t in range(2)])

    def task_loss(self, t, params, batch):
        return (params[f"branches.{t}.weight"].sum() - 1) ** 2 + (params[f"branches.{t}.bias"] ** 2).sum()

    def batches(self, split, batch_size, generator):
        while True:
            yield None

    def n_examples(self, split):
        return (0, 0)

    def evaluate(self, params, split):
        values = self.losses(params, None).double().numpy()
        return fr.Objectives(values, values)


def test_per_task_gradients_where_a_task_does_not_use_a_module():
    generator = torch.Generator().manual_seed(0)
    model = TwoBranches()
    models = [{n: torch.randn(t.shape, generator=generator) for n, t in model.state_dict().items()} for _ in range(3)]
    problem = BranchProblem(
        name="branches",
        tasks=["a", "b"],
        model=model,
        pretrained=models[0],
        experts=models[1:],
        budget=fr.Budget(steps=1, batch_size=1),
    )
    routed = untrained(problem, upscale="branches.*", init_std=0.5)
    for found, expected in zip(
        routed.task_gradients(np.array([0.3, 0.7]), None),
        ConditionedSet.task_gradients(routed, np.array([0.3, 0.7]), None),
        strict=True,
    ):
        torch.testing.assert_close(found, expected)
    assert (found.abs().sum(dim=1) > 0).all()


@pytest.mark.parametrize("upscale", RULES)
def test_per_task_gradients_are_those_of_one_backward_pass_a_task(upscale, tiny):
    routed = untrained(tiny, upscale=upscale, init_std=0.5)
    preference, batch = np.array([0.2, 0.3, 0.5]), next(tiny.batches("train", 8, torch.Generator().manual_seed(0)))
    losses, gradients = routed.task_gradients(preference, batch)
    parameters = list(routed.network.parameters())
    expected = routed.losses(preference, batch)
    torch.testing.assert_close(losses, expected.detach())
    for t in range(3):
        (*found,) = torch.autograd.grad(expected[t], parameters, retain_graph=True)
        torch.testing.assert_close(gradients[t], torch.cat([part.flatten() for part in found]), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("learner", ["pwe-moe-ls", "pwe-moe-epo"])
def test_routers_of_modules_that_never_run_are_refused(learner):
    with pytest.raises(fr.ConfigError, match="nothing that is trained here changes a loss"):
        fr.make_learner(learner, upscale="unused").fit(with_unused_module(), GRID, fr.Context())
