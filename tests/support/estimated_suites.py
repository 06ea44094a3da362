"""Suite files of small models with random weights, to estimate on and to measure."""

import json

from small_clips import architecture_folder

import frontrunner as fr
from frontrunner.tasks.suite_file.registered import load_suite_file

NAME = "small-clip"


def small_clip_suite(folder, n_tasks=2, batch_size=8, **fields):
    """Write and register a suite of a small CLIP; returns its class."""
    where = architecture_folder(folder / "clip")
    data = {"generated": {"train": 32, "val": 8, "test": 8, "classes": 5}}
    content = {
        "name": NAME,
        "model": {"open_clip": where},
        "pretrained": "random",
        "tasks": {f"task{t}": {"expert": "random", "data": data} for t in range(n_tasks)},
        "budget": {"steps": 10, "batch_size": batch_size, "lr": 1e-4},
        **fields,
    }
    file = folder / "suite.yaml"
    file.write_text(json.dumps(content))
    return load_suite_file(file)


def taking_steps():
    """The methods that train by gradient steps, as their option says."""
    return [name for name in fr.list_methods() if "steps" in fr.make_learner(name).config.__dataclass_fields__]
