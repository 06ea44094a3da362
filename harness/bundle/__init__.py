"""A bundle is one .zip file with the cells of a store, to be shared and added to other stores.

It holds `bundle.json` (every cell with its status, and the hypervolume its exporter claims, see `content`) and, for
every finished cell, a folder named by its key with what `FinishedCell.write` leaves: `cell.json`, `front.parquet`,
`curve.json`, and `true_front.parquet`, `coefficients.parquet` and `example_errors.safetensors` where there are any. It
holds no weights, no pictures, no logs, and no paths of the machine it was made on. Bundles of version 0.1.0 are read
too, see `first_version`.
"""

from .exporting import export_bundle
from .importing import import_bundle
from .plan import Conflict
from .reading import read_bundle
from .shared_cell import Bundle, SharedCell
from .summary import BundleSummary, ImportSummary

__all__ = [
    "Bundle",
    "BundleSummary",
    "Conflict",
    "ImportSummary",
    "SharedCell",
    "export_bundle",
    "import_bundle",
    "read_bundle",
]
