"""Vectors kept in a file from run to run, because they cost far more than all the rest."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp.encoder import DIMENSIONS, Encoder

Vectors = NDArray[np.float32]

# So many new texts are encoded before the file is written again: a run that is stopped has not worked for nothing.
_STEP = 5000


class KeptVectors:
    """An encoder with a file of what it has encoded; without a path it forgets at the end."""

    def __init__(self, encoder: Encoder, path: Path | None = None) -> None:
        self.name = encoder.name
        self._path = path
        self._encoder = encoder
        self._known: dict[str, Vectors] = {}
        if path and path.exists():
            with np.load(path) as stored:
                self._known = dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of length one a text, encoding those not seen before: shape (n, 384)."""
        keys = [hashlib.sha256(f"{self.name}\0{text}".encode()).hexdigest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        for start in range(0, len(missing), _STEP):
            sys.stderr.write(f"  encoding {min(_STEP, len(missing) - start):,} of {len(missing) - start:,} texts\n")
            some = list(missing.items())[start : start + _STEP]
            rows = self._encoder.encode([text for _, text in some])
            self._known |= {key: row for (key, _), row in zip(some, rows, strict=True)}
            if self._path:
                self._write(self._path)
        return np.stack([self._known[key] for key in keys]) if keys else np.empty((0, DIMENSIONS), np.float32)

    def _write(self, path: Path) -> None:
        # By an open file, for a path alone would be given an ending.
        with path.open("wb") as stream:
            np.savez(stream, keys=np.array(list(self._known)), vectors=np.stack(list(self._known.values())))
