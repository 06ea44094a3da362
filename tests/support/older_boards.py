"""Boards that an older version has written, held against today's, which say more."""


def kept_of(found, expected):
    """Return what of `found` there is in `expected`, so that the two can be compared."""
    if isinstance(expected, dict):
        return {name: kept_of(found[name], value) for name, value in expected.items()}
    if isinstance(expected, list):
        return [kept_of(*pair) for pair in zip(found, expected, strict=True)]
    return found


def comparable(boards):
    """Return boards of version 0.1.0 without what is computed in another way since: intervals and alignment."""
    return [
        {
            **board,
            "rows": [
                {
                    **{name: value for name, value in row.items() if name != "intervals"},
                    "metrics": {name: value for name, value in row["metrics"].items() if name != "alignment"},
                }
                for row in board["rows"]
            ],
        }
        for board in boards
    ]
