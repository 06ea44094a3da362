"""Suite files of the paper and of public checkpoints beyond it, with their class names and prompts.

Every suite file here is an attribute of this module, the suite of its name: `clip-vit-b-32-ta8`, and the shapes of it
with random weights, `clip-vit-b-32-ta8-random`. A file is read when it is asked for.
"""

from __future__ import annotations

from pathlib import Path

from ..suite_file.file_suite import FileSuite, suite_class
from ..suite_file.random_models import SUFFIX

FOLDER = Path(__file__).parent
"""Where the suite files lie, with `classes/` and `templates/`; copy all three to change one."""


def __getattr__(name: str) -> type[FileSuite]:
    file = FOLDER / f"{name.removesuffix(SUFFIX)}.yaml"
    if name.startswith("_") or not file.is_file():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return suite_class(file, random=name.endswith(SUFFIX))
