"""Words and their parts as hashed counts: what the heads read beside the encoder's vector.

Words, pairs of words and 2 to 5 letters inside of words, so that slang and misspelling share parts with what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.utils import murmurhash3_32

VERSION = "features-1"
BUCKETS = 2**15

# Marks and emoji carry as much feeling as words do.
_TOKEN = re.compile(r"\w+|[^\w\s]{1,3}")
_STRETCHED = re.compile(r"(.)\1{2,}")
_SHORTEST, _LONGEST = 2, 5


def hashed(texts: Sequence[str]) -> csr_matrix:
    """Return log counts of the parts of each text, rows of length one: shape (n, BUCKETS), float32."""
    rows = [_parts(text) for text in texts]
    ends = np.cumsum([0, *(len(row) for row in rows)])
    buckets = np.concatenate([*rows, np.empty(0, dtype=np.int32)])
    matrix = csr_matrix((np.ones(len(buckets), dtype=np.float32), buckets, ends), shape=(len(texts), BUCKETS))
    matrix.sum_duplicates()
    matrix.data = np.log1p(matrix.data)
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    matrix.data /= np.repeat(np.maximum(lengths, 1e-12), np.diff(matrix.indptr)).astype(np.float32)
    return matrix


def holders(counts: csr_matrix) -> NDArray[np.int64]:
    """Return how many texts hold each bucket: shape (BUCKETS,)."""
    return np.bincount(counts.indices, minlength=counts.shape[1])


def rarity(counts: csr_matrix) -> NDArray[np.float64]:
    """Return what each bucket weighs beside the others, more where fewer texts hold it (smoothed inverse frequency)."""
    return np.asarray(np.log((1 + counts.shape[0]) / (1 + holders(counts))) + 1, dtype=np.float64)


def _parts(text: str) -> NDArray[np.int32]:
    words = _TOKEN.findall(_STRETCHED.sub(r"\1\1", text.lower()))
    pairs = [_bucket(f"{left} {right}") for left, right in pairwise(words)]
    return np.concatenate([*map(_of_word, words), np.array(pairs, dtype=np.int32)])


@lru_cache(maxsize=100_000)
def _of_word(word: str) -> NDArray[np.int32]:
    padded = f"<{word[:30]}>"
    parts = {word} | {
        padded[start : start + length]
        for length in range(_SHORTEST, _LONGEST + 1)
        for start in range(len(padded) - length + 1)
    }
    return np.array([_bucket(part) for part in sorted(parts)], dtype=np.int32)


def _bucket(part: str) -> int:
    return int(murmurhash3_32(part, positive=True)) % BUCKETS
