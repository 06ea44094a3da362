"""A learner that cannot be fitted on an architecture is a row with its reason, at once; the rest of a bench runs."""

import pytest

from frontrunner.harness.records.store import Store
from frontrunner.harness.running import worker
from frontrunner.tasks import SUITES

FILTERS = '''
import torch
from torch import nn

import frontrunner as fr


class Filters(nn.Module):
    """No linear layer and no feed-forward block."""

    def __init__(self):
        super().__init__()
        self.filters = nn.Conv1d(1, 3, 4)

    def forward(self, inputs):
        return self.filters(inputs.unsqueeze(1)).squeeze(2)


class Late(fr.Suite):
    """Tells its architecture with the prepared problem."""

    name = "late-filters"
    version = "1"
    tasks = ("a", "b")

    def prepare(self, tasks, *, device, seed, progress):
        generator = torch.Generator().manual_seed(seed)
        model = Filters()
        weights = [{n: torch.randn(t.shape, generator=generator) for n, t in model.state_dict().items()} for _ in "012"]
        data = fr.Examples(torch.randn(8, 4, generator=generator), torch.arange(8) % 3)
        return fr.ClassificationProblem(
            name=self.name, tasks=tasks, model=model, pretrained=weights[0], experts=weights[1 : len(tasks) + 1],
            budget=fr.Budget(steps=2, batch_size=2), data=[dict.fromkeys(("train", "val", "test"), data)] * len(tasks),
            heads=[nn.Identity()] * len(tasks),
        )


class Early(Late):
    """Tells it before anything is prepared."""

    name = "early-filters"

    def architecture(self, tasks):
        with torch.device("meta"):
            return Filters()
'''
SUITES_OF_FILTERS = ("early-filters", "late-filters")
LEARNERS = [
    "weight-averaging",
    "pwe-moe-ls",
    {"method": "pwe-moe-epo", "options": {"upscale": "blocks.*"}, "label": "patterned"},
    {"method": "map", "options": {"evaluations": 3}},
    "regmean",
]
MISFITS = {
    "pwe-moe-ls": "upscale = 'mlp' (the default) selects no module of Filters",
    "patterned": "upscale = 'blocks.*' selects no module of Filters",
    "map (evaluations=3)": "evaluations must be 6 or more",
}
"""What other options would mend."""
HOPELESS = {"regmean": "expected an architecture with linear layers"}


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """The file of both suites, forgotten afterwards."""
    monkeypatch.setattr(SUITES, "_entries", dict(SUITES.entries()))
    monkeypatch.setattr(worker.traceback, "print_exc", lambda: None)  # a worker's own process has a log for it
    file = tmp_path / "filters.py"
    file.write_text(FILTERS)
    return file


@pytest.fixture
def bench(command, in_process, plugin, tmp_path):
    """(suite, learners, ...) -> how a bench of them ended."""

    def run(suite, learners=LEARNERS, **keys):
        suites = [{"name": suite, "points_per_edge": 2}]
        return command.within(*command.bench(tmp_path, learners, plugins=[plugin], suites=suites, **keys))

    return run


def _attempts(tmp_path):
    return {one.cell.label: one for one in Store(tmp_path / "store", create=False).attempts()}


@pytest.mark.parametrize("suite", SUITES_OF_FILTERS)
def test_misfits_are_rows_with_their_reason_and_the_rest_runs(suite, bench, tmp_path):
    ended = bench(suite)
    assert ended.status == 1
    ended.assert_one_sentence(
        "3 of 5 cells did not finish", f"(first: pwe-moe-ls on {suite}, seed 0: {MISFITS['pwe-moe-ls']}", "same way"
    )
    assert (
        "1 of 5 cells finished, 3 are unsupported as configured (other options may fit), 1 is unsupported" in ended.out
    )
    recorded = _attempts(tmp_path)
    assert recorded.pop("weight-averaging").status == "finished"
    for label, reason in (MISFITS | HOPELESS).items():
        assert recorded[label].status == "unsupported"
        assert reason in recorded[label].reason
        assert f"{label} [unsupported]" in ended.out
    assert {label for label, one in recorded.items() if one.ending.repeats} == set(MISFITS)


def test_they_are_told_first_and_no_worker_starts_for_them(bench, in_process):
    lines = bench("early-filters").out.splitlines()
    told = [line.partition(" · ")[0] for line in lines if " · " in line]
    assert set(told[:4]) == {f"– {label}" for label in MISFITS | HOPELESS}
    assert told[4] == "weight-averaging"
    assert [method for method, _ in in_process] == ["weight-averaging"]


@pytest.mark.parametrize("suite", SUITES_OF_FILTERS)
def test_they_never_run_again_and_the_command_still_fails(suite, bench, in_process, tmp_path):
    bench(suite)
    n_attempts, n_started = len(_attempts(tmp_path)), len(in_process)
    again = bench(suite)
    assert (again.status, len(_attempts(tmp_path)), len(in_process)) == (1, n_attempts, n_started)
    assert f"pwe-moe-ls · {suite} · seed 0: unsupported, as before" in again.out


def test_what_no_option_mends_does_not_fail_a_bench(bench):
    ended = bench("early-filters", ["weight-averaging", "regmean"])
    assert (ended.status, ended.err) == (0, "")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["pwe-moe-ls"], MISFITS["pwe-moe-ls"]),
        (["pwe-moe-ls", "--set", "upscale=blocks.*"], MISFITS["patterned"]),
        (["map", "--set", "evaluations=3"], MISFITS["map (evaluations=3)"]),
    ],
)
def test_a_run_of_one_is_refused_before_there_is_a_store(words, reason, command, in_process, plugin, tmp_path):
    method, *options = words
    ended = command.within("run", method, "early-filters", *options, "--store", tmp_path / "store", "--plugin", plugin)
    ended.assert_one_sentence(f"{method}", "on early-filters, seed 0 is unsupported", reason, "choose other options")
    assert in_process == []
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("learner", "part"),
    [
        ({"method": "pwe-moe-ls", "options": {"upscal": "auto"}}, "did you mean 'upscale'?"),
        ("pwe-moe-sl", "did you mean 'pwe-moe-ls'?"),
        ({"method": "map", "options": {"evaluations": "many"}}, "evaluations must be int"),
    ],
)
def test_what_is_misspelt_refuses_the_whole_bench(learner, part, bench, in_process, tmp_path):
    bench("early-filters", ["weight-averaging", learner]).assert_one_sentence(part)
    assert in_process == []
    assert not (tmp_path / "store").exists()
