"""Bundles: one .zip file with results of a store, to be shared and added to other stores.

It holds `bundle.json` (every cell with its specification, status, environment and costs, see `format`),
`fronts.parquet` (every front, a row for every run, member and task, float64), `pareto_fronts.parquet` (the true
fronts, where they are known), `curves.json` (training curves) and `routing/<key>.parquet` (merge coefficients). No
weights, and no paths of the machine it was made on.
"""

from .exporting import export_bundle
from .importing import import_bundle
from .plan import Conflict
from .reading import read_bundle
from .summary import BundleSummary, ImportSummary

__all__ = ["BundleSummary", "Conflict", "ImportSummary", "export_bundle", "import_bundle", "read_bundle"]
