"""Python lines that load an exported model by its plain library, for model cards."""

from __future__ import annotations

from ...tasks import Suite, paper_suites
from ...tasks.backbones.backbone import Backbone, Head
from ...tasks.library_model import LibraryModel
from ...tasks.suite_file.file_suite import FileSuite
from .exported_heads import HEADS, NORMALISED, kind_of

STATE_DICT = "state-dict"
"""The format that fits every backbone."""
_SHIPPED = "frontrunner."


def loading_code(form: str, suite: Suite, model: LibraryModel | None, task: str, head: Head | None, baked: bool) -> str:
    """Return a few lines that load a model from the folder of its card.

    They go on to one task's logits, or to its error by Frontrunner, where the architecture and the head allow it.

    Args:
        form: the format, `STATE_DICT` or the library's.
        suite: the model's.
        model: how the library holds it; None where none does.
        task: one of the suite's tasks.
        head: the task's; None where there is none.
        baked: whether the library's model has this head.
    """
    if form == STATE_DICT or model is None:
        return _state_dict(suite, task, head)
    if form == "open_clip":
        lines = (
            "import open_clip, torch.nn.functional as F\n"
            "from safetensors.torch import load_file\n"
            'model, _, preprocess = open_clip.create_model_and_transforms("local-dir:FOLDER")\n'
            "features = model.eval().encode_image(preprocess(image)[None])"
        )
        return _with_linear(lines, task, head)
    if form == "transformers":
        return _transformers(model.backbone, task, head, baked)
    if form == "timm":
        lines = (
            "import timm, torch.nn.functional as F\n"
            "from safetensors.torch import load_file\n"
            'model = timm.create_model("local-dir:FOLDER", pretrained=True).eval()\n'
            "preprocess = timm.data.create_transform(**timm.data.resolve_model_data_config(model))\n"
        )
        outputs = f"{'logits' if baked else 'features'} = model(preprocess(image)[None])"
        return lines + outputs if baked else _with_linear(lines + outputs, task, head)
    return "# model.json says how to make the module; then:\n" + (
        "from safetensors.torch import load_file\n"
        f'model.load_state_dict(load_file("FOLDER/model.safetensors"){"" if baked else ", strict=False"})'
    )


def _state_dict(suite: Suite, task: str, head: Head | None) -> str:
    lines = "from safetensors.torch import load_file\n" + 'weights = load_file("FOLDER/model.safetensors")\n'
    if not type(suite).__module__.startswith(_SHIPPED):
        return f"{lines}model.load_state_dict(weights)  # an encoder as suite {suite.name!r} makes it"
    is_own = isinstance(suite, FileSuite) and suite.file.parent != paper_suites.FOLDER
    named = suite.file.name if isinstance(suite, FileSuite) and is_own else suite.name
    by_name = (
        "import frontrunner as fr\n"
        f'problem = fr.load_problem("{named}", tasks=["{task}"])  # prepared once, experts included, and cached\n'
    )
    used = "print(problem.evaluate(weights, 'test').error)"
    return lines + by_name + used if head is not None else lines + "# names and shapes are those of the problem"


def _transformers(backbone: Backbone, task: str, head: Head | None, baked: bool) -> str:
    kind = getattr(backbone, "kind", "clip")  # a TransformersBackbone is of texts or of images
    if kind == "clip":
        lines = (
            "import torch.nn.functional as F\nfrom safetensors.torch import load_file\n"
            "from transformers import CLIPVisionModelWithProjection\n"
            'model = CLIPVisionModelWithProjection.from_pretrained("FOLDER").eval()\n'
            "features = model(pixel_values=pixel_values).image_embeds"
        )
        return _with_linear(lines, task, head)
    inputs = "AutoTokenizer" if kind == "text" else "AutoImageProcessor"
    name = {"text": "AutoModelForSequenceClassification", "image": "AutoModelForImageClassification"}[kind]
    name = name if baked else "AutoModel"
    given = "text, truncation=True" if kind == "text" else "image"
    logits, end = ("logits", ".logits") if baked else ("output", "")
    return (
        f"from transformers import {name}, {inputs}\n"
        f'model, prepare = {name}.from_pretrained("FOLDER").eval(), {inputs}.from_pretrained("FOLDER")\n'
        f"{logits} = model(**prepare({given}, return_tensors='pt')){end}"
    )


def _with_linear(lines: str, task: str, head: Head | None) -> str:
    """Return lines that make `features`, and one that applies a task's linear head to them."""
    if head is None:
        return lines
    features = "F.normalize(features, dim=-1)" if kind_of(head.module) == NORMALISED else "features"
    return f'{lines}\nlogits = F.linear({features}, **load_file("FOLDER/{HEADS}/{task}.safetensors"))'
