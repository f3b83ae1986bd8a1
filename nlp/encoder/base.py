"""What every encoder promises, and what they share."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from kernel.errors import SettingsError

# The width of the warehouse's columns of vectors.
DIMENSIONS = 384

Vectors = NDArray[np.float32]

T = TypeVar("T")


class Encoder(Protocol):
    """Turns texts into vectors. `name` holds the model and its version."""

    name: str

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one float32 row of length one for each text, in order: shape (n, 384)."""
        ...


def safe(text: str) -> str:
    """Return the text without what C strings and UTF-8 cannot carry: NUL and lone surrogates."""
    return text.replace("\0", " ").encode("utf-8", "ignore").decode("utf-8")


def needed(value: T | None, variable: str, *, encoder: str) -> T:
    """Return a setting that the encoder cannot do without. Raises `SettingsError` where it is not set."""
    if not value:
        message = f"SUARA_ENCODER__NAME={encoder} needs {variable}"
        raise SettingsError(message, remedy=f"Set {variable}; `suara settings` says what it means.")
    return value


def prefixed(name: str, prefix: str) -> str:
    """Return the name of an encoder that puts `prefix` before every text: its vectors are others."""
    return f"{name}-{hashlib.sha256(prefix.encode()).hexdigest()[:8]}" if prefix else name


def require_width(width: int, who: str) -> None:
    """Refuse vectors that the warehouse has no room for. Raises `SettingsError`."""
    if width != DIMENSIONS:
        message = f"{who} gives vectors of {width} numbers, and the warehouse holds {DIMENSIONS}"
        remedy = "Choose a model of that width, or set SUARA_ENCODER__SHORTEN=true if it was trained to be shortened."
        raise SettingsError(message, remedy=remedy)


def unit(rows: Sequence[Sequence[float]] | Vectors, who: str) -> Vectors:
    """Return rows of length one; a row of zeros, by which a model says nothing of a text, stays.

    Raises `SettingsError` for numbers that are no direction.
    """
    wide = np.asarray(rows, dtype=np.float64)
    with np.errstate(over="ignore"):
        lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    if not np.isfinite(lengths).all():
        message = f"{who} gives vectors of no finite length"
        raise SettingsError(message, remedy="Choose another model, or mend this one.")
    return np.asarray(wide / np.where(lengths == 0, 1, lengths), dtype=np.float32)
