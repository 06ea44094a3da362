import json
import subprocess
import sys
import textwrap
import time

import psutil
import pytest
import torch

from frontrunner.harness.running.meter import SAMPLING_INTERVAL_S, Meter


def test_every_phase_has_a_time_also_when_it_raises():
    meter = Meter("cpu")
    with meter.phase("fit"):
        time.sleep(0.05)
    with pytest.raises(ZeroDivisionError), meter.phase("evaluate"):
        raise ZeroDivisionError
    assert meter.metrics["fit_time_s"] >= 0.05
    assert 0 <= meter.metrics["evaluate_time_s"] < meter.metrics["fit_time_s"]


def test_on_a_cpu_nothing_is_said_about_a_gpu():
    meter = Meter("cpu")
    with meter.phase("fit"):
        torch.ones(10).sum()
    assert sorted(meter.metrics) == ["fit_peak_rss_bytes", "fit_time_s"]


def test_memory_freed_within_a_phase_counts():
    # In a process of its own: here earlier tests may have held more.
    program = """
        import json
        import numpy as np
        import psutil
        from frontrunner.harness.running.meter import Meter
        meter = Meter("cpu")
        before = psutil.Process().memory_info().rss
        with meter.phase("fit"):
            np.ones(200_000_000, dtype=np.uint8).sum(dtype=np.int64)
        with meter.phase("evaluate"):
            pass
        print(json.dumps([before, meter.metrics["fit_peak_rss_bytes"]]))
    """
    answer = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True
    )
    before, peak = json.loads(answer.stdout)
    assert before + 190e6 < peak < before + 400e6


def test_memory_of_child_processes_counts():
    program = "import sys; held = b'1' * 300_000_000; print(len(held), flush=True); sys.stdin.read()"
    meter = Meter("cpu")
    with (
        meter.phase("fit"),
        subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child,
    ):
        assert child.stdout.readline() == "300000000\n"
        time.sleep(2 * SAMPLING_INTERVAL_S)
        child.stdin.close()
    assert meter.metrics["fit_peak_rss_bytes"] >= psutil.Process().memory_info().rss + 0.29e9


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_cuda_a_phase_reports_its_own_peaks():
    meter = Meter("cuda")
    with meter.phase("fit"):
        torch.ones(50_000_000, device="cuda").sum()
    with meter.phase("evaluate"):
        torch.ones(1000, device="cuda").sum()
    assert meter.metrics["fit_peak_gpu_allocated_bytes"] >= 200e6
    assert meter.metrics["evaluate_peak_gpu_allocated_bytes"] < 100e6
    assert meter.metrics["fit_peak_gpu_reserved_bytes"] >= meter.metrics["fit_peak_gpu_allocated_bytes"]
