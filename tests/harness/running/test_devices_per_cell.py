"""`--devices-per-cell`: one fit on several devices, and the same front as on one."""

import numpy as np
import pytest

import frontrunner as fr
from frontrunner.harness.cells.device_groups import device_groups, devices_of
from frontrunner.harness.records.store import Store
from frontrunner.harness.running.executors.local import masked


@pytest.mark.parametrize(
    ("devices", "per_cell", "groups"),
    [
        (["cpu"], 1, [("cpu",)]),
        (["cpu", "cpu"], 1, [("cpu",), ("cpu",)]),
        (["cpu"], 3, [("cpu", "cpu", "cpu")]),
        (["cpu", "cpu"], 2, [("cpu", "cpu"), ("cpu", "cpu")]),
        (["cuda:0", "cuda:1"], 2, [("cuda:0", "cuda:1")]),
        (["cuda:0", "cuda:1", "cuda:2", "cuda:3"], 2, [("cuda:0", "cuda:1"), ("cuda:2", "cuda:3")]),
        (["cuda:0", "cpu", "cuda:0"], 2, [("cuda:0", "cuda:0"), ("cpu", "cpu")]),
    ],
)
def test_devices_make_groups(devices, per_cell, groups):
    assert [devices_of(group) for group in device_groups(devices, per_cell)] == groups


@pytest.mark.parametrize(("devices", "per_cell"), [(["cuda:0"], 2), (["cuda:0", "cuda:1", "cuda:2"], 2), (["cpu"], 0)])
def test_devices_that_make_no_whole_groups_are_refused(devices, per_cell):
    with pytest.raises(fr.ConfigError, match="devices per cell"):
        device_groups(devices, per_cell)


@pytest.mark.parametrize(
    ("group", "shown", "device", "visible"),
    [
        ("cuda:0+cuda:1", "", "cuda:0+cuda:1", "0,1"),
        ("cuda:2+cuda:3", "", "cuda:0+cuda:1", "2,3"),
        ("cuda:1+cuda:1", "", "cuda:0+cuda:0", "1"),
        ("cuda:0+cuda:1", "5,7", "cuda:0+cuda:1", "5,7"),
        ("cuda:1", "5,7", "cuda:0", "7"),
    ],
)
def test_a_cell_sees_the_gpus_of_its_group_alone(group, shown, device, visible):
    assert masked(group, {"CUDA_VISIBLE_DEVICES": shown}) == (device, {"CUDA_VISIBLE_DEVICES": visible})


def test_devices_of_a_cell_are_those_of_this_machine(command, tmp_path):
    """Ray and Slurm choose devices themselves."""
    run = ["run", "pwe-moe-ls", "tiny", "--plugin", command.plugin, "--store", tmp_path / "store"]
    ended = command.within(*run, "--executor", "ray", "--devices-per-cell", "2")
    ended.assert_one_sentence("--devices-per-cell is an option of --executor local, found ray")


def test_a_learner_that_cannot_divide_its_work_is_refused_first(command, tmp_path):
    ended = command.within(
        *command.bench(tmp_path, ["pwe-moe-ls", "task-arithmetic"]), "--device", "cpu", "--devices-per-cell", "2"
    )
    ended.assert_one_sentence("task-arithmetic is fitted on one device", "pwe-moe-epo", "mgda")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("value", "said"), [(0, "devices per cell"), (1.5, "devices_per_cell"), ("two", "devices_per_cell")]
)
def test_a_number_of_devices_that_is_none_is_refused(value, said, tmp_path):
    with pytest.raises(fr.ConfigError, match=said):
        fr.run("pwe-moe-ls", "tiny", store=tmp_path / "store", device="cpu", devices_per_cell=value)


def test_two_processes_give_the_front_of_one(command, tmp_path):
    run = ["run", "pwe-moe-ls", "tiny", "--plugin", command.plugin, "--device", "cpu", "--set", "upscale=all"]
    fronts, records = {}, {}
    for count in (1, 2):
        store = tmp_path / str(count)
        ended = command.within(*run, "--store", store, "--devices-per-cell", count)
        assert ended.status == 0, ended.err
        (attempt,) = Store(store, create=False).attempts()
        records[count] = attempt.record()
        fronts[count] = records[count].evaluation
    np.testing.assert_allclose(fronts[2].loss, fronts[1].loss, atol=1e-6)
    np.testing.assert_array_equal(fronts[2].error, fronts[1].error)
    assert records[2].cell.key == records[1].cell.key
    environment = records[2].environment
    assert (environment["devices_per_cell"], environment["rank_devices"]) == ("2", "cpu, cpu")
    assert environment["rank_backend"] == "gloo"
    assert "devices_per_cell" not in records[1].environment
