"""Say which file of a suite file holds weights that are no numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping

from torch import Tensor, nn

from ...errors import DataError
from ..weight_files.mapped_file import release
from ..weight_values import MERGED_TYPES, range_of_values


def require_finite(params: Mapping[str, Tensor], source: str, module: nn.Module) -> None:
    """Refuse weights with NaN or infinity; buffers may hold infinity, as causal masks do.

    Args:
        params: the weights, by the module's names.
        source: what messages call their file.
        module: the encoder or head that they are of.

    Raises:
        DataError: a weight is not finite; the message names it.
    """
    buffers = {name for name, _ in module.named_buffers()}
    for name, tensor in params.items():
        if tensor.dtype not in MERGED_TYPES:
            continue
        low, high = range_of_values(tensor)
        release([tensor])
        if math.isnan(low) or ((math.isinf(low) or math.isinf(high)) and name not in buffers):
            raise DataError(
                f"{source} holds {'NaN' if math.isnan(low) else 'infinity'} in {name}; every weight must be finite, so "
                "save that model again, or download it again"
            )
