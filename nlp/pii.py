"""Personal data in clean text: e-mail, phone, NIK, card, IBAN, IP, handle, street address and secret key.

Shapes find candidates and checks decide: Luhn for cards, mod 97 for IBANs, a birth date for NIKs, numbering plans for
phones. Where spans meet, the more telling kind wins. The masked text holds `[kind]` in place of each.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence

import phonenumbers
from phonenumbers import NumberParseException
from spacy.matcher import Matcher
from spacy.tokens import Doc

from kernel.model import PiiSpan
from nlp.words import tokenizer

VERSION = "pii-2"
# The more telling kind first: it wins where two claim the same characters.
KINDS = ("email", "iban", "nik", "card", "phone", "ip", "key", "address", "handle")

_REGION = "ID"
_EMAIL = re.compile(
    r"[\w.+%-]{1,64}(?:@|\s?[(\[](?:at|@)[)\]]\s?)(?:[\w-]{1,63}(?:\.|\s?[(\[](?:dot|\.)[)\]]\s?)){1,4}[a-zA-Z]{2,24}\b",
    re.IGNORECASE,
)
# Groups of digits with at most three marks between them: a window over these may be a number.
_DIGITS = re.compile(r"\d+(?:[\s().\u2010-\u2015/-]{1,3}\d+)*")
_GROUP = re.compile(r"\d+")
_MOST_GROUPS = 7
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}\b")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{1,4}(?![\w:])", re.IGNORECASE)
_VERSION_BEFORE = re.compile(r"(?:\bv|version|versi|ver|build|release|rilis|update)[ .:]*\Z", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w@/.])@[A-Za-z0-9_](?:[\w.-]{0,38}\w)?(?:#\d{4})?")
_KEY = re.compile(r"(?<![\w-])[A-Za-z0-9_-]{28,200}(?![\w-])")
_SECRET = re.compile(r"(?:gh[pousr]_|github_pat_|sk[-_]|pk_|xox[abprs]-|AKIA|AIza|eyJ)\w")
# Where letters and digits meet: words joined by dashes have few such places, random keys have many.
_MEETING = re.compile(r"(?<=\d)[A-Za-z]|(?<=[A-Za-z])\d")
_LEAST_MEETINGS = 5
_STREET_WORD = re.compile(
    r"\b(?:jln?|jalan|gang|gg|kompleks?|perum|rt|street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct"
    r"|terrace|crescent)\b",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?:19|20)\d\d[-/. ](?:0?[1-9]|1[0-2])[-/. ]|(?:[0-2]?\d|3[01])[-/.](?:0?[1-9]|1[0-2])[-/.](?:19|20)?\d\d"
)
_NORTH_AMERICAN = re.compile(r"\(?[2-9]\d\d\)?[ .-][2-9]\d\d[.-]\d{4}")

_NUMBER: dict[str, object] = {"TEXT": {"REGEX": r"^\d{1,4}[A-Za-z]?(?:/\d+)?$"}}
_NAME: dict[str, object] = {"TEXT": {"REGEX": r"^[A-Z][\w'.-]*$"}}
_STREETS: list[list[dict[str, object]]] = [
    [
        {"LOWER": {"IN": ["jl", "jl.", "jln", "jln.", "jalan", "gang", "gg", "gg.", "komplek", "kompleks", "perum"]}},
        {"TEXT": ".", "OP": "?"},
        {**_NAME, "OP": "{1,4}"},
        {"LOWER": {"REGEX": r"^(?:no|nomor|nomer|blok|blk|no\.\d+)\.?$"}, "OP": "?"},
        {"TEXT": ".", "OP": "?"},
        {"TEXT": {"REGEX": r"^(?:[A-Z]?\d{1,4}[A-Za-z]?|No\.?\d{1,4}[A-Za-z]?)$"}},
    ],
    [
        {"LOWER": "rt"}, {"TEXT": {"IN": [".", ":"]}, "OP": "?"}, {"IS_DIGIT": True}, {"TEXT": "/", "OP": "?"},
        {"LOWER": "rw"}, {"TEXT": {"IN": [".", ":"]}, "OP": "?"}, {"IS_DIGIT": True},
    ],
    [
        _NUMBER,
        {**_NAME, "OP": "{1,3}"},
        {"LOWER": {"IN": ["street", "st", "st.", "avenue", "ave", "ave.", "road", "rd", "rd.", "lane", "ln", "drive",
                          "dr", "boulevard", "blvd", "court", "ct", "terrace", "crescent"]}},
    ],
]  # fmt: skip


def find(texts: Sequence[str]) -> list[tuple[PiiSpan, ...]]:
    """Return the personal data in each clean text, in order and never overlapping."""
    streets = _streets(texts)
    return [_resolve([*_shapes(text), *street]) for text, street in zip(texts, streets, strict=True)]


def mask(text: str, spans: Sequence[PiiSpan]) -> str:
    """Return the text with `[kind]` in place of each span."""
    pieces, end = [], 0
    for span in spans:
        pieces += [text[end : span.start], f"[{span.kind}]"]
        end = span.end
    return "".join([*pieces, text[end:]])


def _shapes(text: str) -> Iterator[PiiSpan]:
    if "@" in text or "(at)" in text or "[at]" in text:
        yield from (PiiSpan("email", *found.span()) for found in _EMAIL.finditer(text))
        yield from (PiiSpan("handle", *found.span()) for found in _HANDLE.finditer(text))
    yield from (PiiSpan("key", *found.span()) for found in _KEY.finditer(text) if _is_key(found[0]))
    if sum(map(str.isdigit, text)) < 5:
        return
    yield from _numbers(text)
    yield from (PiiSpan("iban", *found.span()) for found in _IBAN.finditer(text) if _is_iban(found[0]))
    for pattern in (_IPV4, _IPV6):
        yield from (PiiSpan("ip", *found.span()) for found in pattern.finditer(text) if _is_ip(text, found))


def _numbers(text: str) -> Iterator[PiiSpan]:
    """Try the longest stretch of groups first, so that two numbers side by side are both found."""
    for run in _DIGITS.finditer(text):
        groups = [group.span() for group in _GROUP.finditer(text, *run.span())]
        first = 0
        while first < len(groups):
            for last in range(min(len(groups), first + _MOST_GROUPS), first, -1):
                start, end = groups[first][0], groups[last - 1][1]
                start -= start > 0 and text[start - 1] in "+("
                start -= start > 0 and text[start] == "(" and text[start - 1] == "+"
                kind = _kind_of_number(text[start:end], groups=last - first)
                if kind:
                    yield PiiSpan(kind, start, end)
                    first = last - 1
                    break
            first += 1


def _kind_of_number(written: str, *, groups: int) -> str | None:
    digits = "".join(letter for letter in written if letter.isascii() and letter.isdigit())
    if not 8 <= len(digits) <= 19 or len(digits) < 2.5 * groups:
        return None
    is_card = len(digits) >= 13 and digits[0] in "23456" and _is_luhn(digits)
    if len(digits) == 16 and _is_nik(digits) and not (is_card and groups == 4):
        return "nik"
    if _is_phone(written, digits):
        return "phone"
    return "card" if is_card else None


def _is_phone(written: str, digits: str) -> bool:
    if len(digits) > 15:
        return False
    if _NORTH_AMERICAN.fullmatch(written):
        return True
    if not written.startswith("+"):
        if _DATE.match(written) or not (digits.startswith("0") or (len(digits) > 9 and digits.startswith(("62", "8")))):
            return False
        written = f"+{digits}" if digits.startswith("62") else f"0{digits.lstrip('0')}"
    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(written, _REGION)))
    except NumberParseException:
        return False


def _is_nik(digits: str) -> bool:
    """Check province, birth date (women's days are shifted by 40) and serial of an Indonesian identity number."""
    province, day, month = int(digits[:2]), int(digits[6:8]) % 40, int(digits[8:10])
    return (
        11 <= province <= 97 and int(digits[6:8]) <= 71 and 1 <= day <= 31 and 1 <= month <= 12 and digits[12:] > "0000"
    )


def _is_luhn(digits: str) -> bool:
    doubled = (2 * int(digit) for digit in digits[-2::-2])
    return (sum(int(digit) for digit in digits[-1::-2]) + sum(n - 9 if n > 9 else n for n in doubled)) % 10 == 0


def _is_iban(written: str) -> bool:
    plain = written.replace(" ", "")
    moved = plain[4:] + plain[:4]
    return 15 <= len(plain) <= 34 and int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1


def _is_ip(text: str, found: re.Match[str]) -> bool:
    """Accept addresses that can lead to someone; private ones and versions of programs do not."""
    try:
        address = ipaddress.ip_address(found[0])
    except ValueError:
        return False
    return address.is_global and not _VERSION_BEFORE.search(text, max(0, found.start() - 12), found.start())


def _is_key(written: str) -> bool:
    return bool(_SECRET.match(written)) or len(_MEETING.findall(written)) >= _LEAST_MEETINGS


def _streets(texts: Sequence[str]) -> list[list[PiiSpan]]:
    found: list[list[PiiSpan]] = [[] for _ in texts]
    with tokenizer("en") as tokenize:
        matcher = Matcher(tokenize.vocab)
        matcher.add("street", _STREETS, greedy="LONGEST")
        due = [place for place, text in enumerate(texts) if _STREET_WORD.search(text) and any(map(str.isdigit, text))]
        for place, doc in zip(due, tokenize.pipe(texts[place] for place in due), strict=True):
            found[place] = [_span(doc, start, end) for _, start, end in matcher(doc)]
    return found


def _span(doc: Doc, start: int, end: int) -> PiiSpan:
    return PiiSpan("address", doc[start].idx, doc[end - 1].idx + len(doc[end - 1]))


def _resolve(spans: Sequence[PiiSpan]) -> tuple[PiiSpan, ...]:
    """Keep the more telling of spans that overlap, the longer of equals."""
    kept: list[PiiSpan] = []
    for span in sorted(spans, key=lambda span: (KINDS.index(span.kind), span.start - span.end, span.start)):
        if all(span.end <= other.start or span.start >= other.end for other in kept):
            kept.append(span)
    return tuple(sorted(kept, key=lambda span: span.start))
