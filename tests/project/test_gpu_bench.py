"""`benchmarks/gpu.py`: every path on the CPU in tiny shapes, and how its parts are run, cut off and gone on with."""

import json
import subprocess
import sys
import time

import psutil
import pytest
import torch

WITHOUT_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a CUDA device")


@pytest.fixture
def module(root, monkeypatch):
    """Imports a module of `benchmarks/gpu_parts`."""
    monkeypatch.syspath_prepend(str(root / "benchmarks"))

    def imported(name):
        return __import__(f"gpu_parts.{name}", fromlist=[name])

    return imported


@pytest.fixture
def rows(module, capsys):
    """Measures a part of the tiny plan in this process; its rows."""

    def measured(kind, *, done=(), **changed):
        parts = [part for part in module("plan").PARTS["tiny"] if part.kind == kind]
        module(kind).measure("cpu", list(done), **{**parts[0].options, **changed})
        mark = module("run_parts").ROW
        lines = capsys.readouterr().out.splitlines()
        return [json.loads(line.removeprefix(mark)) for line in lines if line.startswith(mark)]

    return measured


@pytest.fixture
def run(module, tmp_path):
    """Runs parts whose processes are small programs; the content of the result file and what was said."""

    def ran(programs, *, limit_s=60, seconds=60, about="a card"):
        plan, said = module("plan"), []
        results = module("result_file").ResultFile(tmp_path / "gpu.json", {"device": about})
        module("run_parts").run_parts(
            [plan.Part(name, "none", limit_s) for name in programs],
            results,
            lambda part, done: [sys.executable, "-c", programs[part.name], *done],
            seconds=seconds,
            log=tmp_path / "gpu.log",
            told=said.append,
        )
        return json.loads((tmp_path / "gpu.json").read_text())["parts"], said

    return ran


def row(name, **further):
    return f"print('ROW ' + {json.dumps({'name': name, **further})!r}, flush=True)"


def test_both_plans_have_the_same_kinds_of_parts_and_names_of_their_own(module):
    plans = module("plan").PARTS
    kinds = [{part.kind for part in parts} for parts in plans.values()]
    assert kinds[0] == kinds[1] == {"steps", "tests", "front", "quickstart", "compiled"}
    assert all(len({part.name for part in parts}) == len(parts) for parts in plans.values())
    assert {"B/32, 8 x 16, float32", "L/14, 2 x 16, bfloat16"} <= {part.name for part in plans["real"]}


def test_trainings_are_measured(rows, module):
    plan, learners = module("plan"), ["pwe-moe-epo (mlp)", "epo"]
    found = {one["name"]: one for one in rows("steps", learners=learners, most_steps=2)}
    assert list(found) == learners
    for name, measured in found.items():
        assert "failed" not in measured, measured
        assert 0 < measured["low_ms"] <= measured["median_ms"] <= measured["high_ms"]
        assert not any("bytes" in key for key in measured)  # the CPU's are not measured, and not 0
        assert (measured["trainable_parameters"] < 1000) == (name in plan.ROUTED)


def test_rows_that_are_done_are_not_measured_again_and_a_failure_is_a_row(rows):
    given = {"done": ["pwe-moe-ls (mlp)"], "learners": ["pwe-moe-ls (mlp)", "pwe-moe-ls (nowhere)", "plain"]}
    found = rows("steps", dtype="bfloat16", **given)
    assert [one["name"] for one in found] == ["pwe-moe-ls (nowhere)", "plain"]
    assert found[0]["failed"].startswith("ConfigError: ")
    assert found[1]["median_ms"] > 0


def test_a_front_costs_a_multiple_of_bare_passes(rows):
    (found,) = rows("front", done=["bfloat16"])
    assert (found["preferences"], found["examples"]) == (6, 9)
    assert found["front_over_bare"] == pytest.approx(found["front_s"] / found["bare_s"], rel=0.01)


@pytest.mark.slow
def test_every_way_of_a_plain_step_is_measured(rows, module):
    assert [one["name"] for one in rows("compiled")] == list(module("compiled").WAYS)


def test_every_test_has_a_row_as_soon_as_it_ends_and_none_is_run_twice(root, tmp_path):
    (tmp_path / "test_few.py").write_text(
        "import pytest\n"
        "def test_done(): raise SystemExit('it ran again')\n"
        "def test_good(): print('what a test says')\n"
        "def test_bad(): assert 1 == 2, 'no way'\n"
        "@pytest.mark.skip(reason='no GPU')\ndef test_left_out(): pass\n"
        "@pytest.fixture\ndef broken(): raise OSError('no fixture')\n"
        "def test_unmade(broken): pass\n"
        "def test_without(a_fixture_that_is_not_there): pass\n"
        "@pytest.fixture\ndef badly_ended():\n    yield\n    raise OSError('not cleaned up')\n"
        "def test_ended(badly_ended): pass\n"
        "@pytest.mark.xfail(reason='known')\ndef test_known(): raise OSError('as expected')\n"
    )
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from gpu_parts import tests; from pathlib import Path\n"
        "tests.ROOT, tests.OPTIONS = Path(sys.argv[2]), ['-q']\n"
        "tests.files_of = lambda root: ['test_few.py']\n"
        "tests.measure('cuda:0', ['test_few.py::test_done'])"
    )
    command = [sys.executable, "-c", code, str(root / "benchmarks"), str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True)
    assert all(line.startswith("ROW ") for line in found.stdout.splitlines())
    assert "1 passed" not in found.stdout
    last = {row["name"].removeprefix("test_few.py::test_"): row for row in map(json.loads, rows_in(found.stdout))}
    assert {name: (row["outcome"], row.get("reason")) for name, row in last.items()} == {
        "good": ("passed", None),
        "bad": ("failed", "AssertionError: no way assert 1 == 2"),
        "left_out": ("skipped", "Skipped: no GPU"),
        "unmade": ("failed", "OSError: no fixture"),
        "without": ("failed", last["without"]["reason"]),
        "ended": ("failed", "OSError: not cleaned up"),
        "known": ("skipped", last["known"]["reason"]),
    }
    assert "a_fixture_that_is_not_there" in last["without"]["reason"]
    assert found.returncode == 1
    assert found.stderr.strip().splitlines()[-1] == "pytest ended with status 1"


def rows_in(said):
    return [line.removeprefix("ROW ") for line in said.splitlines()]


def test_a_test_that_has_failed_runs_again(run):
    parts, _ = run(
        {"tests": f"{row('good', outcome='passed')}\n{row('bad', outcome='failed')}\nraise SystemExit('no')"}
    )
    assert parts["tests"]["status"] == "failed"
    parts, _ = run({"tests": f"import sys\nassert sys.argv[1:] == ['good']\n{row('bad', outcome='passed')}"})
    assert [(one["name"], one["outcome"]) for one in parts["tests"]["rows"]] == [("good", "passed"), ("bad", "passed")]


def test_tests_with_the_mark_are_found(module, root):
    assert {"tests/cuda/test_on_a_gpu.py", "tests/harness/running/test_meter.py"} <= set(module("tests").files_of(root))


def test_a_part_that_is_out_of_time_keeps_its_rows_and_goes_on_the_next_time(run, tmp_path):
    child = f"{sys.executable!r}, '-c', 'import time; time.sleep(60)'"
    slow = (
        f"import subprocess, sys, time\n{row('first')}\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(subprocess.Popen([{child}]).pid))\ntime.sleep(60)"
    )
    parts, said = run({"slow": slow, "next": row("only")}, limit_s=5)
    assert (parts["slow"]["status"], parts["next"]["status"]) == ("out of time", "done")
    assert [one["name"] for one in parts["slow"]["rows"]] == ["first"]
    wait_for_end(int((tmp_path / "pid").read_text()))
    again = f"import sys\nassert sys.argv[1:] == ['first']\n{row('second')}"
    parts, said = run({"slow": again, "next": "raise SystemExit('it ran again')"})
    assert [one["name"] for one in parts["slow"]["rows"]] == ["first", "second"]
    assert {part["status"] for part in parts.values()} == {"done"}
    assert said[1] == "next: done before"


def wait_for_end(pid):
    deadline = time.monotonic() + 20
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_part_that_fails_says_why_and_the_others_run(run):
    parts, _ = run({"bad": f"{row('kept')}\nraise RuntimeError('no memory')", "good": row("only")})
    assert (parts["bad"]["status"], parts["bad"]["reason"]) == ("failed", "status 1: RuntimeError: no memory")
    assert len(parts["bad"]["rows"]) == len(parts["good"]["rows"]) == 1


def test_no_part_is_started_once_time_is_short(run):
    parts, _ = run({"late": row("only")}, seconds=1)
    assert (parts["late"]["status"], parts["late"]["rows"]) == ("not started", [])
    assert "1 s were left, it takes 20 s" in parts["late"]["reason"]


def test_results_of_another_machine_and_damaged_ones_are_refused(run, tmp_path):
    run({"one": row("only")})
    with pytest.raises(ValueError, match=r"holds results of device 'a card', but this is device 'another'; give"):
        run({"one": row("only")}, about="another")
    (tmp_path / "gpu.json").write_text("{")
    with pytest.raises(ValueError, match=r"is no result of this benchmark .*; remove it"):
        run({"one": row("only")})


def test_the_page_has_the_papers_memory_in_a_column_of_its_own(module):
    measured = {"median_ms": 10.0, "low_ms": 9.0, "high_ms": 11.0, "steps": 40, "peak_allocated_bytes": 2_500_000_000}
    part = {"status": "done", "seconds": 9.0, "rows": [{"name": "pwe-moe-ls (mlp)", **measured}]}
    part["rows"].append({"name": "epo", "failed": "out of memory"})
    names = ["B/32, 2 x 16, float32", "B/32, 2 x 16, bfloat16", "front"]
    content = {"about": {"device": "a card", "shapes": "real"}, "parts": dict.fromkeys(names[:2], part)}
    single, half, front = module("markdown").as_markdown(content, names).split("\n## ")[1:]
    assert "| pwe-moe-ls (mlp) | 10.0 (9.0 to 11.0) | 40 | 2.50 GB | – | – | – | – | 2.8 GB |" in single
    assert "| epo | out of memory | – | – | – | – | – | – | 6.1 GB |" in single
    assert "2.8 GB" not in half
    assert "Not started yet." in front


class FakeEvent:
    """A mark in a device's order of work, a millisecond after the one before."""

    made = 0

    def __init__(self, *, enable_timing):
        assert enable_timing

    def record(self):
        self.at = FakeEvent.made = FakeEvent.made + 1

    def elapsed_time(self, end):
        return float(end.at - self.at)


def test_the_clock_of_a_gpu_reads_its_events_and_the_peaks_of_the_steps_that_count(module, monkeypatch):
    clock, told, begun = module("step_clock"), [], []
    monkeypatch.setattr(torch.cuda, "Event", FakeEvent)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: told.append("waited"))
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: told.append(begun[-1]))
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 5)
    monkeypatch.setattr(torch.cuda, "max_memory_reserved", lambda device: 7)
    marks = clock.StepClock("cuda:0", clock.SKIPPED + 4)
    for step in range(1, marks.n_steps + 1):
        begun.append(step)
        marks.mark()
    assert told == [clock.SKIPPED + 1]  # peaks are counted anew once the steps that are skipped have ended
    assert marks.ms() == {"median_ms": 1.0, "low_ms": 1.0, "high_ms": 1.0}
    assert told == [clock.SKIPPED + 1, "waited"]
    assert marks.peaks == {"peak_allocated_bytes": 5, "peak_reserved_bytes": 7}


@WITHOUT_GPU
def test_a_machine_without_a_gpu_is_told_in_one_sentence(root, tmp_path):
    command = [sys.executable, str(root / "benchmarks" / "gpu.py"), "--output", str(tmp_path / "out")]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr.count("\n"), ended.stdout) == (1, 1, "")
    assert ended.stderr.startswith("error: cuda:0 is not on this machine, whose torch ")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_the_whole_command_in_tiny_shapes(root, tmp_path):
    options = ["--device", "cpu", "--shapes", "tiny", "--seconds", "2500", "--patience", "10"]
    command = [sys.executable, str(root / "benchmarks" / "gpu.py"), *options, "--output", str(tmp_path)]
    subprocess.run(command, check=True)
    parts = json.loads((tmp_path / "gpu.json").read_text())["parts"]
    assert {part["status"] for part in parts.values()} == {"done"}
    assert len(parts["tiny, 2 x 2, float32"]["rows"]) == 8
    assert {one["outcome"] for one in parts["CUDA tests"]["rows"]} <= {"passed", "skipped"}
    assert (tmp_path / "quickstart.md").exists()
    assert sum("failed" in one for part in parts.values() for one in part["rows"]) == 0
