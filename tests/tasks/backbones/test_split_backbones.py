"""Classifiers of timm, torchvision and of the user's, with the last layer taken off and put back."""

import copy
import json
import pickle

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, models
from torch.func import functional_call

from frontrunner.errors import ConfigError, DataError, UnknownNameError, UnsupportedError
from frontrunner.tasks.backbones.python_backbone import PythonBackbone
from frontrunner.tasks.backbones.timm_backbone import TimmBackbone
from frontrunner.tasks.backbones.torchvision_backbone import TorchvisionBackbone
from frontrunner.tasks.recomputation import call_within, with_weights
from frontrunner.tasks.weight_files.stored_weights import StoredWeights

TIMM = [
    ("vit_tiny_patch16_224", {"img_size": 32, "depth": 2, "embed_dim": 32, "num_heads": 2}, "head"),
    ("resnet10t", {}, "fc"),
    ("convnext_atto", {"depths": [1, 1, 1, 1], "dims": [8, 8, 8, 8]}, "head.fc"),
    ("efficientnet_lite0", {}, "classifier"),
]
TORCHVISION = [
    ("resnet18", {}, "fc"),
    ("vit_b_16", {"image_size": 32, "dropout": 0.1}, "heads.head"),
    ("convnext_tiny", {}, "classifier.2"),
    ("mobilenet_v3_small", {}, "classifier.3"),
]
SLOW = {"vit_b_16", "convnext_tiny", "efficientnet_lite0", "mobilenet_v3_small", "resnet10t"}
CASES = [
    pytest.param(library, name, options, layer, id=f"{library}-{name}", marks=[pytest.mark.slow] * (name in SLOW))
    for library, models in (("timm", TIMM), ("torchvision", TORCHVISION))
    for name, options, layer in models
]
PLUGIN = """
from torch import nn


class Net(nn.Module):
    def __init__(self, width, num_classes):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, width, 3), nn.BatchNorm2d(width), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        self.fc = nn.Linear(width, num_classes)
    def forward(self, x):
        return self.fc(self.body(x).flatten(1))

def whole(width=4):
    return {"model": Net(width, 10), "head": "fc", "image_size": 8}
def by_count(width=4, num_classes=10):
    return Net(width, num_classes)
def alone(width=4):
    net = Net(width, 2)
    net.fc = nn.Identity()
    return net
def squared(num_classes, image_size):
    class Squared(Net):
        def forward(self, x):
            return super().forward(x) ** 2
    return Squared(4, num_classes)
def broken():
    raise ValueError("out of ideas")
def nothing():
    return None
def misspelt():
    return {"model": Net(4, 2), "image_sise": 8}
def greyish():
    return {"model": Net(4, 2), "head": "fc", "image_size": 8, "mean": [0.5]}
def wrong_head():
    return {"model": Net(4, 2), "head": "fcc", "image_size": 8}
"""


def made(library, name, options, n_classes, seed=0):
    """A whole model with random weights and statistics, by the library itself."""
    import timm
    import torchvision

    torch.manual_seed(seed)
    if library == "timm":
        model = timm.create_model(name, num_classes=n_classes, **options)
    else:
        model = torchvision.models.get_model(name, weights=None, num_classes=n_classes, **options)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.02 * torch.randn_like(weight))
        for key, buffer in model.named_buffers():
            if "running" in key:
                buffer.add_(0.1 * torch.rand_like(buffer))
    return model.eval()


def stored_of(model, config=None, prefix=""):
    tensors = {f"{prefix}{name}": tensor for name, tensor in model.state_dict().items()}
    return StoredWeights(tensors, "weights/cars.safetensors", config or {}, "0" * 64)


def backbone_of(library, name, options):
    return TimmBackbone(name, options) if library == "timm" else TorchvisionBackbone(name, options)


@torch.no_grad()
def logits_of(backbone, params, head, images):
    return head(functional_call(backbone.build(), params, (images,)))


@pytest.mark.parametrize(("library", "name", "options", "layer"), CASES)
def test_encoder_head_and_export_give_the_models_logits(library, name, options, layer, tmp_path):
    import timm
    import torchvision

    side = options.get("img_size", options.get("image_size", 64))
    images = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(1))
    model, other = made(library, name, options, 5), made(library, name, options, 3, seed=1)
    backbone = backbone_of(library, name, options)
    assert backbone.layer == layer
    stored = stored_of(model, prefix="module.")
    params, head = backbone.encoder_weights(stored), backbone.head(stored)
    assert not any(key.startswith(f"{layer}.") for key in params)
    assert all(parameter.is_meta for parameter in backbone.build().parameters())
    copied = pickle.loads(pickle.dumps(copy.deepcopy(head.module)))
    with torch.no_grad():
        expected = model(images)
    torch.testing.assert_close(logits_of(backbone, params, copied, images), expected, atol=1e-5, rtol=1e-5)

    base = backbone.encoder_weights(stored_of(other))
    routed = {key: (tensor + base[key]) / 2 if tensor.is_floating_point() else tensor for key, tensor in params.items()}
    expected = logits_of(backbone, routed, head.module, images)
    backbone.export(routed, head, stored, tmp_path)
    if library == "timm":
        loaded = timm.create_model(f"local-dir:{tmp_path}", pretrained=True)
    else:
        described = json.loads((tmp_path / "model.json").read_text())
        loaded = torchvision.models.get_model(described["model"], **described["options"])
        loaded.load_state_dict(load_file(tmp_path / "model.safetensors"))
    with torch.no_grad():
        torch.testing.assert_close(loaded.eval()(images), expected, atol=1e-5, rtol=1e-5)


class TestTimm:
    def test_features_are_those_before_the_logits(self):
        name, options, _ = TIMM[2]
        model = made("timm", name, options, 5)
        backbone = TimmBackbone(name, options)
        images = torch.randn(2, 3, 32, 32)
        with torch.no_grad():
            expected = model.forward_head(model.forward_features(images), pre_logits=True)
            found = functional_call(backbone.build(), backbone.encoder_weights(stored_of(model)), (images,))
        torch.testing.assert_close(found, expected)

    def test_a_file_of_another_architecture(self):
        name, options, _ = TIMM[0]
        stored = stored_of(made("timm", name, options, 5), {"architecture": "vit_tiny_patch16_384"})
        with pytest.raises(DataError, match="'vit_tiny_patch16_384', expected 'vit_tiny_patch16_224'"):
            TimmBackbone(name, options).encoder_weights(stored)

    @pytest.mark.parametrize("inner", [False, True])
    def test_class_names(self, inner, tmp_path):
        name, options, _ = TIMM[0]
        names = {"label_names": ["a", "b", "c"]}
        stored = stored_of(made("timm", name, options, 3), {"pretrained_cfg": names} if inner else names)
        backbone = TimmBackbone(name, options)
        assert backbone.head(stored).classes == ("a", "b", "c")
        backbone.export(backbone.encoder_weights(stored), backbone.head(stored), stored, tmp_path)
        assert json.loads((tmp_path / "config.json").read_text())["label_names"] == ["a", "b", "c"]
        odd = stored_of(made("timm", name, options, 5), names)
        with pytest.raises(DataError, match="names 3 classes, expected 5"):
            backbone.head(odd)

    @pytest.mark.parametrize(
        ("name", "options", "error", "says"),
        [
            ("vit_tiny_patch16_242", {}, UnknownNameError, "did you mean 'vit_tiny_patch16_224'"),
            (
                "vit_tiny_patch16_224.magic",
                {},
                UnknownNameError,
                "unknown weights of vit_tiny_patch16_224 in timm: 'magic'",
            ),
            ("resnet10t.c3_in1", {}, UnknownNameError, "did you mean 'c3_in1k'"),
            ("ViT-Tiny-Patch16-224", {}, UnknownNameError, "did you mean 'vit_tiny_patch16_224'"),
            ("vit_tiny_patch16_224", {"image_size": 32}, UnknownNameError, "did you mean 'img_size'"),
            ("vit_tiny_patch16_224", {"xyz": 32}, UnknownNameError, "options: {key: value}"),
            ("vit_tiny_patch16_224", {"depth": "two"}, ConfigError, "cannot be made"),
            (
                "resnet10t",
                {"img_size": "large"},
                ConfigError,
                "img_size of resnet10t of timm must be a number of pixels",
            ),
            ("vit_tiny_patch16_224", {"dept": 2}, UnknownNameError, "did you mean 'depth'"),
            ("resnet10t", {"num_classes": 3}, ConfigError, "may not set 'num_classes'"),
            ("resnet10t", {"pretrained": True}, ConfigError, "may not set 'pretrained'"),
            ("deit_tiny_distilled_patch16_224", {"depth": 1}, UnsupportedError, "head and head_dist"),
        ],
    )
    def test_what_is_refused(self, name, options, error, says):
        with pytest.raises(error, match=says):
            TimmBackbone(name, options)

    @pytest.mark.parametrize(("side", "shape"), [(64, (3, 64, 64)), ([32, 96], (3, 32, 96))])
    def test_a_model_of_any_size_of_images_takes_the_option_too(self, side, shape, tmp_path):
        backbone = TimmBackbone("resnet10t", {"img_size": side})
        assert backbone.inputs.shape == shape
        import timm

        weights = timm.create_model("resnet10t", num_classes=0).state_dict()
        backbone.export(weights, None, None, tmp_path)
        again = timm.create_model(f"local-dir:{tmp_path}", pretrained=True)
        assert tuple(again.pretrained_cfg["input_size"]) == shape


class TestTorchvision:
    @pytest.mark.parametrize(
        ("name", "options", "side"),
        [
            ("resnet18", {"image_size": 64}, 64),
            ("vit_b_16", {"image_size": 32}, 32),
            ("maxvit_t", {"image_size": 224}, 224),
            ("mobilenet_v3_small", {"image_size": 96, "reduced_tail": True}, 96),
            ("resnet18", {"weights": "IMAGENET1K_V1"}, 224),
        ],
    )
    def test_images_have_the_side_that_is_asked_for(self, name, options, side):
        backbone = TorchvisionBackbone(name, options)
        assert backbone.inputs.shape == (3, side, side)
        assert backbone.inputs.mean == (0.485, 0.456, 0.406)
        assert TorchvisionBackbone(name, {**options, "mean": [0, 0, 0]}).inputs.mean == (0, 0, 0)

    @pytest.mark.parametrize(
        ("name", "options", "error", "says"),
        [
            ("resnet81", {}, UnknownNameError, "did you mean 'resnet18'"),
            ("resnet18", {"weights": "IMAGENET21K"}, UnknownNameError, "IMAGENET1K_V1"),
            ("resnet18", {"num_classes": 3}, ConfigError, "may not set num_classes"),
            ("ResNet-18", {}, UnknownNameError, "did you mean 'resnet18'"),
            ("resnet18", {"weights": "imagenet1k_v1"}, UnknownNameError, "did you mean 'IMAGENET1K_V1'"),
            ("vit_b_16", {"image_sise": 3}, UnknownNameError, "did you mean 'image_size'"),
            ("resnet18", {"img_size": 3}, UnknownNameError, "did you mean 'image_size'"),
            ("resnet18", {"image_size": "large"}, ConfigError, "image_size of resnet18 must be a number of pixels"),
            ("resnet18", {"mean": 0.5}, ConfigError, "mean of resnet18 of torchvision must be three numbers"),
            ("mobilenet_v3_small", {"dropuot": 0.1}, UnknownNameError, "did you mean 'dropout'"),
            ("convnext_tiny", {"xyz": 0.1}, UnknownNameError, "options: {key: value}"),
            ("maxvit_t", {"image_size": 100}, ConfigError, "cannot be made"),
            ("squeezenet1_1", {}, UnsupportedError, "computes further"),
            ("googlenet", {"init_weights": False}, UnsupportedError, "aux1.fc2 and aux2.fc2 and fc"),
        ],
    )
    def test_what_is_refused(self, name, options, error, says):
        with pytest.raises(error, match=says):
            TorchvisionBackbone(name, options)

    def test_a_file_without_the_numbers_of_batches(self):
        model = made("torchvision", "resnet18", {}, 3)
        stored = stored_of(model)
        old = {key: tensor for key, tensor in stored.tensors.items() if not key.endswith("num_batches_tracked")}
        backbone = TorchvisionBackbone("resnet18", {})
        found = backbone.encoder_weights(StoredWeights(old, "f", {}, ""))
        assert found.keys() == backbone.encoder_weights(stored).keys()


@pytest.fixture
def plugin(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(PLUGIN)
    return file


class TestPython:
    @pytest.mark.parametrize(
        ("function", "options"), [("whole", {"width": 6}), ("by_count", {"width": 6, "image_size": 8})]
    )
    def test_a_whole_classifier(self, plugin, function, options, tmp_path):
        backbone = PythonBackbone(plugin, function, options)
        assert backbone.layer == "fc"
        net = self.net(plugin, 6, 3)
        stored = stored_of(net)
        params, head = backbone.encoder_weights(stored), backbone.head(stored)
        images = torch.randn(2, 3, 8, 8)
        with torch.no_grad():
            expected = net(images)
        torch.testing.assert_close(logits_of(backbone, params, head.module, images), expected)
        backbone.export(params, head, stored, tmp_path / "out")
        fresh = self.net(plugin, 6, 3)
        fresh.load_state_dict(load_file(tmp_path / "out" / "model.safetensors"))
        with torch.no_grad():
            torch.testing.assert_close(fresh(images), expected)

    @pytest.mark.parametrize("name", [None, "head", "own"])
    def test_an_encoder_with_a_linear_layer_beside_it(self, plugin, name):
        backbone = PythonBackbone(plugin, "alone", {"image_size": 8})
        net = self.net(plugin, 4, 3)
        own = name or "classifier"
        tensors = {f"model.{key}" if "body" in key else key: t for key, t in net.state_dict().items()}
        tensors = {key.replace("fc.", f"{own}."): tensor for key, tensor in tensors.items()}
        stored = StoredWeights(tensors, "f", {}, "")
        images = torch.randn(2, 3, 8, 8)
        found = logits_of(backbone, backbone.encoder_weights(stored), backbone.head(stored, name).module, images)
        with torch.no_grad():
            torch.testing.assert_close(found, net(images))
        layer = StoredWeights({key: tensors[f"{own}.{key}"] for key in ("weight", "bias")}, "f", {}, "")
        assert torch.equal(backbone.head(layer).module.weight, net.fc.weight)

    def test_which_layer_must_be_said_where_there_are_several(self, plugin):
        backbone = PythonBackbone(plugin, "alone", {"image_size": 8})
        net = self.net(plugin, 4, 3)
        tensors = {**net.state_dict(), "aux.weight": torch.zeros(2, 4)}
        with pytest.raises(DataError, match=r"aux, fc beside the encoder.*head: \{own: NAME\}"):
            backbone.head(StoredWeights(tensors, "f", {}, ""))
        with pytest.raises(DataError, match="no head 'top'"):
            backbone.head(StoredWeights(tensors, "f", {}, ""), "top")

    @pytest.mark.parametrize(
        ("tensors", "says"),
        [
            ({"fc.weight": torch.zeros(3, 5)}, r"fc.weight of shape \(3, 5\), expected \(classes, 4\)"),
            ({"fc.bias": torch.zeros(2)}, "widths"),
            ({"fc.weight": torch.zeros(1, 4), "fc.bias": torch.zeros(1)}, "two classes"),
        ],
    )
    def test_heads_that_do_not_fit(self, plugin, tensors, says):
        backbone = PythonBackbone(plugin, "whole", {})
        stored = StoredWeights({**self.net(plugin, 4, 3).state_dict(), **tensors}, "f", {}, "")
        with pytest.raises(DataError, match=says):
            backbone.head(stored)

    @pytest.mark.parametrize(
        ("function", "options", "error", "says"),
        [
            ("missing", {}, ConfigError, "has no function 'missing'"),
            ("broken", {}, ConfigError, "out of ideas"),
            ("whole", {"widht": 3}, UnknownNameError, "did you mean 'width'"),
            ("nothing", {}, ConfigError, "found NoneType"),
            ("misspelt", {}, ConfigError, "'image_sise'"),
            ("greyish", {}, ConfigError, "mean"),
            ("wrong_head", {}, ConfigError, "no layer 'fcc'"),
            ("alone", {}, ConfigError, "image_size"),
            ("alone", {"image_size": True}, ConfigError, "image_size True"),
            ("squared", {"image_size": 8}, UnsupportedError, "computes further"),
        ],
    )
    def test_what_is_refused(self, plugin, function, options, error, says):
        with pytest.raises(error, match=says) as caught:
            PythonBackbone(plugin, function, options)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("takes", ["input_ids, attention_mask", "input_ids", "inputs"])
    def test_texts(self, takes, tmp_path):
        Tokenizer(models.WordLevel({f"w{k}": k for k in range(9)}, unk_token="w1")).save(str(tmp_path / "words.json"))
        ids = "inputs['input_ids']" if takes == "inputs" else "input_ids"
        (tmp_path / "mine.py").write_text(
            "from torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
            "        self.table = nn.Embedding(9, 4)\n        self.lstm = nn.LSTM(4, 5, batch_first=True)\n"
            f"    def forward(self, {takes}):\n        return self.lstm(self.table({ids}))[0][:, -1]\n"
            "def build():\n    return {'model': Net(), 'tokenizer': 'words.json', 'pad_token_id': 3}\n"
        )
        backbone = PythonBackbone(tmp_path / "mine.py", "build", {}, max_length=6)
        stored = backbone.inputs.stored([("w4",), ("w5",)])
        assert stored["input_ids"].tolist() == [[4, 3, 3, 3, 3, 3], [5, 3, 3, 3, 3, 3]]
        inputs = backbone.inputs.to_input({key: torch.from_numpy(array) for key, array in stored.items()})
        params = {key: torch.ones(tensor.shape) for key, tensor in backbone.build().state_dict().items()}
        encoder = backbone.build()
        features = call_within(with_weights(encoder, params), backbone.run, encoder, inputs)
        assert features.shape == (2, 5)
        with pytest.raises(ConfigError, match="max_length"):
            PythonBackbone(tmp_path / "mine.py", "build", {})
        with pytest.raises(ConfigError, match="tokenizer and image_size"):
            PythonBackbone(tmp_path / "mine.py", "build", {"image_size": 8}, max_length=6)

    @staticmethod
    def net(plugin, width, n_classes):
        space = {}
        exec(plugin.read_text(), space)
        torch.manual_seed(3)
        return space["Net"](width, n_classes).eval()


def test_a_missing_layer_names_it_and_the_file():
    backbone = TimmBackbone(TIMM[0][0], TIMM[0][1])
    stored = stored_of(made("timm", TIMM[0][0], TIMM[0][1], 3))
    tensors = {key: tensor for key, tensor in stored.tensors.items() if key != "blocks.1.norm1.weight"}
    with pytest.raises(DataError, match=r"weights/cars.safetensors lacks blocks.1.norm1.weight"):
        backbone.encoder_weights(StoredWeights(tensors, stored.source, {}, ""))
    deeper = {**stored.tensors, "blocks.2.norm1.weight": torch.zeros(32)}
    with pytest.raises(DataError, match=r"blocks.2.norm1.weight, which the model does not have"):
        backbone.encoder_weights(StoredWeights(deeper, stored.source, {}, ""))
