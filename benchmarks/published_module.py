"""Hold PWE MoE against its authors' module as published, at the shapes of CLIP's B/32 image tower.

    python benchmarks/published_module.py SOURCE

SOURCE is a checkout of the authors' repository (github.com/tanganke/pareto_set_learning); without one, nothing is
compared. Of it the module that merges (src/module/dict_moe.py) and the solver of the linear programme
(src/phn/solvers.py) are run as they are, on random weights and images. Compared are merged weights, losses, the
gradients of all routers for each task, and EPO's weights of the tasks.
"""

import importlib.util
import sys
import types
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from clip_towers import problem_of, random_expert, random_weights, tower
from torch.nn import functional

import frontrunner as fr
from frontrunner.methods.scalarization.epo import solve_epo

MODULE, SOLVERS = "src/module/dict_moe.py", "src/phn/solvers.py"
BOUNDS = {"merged weights": 1e-6, "losses": 1e-5, "router gradients": 1e-4, "weights of tasks": 1e-4}
"""Greatest differences: absolute, for gradients the length of the difference in units of a task's gradient."""


def loaded(path, name):
    """Return a module of the authors' source, with stand-ins for what its imports need and the comparison does not."""
    library = types.ModuleType("fusionlib.utils.torch.state_dict_arithmetic")
    library.state_dict_sub = library.state_dict_weighted_sum = None
    stand_ins = {name: types.ModuleType(name) for name in ("fusionlib", "fusionlib.utils", "fusionlib.utils.torch")}
    before = dict(sys.modules)
    sys.modules.update({**stand_ins, library.__name__: library})
    try:
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        for name in [*stand_ins, library.__name__]:
            sys.modules.pop(name, None)
            if name in before:
                sys.modules[name] = before[name]


def published_model(module, name, pretrained, experts, rest):
    """Return a tower whose feed-forward blocks are the authors' modules and whose other weights are `rest`."""
    towers = []
    for weights in (pretrained, *experts):
        made = tower(name, "cpu")
        made.load_state_dict(weights)
        towers.append(made)
    model = towers[0]
    for number, block in enumerate(model.transformer.resblocks):
        block.mlp = module.ParetoWeightEnsemblingModule(
            block.mlp,
            [expert.transformer.resblocks[number].mlp for expert in towers[1:]],
            init_lambda=0.3,
            router_hidden_layers=2,
        )
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if key in rest:
                parameter.copy_(rest[key]).requires_grad_(False)
    return model.eval()


def copy_routers(routed, model):
    """Give our routers, made anew with larger weights than at the start of training, to the authors' gates."""
    network = routed.network
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for weight in network.weights:
            weight.copy_(0.3 * torch.randn(weight.shape, generator=generator))
        for number, block in enumerate(model.transformer.resblocks):
            for position, layer in ((0, 0), (2, 1)):
                block.mlp.gate[position].weight.copy_(network.weights[layer][number])
                block.mlp.gate[position].bias.copy_(network.biases[layer][number])


def gates_gradient(model, loss):
    """Return one task's gradient in the authors' gates, in the order of our routers' parameters."""
    gates = [block.mlp.gate for block in model.transformer.resblocks]
    parts = []
    for kind in ("weight", "bias"):
        for position in (0, 2):
            found = torch.autograd.grad(loss, [getattr(gate[position], kind) for gate in gates], retain_graph=True)
            parts.append(torch.stack(found).flatten())
    return torch.cat(parts)


def compare(module, solvers, name, n_tasks, batch_size):
    """Print the differences on one problem, and return whether all are within bounds."""
    pretrained = random_weights(name)
    experts = [random_expert(pretrained, 1 + t) for t in range(n_tasks)]
    problem = problem_of(name, [pretrained, *experts], batch_size)
    routed = fr.make_learner("pwe-moe-epo", upscale="mlp").untrained(problem, torch.Generator().manual_seed(0))
    equal = routed.solve([1 / n_tasks] * n_tasks)
    rest = {key: tensor for key, tensor in equal.items() if ".mlp." not in key}
    model = published_model(module, name, pretrained, experts, rest)
    copy_routers(routed, model)
    preference = np.random.default_rng(0).dirichlet(np.ones(n_tasks))
    ray = torch.from_numpy(preference.astype(np.float32))
    module.ParetoWeightEnsemblingModule.set_preferenec_vector(model, ray)
    merged = routed.solve(preference)
    off = {"merged weights": 0.0}
    for number, block in enumerate(model.transformer.resblocks):
        for key, theirs in block.mlp._merge_state_dict().items():
            ours = merged[f"transformer.resblocks.{number}.mlp.{key}"]
            off["merged weights"] = max(off["merged weights"], float((ours - theirs.detach()).abs().max()))
    batch = next(problem.batches("train", batch_size, torch.Generator().manual_seed(0)))
    losses, gradients = routed.task_gradients(preference, batch)
    summed = routed.losses(preference, batch)
    published = torch.stack(
        [
            functional.cross_entropy(head(model(problem.to_input(part.inputs))), part.labels)
            for head, part in zip(problem.heads, batch, strict=True)
        ]
    )
    off["losses"] = float((torch.stack([losses, summed]) - published).detach().abs().max())
    theirs = torch.stack([gates_gradient(model, loss) for loss in published])
    off["router gradients"] = float(((gradients - theirs).norm(dim=1) / theirs.norm(dim=1)).max())
    (ray @ summed).backward()
    ours = torch.cat([parameter.grad.flatten() for parameter in routed.network.parameters()])
    off["router gradients"] = max(off["router gradients"], float((ours - ray @ theirs).norm() / (ray @ theirs).norm()))
    if solvers is not None:
        programme = solvers.ExactParetoLP(m=n_tasks, n=None, r=ray.numpy())
        alpha = programme.get_alpha(published.detach().numpy(), G=(theirs @ theirs.T).numpy(), C=True)
        step = solve_epo(losses.double().numpy(), preference, (gradients @ gradients.T).double().numpy())
        off["weights of tasks"] = float(np.abs(step.alpha - alpha).max())
    for what, bound in BOUNDS.items():
        verdict = (
            f"{off[what]:.1e} (bound {bound:.0e})" if what in off else "not compared, cvxpy or cvxopt is not there"
        )
        print(f"{name} T = {n_tasks}: {what} {verdict}", flush=True)
    return all(off[what] <= BOUNDS[what] for what in off)


def main(
    source: Annotated[Path, typer.Argument(help="Checkout of the authors' repository.")],
    tower_name: Annotated[str, typer.Option("--tower", help="B/32, L/14 or tiny.")] = "B/32",
    cases: Annotated[str, typer.Option(help="Tasks x examples of each.")] = "2x4,8x2",
) -> None:
    if not (source / MODULE).exists():
        print(f"{source / MODULE} is not there, nothing is compared")
        return
    module = loaded(source / MODULE, "dict_moe")
    has_solvers = all(importlib.util.find_spec(library) for library in ("cvxpy", "cvxopt"))
    solvers = loaded(source / SOLVERS, "solvers") if has_solvers else None
    agree = [compare(module, solvers, tower_name, *map(int, case.split("x"))) for case in cases.split(",")]
    raise typer.Exit(not all(agree))


if __name__ == "__main__":
    typer.run(main)
