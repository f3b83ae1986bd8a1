"""The space in which themes live: encoder vectors, centred so that both languages share it.

e5 vectors all point nearly the same way, and each language has a corner of its own. Taking away the mean of the
language and then the first principal component leaves what the text is about. Beside that stands what its words are
(`nlp.wording`), with less weight. A space is fitted once, on the first posts of a community, and frozen under its
version; few posts are helped by a space that comes with this package, if it was made with the same encoder, and have
no axes of words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files

import numpy as np

from nlp import wording
from nlp.vectors import Vectors, unit
from nlp.wording import Wording

DIMENSIONS = 384
ANY = wording.ANY
# A prior mean counts as many posts as this; a language with far more of its own hardly notices it.
_PRIOR_WEIGHT = 10
# From here on the principal component is the community's own.
_LEAST_POSTS = 300
# What words weigh beside meaning; docs/adr/0013-words-beside-meaning.md says how that was chosen.
_WORDS = 0.5


@dataclass(frozen=True)
class Space:
    """Means by language (`*` for all others), the component to remove, and axes of words where it has any.

    Vectors of two versions do not compare.
    """

    version: str
    means: Mapping[str, Vectors]
    component: Vectors
    words: Wording | None = None

    @property
    def dimensions(self) -> int:
        """How many numbers a projected vector has."""
        return DIMENSIONS + (wording.AXES if self.words else 0)

    def project(self, vectors: Vectors, languages: Sequence[str], texts: Sequence[str]) -> Vectors:
        """Return one row of length one for each encoder vector and its text: shape (n, dimensions), float32."""
        if not len(vectors):
            return np.empty((0, self.dimensions), dtype=np.float32)
        other = self.means.get(ANY, np.zeros(DIMENSIONS, dtype=np.float32))
        centred = vectors - np.stack([self.means.get(language, other) for language in languages])
        meaning = unit(centred - np.outer(centred @ self.component, self.component))
        if self.words is None:
            return meaning
        return unit(np.hstack([meaning, _WORDS * self.words.project(texts, languages)]))


def fit(vectors: Vectors, languages: Sequence[str], texts: Sequence[str], *, encoder: str) -> Space:
    """Fit a space on an encoder's vectors, their languages and the texts that were encoded.

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
    if len(vectors) < _LEAST_POSTS:
        return Space(_version(means, start.component), means, start.component)
    component = first_component(vectors - np.stack([means[language] for language in languages]))
    words = wording.fit(texts, languages)
    return Space(_version(means, component, words), means, component, words)


def stored(version: str, means: Mapping[str, Vectors], component: Vectors, words: bytes | None) -> Space:
    """Return a space that was frozen, with its axes of words as bytes."""
    return Space(version, means, component, wording.stored(words) if words else None)


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


def _version(means: Mapping[str, Vectors], component: Vectors, words: Wording | None = None) -> str:
    digest = hashlib.sha256(component.astype("<f2").tobytes())
    for language in sorted(means):
        digest.update(language.encode() + means[language].astype("<f2").tobytes())
    if words:
        digest.update(words.basis.astype("<f2").tobytes())
    return f"space-{2 if words else 1}-{digest.hexdigest()[:8]}"
