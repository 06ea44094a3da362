"""What `frontrunner status` says of a bench whose cells are recorded."""

import pytest

from frontrunner.harness.commands.status_lines import parent_line
from frontrunner.harness.records.parent_progress import NOT_RUN, ParentProgress


@pytest.mark.parametrize(
    ("kind", "name", "n_cells", "by_status", "line"),
    [
        ("bench", "mine", 2, {"finished": 2}, "bench mine on tiny: 2 of 2 cells finished"),
        ("bench", "ls on tiny", 1, {"finished": 1}, "bench ls on tiny: 1 of 1 cells finished"),
        (
            "bench",
            "mine",
            2,
            {"failed": 1, NOT_RUN: 1},
            "bench mine on tiny: 0 of 2 cells finished (1 failed, 1 not run yet)",
        ),
        ("study", "s", None, {"finished": 3, "failed": 1}, "study s on tiny: 3 finished (3 finished, 1 failed)"),
        ("study", "s", None, {}, "study s on tiny: 0 finished (no cell begun)"),
    ],
)
def test_a_line_names_the_suite_once_and_counts_what_has_not_finished(kind, name, n_cells, by_status, line):
    assert parent_line(ParentProgress(kind, name, "tiny", "run", n_cells, by_status)).strip() == line
