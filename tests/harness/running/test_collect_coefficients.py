"""Merge coefficients are recorded as the set gives them, in the order of the front, and can be drawn."""

import numpy as np
import pytest
from worker_orders import order_for

import frontrunner as fr
from frontrunner.harness.records.coefficients import MergeCoefficients
from frontrunner.harness.records.finished_cell import FinishedCell
from frontrunner.harness.records.front_record import FrontRecord
from frontrunner.harness.reports.pictures.coefficients_png import coefficients_png, shortened
from frontrunner.harness.running import collect_coefficients as collecting
from frontrunner.harness.running.collect_coefficients import collect_coefficients
from frontrunner.harness.running.run_cell import run_cell
from frontrunner.harness.running.worker_events import Reporter

GRID = fr.simplex_grid(3, 3)


def some_routing(n_parts=4):
    rng = np.random.default_rng(0)
    parts = tuple(f"blocks.{i}.mlp" for i in range(n_parts))
    return MergeCoefficients(("a", "b", "c"), parts, GRID, rng.standard_normal((len(GRID), n_parts, 3)))


@pytest.fixture
def problem(tiny):
    return tiny.tiny_problem()


def test_what_is_read_back_is_what_was_written(tmp_path):
    coefficients = some_routing()
    coefficients.write(tmp_path / "coefficients.parquet")
    again = MergeCoefficients.read(tmp_path / "coefficients.parquet")
    assert (again.tasks, again.parts) == (coefficients.tasks, coefficients.parts)
    np.testing.assert_array_equal(again.preferences, coefficients.preferences)
    np.testing.assert_array_equal(again.coefficients, coefficients.coefficients)


def test_more_coefficients_than_a_table_holds_are_refused(monkeypatch):
    def coefficients(preference):
        return {"a": preference, "b": preference}

    given = fr.ContinuousSet(3, dict, total_parameters=1, coefficients=coefficients)
    assert collect_coefficients(given, GRID, ("a", "b", "c")) is not None
    monkeypatch.setattr(collecting, "MAX_VALUES", 100)
    with pytest.raises(fr.ConfigError, match=r"^a table holds 100 values at most, its coefficients take 108$"):
        collect_coefficients(given, GRID, ("a", "b", "c"))


def test_a_cell_whose_coefficients_are_too_many_says_so_in_its_notes(problem, tmp_path, monkeypatch):
    monkeypatch.setattr(collecting, "MAX_VALUES", 100)
    folder, _ = ran(tmp_path / "cell", "pwe-moe-ls", steps=1)
    (note,) = FinishedCell.read(folder).notes
    assert note.startswith("its merge_coefficients() is left out: a table holds 100 values at most")
    assert not (folder / "coefficients.parquet").exists()


def test_the_file_is_long_and_says_depth_and_preference(tmp_path):
    import pyarrow.parquet as pq

    coefficients = some_routing()
    coefficients.write(tmp_path / "coefficients.parquet")
    rows = pq.ParquetFile(tmp_path / "coefficients.parquet").read().to_pylist()
    assert len(rows) == len(GRID) * 4
    for row in rows:
        assert row["part"] == coefficients.parts[row["depth"]]
        assert [row[f"preference_{task}"] for task in "abc"] == GRID[row["preference"]].tolist()
        given = coefficients.coefficients[row["preference"], row["depth"]]
        assert [row[f"coefficient_{task}"] for task in "abc"] == given.tolist()


@pytest.mark.parametrize("content", [b"", b"x" * 300])
def test_a_damaged_file_is_a_store_error(content, tmp_path):
    (tmp_path / "coefficients.parquet").write_bytes(content)
    with pytest.raises(fr.StoreError, match=r"merge coefficients .* cannot be read"):
        MergeCoefficients.read(tmp_path / "coefficients.parquet")


def test_the_nearest_preference():
    coefficients = some_routing()
    for position, preference in enumerate(GRID):
        assert coefficients.nearest(preference) == position
    assert GRID[coefficients.nearest(np.array([0.9, 0.1, 0.0]))].tolist() == [1, 0, 0]


def ran(folder, method, **options):
    """The folder of a cell that was run in this process."""
    from frontrunner.harness.cells.make_cell import make_cell

    cell = make_cell(method, "tiny", tasks=None, seed=0, options=options, points_per_edge=3)
    folder.mkdir()
    run_cell(cell, order_for(cell.to_json(), folder), Reporter(lambda event: None))
    return folder, cell


def test_a_worker_records_what_the_restored_set_gives_in_the_order_of_the_front(problem, tmp_path):
    from safetensors.torch import load_file

    folder, cell = ran(tmp_path / "cell", "pwe-moe-ls", steps=40, upscale="attn+mlp", lr=0.1)
    recorded = MergeCoefficients.read(folder / "coefficients.parquet")
    front = FrontRecord.read(folder / "front.parquet").evaluation
    np.testing.assert_array_equal(recorded.preferences, front.preferences)
    assert recorded.tasks == problem.tasks
    assert recorded.parts == ("blocks.0.attn", "blocks.0.mlp", "blocks.1.attn", "blocks.1.mlp")
    state = load_file(folder / "state.safetensors")
    pareto_set = cell.learner().restore(problem, state, GRID, fr.Context())
    for preference, coefficients in zip(recorded.preferences, recorded.coefficients, strict=True):
        given = pareto_set.merge_coefficients(preference)
        np.testing.assert_array_equal(coefficients, [given[part] for part in recorded.parts])
    assert np.ptp(recorded.coefficients, axis=0).max() > 0.01  # they follow the preference


def test_a_set_that_merges_no_task_vectors_leaves_no_file(tiny, tmp_path):
    folder, _ = ran(tmp_path / "cell", "pretrained")
    assert not (folder / "coefficients.parquet").exists()


def giving(*answers):
    """A set whose coefficients are these, one after the other."""
    given = iter(answers)
    return fr.ContinuousSet(3, lambda _: {}, total_parameters=1, coefficients=lambda _: next(given))


@pytest.mark.parametrize(
    ("second", "match"),
    [
        ({"b": np.zeros(3)}, r"same parts at every preference; found \['a'\], then \['b'\]"),
        ({}, "same parts"),
        (None, "same parts"),
        ({"a": np.zeros(2)}, "3 finite numbers for 'a'"),
        ({"a": np.array([0.0, np.nan, 0.0])}, "3 finite numbers for 'a'"),
    ],
)
def test_coefficients_that_cannot_be_recorded_are_refused(second, match):
    with pytest.raises(fr.ConfigError, match=match):
        collect_coefficients(giving({"a": np.zeros(3)}, second), GRID[:2], ["x", "y", "z"])


def test_a_bench_draws_them_and_knows_the_file_again(run_bench, drawn, tmp_path):
    with drawn():
        store, (routed, plain) = run_bench(tmp_path, ["interpolation", "pretrained"])
    attempt = store.find(routed.run_id)
    coefficients = MergeCoefficients.read(attempt.artifact("coefficients.parquet"))
    np.testing.assert_array_equal(coefficients.coefficients[:, 0], coefficients.preferences)  # c = r
    assert (attempt.folder / "coefficients.png").read_bytes().startswith(b"\x89PNG")
    assert not (store.find(plain.run_id).folder / "coefficients.png").exists()


@pytest.mark.parametrize("n_tasks", [1, 2, 8])
def test_any_number_of_tasks_and_parts_can_be_drawn(n_tasks, tmp_path):
    grid = fr.simplex_grid(n_tasks, 2) if n_tasks > 1 else np.ones((1, 1))
    tasks = tuple(f"cost in ${t}" for t in range(n_tasks))
    coefficients = MergeCoefficients(tasks, ("the model",), grid, np.zeros((len(grid), 1, n_tasks)))
    coefficients_png(coefficients, tmp_path / "coefficients.png", title="none")
    assert (tmp_path / "coefficients.png").stat().st_size > 1000


def test_rows_are_the_parts_from_top_to_bottom_and_white_is_zero(tmp_path, monkeypatch):
    from matplotlib.axes import Axes

    meshes, draw = [], Axes.pcolormesh

    def watch(axes, *given, **options):
        meshes.append((axes, *given, options))
        return draw(axes, *given, **options)

    monkeypatch.setattr(Axes, "pcolormesh", watch)
    coefficients = some_routing()
    coefficients_png(coefficients, tmp_path / "coefficients.png", title="rows")
    axes, xs, ys, values, options = meshes[0]  # the other is that of the bar of colours
    panels = np.split(np.ma.filled(values, np.nan), [3, 4, 7, 8, 11, 12], axis=1)
    for gap in panels[1::2]:
        assert np.isnan(gap).all()
    for panel, preference in zip(panels[::2], [*np.eye(3), np.full(3, 1 / 3)], strict=True):
        np.testing.assert_array_equal(panel, coefficients.coefficients[coefficients.nearest(preference)])
    assert options["vmin"] == -options["vmax"]
    assert np.abs(values).max() <= options["vmax"]
    assert len(xs) == values.shape[1] + 1
    assert (np.diff(xs) > 0).all()
    np.testing.assert_array_equal(ys, range(5))
    assert axes.get_ylim() == (4, 0)  # the first part is at the top


@pytest.mark.parametrize(
    ("parts", "short"),
    [
        (("visual.blocks.0.mlp", "visual.blocks.1.mlp"), ["0.mlp", "1.mlp"]),
        (("visual.blocks.0.mlp", "visual.head"), ["0.mlp", "visual.head"]),
        (("net.encoder.0.mlp", "net.decoder.0.mlp"), ["encoder.0.mlp", "decoder.0.mlp"]),
        (("the model",), ["the model"]),
        (("scale", "norm.bias"), ["scale", "norm.bias"]),
    ],
)
def test_names_are_shortened_and_stay_apart(parts, short):
    assert shortened(parts) == short
