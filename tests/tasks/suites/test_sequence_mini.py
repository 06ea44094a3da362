"""sequence-mini: images become sequences of rows, and one network is pre-trained whatever is asked for."""

import numpy as np
import pytest
import torch
from quick_suites import barely_train

import frontrunner as fr
from frontrunner.tasks.sequence_mini.row_reader import RowReader, to_input, untrained
from frontrunner.tasks.sequence_mini.sequence_mini_suite import SequenceMini

GRID = fr.simplex_grid(2, 3)


@pytest.fixture(scope="module")
def problem(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        barely_train(monkeypatch, tmp_path_factory.mktemp("cache"))
        yield fr.load_problem("sequence-mini", ["optdigits", "glyphs"])


def test_step_k_of_a_sequence_is_row_k_of_the_image():
    images = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    images[0, 2, 5, 7] = 255  # blue, row 5, column 7
    sequence = to_input(images)
    assert sequence.shape == (1, 32, 96)
    assert (sequence == 1).nonzero().tolist() == [[0, 5, 2 * 32 + 7]]


def test_initial_weights_come_from_the_seed_and_leave_the_programs_generator_alone():
    state = torch.random.get_rng_state()
    (one, heads), (same, _), (other, _) = (untrained({"a": 3, "b": 2}, seed) for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(one.rows.weight, same.rows.weight)
    assert not torch.equal(one.rows.weight, other.rows.weight)
    assert [head.out_features for head in heads.values()] == [3, 2]


def test_pretrained_weights_do_not_depend_on_the_tasks_or_the_seed_of_a_cell(problem, tmp_path, monkeypatch):
    barely_train(monkeypatch, tmp_path)
    other = fr.load_problem("sequence-mini", ["optdigits"], seed=1)
    assert all(torch.equal(other.pretrained[name], tensor) for name, tensor in problem.pretrained.items())
    assert torch.equal(other.heads[0].weight, problem.heads[0].weight)
    assert not torch.equal(other.experts[0]["rows.weight"], problem.experts[0]["rows.weight"])


def test_every_layer_of_the_lstm_gets_a_router(problem):
    learner = fr.make_learner("pwe-moe-epo", upscale="auto", steps=2)
    found = learner.fit(problem, GRID, fr.Context())
    assert list(found.merge_coefficients([0.3, 0.7])) == ["rows", "lstm.l0", "lstm.l1"]
    assert found.diagnostics()["fixed_layers"] == 0
    assert np.isfinite(fr.evaluate(problem, found, GRID).objectives).all()


def test_what_its_layers_allow_is_known_before_anything_is_prepared():
    suite = SequenceMini()
    model = suite.architecture(suite.tasks)
    assert isinstance(model, RowReader)
    fr.make_learner("regmean").check_model(model, 2)  # by its one linear layer
    with pytest.raises(fr.ConfigError, match=r"'mlp' \(the default\) selects no module of RowReader.*upscale = 'auto'"):
        fr.make_learner("pwe-moe-ls").check_model(model, 2)
