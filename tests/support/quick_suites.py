"""The registered suites, with experts that are hardly trained, so that preparing each takes seconds."""

import importlib.util

import pytest

import frontrunner as fr
from frontrunner.tasks import SUITES as REGISTRY
from frontrunner.tasks.cnn_mini import cnn_mini_suite, efficientnet
from frontrunner.tasks.fine_tuning import FineTuning
from frontrunner.tasks.sequence_mini import sequence_mini_suite
from frontrunner.tasks.text_mini import text_mini_suite
from frontrunner.tasks.vision_mini import vision_mini_suite

FEW_TASKS = {
    "vision-mini": ("optdigits", "emoji"),
    "sequence-mini": ("optdigits", "glyphs"),
    "text-mini": ("glosses", "languages"),
    "cnn-mini": ("emoji", "clipart"),
}
"""Of suites whose preparation takes long."""
HAS_WEIGHTS = importlib.util.find_spec(efficientnet.PACKAGE) is not None
needs_weights = pytest.mark.skipif(not HAS_WEIGHTS, reason="needs the package that brings the weights of cnn-mini")

SUITES = [
    pytest.param(name, marks=[needs_weights, pytest.mark.slow]) if name == "cnn-mini" else name
    for name in fr.list_suites()
    if REGISTRY.origin(name) != "frontrunner.tasks.paper_suites"
]
"""The names of all suites but those of gigabytes, which have tests of their own."""


def barely_train(monkeypatch, cache):
    """Train every expert for three steps, and keep it in a cache of its own."""
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(cache))
    for module in (vision_mini_suite, text_mini_suite, sequence_mini_suite, cnn_mini_suite):
        monkeypatch.setattr(module, "EXPERT", FineTuning(steps=3, batch_size=8, peak_lr=1e-3))
    monkeypatch.setattr(sequence_mini_suite, "PRETRAINING", FineTuning(steps=3, batch_size=8, peak_lr=1e-3))


def take_few_texts(monkeypatch):
    """Leave text-mini's tasks forty texts of every split, whose evaluation takes no seconds."""
    load = text_mini_suite.load_task

    def few(name):
        task = load(name)
        splits = {split: type(held)(held.texts[:40], held.labels[:40]) for split, held in task.splits.items()}
        return task._replace(splits=splits)

    monkeypatch.setattr(text_mini_suite, "load_task", few)
