"""Problems whose weights and inputs are sines, so that the published code of others can be given the same ones."""

import torch

import frontrunner as fr


def wave(*shape, phase):
    """sin(1.7 k + phase) for k = 0, 1, ..., in float64."""
    n_values = torch.Size(shape).numel()
    return torch.sin(1.7 * torch.arange(n_values, dtype=torch.float64) + phase).view(shape)


def wave_weights(model, phase):
    """A model's parameters by name; the k-th in order is a wave of `phase` + k."""
    return {name: wave(*p.shape, phase=phase + k) for k, (name, p) in enumerate(model.named_parameters())}


def _copied(weights):
    return {name: tensor.clone() for name, tensor in weights.items()}


def wave_problem(model, pretrained, experts, inputs):
    """Three-class problems on a model's outputs; example k of task t has the label (k + t) % 3."""
    data = [fr.Examples(each, (torch.arange(len(each)) + t) % 3) for t, each in enumerate(inputs)]
    return fr.ClassificationProblem(
        name="waves",
        tasks=[f"task{t}" for t in range(len(inputs))],
        model=model.double(),
        pretrained=_copied(pretrained),
        experts=[_copied(expert) for expert in experts],
        heads=[torch.nn.Identity() for _ in inputs],
        data=[{"train": examples} for examples in data],
        budget=fr.Budget(steps=1, batch_size=len(inputs[0]), lr=0.1),
    ), data
