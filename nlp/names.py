"""Readable names of themes from their phrases, "Verification Code, OTP", and when these have become others."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlp.text import PLACEHOLDER
from nlp.words import STOP, WEAK, words_of

NAMELESS = "Unnamed Theme"
MOST_CHARACTERS = 48
# A name is outdated where a theme's words are less alike to those it was named by.
_ALIKE = 0.3
_COMPARED = 10
_WORD = re.compile(r"[^\W\d_]\w+")
# Written as their readers write them.
_CAPITALS = words_of("capitals")
_SPELLINGS = {
    "github": "GitHub", "ios": "iOS", "ipad": "iPad", "iphone": "iPhone", "javascript": "JavaScript", "macos": "macOS",
    "oauth": "OAuth", "wi-fi": "Wi-Fi", "wifi": "Wi-Fi", "youtube": "YouTube",
}  # fmt: skip


def name(keywords: Sequence[str]) -> str:
    """Return a name from phrases, strongest first: the first one, and the next that adds a new word."""
    if not keywords:
        return NAMELESS
    first = keywords[0]
    for other in keywords[1:]:
        both = f"{_title(first)}, {_title(other)}"
        if len(both) <= MOST_CHARACTERS and not _beginnings(first) & _beginnings(other):
            return both
    return _title(first)


def is_outdated(name: str, named_by: Sequence[str], now: Sequence[str]) -> bool:
    """Say whether a theme is about other things than when it was named, by its phrases then and now.

    Hardly any of its words are left, and none of the name: the tail of a list of phrases is another one every week.
    """
    return likeness(named_by, now) < _ALIKE and stems(name).isdisjoint(stems(" ".join(now)))


def likeness(before: Sequence[str], now: Sequence[str]) -> float:
    """Return how alike the words of two lists of phrases are, by the ten strongest of each (Jaccard index of stems)."""
    one, other = (stems(" ".join(phrases[:_COMPARED])) for phrases in (before, now))
    return len(one & other) / max(len(one | other), 1)


def stems(text: str) -> set[str]:
    """Return the stems of the words that carry a subject, in masked text or phrases."""
    words = _WORD.findall(PLACEHOLDER.sub(" ", text).lower())
    return {word.removesuffix("s")[:5] for word in words if word not in STOP and word not in WEAK}


def _title(phrase: str) -> str:
    return " ".join(_spelled(word) for word in phrase.split())


def _spelled(word: str) -> str:
    one = word.removesuffix("s")
    if word in _CAPITALS:
        return word.upper()
    return f"{one.upper()}s" if one in _CAPITALS else _SPELLINGS.get(word, word[:1].upper() + word[1:])


def _beginnings(phrase: str) -> set[str]:
    """Return the beginnings of the words, so that "payment" and "payments" count as one."""
    return {word[:5] for word in phrase.replace("-", " ").split()}
