"""Whole models fine-tuned along one scalarization each.

`ls`, `epo`, `stch`, `pmtl`, `pmgda` and `ferero` follow a preference; `mgda`, `imtl-g`, `cagrad`, `nash-mtl`,
`fairgrad` and `upgrad` do not.
"""

from __future__ import annotations

from ..scalarization import LinearScalarization, SmoothTchebycheff
from ..scalarization.alpha_fairness import FairgradScalarization, NashMtlScalarization
from ..scalarization.cagrad import CagradScalarization
from ..scalarization.epo import EpoScalarization
from ..scalarization.ferero import FereroScalarization
from ..scalarization.gramian import ImtlGScalarization, MgdaScalarization
from ..scalarization.pmgda import PmgdaScalarization
from ..scalarization.pmtl import PmtlScalarization
from ..scalarization.upgrad import UpgradScalarization
from ..scalarized_learner import composed
from .fine_tuned_models import FineTunedModels

Ls = composed(
    FineTunedModels,
    LinearScalarization,
    name="ls",
    summary="Minimises sum_t r_t loss_t over all weights; on a concave front only its ends can be reached.",
)
Epo = composed(
    FineTunedModels,
    EpoScalarization,
    name="epo",
    version="2",
    summary="Looks for the front's point with equal r_t loss_t (Mahapatra and Rajan, ICML 2020); concave fronts too.",
)
Stch = composed(
    FineTunedModels,
    SmoothTchebycheff,
    name="stch",
    summary="Minimises a smooth largest r_t loss_t (Lin et al., arXiv 2402.19078); concave fronts too.",
)
Pmtl = composed(
    FineTunedModels,
    PmtlScalarization,
    name="pmtl",
    version="2",
    summary="Divides the objective space into one cone a preference and descends within it (Lin et al., NeurIPS 2019).",
)
Pmgda = composed(
    FineTunedModels,
    PmgdaScalarization,
    name="pmgda",
    summary="Keeps the losses on the ray of 1 / r and descends along it (Zhang et al., arXiv 2402.09492); concave "
    "fronts too.",
)
Ferero = composed(
    FineTunedModels,
    FereroScalarization,
    name="ferero",
    summary="Descends under the constraint that losses lie on the ray of 1 / r (Chen et al., arXiv 2412.01773); "
    "concave fronts too.",
)
Mgda = composed(
    FineTunedModels,
    MgdaScalarization,
    name="mgda",
    version="2",
    summary="Follows the shortest convex combination of the gradients until it vanishes (Désidéri 2012; "
    "arXiv 1810.04650).",
)
ImtlG = composed(
    FineTunedModels,
    ImtlGScalarization,
    name="imtl-g",
    version="2",
    summary="Follows the direction with equal projections on all normalised gradients (Liu et al., ICLR 2021).",
)
Cagrad = composed(
    FineTunedModels,
    CagradScalarization,
    name="cagrad",
    summary="Follows the direction near the mean gradient along which the slowest loss falls fastest (Liu et al., "
    "arXiv 2110.14048).",
)
NashMtl = composed(
    FineTunedModels,
    NashMtlScalarization,
    name="nash-mtl",
    summary="Follows the direction on which the tasks would agree in Nash's bargaining (Navon et al., "
    "arXiv 2202.01017).",
)
Fairgrad = composed(
    FineTunedModels,
    FairgradScalarization,
    name="fairgrad",
    summary="Follows the direction whose decreases are alpha-fair (Ban and Ji, arXiv 2402.15638).",
)
Upgrad = composed(
    FineTunedModels,
    UpgradScalarization,
    name="upgrad",
    summary="Follows the mean of the gradients, each projected so that it conflicts with none (Quinton and Rey, "
    "arXiv 2406.16232).",
)
