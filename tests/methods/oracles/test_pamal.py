"""`pamal` interpolates and follows gradients as its authors' published code does.

The values were computed in float64 by `SimplexWeightEnsemble` and `MultiForwardEnsembleTrainer.training_step` of
https://github.com/nik-dim/pamal (src/ll/weight_ensemble.py, src/trainer/multi_forward_ensemble_trainer.py, commit
26adf53), with its setting for two digits: a window of four preferences, no ordering, no balancing of gradients.
"""

import numpy as np
import pytest
import torch
from waves import wave, wave_problem, wave_weights

import frontrunner as fr

TOLERANCE = 1e-11
"""The stored values have twelve digits."""
WINDOW = np.array([[0.2, 0.3, 0.5], [0.6, 0.1, 0.3], [0.1, 0.7, 0.2], [0.4, 0.35, 0.25]])
LOSSES = [
    [1.172652541377, 1.255604926088, 1.212915460194],
    [1.051677310865, 1.288907106635, 1.130961918254],
    [1.223808346774, 1.469403681978, 1.187594736942],
    [1.094235809709, 1.380434416650, 1.128150786899],
]
"""Of the models interpolated for the window, by task."""
GRADIENTS = [
    [
        0.017434776974,
        -0.004960353504,
        -0.002360336399,
        0.010238153266,
        -0.02792598566,
        0.00209510581,
        0.118871159512,
        0.003767249823,
        -0.130995519401,
        -0.023240507981,
        0.102137035631,
        -0.038256760324,
        -0.006103975824,
        -0.034513656866,
        0.028104718301,
        0.029344483804,
        -0.067623378765,
        0.010152042023,
        0.205184595438,
        -0.063466122004,
        -0.141718473434,
    ],
    [
        -0.052061663898,
        -0.001398219927,
        -0.032233078087,
        -0.009473377293,
        -0.018730341674,
        0.009158794345,
        0.220068718555,
        0.075523466111,
        -0.27044548122,
        -0.044206629868,
        0.146497989738,
        0.020961690151,
        -0.038464952244,
        0.009157108554,
        -0.039455227024,
        0.082671582113,
        -0.155655098292,
        0.018493536873,
        0.329850176138,
        -0.040264340139,
        -0.289585836,
    ],
    [
        0.001670976742,
        0.002393513382,
        -0.009997963371,
        0.008569846902,
        -0.038256265419,
        -0.003844755949,
        0.113396295887,
        0.049686942302,
        -0.148101834201,
        -0.043921293693,
        0.101387690738,
        -0.01357618802,
        -0.017156510086,
        -0.006792817551,
        0.014573990862,
        0.06107780378,
        -0.094594873188,
        -0.000997802842,
        0.202872178446,
        -0.006789138492,
        -0.196083039955,
    ],
]
"""Of the window's summed loss in the T models' weights."""


class TwoLayers(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(2, 3)
        self.last = torch.nn.Linear(3, 3)

    def forward(self, inputs):
        return self.last(torch.tanh(self.first(inputs)))


@pytest.fixture
def learner_batch_and_set():
    """The T models hold the values that the authors' ensemble was given."""
    model = TwoLayers()
    experts = [wave_weights(model, phase=5 * t) for t in range(3)]
    problem, batch = wave_problem(model, experts[0], experts, [wave(5, 2, phase=1)] * 3)
    learner = fr.make_learner("pamal", start="experts", samples=4)
    return learner, batch, learner.untrained(problem, torch.Generator())


def test_interpolated_models_have_the_authors_losses(learner_batch_and_set):
    _, batch, conditioned = learner_batch_and_set
    with torch.no_grad():
        found = torch.stack([conditioned.losses(preference, batch) for preference in WINDOW])
    np.testing.assert_allclose(found, LOSSES, atol=TOLERANCE, rtol=0)


def test_a_step_follows_the_authors_gradient(learner_batch_and_set):
    """Here it is of the window's mean, there of its sum."""
    learner, batch, conditioned = learner_batch_and_set
    loss = learner.step(conditioned, learner.scalarization(), (WINDOW, batch))
    np.testing.assert_allclose(4 * conditioned.network.models.grad, GRADIENTS, atol=TOLERANCE, rtol=0)
    assert float(loss) == pytest.approx((WINDOW * LOSSES).sum() / 4, abs=TOLERANCE)
