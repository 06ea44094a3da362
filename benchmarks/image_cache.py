"""Measure reading a folder of images the first time, when they are decoded, and the second, when they are mapped.

    python benchmarks/image_cache.py

Images are JPEGs of 320x280, brought to 224x224 as CLIP takes them; few differ in their pixels, all in their bytes.
Each time is a process of its own, which imports torch and the image libraries before it is measured. Folder and cache
are temporary.
"""

import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import psutil
import torch
import typer
from PIL import Image

from frontrunner.tasks.datasets.image_format import ImageFormat
from frontrunner.tasks.datasets.read_data import read_task_data
from frontrunner.tasks.suite_file.schema import DataSpec

N_DISTINCT = 50
N_CLASSES = 20


def write_images(folder: Path, n: int) -> None:
    rng = np.random.default_rng(0)
    pictures = []
    for _ in range(N_DISTINCT):
        coarse = Image.fromarray(rng.integers(0, 256, (20, 23, 3), dtype=np.uint8))
        written = io.BytesIO()
        coarse.resize((320, 280), Image.Resampling.BICUBIC).save(written, "JPEG", quality=90)
        pictures.append(written.getvalue())
    for k in range(N_CLASSES):
        (folder / f"class {k}").mkdir(parents=True)
    for i in range(n):  # bytes after the end of a JPEG mean nothing
        (folder / f"class {i % N_CLASSES}" / f"{i}.jpg").write_bytes(pictures[i % N_DISTINCT] + str(i).encode())


def read(folder: Path) -> None:
    mean, std = (0.4814, 0.4578, 0.4082), (0.2686, 0.2613, 0.2758)
    clip = ImageFormat(size=224, mean=mean, std=std)
    clip.stored([Image.new("RGB", (300, 300))])  # imports open_clip and torchvision
    process = psutil.Process()
    before = process.memory_info().rss
    started = time.perf_counter()
    data = read_task_data("images", DataSpec(imagefolder="images"), clip, base=folder)
    took = time.perf_counter() - started
    n = sum(len(part) for part in data.splits.values())
    resident = process.memory_info().rss - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    started = time.perf_counter()
    next(data.splits["train"].stream(128, torch.Generator().manual_seed(0)))
    batch = time.perf_counter() - started
    print(
        f"{n:,} images in {took:.2f} s ({n / took:,.0f} images/s), resident after +{resident / 1e6:.0f} MB, "
        f"peak +{peak / 1e6:.0f} MB; a batch of 128 in {1000 * batch:.0f} ms"
    )


def measure(
    n: Annotated[int, typer.Option(help="Number of images.")] = 10_000,
    folder: Annotated[Path | None, typer.Option(help="Read this folder alone.", hidden=True)] = None,
) -> None:
    if folder is not None:
        read(folder)
        return
    with tempfile.TemporaryDirectory() as temporary:
        started = time.perf_counter()
        write_images(Path(temporary) / "images", n)
        print(f"wrote {n:,} images in {time.perf_counter() - started:.1f} s", flush=True)
        environment = {**os.environ, "FRONTRUNNER_CACHE": str(Path(temporary) / "cache")}
        for when in ("first ", "second"):
            print(f"{when}: ", end="", flush=True)
            subprocess.run([sys.executable, __file__, "--folder", temporary], env=environment, check=True)


if __name__ == "__main__":
    typer.run(measure)
