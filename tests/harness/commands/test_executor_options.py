"""Which options an executor has, on the command line and from Python."""

import sys

import pytest

import frontrunner as fr
from frontrunner.harness.commands import from_python
from frontrunner.harness.commands.executor_argument import as_executor
from frontrunner.harness.commands.executor_options import ExecutorOptions, make_executor
from frontrunner.harness.running.cell_limits import CellLimits
from frontrunner.harness.running.executors.local import LocalExecutor
from frontrunner.harness.running.executors.ray_executor import RayExecutor
from frontrunner.harness.running.executors.slurm_executor import SlurmExecutor


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--cell-gpus", "1"], "--cell-gpus is an option of --executor ray and slurm, found local"),
        (["--ray-address", "auto"], "--ray-address is an option of --executor ray, found local"),
        (["--executor", "ray", "--slurm-partition", "low"], "--slurm-partition is an option of --executor slurm"),
        (["--executor", "slurm", "--ray-address", "auto"], "--ray-address is an option of --executor ray, found slurm"),
        (["--executor", "slurm", "--slurm-set", "qos"], "--slurm-set expects key=value, found 'qos'"),
        (["--executor", "ray", "--device", "cuda:0,cuda:1"], "--device was to be auto, cpu or cuda"),
        (["--executor", "dask"], "dask"),
    ],
)
def test_options_of_another_executor_are_refused(options, sentence, command, tmp_path):
    ended = command.within(*command.bench(tmp_path, ["pretrained"]), *options)
    ended.assert_one_sentence(sentence)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(("executor", "package", "said"), [("ray", "ray", "Ray"), ("slurm", "submitit", "submitit")])
@pytest.mark.parametrize("store", ["store", "http://127.0.0.1:1"])
def test_an_engine_that_is_missing_is_said_before_there_is_a_store(
    executor, package, said, store, command, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, package, None)
    words = command.bench(tmp_path, ["pretrained"])
    words[words.index("--store") + 1] = store if "://" in store else tmp_path / store
    ended = command.within(*words, "--executor", executor)
    ended.assert_one_sentence(f'error: {said} is not installed; install it by pip install "frontrunner[{executor}]"')
    assert not (tmp_path / "store").exists()


def test_a_study_is_not_run_as_jobs(command, tmp_path):
    (tmp_path / "tune.yaml").write_text("{}")
    ended = command.within("tune", tmp_path / "tune.yaml", "--executor", "slurm")
    ended.assert_one_sentence("submit `frontrunner tune` itself as jobs that share the trials through --storage")


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ("local", LocalExecutor),
        ({"executor": "ray", "cell_gpus": 0.5, "ray_address": "auto"}, RayExecutor),
        (
            {"executor": "slurm", "slurm_set": {"account": "ml"}, "slurm_partition": "gpu", "cell_cpus": 4},
            SlurmExecutor,
        ),
    ],
)
def test_a_script_names_an_executor(given, kind, tmp_path):
    device = "cpu" if kind is LocalExecutor else "auto"
    made = make_executor(as_executor(given), device, CellLimits(), tmp_path)
    assert type(made) is kind
    if kind is SlurmExecutor:
        assert made._settings.items() >= {"account": "ml", "partition": "gpu", "cpus_per_task": 4}.items()
    if kind is RayExecutor:
        assert (made._needs.gpus, made._address) == (0.5, "auto")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("rays", r"unknown executor 'rays'; did you mean 'ray'\?"),
        ({"executor": "ray", "cell_gpu": 1}, r"unknown option of an executor 'cell_gpu'; did you mean 'cell_gpus'\?"),
        ({"executor": 3}, "unknown executor '3'"),
        (3, "executor was to be a name such as 'ray', or a mapping of options, found 3"),
        ({"executor": "ray", "cell_gpus": "two"}, "cell_gpus"),
        ({"devices_per_cell": "2"}, "devices_per_cell.*'2'"),
        ({"devices_per_cell": 1.5}, "devices_per_cell.*1.5"),
        ({"executor": "ray", "ray_address": 5}, "ray_address is a text, found 5"),
        ({"executor": "slurm", "slurm_partition": ["gpu"]}, "slurm_partition is a text, found"),
        ({"executor": "slurm", "slurm_set": "account=ml"}, r"slurm_set was to be .*, found 'account=ml'"),
        ({"executor": "slurm", "slurm_set": [1]}, r"slurm_set was to be .*, found \[1\]"),
        ({"cell_gpus": 1}, "--cell-gpus is an option of --executor ray and slurm, found local"),
    ],
)
def test_a_mistake_in_a_script_gets_one_sentence(given, message):
    with pytest.raises(fr.FrontrunnerError, match=message):
        as_executor(given)


def test_without_options_cells_run_here():
    assert as_executor("local") == ExecutorOptions()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_devices_of_a_cell_are_not_given_twice(count):
    running = {"executor": {"devices_per_cell": 2}, "devices_per_cell": count}
    with pytest.raises(fr.ConfigError, match=r"given twice, .*; give it once"):
        from_python._executor(running)
    assert from_python._executor({"executor": {"devices_per_cell": 2}}).devices_per_cell == 2
    assert from_python._executor({"devices_per_cell": count}).devices_per_cell == (None if count == 1 else count)
