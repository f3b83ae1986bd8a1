"""Streets with house numbers, and the neighbourhood numbers (RT, RW) of Indonesian addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from spacy.lang.id.stop_words import STOP_WORDS as INDONESIAN

from kernel.model import PiiSpan

_DIGIT = re.compile(r"[0-9]")
_HOUSE = r"(?i:(?:no|nomor|nomer|kav|kavling|blok|blk)\b\.? ?(?:[a-z]{0,2}\d{1,4}[a-z]?(?:[/-]\d{1,4})?|[a-z])\b)"
_WORD = r"(?:[A-Z]\w{0,2}\.|[A-Za-z][\w']*)"
_NAME = r"[A-Z][\w'.]*"
# "Jalan Tol 2 jam": a number of these is no house.
_MEASURES = "kali|hari|jam|menit|detik|bulan|tahun|minggu|orang|km|x|%|persen|juta|ribu|rb"
_JALAN = re.compile(
    rf"\b(?:(?i:jln?|gg|komp|perum)\b(?:\. ?| )|(?P<word>(?i:jalan|gang|kompleks?|perumahan) ))(?:"
    rf"(?P<name>{_WORD}(?: {_WORD}){{0,4}}?)(?:,? ?{_HOUSE}){{1,3}}"
    rf"|{_NAME}(?: {_NAME}){{0,3}} \d{{1,3}}[A-Za-z]?\b(?! ?(?i:{_MEASURES})\b))"
)
_NEIGHBOURHOOD = re.compile(
    r"\bRT[ .:]{0,2}(?:\d{1,3} ?[/,-]? ?RW[ .:]{0,2}\d{1,3}|/ ?RW[ .:]{0,2}\d{1,3} ?/ ?\d{1,3})\b", re.IGNORECASE
)
_UNIT = r"(?i:flat|unit|apt|apartment|suite|room)\.? #?\w{1,5}"
_STREET = re.compile(
    rf"[0-9]{{1,5}}[A-Za-z]?(?:[-/]\d{{1,4}})? "
    rf"(?P<name>(?:{_NAME}|\d{{1,3}}(?:st|nd|rd|th))(?: {_NAME}){{0,3}}?) "
    r"(?:(?:Street|Str?|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Terrace|Crescent|Way|Place)\b\.?"
    rf"|(?:street|avenue|road|lane|boulevard)\b)(?:,? (?:{_UNIT}|#\d{{1,4}})\b)?"
)
_BOX = re.compile(r"\bP\.? ?O\.? ?Box \d{1,6}\b", re.IGNORECASE)
_BEFORE = re.compile(rf"(?:{_UNIT},? |[\w.,$\u20ac\u00a3#/-])\Z")
# "3 Google Drive links", "2 Hard Drive": no streets.
_NO_STREET = frozenset(
    ["google", "hard", "usb", "flash", "one", "disk", "external", "test", "data", "two", "easy", "free", "new"]
)


def find(text: str, lowered: str) -> Iterator[PiiSpan]:
    """Return the parts of postal addresses that say where a door is."""
    if not _DIGIT.search(text):
        return
    if any(word in lowered for word in ("jl", "jalan", "gg", "gang", "komp", "perum")):
        yield from (PiiSpan("address", *found.span()) for found in _JALAN.finditer(text) if _is_street(found))
    if "rw" in lowered:
        yield from (PiiSpan("address", *found.span()) for found in _NEIGHBOURHOOD.finditer(text))
    if "box" in lowered:
        yield from (PiiSpan("address", *found.span()) for found in _BOX.finditer(text))
    for found in _STREET.finditer(text):
        before = _BEFORE.search(text, max(0, found.start() - 16), found.start())
        if found["name"].split()[-1].lower() not in _NO_STREET and (not before or len(before[0]) > 1):
            yield PiiSpan("address", before.start() if before else found.start(), found.end())


def _is_street(found: re.Match[str]) -> bool:
    """Leave "jalan terus no 1": the word for a street also means to go, and goes on with common words."""
    return not (found["word"] and found["name"]) or found["name"].split()[0].lower() not in _ONWARD


_ONWARD = INDONESIAN | {"terus", "tol", "kaki", "buntu", "pintas", "sehat", "santai"}
