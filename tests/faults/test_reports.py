"""What a learner reports ends no bench, nor does a listener: it is taken, or its own cell says what is wrong."""

import json
from decimal import Decimal
from fractions import Fraction
from unittest.mock import Mock

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.harness.cells.bench_file import BenchSpec
from frontrunner.harness.records.store import Store
from frontrunner.harness.reports import publish
from frontrunner.harness.running.executors.local import LocalExecutor
from frontrunner.harness.running.worker_events import Reporter


class Unprintable:
    """An object that cannot even be shown."""

    def __repr__(self):
        raise RuntimeError("no words for it")


@pytest.mark.parametrize(
    "value",
    [
        *(1, 1.5, np.float32(1), np.int8(1), np.array(1.0), np.ones((1, 1)), Fraction(1, 3), Decimal("0.1")),
        *(torch.tensor(1.0), torch.ones(1, requires_grad=True), torch.tensor(1, dtype=torch.int64)),
        *(torch.tensor(1.0, dtype=torch.bfloat16), float("nan"), float("inf"), torch.tensor(float("-inf"))),
    ],
)
def test_every_kind_of_number_is_taken(value):
    sent = []
    Reporter(sent.append)("fit", 1, 2, loss=value)
    (progressed,) = sent
    assert type(progressed.metrics["loss"]) is float
    assert json.dumps(dict(progressed.metrics))


@pytest.mark.parametrize(
    "value",
    [
        *(None, "0.5", "", b"1", [1.0], (1.0,), {"a": 1}, {1}, 1j, object, Unprintable(), lambda: 1),
        *(torch.ones(3), torch.empty(0), np.ones(2), np.array(["x"]), np.datetime64("2020-01-01"), 10**400),
        *(torch.tensor(1j), np.array([None]), np.ma.masked),
    ],
)
@pytest.mark.parametrize("where", ["value", "step", "total"])
def test_every_other_kind_is_one_sentence_where_it_is_reported(where, value):
    sent = []
    given = {"step": 1, "total": 2, "loss": 1.0, **({"loss": value} if where == "value" else {where: value})}
    with pytest.raises(fr.ConfigError, match=r"progress\(") as raised:
        Reporter(sent.append)("fit", given.pop("step"), given.pop("total"), **given)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 1000
    assert sent == []


@pytest.mark.parametrize("step", [0.5, float("nan"), float("inf"), 2**60, 10**400])
def test_a_step_is_a_whole_number(step):
    with pytest.raises(fr.ConfigError, match=r"progress\(\)"):
        Reporter(Mock())("fit", step, 10)


@pytest.mark.parametrize(
    "name", ["", "a:b", "a\nb", "../x", "/x", "x" * 300, "ä?", "a" + chr(0), "loss[0]", "./x", "x//y", "\udc80"]
)
def test_a_name_that_mlflow_refuses_is_told_where_it_is_reported(name):
    with pytest.raises(fr.ConfigError, match=r"progress\(\) was to name its values"):
        Reporter(Mock())("fit", 1, 2, **{name: 1.0})


@pytest.mark.parametrize("text", [None, 7, "", "a\nb", "\x1b[31m", "x" * 10**5, "\udc80", b"x"])
def test_an_activity_and_a_unit_may_be_anything_that_can_be_shown(text):
    sent = []
    Reporter(sent.append)(text, 1, 2, unit=text, loss=1.0)
    assert isinstance(sent[0].activity, str)
    assert isinstance(sent[0].unit, str)


@pytest.fixture
def bench(in_process, tmp_path):
    """(listener) -> a bench of two cells on the tiny suite, and its store."""

    def run(listener):
        store = Store(tmp_path, create=True)
        spec = BenchSpec.model_validate({"name": "b", "suites": ["tiny"], "learners": ["pretrained", "experts"]})
        return store, publish.run_and_publish_bench(
            spec, store, executor=LocalExecutor(["cpu"]), plugins=[], listener=listener
        )

    return run


@pytest.mark.parametrize("method", ["begins", "reports", "ends"])
def test_an_error_of_a_listener_is_told_once_and_ends_nothing(method, bench, capsys):
    listener = Mock(**{f"{method}.side_effect": RuntimeError("[bold]a bug of the display\n")})
    store, result = bench(listener)
    assert [one.ending.status for one in result.settled] == ["finished", "finished"]
    assert [attempt.status for attempt in store.attempts()] == ["finished", "finished"]
    assert getattr(listener, method).call_count >= 2
    told = [line for line in capsys.readouterr().err.splitlines() if "a bug of the display" in line]
    assert told == ["note: what cells report could not be shown (RuntimeError: [bold]a bug of the display); they go on"]


@pytest.mark.parametrize("broken", ["publish_scores", "CellPictures"])
def test_an_error_of_scores_or_pictures_is_a_note(broken, bench, monkeypatch):
    monkeypatch.setattr(publish, broken, Mock(side_effect=ZeroDivisionError, of=Mock(side_effect=ZeroDivisionError)))
    store, result = bench(Mock())
    assert [attempt.status for attempt in store.attempts()] == ["finished", "finished"]
    assert [note for note in result.notes if "could not be published: ZeroDivisionError" in note] != []
