"""The environment of cells on CUDA, which is read once the device is first used."""

import os

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
