"""The environment of cells on CUDA, which is read once the device is first used."""

import os

from frontrunner.harness.running.deterministic_cuda import ENVIRONMENT

for name, value in ENVIRONMENT.items():
    os.environ.setdefault(name, value)
