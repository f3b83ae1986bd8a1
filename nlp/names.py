"""Readable names of themes from their phrases: "Verification Code, OTP"."""

from __future__ import annotations

from collections.abc import Sequence

from nlp.words import words_of

NAMELESS = "Unnamed Theme"
_MOST_CHARACTERS = 48
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
        if len(both) <= _MOST_CHARACTERS and not _stems(first) & _stems(other):
            return both
    return _title(first)


def _title(phrase: str) -> str:
    return " ".join(
        word.upper() if word in _CAPITALS else _SPELLINGS.get(word, word[:1].upper() + word[1:])
        for word in phrase.split()
    )


def _stems(phrase: str) -> set[str]:
    """Return the beginnings of the words, so that "payment" and "payments" count as one."""
    return {word[:5] for word in phrase.replace("-", " ").split()}
