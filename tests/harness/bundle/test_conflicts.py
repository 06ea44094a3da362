"""What disagrees with the store is named, and never stands beside it."""

import dataclasses

import numpy as np
import pytest

from frontrunner.errors import StoreError
from frontrunner.harness.bundle import import_bundle

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


def worse(record, by=0.01):
    return dataclasses.replace(
        record, evaluation=dataclasses.replace(record.evaluation, error=record.evaluation.error + by)
    )


class TestConflicts:
    @pytest.fixture
    def own(self, shared, empty, spec, changed):
        """A store that has the bundle's results of seed 0."""
        keys = {cell.key for cell in spec.model_copy(update={"seeds": [0]}).cells()}

        def only_seed_0(about, contents):
            about["cells"] = [entry for entry in about["cells"] if entry["key"] in keys]
            for name in [name for name in contents if name[:16] not in keys and name != "bundle.json"]:
                del contents[name]

        import_bundle(empty, changed(shared.file, empty.folder.parent / "own.zip", only_seed_0))
        return empty

    @pytest.fixture
    def refused(self, recorded):
        """(store, bundle, parts of the sentence): it is refused as a whole."""

        def check(own, file, *parts):
            before = recorded(own)
            with pytest.raises(StoreError) as error:
                import_bundle(own, file)
            assert [part for part in parts if part not in str(error.value)] == []
            assert recorded(own) == before

        return check

    def test_another_front_from_another_machine_is_named_and_refused(
        self, shared, own, tmp_path, rerecorded, refused, boards, recorded
    ):
        def elsewhere(record):
            if record.cell.method != "pretrained":
                return record
            environment = {**record.environment, "torch": "2.9.0", "gpu": "NVIDIA H100"}
            return dataclasses.replace(worse(record), environment=environment)

        file = rerecorded(shared.file, tmp_path / "other.zip", elsewhere)
        torch = own.attempts()[0].record().environment["torch"]
        named = f"pretrained on tiny, seed 0 (different front: torch {torch} here, 2.9.0 there, gpu not recorded here"
        refused(own, file, named, "--ours")
        mine = boards(own)[0]["rows"]
        summary = import_bundle(own, file, ours=True)
        assert (summary.finished, summary.unfinished, summary.already) == (2, 1, 2)
        assert named in summary.sentence
        values = {row["label"]: row["values"]["hypervolume"] for row in mine if row["values"]}
        for row in boards(own)[0]["rows"]:
            if row["values"]:
                assert row["seeds"] == [0, 1]
                assert row["values"]["hypervolume"]["0"] == values[row["label"]]["0"]
        before = recorded(own)
        assert import_bundle(own, file, ours=True).already == 5
        assert recorded(own) == before

    def test_another_front_from_the_same_machine(self, shared, own, tmp_path, rerecorded, refused):
        refused(own, rerecorded(shared.file, tmp_path / "o.zip", worse), "same environment, different front")

    def test_equal_errors_with_other_losses(self, shared, own, tmp_path, rerecorded, refused):
        def other_losses(record):
            evaluation = dataclasses.replace(record.evaluation, loss=record.evaluation.loss * (1 + 1e-7))
            return dataclasses.replace(record, evaluation=evaluation)

        file = rerecorded(shared.file, tmp_path / "o.zip", other_losses)
        refused(own, file, "same environment, equal errors, other losses")

    def test_other_experts_are_a_note_where_no_cell_is_shared(self, shared, own, tmp_path, rerecorded):
        def others(record):
            if record.cell.method == "pretrained" and record.cell.seed == 0:
                return record
            return dataclasses.replace(record, problem="0" * 16)

        file = rerecorded(shared.file, tmp_path / "o.zip", others)
        said = import_bundle(own, file).sentence
        assert "the experts of tiny v1 [" in said
        assert (
            "]: task0, task1, task2 (grid of 19 preferences in layers of 4 and 4 points per edge), seed 0, are not"
            in said
        )

    @pytest.mark.parametrize(
        ("change", "named"),
        [
            ({"reference_point": np.full(3, 2.0)}, "reference point (1, 1, 1) here, (2, 2, 2) there"),
            ({"pareto_front": np.eye(3)}, "a true front there, none here"),
        ],
    )
    def test_results_scored_in_another_way_are_not_compared(
        self, shared, own, tmp_path, change, named, rerecorded, refused, boards
    ):
        file = rerecorded(shared.file, tmp_path / "o.zip", lambda record: dataclasses.replace(record, **change))
        refused(own, file, "tiny v1 [", "]: task0, task1, task2", named)
        mine = boards(own)
        summary = import_bundle(own, file, ours=True)
        assert (summary.finished, summary.unfinished) == (0, 0)
        assert named in summary.sentence
        assert boards(own) == mine

    def test_true_fronts_and_limits_must_agree_up_to_rounding(
        self, shared, empty, tmp_path, rerecorded, refused, boards
    ):
        truth = np.eye(3)

        def known(factor, limit):
            return lambda record: dataclasses.replace(record, pareto_front=truth * factor, hypervolume_limit=limit)

        import_bundle(empty, rerecorded(shared.file, tmp_path / "a.zip", known(1.0, 0.5)))
        assert boards(empty)[0]["reference_source"] == "closed form"
        assert import_bundle(empty, rerecorded(shared.file, tmp_path / "b.zip", known(1 + 1e-12, 0.5))).already == 6
        refused(empty, rerecorded(shared.file, tmp_path / "c.zip", known(1.1, 0.5)), "another true front")
        limited = rerecorded(shared.file, tmp_path / "d.zip", known(1.0, 0.6))
        refused(empty, limited, "hypervolume limit 0.5 here, 0.6 there")
