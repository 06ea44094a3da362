"""The CPU has no number, whatever the command: `cpu:0` is refused as `cpu:7` is, in one sentence."""

import pytest

COMMANDS = {
    "run": ["run", "pretrained", "tiny"],
    "bench": ["bench", "BENCH"],
    "tune": ["tune", "TUNE"],
    "estimate": ["estimate", "pretrained", "vision-mini"],
    "estimate --measure": ["estimate", "pretrained", "tiny", "--measure"],
    "suite check": ["suite", "check", "tiny"],
}
CONTENT = {
    "BENCH": "name: b\nsuites: [tiny]\nlearners: [pretrained]\n",
    "TUNE": "name: t\nsuite: tiny\nobjectives: [hypervolume]\ntrials: 1\nlearners: [task-arithmetic]\n",
}


@pytest.mark.parametrize("device", ["cpu:0", "cpu:7"])
@pytest.mark.parametrize("case", COMMANDS)
def test_a_numbered_cpu_is_refused(case, device, command, tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTRUNNER_STORE", str(tmp_path / "store"))
    for name, content in CONTENT.items():
        (tmp_path / name).write_text(content)
    words = [tmp_path / word if word in CONTENT else word for word in COMMANDS[case]]
    ended = command.within(*words, "--device", device)
    ended.assert_one_sentence(f"the CPU is one device, which has no number; give cpu, found {device!r}")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("engine", ["ray", "slurm"])
@pytest.mark.parametrize("device", ["cpu:0", "cpu:7"])
def test_so_it_is_where_an_engine_chooses_the_device(engine, device, command, tmp_path):
    (tmp_path / "bench.yaml").write_text(CONTENT["BENCH"])
    words = ["bench", tmp_path / "bench.yaml", "--store", tmp_path / "store", "--executor", engine, "--device", device]
    command.within(*words).assert_one_sentence("--device was to be auto, cpu or cuda", f"found {device!r}")
