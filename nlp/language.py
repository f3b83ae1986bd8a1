"""In which language a post is written.

py3langid looks over all the languages it knows, because a detector that is told "English or Indonesian" calls German
English. What it takes for a near twin of a configured language (Malay for Indonesian) is read as that language unless
it is sure; in short posts it is rarely sure, so these lean towards the configured languages. All else is named by its
code where that is certain, and is `other` where not: counted and shown, never clustered.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from nlp.words import TELLING

VERSION = "language-3"
UNKNOWN = "und"
OTHER = "other"

# Nats by which a twin, or a foreign language, must lead before it is believed; measured by `benchmarks.nlp language`.
_TWIN_MARGIN = 2.5
_FOREIGN_MARGIN = 2.5
# Nats that a claim of the source is worth, and each word that only one language has.
_HINT = 1.5
_TELLING = 1.0
_MOST_TELLING = 3
_LEAST_LETTERS = 3
# More than this changes no verdict.
_MOST_CHARACTERS = 600
# A foreign language is named from here on; below it is `other`.
_NAMED_PROBABILITY = 0.9
_NAMED_LETTERS = 20
# Codes that sources still use for a language that has another one now.
_OLD_CODES = {"in": "id", "iw": "he", "jw": "jv"}


@dataclass(frozen=True)
class Detected:
    """A language code (or `other`, `und`) and how probable it is at least."""

    language: str
    confidence: float


def detect(
    texts: Sequence[str],
    *,
    languages: Sequence[str],
    neighbours: Mapping[str, str],
    hints: Sequence[str | None] | None = None,
) -> list[Detected]:
    """Return the language of each text. `hints` are the codes that the sources claim, such as `id-ID`."""
    claims = hints if hints is not None else [None] * len(texts)
    return [_detect(text, languages, neighbours, _code(hint)) for text, hint in zip(texts, claims, strict=True)]


def _detect(text: str, languages: Sequence[str], neighbours: Mapping[str, str], hint: str | None) -> Detected:
    """Weigh what the detector says of all languages against words, the source and how near languages are."""
    if _letters(text) < _LEAST_LETTERS or not languages:
        return Detected(UNKNOWN, 0.0)
    known, places = _known()
    likely = known.probabilities(text[:_MOST_CHARACTERS])
    for code, nats in _evidence(text, hint).items():
        if code in places:
            likely[places[code]] *= math.exp(nats)
    likely /= likely.sum()

    def of(code: str) -> float:
        return float(likely[places[code]]) if code in places else 0.0

    best = known.nb_classes[int(likely.argmax())]
    configured, margin = max(languages, key=of), _FOREIGN_MARGIN
    if neighbours.get(best) in languages:
        configured, margin = neighbours[best], _TWIN_MARGIN
    if best in languages or of(best) < of(configured) * math.exp(margin):
        chosen = best if best in languages else configured
        twins = (of(code) for code, near in neighbours.items() if near == chosen)
        return Detected(chosen, min(1.0, of(chosen) + sum(twins)))
    named = of(best) >= _NAMED_PROBABILITY and _letters(text) >= _NAMED_LETTERS
    return Detected(best if named else OTHER, of(best))


def _evidence(text: str, hint: str | None) -> dict[str, float]:
    """Return nats in favour of languages: words that only one of them has, and what the source claims."""
    found = {hint: _HINT} if hint else {}
    if _tells(text):
        words = text.lower().split()
        for code, telling in TELLING.items():
            count = sum(word.strip(".,!?") in telling for word in words)
            found[code] = found.get(code, 0.0) + _TELLING * min(count, _MOST_TELLING)
    return found


def _tells(text: str) -> bool:
    """Say whether a text is so short that its single words are counted."""
    return len(text.split()) <= 2 * _MOST_TELLING


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def _code(hint: str | None) -> str | None:
    code = (hint or "").lower().replace("_", "-").split("-")[0]
    return _OLD_CODES.get(code, code) or None


class _Identifier(LanguageIdentifier):  # type: ignore[misc]
    """py3langid's own, which tells the probabilities of all languages without sorting them: half the time of `rank`."""

    __slots__ = ()

    def probabilities(self, text: str) -> NDArray[np.float64]:
        """Return the probability of each of `nb_classes`; where a code stands twice, the first has it all."""
        return np.asarray(self._decide(text), dtype=np.float64)


@lru_cache(maxsize=1)
def _known() -> tuple[_Identifier, dict[str, int]]:
    """Return the identifier, and where each language stands among its classes."""
    identifier = _Identifier.from_model_file(MODEL_FILE, norm_probs=True)
    return identifier, {code: identifier.nb_classes.index(code) for code in identifier.labels}
