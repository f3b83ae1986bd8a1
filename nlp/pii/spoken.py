"""Phone numbers in disguise: spelled in words of both languages, or with letters that look like digits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Piece(NamedTuple):
    """Characters `start <= i < end` of a text, and the digits that they stand for."""

    start: int
    end: int
    digits: str


_SPELLED = {
    "0": "nol nul kosong zero oh o",
    "1": "satu atu one",
    "2": "dua two",
    "3": "tiga three",
    "4": "empat ampat mpat four",
    "5": "lima five",
    "6": "enam anam nem six",
    "7": "tujuh tuju seven",
    "8": "delapan dlapan lapan eight",
    "9": "sembilan smbilan nine",
}
_WORDS = {word: digit for digit, words in _SPELLED.items() for word in words.split()}
_TIMES = {"double": 2, "dobel": 2, "triple": 3}
_ITEM = rf"(?:{'|'.join(sorted([*_WORDS, *_TIMES], key=len, reverse=True))}|[0-9]+)"
_RUN = re.compile(rf"(?<![\w.,]){_ITEM}(?:[ ,.-]{{1,3}}{_ITEM}){{2,}}(?!\w)", re.IGNORECASE)
_ONE = re.compile(r"[a-z]+|[0-9]+")
# Each spelled phone number holds one of these, and most texts none.
_HINTS = ("lapan", "eight", "nol", "kosong", "zero", "08", "o8", "628", "62 8", "62-8")

_LOOKALIKE = re.compile(r"(?<![\w.])(?:[0oO]|62[ -]?)8(?:[ .-]?[0-9oOlI]){7,11}(?!\w)")
_AS_DIGITS = str.maketrans("oOlI", "0011")


def disguised(text: str, lowered: str) -> Iterator[Piece]:
    """Return what may be a number in disguise; plain digits are not among them."""
    if not any(hint in lowered for hint in _HINTS):
        return
    for run in _RUN.finditer(text):
        if any(letter.isalpha() for letter in run[0]):
            yield Piece(*run.span(), _digits(run[0].lower()))
    for found in _LOOKALIKE.finditer(text):
        if any(letter in "oOlI" for letter in found[0]):
            yield Piece(*found.span(), re.sub(r"\D", "", found[0].translate(_AS_DIGITS)))


def _digits(words: str) -> str:
    digits, times = "", 1
    for word in _ONE.findall(words):
        if word in _TIMES:
            times = _TIMES[word]
            continue
        digits += _WORDS.get(word, word) * times
        times = 1
    return digits
