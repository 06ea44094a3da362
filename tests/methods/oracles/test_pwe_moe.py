"""PWE MoE merges and follows gradients as its authors' published code does.

The values were computed in float64 by `ParetoWeightEnsemblingModule` and `EPOSolver` of
https://github.com/tanganke/pareto_set_learning (src/module/dict_moe.py, src/phn/solvers.py, commit 8d49c40), with
modules up-scaled as its scripts/clip_pareto_moe.py does it; the smooth Tchebycheff loss by `soft_tche` of
https://github.com/xzhang2523/libmoon (libmoon/util/scalarization.py, commit b43d825).
"""

import numpy as np
import pytest
import torch
from waves import wave, wave_problem, wave_weights

import frontrunner as fr

TOLERANCE = 1e-11
"""The stored values have twelve digits."""
EPO_TOLERANCE = 1e-8
"""Both solvers miss bounds of the linear programme by a little."""
PREFERENCE = np.array([0.2, 0.3, 0.5])
LOSSES = [1.179734508861, 1.112340021369, 1.219127024233]
MERGED = {
    "embed.weight": [
        0.567566525908,
        -0.231547374426,
        -0.507899317181,
        0.362427435777,
        0.414505757818,
        -0.469241005274,
    ],
    "embed.bias": [
        0.172231580354,
        -0.581395494298,
        -0.022412363457,
    ],
    "mlp.0.weight": [
        2.187987533017,
        -1.431481804163,
        -1.819110434716,
        1.900246532220,
        1.329437827754,
        -2.242828021449,
        -0.751485743323,
        2.436477622587,
        0.123632289034,
        -2.468336302105,
        0.512430796158,
        2.336288528520,
    ],
    "mlp.0.bias": [
        0.206712855575,
        -2.473531903442,
        0.430689078871,
        2.362548070311,
    ],
    "mlp.2.weight": [
        -1.964612667978,
        -1.241428177974,
        2.284515039568,
        0.652733808006,
        -2.452717354373,
        -0.020695553658,
        2.458050370663,
        -0.612716960264,
        -2.300159956880,
        1.205442853150,
        1.989530607248,
        -1.718122983102,
    ],
    "mlp.2.bias": [
        -2.329682364867,
        1.132038889185,
        2.037968408467,
    ],
}
GRADIENTS = {
    "pwe-moe-ls": [
        0.003811280580,
        0.005716920871,
        0.009528201451,
        0.011849846845,
        0.017774770268,
        0.029624617114,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        0.009462579448,
        0.014193869173,
        0.023656448621,
        0.007642446614,
        0.011463669921,
        0.019106116535,
        0.019056402902,
        0.059249234227,
        0.0,
        0.0,
        0.047312897242,
        0.038212233070,
        0.018101477815,
        0.027845369763,
        0.0,
        0.0,
        0.015722641777,
        0.017253642706,
        -0.004206177505,
        -0.006470331822,
        0.0,
        0.0,
        -0.003653415641,
        -0.004009169007,
        -0.046413410536,
        -0.071397406973,
        0.0,
        0.0,
        -0.040313914421,
        -0.044239504109,
        0.049175565486,
        -0.011426755289,
        -0.126089468085,
    ],
    "pwe-moe-epo": [
        0.008850168043,
        0.013275252065,
        0.022125420108,
        0.023403353304,
        0.035105029956,
        0.058508383260,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        0.019923591758,
        0.029885387637,
        0.049808979395,
        0.014434604984,
        0.021651907476,
        0.036086512460,
        0.044250840216,
        0.117016766519,
        0.0,
        0.0,
        0.099617958790,
        0.072173024920,
        -0.053938915777,
        -0.082973836161,
        0.0,
        0.0,
        -0.046850442781,
        -0.051412530530,
        -0.143444546006,
        -0.220659686740,
        0.0,
        0.0,
        -0.124593540640,
        -0.136725905493,
        -0.186225827031,
        -0.286469815686,
        0.0,
        0.0,
        -0.161752647935,
        -0.177503401390,
        -0.146533709137,
        -0.389690098120,
        -0.505912304293,
    ],
    "pwe-moe-stch": [
        0.000969015336,
        0.001453523004,
        0.002422538340,
        0.001959494570,
        0.002939241854,
        0.004898736424,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        0.001881019710,
        0.002821529564,
        0.004702549274,
        0.001094954398,
        0.001642431598,
        0.002737385996,
        0.004845076680,
        0.009797472848,
        0.0,
        0.0,
        0.009405098548,
        0.005474771992,
        -0.019974855345,
        -0.030727172597,
        0.0,
        0.0,
        -0.017349826261,
        -0.019039275178,
        -0.035302288965,
        -0.054305250643,
        0.0,
        0.0,
        -0.030662979509,
        -0.033648804079,
        -0.031890329076,
        -0.049056657920,
        0.0,
        0.0,
        -0.027699408045,
        -0.030396653207,
        -0.054264895782,
        -0.095904325635,
        -0.086635189783,
    ],
}
"""In the router's parameters: first weight, first bias, second weight, second bias."""
LOSS = {"pwe-moe-ls": 1.1792124202991368, "pwe-moe-epo": 3.5915654032861366}


class EmbedAndMlp(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Linear(2, 3)
        self.mlp = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 3))

    def forward(self, inputs):
        return self.mlp(self.embed(inputs))


def by_layer(router, name="data"):
    """A router's parameters, or their gradients, layer by layer."""
    return [getattr(tensor, name) for layer in zip(router.weights, router.biases, strict=True) for tensor in layer]


@pytest.fixture
def batch_and_set():
    """Makes T mini-batches and the set of a learner whose router holds the values that the authors' gate was given."""

    def make(learner):
        model = EmbedAndMlp()
        problem, batch = wave_problem(
            model,
            wave_weights(model, phase=0),
            [wave_weights(model, phase=1 + t) for t in range(3)],
            [wave(4, 2, phase=20 + t) for t in range(3)],
        )
        conditioned = learner.untrained(problem, torch.Generator())
        for k, tensor in enumerate(by_layer(conditioned.network)):
            tensor.copy_(0.5 * wave(*tensor.shape, phase=12 + k))
        return batch, conditioned

    return make


def test_the_merged_model_is_the_authors(batch_and_set):
    _, conditioned = batch_and_set(fr.make_learner("pwe-moe-ls"))
    merged = conditioned.solve(PREFERENCE)
    assert merged.keys() == MERGED.keys()
    for name, values in MERGED.items():
        np.testing.assert_allclose(merged[name].flatten(), values, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize(
    ("method", "options"), [("pwe-moe-ls", {}), ("pwe-moe-epo", {}), ("pwe-moe-stch", {"mu": 0.1})]
)
def test_a_step_follows_the_authors_gradient(batch_and_set, method, options):
    learner = fr.make_learner(method, **options)
    batch, conditioned = batch_and_set(learner)
    scalarization = learner.scalarization.for_training(learner.config, None)
    np.testing.assert_allclose(conditioned.losses(PREFERENCE, batch).detach(), LOSSES, atol=TOLERANCE, rtol=0)
    loss = learner.step(conditioned, scalarization, (PREFERENCE, batch))
    found = torch.cat([gradient.flatten() for gradient in by_layer(conditioned.network, "grad")])
    tolerance = EPO_TOLERANCE if method == "pwe-moe-epo" else TOLERANCE
    np.testing.assert_allclose(found, GRADIENTS[method], atol=tolerance, rtol=0)
    if method in LOSS:  # pwe-moe-stch reports the losses weighed by its gradient
        assert float(loss.detach()) == pytest.approx(LOSS[method], abs=tolerance)
