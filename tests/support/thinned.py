"""Leave most of a grid of cases to `make test-all`."""

import pytest


def thinned(rows, columns, every):
    """(row, column) of a grid as parameters, all but one in `every` marked slow.

    Those left lie on diagonals: each row and each column has some, however many of the other there are.
    """
    assert every <= min(len(rows), len(columns))
    return [
        pytest.param(row, column, marks=[] if (i + j) % every == 0 else pytest.mark.slow)
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
    ]
