"""Files of weights as others write them, made of tiny modules."""

import pickle
import struct
import sys
import types

import torch
from safetensors.torch import save_file
from torch import nn


def tensors(n=3):
    return {f"layer{i}.weight": torch.arange(12.0).view(3, 4) + i for i in range(n)}


def written_safetensors(file, values=None, **metadata):
    save_file(values if values is not None else tensors(), file, metadata=metadata or None)
    return file


def saved_module(file, *, module="src.modeling", name="ImageEncoder"):
    """Save a whole module of a class that exists while it is written only; return its state dict."""
    source = types.ModuleType(module)
    encoder = type(name, (nn.Module,), {"__module__": module})
    setattr(source, name, encoder)
    parts = module.split(".")
    parents = [".".join(parts[:i]) for i in range(1, len(parts))]
    for parent in parents:
        sys.modules[parent] = types.ModuleType(parent)
    sys.modules[module] = source
    try:
        whole = encoder()
        whole.model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.MultiheadAttention(4, 2))
        whole.register_buffer("ids", torch.arange(5))
        whole.register_buffer("passing", torch.arange(5), persistent=False)
        torch.save(whole, file)
        return {key: value.clone() for key, value in whole.state_dict().items()}
    finally:
        for made in (module, *parents):
            del sys.modules[made]


class Runs:
    """Asks its reader to run a function."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def truncated(file, whole):
    torch.save(tensors(), whole)
    file.write_bytes(whole.read_bytes()[:-200])


def text_pickle(file):
    file.write_bytes(pickle.dumps(tensors()))


def short_header(file):
    file.write_bytes(
        struct.pack("<Q", 64) + b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}'.ljust(64) + b"\0" * 8
    )
