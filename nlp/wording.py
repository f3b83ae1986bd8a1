"""What posts share in words, beside what the encoder says they mean: latent axes of their hashed words.

Subjects of one domain lie close together in an encoder's vectors: a card that is stuck and one that is blocked. Their
words tell them apart. The axes are fitted once, on the first posts of a community, and frozen with its space.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.features import hashed, holders, rarity
from nlp.vectors import Vectors, unit

AXES = 100
ANY = "*"
_ITERATIONS = 4


@dataclass(frozen=True)
class Wording:
    """Axes of words: `basis` has a row for each of `buckets`, shape (b, AXES); `means` are by language, `*` for others.

    Its numbers are such as 16 bits can hold, so that it is the same after it was stored.
    """

    buckets: NDArray[np.int32]
    basis: Vectors
    means: Mapping[str, Vectors]

    def project(self, texts: Sequence[str], languages: Sequence[str]) -> Vectors:
        """Return one row a text, of length one or zero where it has no known word: shape (n, AXES), float32."""
        return unit(self._axes(texts) - np.stack([self.means.get(code, self.means[ANY]) for code in languages]))

    def _axes(self, texts: Sequence[str]) -> Vectors:
        return unit(np.asarray(hashed(texts)[:, self.buckets] @ self.basis, dtype=np.float32))

    def content(self) -> bytes:
        """Return it as bytes, from which `stored` makes the same again."""
        stream = io.BytesIO()
        languages, means = np.array(list(self.means)), np.stack(list(self.means.values()))
        basis, means = self.basis.astype(np.float16), means.astype(np.float16)
        np.savez(stream, buckets=self.buckets, languages=languages, basis=basis, means=means)
        return stream.getvalue()


def stored(content: bytes) -> Wording:
    """Return what `content` gave as bytes."""
    with np.load(io.BytesIO(content)) as arrays:
        means = dict(zip(arrays["languages"].tolist(), arrays["means"].astype(np.float32), strict=True))
        return Wording(arrays["buckets"], arrays["basis"].astype(np.float32), means)


def fit(texts: Sequence[str], languages: Sequence[str], *, seed: int = 0) -> Wording | None:
    """Find the axes along which texts differ most in their words; None where they have too few words for that.

    Rare parts of words weigh more than frequent ones, and those of one text only nothing. The mean of each language is
    taken away, or else the first axes would only tell the languages apart.
    """
    # Imported here, because every command reads a space and only a first week fits one.
    from sklearn.decomposition import TruncatedSVD

    counts = hashed(texts)
    buckets = np.flatnonzero(holders(counts) > 1).astype(np.int32)
    if len(buckets) <= AXES or len(texts) <= AXES:
        return None
    rare = rarity(counts)[buckets]
    svd = TruncatedSVD(AXES, n_iter=_ITERATIONS, random_state=seed).fit(counts[:, buckets].multiply(rare).tocsr())
    basis = _short((svd.components_ * rare).T)
    bare = Wording(buckets, basis, {})
    axes, told = bare._axes(texts), np.array(languages)
    means = {code: _short(axes[told == code].mean(axis=0)) for code in sorted(set(languages))}
    return Wording(buckets, basis, {**means, ANY: _short(axes.mean(axis=0))})


def _short(numbers: NDArray[np.float64]) -> Vectors:
    return numbers.astype(np.float16).astype(np.float32)
