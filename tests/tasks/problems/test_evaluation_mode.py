"""Problems run their model in evaluation mode, in training too, and refuse one that is random all the same."""

import pytest
import torch
from torch import nn

import frontrunner as fr


class Dropping(nn.Module):
    def __init__(self, always=False):
        super().__init__()
        self.mlp, self.drop, self.always = nn.Linear(4, 4), nn.Dropout(0.5), always

    def forward(self, inputs):
        features = self.drop(self.mlp(inputs))
        return nn.functional.dropout(features, 0.5) if self.always else features


def problem_of(model, head=None):
    params = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    examples = fr.Examples(torch.ones(8, 4), torch.arange(8) % 2)
    return fr.ClassificationProblem(
        name="dropping",
        tasks=["one", "other"],
        model=model,
        pretrained=params,
        experts=[{k: v + t + 1 for k, v in params.items()} for t in range(2)],
        budget=fr.Budget(steps=2, batch_size=4),
        data=[dict.fromkeys(("train", "val", "test"), examples) for _ in range(2)],
        heads=[head or nn.Linear(4, 2) for _ in range(2)],
    )


@pytest.mark.parametrize("switch", [lambda model: model.train(), lambda model: model.drop.train()])
def test_a_switch_to_training_does_not_turn_dropout_on(switch):
    problem = problem_of(Dropping(), nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 2)))
    batch = next(problem.batches("train", 4, torch.Generator()))
    weight = problem.pretrained["mlp.weight"].clone().requires_grad_()
    model = {**problem.pretrained, "mlp.weight": weight}
    other = {**problem.pretrained, "mlp.weight": weight.detach().clone()}
    ways = {
        "losses": lambda: problem.losses(model, batch),
        "segments": lambda: problem.losses_by_model([model, other], batch),
        "evaluation": lambda: torch.as_tensor(problem.evaluate(model, "test").loss),
        "predictions": lambda: problem.log_probabilities(0, model, batch),
    }
    expected = {name: way().detach() for name, way in ways.items()}
    for name, way in ways.items():
        switch(problem.model)
        assert torch.equal(way().detach(), expected[name])
        assert not problem.model.drop.training


@pytest.mark.parametrize(
    ("model", "head"),
    [
        (Dropping(always=True), None),
        (
            Dropping(),
            type("Head", (nn.Linear,), {"forward": lambda self, x: nn.functional.dropout(self.weight @ x.T).T})(4, 2),
        ),
    ],
)
def test_a_model_or_head_that_is_random_in_evaluation_is_refused(model, head):
    state = torch.get_rng_state()
    with pytest.raises(
        fr.ConfigError, match=r"task 'one' draws random numbers .* write F.dropout\(x, p, self.training"
    ):
        problem_of(model, head)
    assert torch.equal(torch.get_rng_state(), state) or head is None  # the state before weights were drawn
