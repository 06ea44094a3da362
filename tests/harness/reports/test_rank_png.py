"""The critical-difference diagram: what is drawn is what the ranking says."""

import numpy as np
import pytest
from matplotlib.figure import Figure

import frontrunner as fr
from frontrunner.harness.reports.pictures.rank_png import CLIQUE, rank_png
from frontrunner.metrics.ranking import rank

NAMES = ["second", "a name $that$ is far too long to be drawn beside an axis", "best", "worst"]
SCORES = np.array([[3.0, 2.0, 4.0, 1.0], [4.0, 2.0, 3.0, 1.0]] * 8)


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """The axes of a diagram, and its file."""
    figures = []
    save = Figure.savefig
    monkeypatch.setattr(
        Figure, "savefig", lambda self, *given, **more: (figures.append(self), save(self, *given, **more))
    )
    rank_png(rank(SCORES, NAMES), tmp_path / "ranks.png", title="Hypervolume in $")
    (figure,) = figures
    return figure.axes[0], tmp_path / "ranks.png"


def test_every_learner_hangs_at_its_rank_beside_its_name(drawn):
    axes, _ = drawn
    hung = {}
    for line in axes.lines:
        if len(line.get_xdata()) == 3:
            x, y = line.get_data()
            hung[y[-1], x[-1] > 2.5] = x[0]
    labels = {}
    for text in axes.texts:
        x, y = text.get_position()
        if (y, x > 2.5) in hung:
            labels[text.get_text()] = hung[y, x > 2.5]
    assert labels == {
        "best  1.50": 1.5,
        "second  1.50": 1.5,
        r"3.00  a name \$that\$ is far too long to be…": 3.0,
        "4.00  worst": 4.0,
    }


def test_bars_are_the_cliques_and_the_ruler_is_the_difference(drawn):
    axes, _ = drawn
    ranking = rank(SCORES, NAMES)
    at = dict(zip(ranking.names, ranking.average_ranks, strict=True))
    bars = [tuple(line.get_xdata()) for line in axes.lines if line.get_color() == CLIQUE]
    assert bars == [(at[clique[0]], at[clique[-1]]) for clique in ranking.cliques]
    assert len(bars) == 2
    rulers = [tuple(line.get_xdata()) for line in axes.lines if line.get_ydata()[0] == line.get_ydata()[-1] > 0]
    assert rulers == [(1, 1 + ranking.critical_difference)]
    said = " ".join(text.get_text() for text in axes.texts)
    assert f"CD = {ranking.critical_difference:.2f} (95 %, 16 blocks)" in said
    assert "p < 0.001" in said


def test_it_is_a_png_with_all_names_inside(drawn):
    axes, path = drawn
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    page = axes.figure.bbox
    for text in axes.texts:
        box = text.get_window_extent()
        assert page.x0 <= box.x0 < box.x1 <= page.x1, text.get_text()
        assert page.y0 <= box.y0 < box.y1 <= page.y1, text.get_text()


@pytest.mark.parametrize(("blocks", "learners"), [(4, 4), (16, 2)])
def test_too_little_for_a_diagram_is_refused(blocks, learners, tmp_path):
    ranking = rank(SCORES[:blocks, :learners], NAMES[:learners])
    with pytest.raises(fr.ConfigError, match=f"at least 5 blocks and 3 learners, found {blocks} and {learners}"):
        rank_png(ranking, tmp_path / "ranks.png", title="")
    assert not (tmp_path / "ranks.png").exists()
