"""The space in which themes live: encoder vectors, centred so that both languages share it.

e5 vectors all point nearly the same way, and each language has a corner of its own. Taking away the mean of the
language and then the first principal component leaves what the text is about. A space is fitted once, on the first
posts of a community, and frozen under its version; few posts are helped by a space that comes with this package, if
it was made with the same encoder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

DIMENSIONS = 384
# A prior mean counts as many posts as this; a language with far more of its own hardly notices it.
_PRIOR_WEIGHT = 10
# From here on the principal component is the community's own.
_LEAST_POSTS = 300
ANY = "*"


@dataclass(frozen=True)
class Space:
    """Means by language (`*` for all others) and the component to remove. Vectors of two versions do not compare."""

    version: str
    means: Mapping[str, Vectors]
    component: Vectors

    def project(self, vectors: Vectors, languages: Sequence[str]) -> Vectors:
        """Return one row of length one for each encoder vector: shape (n, 384), float32."""
        if not len(vectors):
            return np.empty((0, DIMENSIONS), dtype=np.float32)
        other = self.means.get(ANY, np.zeros(DIMENSIONS, dtype=np.float32))
        centred = vectors - np.stack([self.means.get(language, other) for language in languages])
        return _unit(centred - np.outer(centred @ self.component, self.component))


def fit(vectors: Vectors, languages: Sequence[str], *, encoder: str) -> Space:
    """Fit a space on an encoder's vectors and their languages.

    The fewer they are, the nearer it is to the shipped one; for another encoder than that one was made with, the
    nearer is the mean of a language to the mean of all.
    """
    start = default() if encoder == made_with() else _without_prior(vectors)
    if not len(vectors):
        return start
    told = np.array(languages)
    means = dict(start.means)
    for language in sorted({*languages, ANY}):
        own = vectors if language == ANY else vectors[told == language]
        means[language] = _mean(own, start.means.get(language, start.means[ANY]))
    component = start.component
    if len(vectors) >= _LEAST_POSTS:
        component = first_component(vectors - np.stack([means[language] for language in languages]))
    return Space(_version(means, component), means, component)


def stored(rows: Sequence[tuple[str, str, Vectors, Vectors]]) -> Space | None:
    """Return the space that was frozen as rows of (version, language, mean, component); None where there is none."""
    if not rows:
        return None
    return Space(version=rows[0][0], means={language: mean for _, language, mean, _ in rows}, component=rows[0][3])


def default() -> Space:
    """Return the space that comes with this package."""
    return _shipped()[0]


def made_with() -> str:
    """Return the name of the encoder that the space of this package was made with."""
    return _shipped()[1]


def forget() -> None:
    """Read the space again when it is next asked for."""
    _shipped.cache_clear()


@lru_cache(maxsize=1)
def _shipped() -> tuple[Space, str]:
    with as_file(files("nlp").joinpath("weights", "space.npz")) as path, np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    encoder = str(arrays.pop("encoder"))
    component = arrays.pop("component").astype(np.float32)
    means = {name: mean.astype(np.float32) for name, mean in arrays.items()}
    return Space(_version(means, component), means, component), encoder


def _without_prior(vectors: Vectors) -> Space:
    """Return a space that knows no language and takes no component away."""
    nothing = np.zeros(DIMENSIONS, dtype=np.float32)
    means = {ANY: _mean(vectors, nothing)}
    return Space(_version(means, nothing), means, nothing)


def _mean(own: Vectors, prior: Vectors) -> Vectors:
    """Return the mean of vectors, pulled towards `prior` where they are few."""
    mean = (own.sum(axis=0) + _PRIOR_WEIGHT * prior) / (len(own) + _PRIOR_WEIGHT)
    return np.asarray(mean, dtype=np.float32)


def first_component(centred: Vectors) -> Vectors:
    """Return the direction of the largest spread, with a sign that does not depend on the machine."""
    _, directions = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    first = directions[:, -1]
    return np.asarray(first * np.sign(first[np.argmax(np.abs(first))]), dtype=np.float32)


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def _version(means: Mapping[str, Vectors], component: Vectors) -> str:
    digest = hashlib.sha256(component.astype("<f2").tobytes())
    for language in sorted(means):
        digest.update(language.encode() + means[language].astype("<f2").tobytes())
    return f"space-1-{digest.hexdigest()[:8]}"
