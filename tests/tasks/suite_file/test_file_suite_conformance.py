"""Suites of files conform as others do: one of images, one of texts, each with models as their users have them."""

import pytest
from crafted_suites import craft, crafted_spec
from suite_folders import made_once, write_suite

from frontrunner.tasks.suite_file.example_texts import TextExampleSize, make_text_example
from frontrunner.tasks.suite_file.file_suite import suite_class
from frontrunner.testing import SuiteConformance


class TestImages(SuiteConformance):
    tasks_are_independent = True

    @pytest.fixture
    def suite(self, shared_folder):
        def make(folder):
            craft(folder)
            write_suite(folder, crafted_spec(("first", "second", "third")), "three.yaml")

        return suite_class(made_once(shared_folder / "conforming_images", make) / "three.yaml")()


class TestTexts(SuiteConformance):
    tasks_are_independent = True

    @pytest.fixture
    def suite(self, shared_folder):
        def make(folder):
            make_text_example(folder, TextExampleSize(pretraining_steps=0, expert_steps=1, train=20, test=10))
            tasks = {t: {"expert": f"weights/{t}", "data": {"tsv": f"data/{t}"}} for t in ("topic", "tense")}
            model = {"model": {"transformers": "weights/pretrained"}, "pretrained": "weights/pretrained"}
            budget = {"budget": {"steps": 2, "batch_size": 2}, "cpu_threads": 1}
            write_suite(folder, {"name": "texts", **model, "tasks": tasks, **budget}, "two.yaml")

        return suite_class(made_once(shared_folder / "conforming_texts", make) / "two.yaml")()
