"""A message shows an option as it was written, and says where nobody wrote it."""

import pytest

import frontrunner as fr
from frontrunner.methods.written_option import as_written


@pytest.mark.parametrize(
    ("method", "options", "option", "shown"),
    [
        ("pwe-moe-ls", {}, "upscale", "upscale = 'mlp' (the default)"),
        ("pwe-moe-ls", {"upscale": "blocks.*"}, "upscale", "upscale = 'blocks.*'"),
        ("mobo-merge", {}, "evaluations", "evaluations = 40 (the default)"),
        ("mobo-merge", {"evaluations": 8}, "evaluations", "evaluations = 8"),
        ("pwe-moe-ls", {}, "steps", "steps = None (the default)"),
    ],
)
def test_it_is_shown(method, options, option, shown):
    assert as_written(fr.make_learner(method, **options).config, option) == shown


def test_a_default_that_does_not_fit_is_told_as_one():
    with pytest.raises(fr.ConfigError, match=r"must be above 42, .* 20 tasks; found evaluations = 40 \(the default\)"):
        fr.make_learner("mobo-merge").evaluations(20)
