"""`--log json` writes nothing but documented JSON objects to standard error, one a line."""

import json
import re
import sys
from pathlib import Path

import pytest
import typer

from frontrunner.harness.commands.json_log import JsonLog, logged_as_json

DOCS = Path(__file__).parents[3] / "docs" / "benches.md"
ROW = re.compile(r"^\| `(\w+)` \| ([\w, ?]+) \|", re.MULTILINE)


def documented():
    """Event -> (fields it always has, fields it may have)."""
    found = {}
    section = DOCS.read_text(encoding="utf-8").partition("With `--log json`")[2].partition("\n## ")[0]
    for event, listed in ROW.findall(section):
        fields = [field.strip() for field in listed.split(",")]
        certain = {field for field in fields if not field.endswith("?")}
        found[event] = (certain, {field.rstrip("?") for field in fields})
    return found


def events(text):
    """The objects of a log, each held against the documentation."""
    known, found = documented(), []
    for line in text.splitlines():
        content = json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
        certain, possible = known[content["event"]]
        assert certain <= set(content) - {"time", "event"} <= possible, content
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]+\.\d{3}\+00:00", content["time"])
        found.append(content)
    return found


def of_kind(found, event):
    return [one for one in found if one["event"] == event]


def test_a_bench_is_told_from_beginning_to_end(command, in_process, tmp_path):
    failing = {"method": "misbehaving", "options": {"how": "raise"}}
    short = {"method": "pwe-moe-ls", "options": {"steps": 12, "upscale": "model"}}
    bench = command.bench(tmp_path, ["pretrained", short, failing], probes=3)
    ended = command.within(*bench, "--log", "json")
    found = events(ended.err)
    assert ended.status == 1
    assert found[0]["event"] == "command_started"
    assert [one["cells"] for one in of_kind(found, "cells")] == [3]
    assert [one["device"] for one in of_kind(found, "cell_started")] == ["cpu"] * 3
    assert {one["phase"] for one in of_kind(found, "phase")} == {"prepare", "fit", "evaluate"}
    assert "loss" in of_kind(found, "progress")[-1]["metrics"] or of_kind(found, "progress")
    assert of_kind(found, "probe")
    assert [one["status"] for one in of_kind(found, "cell_ended")] == ["finished", "finished", "failed"]
    assert "this learner always [fails]" in of_kind(found, "cell_ended")[-1]["reason"]
    assert (found[-1]["event"], found[-1]["status"]) == ("command_ended", 1)
    assert "did not finish" in found[-1]["error"] or found[-1]["error"]
    assert "starting on" not in ended.out
    assert "pretrained" in ended.out  # the board

    again = events(command.within(*command.bench(tmp_path, ["pretrained"]), "--log", "json").err)
    (cell,) = of_kind(again, "cell_ended")
    assert (cell["ran"], cell["status"]) == (False, "finished")
    assert (again[-1]["status"], again[-1]["error"]) == (0, "")


def test_an_error_is_the_command_s_end(command, tmp_path):
    ended = command.within("run", "pretrained", "no-such-suite", "--store", tmp_path / "s", "--log", "json")
    found = events(ended.err)
    assert (ended.status, found[-1]["event"], found[-1]["status"]) == (1, "command_ended", 1)
    assert "unknown suite" in found[-1]["error"]


def test_whatever_is_printed_is_a_note_and_what_json_has_not_is_null(capsys):
    with logged_as_json("run") as log:
        sys.stderr.write("note: half a ")
        sys.stderr.write("line\n\nanother\n")
        sys.stderr.write("without an end")
        log.write("progress", cell="", activity="", step=1, total=1, unit="", metrics={"loss": float("nan")})
    found = events(capsys.readouterr().err)
    assert [one["text"] for one in of_kind(found, "note")] == ["half a line", "another", "without an end"]
    assert of_kind(found, "progress")[0]["metrics"] == {"loss": None}


def test_a_defect_is_told_and_raised(capsys):
    with pytest.raises(ZeroDivisionError), logged_as_json("run"):
        _ = 1 / 0
    assert "ZeroDivisionError" in events(capsys.readouterr().err)[-1]["error"]


def test_an_interruption_is_told(capsys):
    with pytest.raises(typer.Exit) as ended, logged_as_json("run"):
        raise KeyboardInterrupt
    assert ended.value.exit_code == 1
    assert events(capsys.readouterr().err)[-1]["error"] == "interrupted"


def test_every_documented_event_is_written_somewhere():
    source = "".join(
        file.read_text(encoding="utf-8")
        for folder in ("harness/commands", "studies")
        for file in (DOCS.parents[1] / folder).glob("*log.py")
    )
    assert {event for event in documented() if f'"{event}"' not in source} == set()
    assert JsonLog
