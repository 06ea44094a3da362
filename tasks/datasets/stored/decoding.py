"""Decode images and tokenise texts, a few at a time, into the arrays of a cache entry."""

from __future__ import annotations

import contextlib
import functools
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from ....available_cpus import available_cpus
from ....errors import DataError
from ..input_format import InputFormat
from ..raw_split import RawImage, RawSplit, Tell
from .array_file import ArrayWriter
from .decoded_image import open_image, strict_pillow
from .entry_writer import EntryWriter

T = TypeVar("T")
Stored: TypeAlias = Mapping[str, NDArray[np.generic]]
Pieces: TypeAlias = Generator[tuple[int, Stored], None, None]
"""Arrays of some examples, with how many these are."""

IMAGES_AT_A_TIME = 16
"""Of a piece of work; each is decoded and brought to size before the next."""
TEXTS_AT_A_TIME = 1024
MOST_WORKERS = 8


def store_inputs(
    raw: RawSplit,
    positions: NDArray[np.int64],
    format: InputFormat,
    entry: EntryWriter,
    *,
    prefix: str,
    n_ahead: int,
    tell: Tell,
) -> list[str]:
    """Write the inputs of some examples to a cache entry, and return the names of the format's arrays.

    Args:
        raw: the split that the examples are in.
        positions: which, ascending.
        format: how they are stored.
        entry: takes the arrays, under their names after `prefix`.
        prefix: as in "train/".
        n_ahead: these examples and those of splits to come, to see whether the disk has room for them.
        tell: told how many are done.

    Raises:
        DataError: an image cannot be decoded, which the message names; or the disk is full.
    """
    pieces = _pieces(raw, positions, format)
    writers: dict[str, ArrayWriter] = {}
    done = 0
    with contextlib.ExitStack() as stack:
        stack.callback(pieces.close)
        for n, piece in pieces:
            if not writers:
                writers = {name: stack.enter_context(entry.array(prefix + name, len(positions))) for name in piece}
                entry.require_space(n_ahead * sum(rows.nbytes for rows in piece.values()) // n)
            for name, writer in writers.items():
                writer.append(piece[name])
            done += n
            tell(done, len(positions))
    return list(writers)


def require_storable(raw: RawSplit, positions: NDArray[np.int64], format: InputFormat) -> None:
    """Refuse examples that cannot be stored, by what `store_inputs` says of the first; nothing is written.

    Raises:
        DataError: one cannot.
    """
    with contextlib.closing(_pieces(raw, positions, format)) as pieces:
        for _ in pieces:
            pass


def _pieces(raw: RawSplit, positions: NDArray[np.int64], format: InputFormat) -> Pieces:
    examples = raw.read(positions)
    if format.kind == "image":
        return _image_pieces(examples, format)
    return _text_pieces(examples, format, lambda i: raw.where(int(positions[i])))


def _image_pieces(examples: Iterable[Any], format: InputFormat) -> Pieces:
    """Yield the arrays of a few images at a time, in order, made in threads: decoders let go of Python's lock."""

    def store(images: Sequence[RawImage]) -> tuple[int, Stored]:
        rows = [_stored_image(image, format) for image in images]
        return len(images), {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}

    with strict_pillow():
        yield from _in_order(store, _batches(examples, IMAGES_AT_A_TIME), min(MOST_WORKERS, available_cpus()))


def _stored_image(image: RawImage, format: InputFormat) -> Stored:
    with _named(lambda: image.where):
        return format.stored([open_image(image)])


def _text_pieces(examples: Iterable[Any], format: InputFormat, where: Callable[[int], str]) -> Pieces:
    """Yield the arrays of some texts at a time; tokenizers have threads of their own."""
    done = 0
    for texts in _batches(examples, TEXTS_AT_A_TIME):
        try:
            stored = format.stored(texts)
        except DataError:
            for i, text in enumerate(texts):  # one at a time, to say which
                with _named(functools.partial(where, done + i)):
                    format.stored([text])
            raise
        yield len(texts), stored
        done += len(texts)


@contextlib.contextmanager
def _named(where: Callable[[], str]) -> Iterator[None]:
    """Name an example in what its format finds wrong with it, since that knows no files."""
    try:
        yield
    except DataError as error:
        if (place := where()) in str(error):
            raise
        raise DataError(f"{place}: {error}") from error


def _in_order(function: Callable[[Sequence[Any]], T], batches: Iterable[Sequence[Any]], workers: int) -> Iterator[T]:
    """Yield a function's results in order, computed in threads and no more than a few ahead."""
    pool = ThreadPoolExecutor(workers)
    ahead: deque[Future[T]] = deque()
    try:
        for batch in batches:
            ahead.append(pool.submit(function, batch))
            if len(ahead) > 2 * workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _batches(examples: Iterable[T], size: int) -> Iterator[list[T]]:
    items = iter(examples)
    while batch := list(islice(items, size)):
        yield batch
