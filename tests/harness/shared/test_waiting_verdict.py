"""How a command says that results wait for a server, and how much is told to a server at once."""

from unittest.mock import Mock

import pytest

from frontrunner.errors import CellError
from frontrunner.harness.commands.verdict import require_settled, summary
from frontrunner.harness.records.mlflow_logging import log_batches, metric_points
from frontrunner.harness.records.mlflow_run import joined, split
from frontrunner.harness.records.status import Ending, Status
from frontrunner.harness.running.settled_cell import SettledCell

WAITS = Ending(Status.UNRECORDED, "the MLflow server http://a:1 does not answer (Connection refused)")


@pytest.mark.parametrize(("n_waiting", "told"), [(1, "the result of 1 cell waits"), (3, "the results of 3 cells wait")])
def test_results_that_wait_are_an_error_that_says_how_they_are_delivered(n_waiting, told, make_cell):
    cells = [SettledCell(make_cell("waits", seed), WAITS, run_id="", ran=True) for seed in range(n_waiting)]
    cells.append(SettledCell(make_cell("done"), Ending(Status.FINISHED), run_id="1", ran=True))
    with pytest.raises(CellError, match=told) as raised:
        require_settled(cells)
    assert "Connection refused" in str(raised.value)
    assert "the same command delivers" in str(raised.value)
    verb = "waits" if n_waiting == 1 else "wait"
    assert summary(cells) == (f"1 of {n_waiting + 1} cells finished, {n_waiting} finished and {verb} to be recorded")


@pytest.mark.parametrize("length", [0, 1, 5000, 5001, 10_000, 23_456])
def test_a_tag_of_any_length_is_split_and_joined(length):
    value = "".join(chr(97 + i % 26) for i in range(length))
    tags = split({"name": value, "other": "x"})
    assert (joined(tags, "name"), joined(tags, "other")) == (value, "x")
    assert max(map(len, tags.values())) <= 5000


@pytest.mark.parametrize(("n_params", "n_points", "n_tags"), [(1, 1, 1), (101, 1, 1), (250, 2500, 120), (0, 0, 3)])
def test_no_more_is_told_at_once_than_a_server_takes(n_params, n_points, n_tags):
    client = Mock()
    log_batches(
        client,
        "run",
        params={f"p{i}": i for i in range(n_params)},
        points=metric_points({f"m{i}": i for i in range(n_points)}, []),
        tags={f"t{i}": "x" for i in range(n_tags)},
    )
    calls = [call.kwargs for call in client.log_batch.call_args_list]
    told = {kind: [len(call.get(kind, [])) for call in calls] for kind in ("params", "metrics", "tags")}
    assert [sum(told[kind]) for kind in told] == [n_params, n_points, n_tags]
    assert max(told["params"]) <= 100
    assert max(told["tags"]) <= 100
    assert all(sum(counts) <= 1000 for counts in zip(*told.values(), strict=True))
    assert not any(told["params"][i] or told["metrics"][i] for i in range(len(calls)) if i and told["tags"][i - 1])
