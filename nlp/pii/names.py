"""Names of people where a text greets, thanks or signs; elsewhere a word with a capital is no proof of a person.

High precision first: no name is taken from a word that is also a common one, a team or a product.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from kernel.model import PiiSpan
from nlp.words import STOP, words_of

_NAME = r"[A-Z\u00c0-\u00de][a-z\u00df-\u00ff]+(?:['\u2019-][A-Za-z][a-z\u00df-\u00ff]+)?"
_NAMES = rf"(?P<name>{_NAME}(?: {_NAME}){{0,2}})"
_TITLE = (
    r"(?i:(?:kak|kakak|mas|mbak|mba|pak|bapak|bpk|bu|ibu|bang|abang|bro|sis|om|tante|dik|dek|mr|mrs|ms|miss|dr)\b\.? )"
)
_FORMAL = r"(?i:(?:mas|mbak|mba|pak|bapak|bpk|bu|ibu|mr|mrs|ms)\b\.? )"
# The start of a line, or of a sentence in it.
_START = r"[\n.!?](?: |(?<=\n))"
_HELLO = (
    r"(?i:h[ae]?i+|hello+|hey+|hiya|dear|halo+|hallo+|(?:good |selamat )?"
    r"(?:morning|afternoon|evening|pagi|siang|sore|malam)|yth\.?|kepada)"
)
_THANKS = r"(?i:thanks?(?: you)?|many thanks|thx|cheers|makasih|makasi|terima ?kasih|trims)"
_END = r"(?=[ ]?(?:[,!:;?)\u2013\u2014]|\.(?!\w)|\n|\Z|-\s|[\u2600-\u27bf\U0001f300-\U0001faff]))"
_CLOSING = (
    rf"(?:{_THANKS}|(?i:(?:best |kind |warm )?regards|best(?: wishes)?|sincerely|yours(?: sincerely| truly)?"
    r"|salam(?: hangat| hormat)?|hormat saya|wassalam))"
)
_PATTERNS = (
    re.compile(rf"{_START}(?:{_HELLO}|{_THANKS}) {_TITLE}?{_NAMES}{_END}"),
    re.compile(rf"{_START}{_HELLO} {_FORMAL}(?P<name>[a-z]{{3,}})(?=[,!\n]|\Z)"),
    re.compile(rf"{_START}{_CLOSING}(?:,? ?\n[-~ ]{{0,2}}|, ?){_TITLE}?{_NAMES}[.!]?(?= ?(?:\n|\Z))"),
    re.compile(rf"\n[-~\u2013\u2014] ?{_NAMES}(?=[.!]? ?\Z)"),
    re.compile(rf"\b(?i:my name is|nama (?:saya|aku|lengkap)|a\.n\.?)[ :]{{1,2}}{_TITLE}?{_NAMES}"),
)
# Without one of these in it, no text greets or signs.
_HINTS = (
    *("hi ", "hii", "hai", "hei", "hey", "hell", "hiya", "dear", "hal", "morning", "noon", "evening", "pagi", "siang"),
    *("sore", "malam", "yth", "kepada", "thank", "thx", "cheers", "kasi", "trims", "regards", "best", "sincerely"),
    *("yours", "salam", "hormat", "my name", "nama", "a.n", "\n-", "\n~", "\n\u2013", "\n\u2014"),
)
_NO_NAMES = STOP | words_of("no_names")


def find(text: str, lowered: str, no_names: Set[str]) -> Iterator[PiiSpan]:
    """Return the names in greetings, thanks, signatures and introductions; spans may overlap."""
    if not any(hint in lowered for hint in _HINTS):
        return
    opened = f"\n{text}"
    for pattern in _PATTERNS:
        for found in pattern.finditer(opened):
            words = re.split("[ -]", found["name"].lower())
            if no_names.isdisjoint(words) and _NO_NAMES.isdisjoint(words) and not words[-1].endswith("nya"):
                yield PiiSpan("name", found.start("name") - 1, found.end("name") - 1)
