"""Numbers that lead to a person: phone, NIK, card and IBAN.

A number is a run of groups of digits. Its shape, its check digits or its country's numbering plan, and the word before
it decide; part of a decimal, a date, a version or an order number is none.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

import phonenumbers
from phonenumbers import PhoneMetadata

from kernel.model import PiiSpan
from nlp.pii.spoken import Piece, disguised

_EMOJI = "\u2600-\u27bf\ufe0f\u200d\u20e3\U0001f000-\U0001faff"
_JOINT = rf"(?:[ ().\u2010-\u2015/*\u2022~{_EMOJI}-]{{1,5}}|_)"
_DIGITS = re.compile(rf"[0-9]+(?:{_JOINT}[0-9]+)*")
_GROUP = re.compile(r"[0-9]+")
_SOME_DIGITS = re.compile(r"(?:[0-9][^0-9\n]{0,6}){7}")
_MOST_GROUPS = 7
_LEAST_SINGLE = 9
_LEAD = 40

_AFTER_CUE = "me my us him her at on is no nomor number mobile phone please saya aku di ke ini via wa hp aja".replace(
    " ", "|"
)
_PHONE_CUE = re.compile(
    r"(?:\b(?:call|phone|tele?pon|tele?phone|te?lp|tel|hp|handphone|wa|whats?app|mobile|cell|fax|sms|text|contact|reach"
    r"|hubungi|hub)|\b(?:my|your|his|her) (?:number|no)|\b(?:nomor|nomer|no) (?:saya|aku|gue|gw|ku|dia)"
    rf"|[\u260e\u2706\U0001f4de\U0001f4f1\U0001f4f2])(?:[^\w\n]{{1,3}}(?:{_AFTER_CUE})\b){{0,3}}[^\w\n]{{0,4}}\Z",
    re.IGNORECASE,
)
_NUMBER_CUE = re.compile(r"\b(?:nomor|nomer|number|no)[ .:]{0,3}\Z", re.IGNORECASE)
_REFERENCE = re.compile(
    r"\b(?:order|pesanan|invoice|inv|faktur|resi|tickets?|tiket|tracking|ref|referensi|reference|booking|kode|code"
    r"|transaksi|transaction|trx|serial|seri|isbn|issn|sku|imei|error|va|virtual account|rp|idr|usd|log|timestamp"
    r"|commit|versi|version|build|level|xp)"
    r"(?:[^\w\n]{1,3}(?:no|nomor|number|num|id|is|code|kode|saya|my|was|adalah)\b){0,2}[^\w\n]{0,4}\Z",
    re.IGNORECASE,
)
_CARD_CUE = re.compile(
    r"\b(?:cards?|kartu|visa|mastercard|amex|jcb|debit|kredit|credit|cc|pa(?:y|id)|bayar|charged?|d?i?tagih)\b"
    r"[^\d\n]{0,20}\Z",
    re.IGNORECASE,
)
_NIK_CUE = re.compile(r"\b(?:nik|ktp|id|identity|identitas|induk)\b[^\d\n]{0,12}\Z", re.IGNORECASE)
# A word that a number may cling to.
_CLUNG = re.compile(r"\b(?:wa|hp|telp|tlp|tel|no|hub|sms|nik|ktp)[.:]?\Z", re.IGNORECASE)
_DATE = re.compile(
    r"(?:19|20)\d\d[-/. ](?:0?[1-9]|1[0-2])[-/. ]|(?:[0-2]?\d|3[01])[-/.](?:0?[1-9]|1[0-2])[-/.](?:19|20)?\d\d(?!\d)"
)

# First digits of card issuers, by the length of their numbers.
_CARDS = {
    # Visa, Mastercard, Discover, JCB, UnionPay, Maestro.
    16: re.compile(
        r"4|5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|6011|64[4-9]|65|352[89]|35[3-8]|62|50[1-9]|5[68]|6[37]"
    ),
    19: re.compile(r"4|62|6011|65"),
    15: re.compile(r"3[47]"),  # American Express
    14: re.compile(r"30[0-5]|3[689]"),  # Diners
}
_CARD_SHAPES = {(16,), (4, 4, 4, 4), (19,), (4, 4, 4, 4, 3), (15,), (4, 6, 5), (14,), (4, 6, 4)}
_NIK_SHAPES = {(16,), (4, 4, 4, 4), (6, 6, 4), (2, 2, 2, 6, 4), (2, 2, 2, 2, 2, 2, 4)}
_PROVINCES = frozenset(
    [*range(11, 20), 21, *range(31, 37), *range(51, 54), *range(61, 66), *range(71, 77), 81, 82, *range(91, 98)]
)

_IBAN = re.compile(r"[A-Za-z]{2}[0-9][0-9](?:[ -]?[A-Za-z0-9]){11,30}")
_IBAN_LENGTHS = {
    country: int(length)
    for country, length in re.findall(
        r"([A-Z]{2})(\d\d)",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 "
        "FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 "
        "LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 "
        "SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 ",
    )
}


def find(text: str, lowered: str) -> Iterator[PiiSpan]:
    """Return the numbers in a text that lead to a person; spans may overlap."""
    for piece in disguised(text, lowered):
        if _is_disguised_phone(piece, text):
            yield PiiSpan("phone", piece.start, piece.end)
    if not _SOME_DIGITS.search(text):
        return
    for run in _DIGITS.finditer(text):
        if run.end() - run.start() >= 7:
            yield from _in_run(text, _pieces(text, run))
    for found in _IBAN.finditer(text):
        end = _end_of_iban(text, found)
        if end:
            yield PiiSpan("iban", found.start(), end)


def _pieces(text: str, run: re.Match[str]) -> list[Piece]:
    """Return the groups of a run; many single digits, "0 8 1 2 ..." or emoji of digits, are one."""
    groups = [Piece(*group.span(), group[0]) for group in _GROUP.finditer(text, *run.span())]
    if len(groups) >= _LEAST_SINGLE and all(len(group.digits) == 1 for group in groups):
        return [Piece(groups[0].start, groups[-1].end, "".join(group.digits for group in groups))]
    return groups


def _in_run(text: str, groups: Sequence[Piece]) -> Iterator[PiiSpan]:
    """Try the longest stretch of groups first, so that two numbers side by side are both found."""
    first = 0
    while first < len(groups):
        for last in range(min(len(groups), first + _MOST_GROUPS), first, -1):
            start, end = groups[first].start, groups[last - 1].end
            if sum(len(group.digits) for group in groups[first:last]) < 8 or not _stands_alone(text, start, end):
                continue
            kind = _kind(text, groups[first:last])
            if kind:
                yield PiiSpan(kind, _with_marks(text, start, kind), end + (text[end : end + 2] == "\ufe0f\u20e3") * 2)
                first = last - 1
                break
        first += 1


def _with_marks(text: str, start: int, kind: str) -> int:
    """Return where a phone number starts with its plus sign and bracket."""
    while kind == "phone" and start > 0 and text[start - 1] in "+(":
        start -= 1
    return start


_BAD_BEFORE = re.compile(r"(?:[\w#$%\u20ac\u00a3@\\]|\d[.,:/-]+|(?<=\w)[_/-]|\.\d*|\d ?[x\u00d7*])\Z")
_BAD_AFTER = re.compile(r"\w|[.,:]\d|[-_/][A-Za-z]|%| ?\u00d7")


def _stands_alone(text: str, start: int, end: int) -> bool:
    if _BAD_AFTER.match(text, end):
        return False
    begin = start
    while begin > 0 and text[begin - 1] in "+(":
        begin -= 1
    before = text[max(0, begin - 6) : begin]
    return not _BAD_BEFORE.search(before) or bool(_CLUNG.search(text, max(0, begin - 8), begin))


def _kind(text: str, groups: Sequence[Piece]) -> str | None:
    parts = [group.digits for group in groups]
    digits, shape, start = "".join(parts), tuple(map(len, parts)), groups[0].start
    joints = {text[one.end : other.start].strip() for one, other in pairwise(groups)}
    is_card = shape in _CARD_SHAPES and bool(_CARDS[len(digits)].match(digits)) and _is_luhn(digits)
    is_nik = shape in _NIK_SHAPES and _is_nik(digits)
    if (is_card or is_nik) and len(joints) < 2:
        lead = text[max(0, start - _LEAD) : start]
        if is_card and is_nik:
            is_nik = bool(_NIK_CUE.search(lead)) or not (len(shape) == 4 or _CARD_CUE.search(lead))
        return None if _announces_reference(lead) else "nik" if is_nik else "card"
    return "phone" if _phone(parts, text, start) else None


def _phone(parts: Sequence[str], text: str, start: int) -> bool:
    """Tell whether groups of digits are a phone number."""
    digits = "".join(parts)
    if len(digits) > 17 or _DATE.match(text, start):
        return False
    if text[max(0, start - 1) : start] == "+" or text[max(0, start - 2) : start] == "+(":
        return _is_international(digits)
    if parts[0].startswith("00"):
        return _is_international(digits[2:])
    lead = text[max(0, start - _LEAD) : start]
    is_announced = 8 <= len(digits) <= 13 and max(map(len, parts)) >= 2 and _announces_phone(lead)
    return (is_announced or _is_national(digits, parts, text, start)) and not _announces_reference(lead)


def _is_national(digits: str, parts: Sequence[str], text: str, start: int) -> bool:
    """Tell whether a number is written as people in Indonesia or North America write theirs."""
    if len(parts) > 1 and (min(map(len, parts[:-1])) < 3 - digits.startswith("62") or len(parts[-1]) < 2):
        return False
    if digits.startswith("62"):
        return len(digits) > 9 and _is_international(digits)
    if digits.startswith("0"):
        return bool(_plan(62).fullmatch(digits[1:]))
    if digits.startswith("8"):
        is_likely = (len(parts) > 2 and len(parts[0]) == 3) or _NUMBER_CUE.search(text, max(0, start - 12), start)
        return bool(is_likely and _plan(62).fullmatch(digits))
    return _is_north_american(parts, text, start)


@lru_cache(maxsize=64)
def _announces_phone(lead: str) -> bool:
    return bool(_PHONE_CUE.search(lead))


@lru_cache(maxsize=64)
def _announces_reference(lead: str) -> bool:
    return bool(_REFERENCE.search(lead))


def _is_disguised_phone(piece: Piece, text: str) -> bool:
    """Accept only what starts as a phone number does: people count, too, in words."""
    return piece.digits.startswith(("0", "62")) and _phone([piece.digits], text, piece.start)


def _is_international(digits: str) -> bool:
    """Look a number up in the plan of its country; the "(0)" of "+44 (0)20" is not dialled."""
    for size in (1, 2, 3):
        code = int(digits[:size] or 0)
        if code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            national = digits[size:]
            return bool(_plan(code).fullmatch(national) or _plan(code).fullmatch(national.removeprefix("0")))
    return False


def _is_north_american(parts: Sequence[str], text: str, start: int) -> bool:
    if tuple(map(len, parts))[-3:] != (3, 3, 4) or "".join(parts[:-3]) not in ("", "1"):
        return False
    middle = text.find(parts[-2], start + len(parts[-3]))
    marked = text[middle + 3 : middle + 4] in "-."
    return marked and bool(_plan(1).fullmatch("".join(parts[-3:])))


@lru_cache
def _plan(code: int) -> re.Pattern[str]:
    """Return the numbers of people under a country's calling code: lines, mobiles, internet and personal numbers."""
    patterns = set()
    for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]:
        plan = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
        if plan is not None:
            kinds = (plan.fixed_line, plan.mobile, plan.voip, plan.personal_number)
            patterns |= {kind.national_number_pattern for kind in kinds if kind and kind.national_number_pattern}
    return re.compile("|".join(f"(?:{pattern})" for pattern in sorted(patterns)) or r"(?!)")


def _is_nik(digits: str) -> bool:
    """Check province, birth date (women's days are raised by 40) and serial of an Indonesian identity number."""
    day, month, year = int(digits[6:8]), int(digits[8:10]), int(digits[10:12])
    if int(digits[:2]) not in _PROVINCES or not 1 <= month <= 12 or digits[12:] == "0000" or digits[2:6] == "0000":
        return False
    return 1 <= (day - 40 if day > 40 else day) <= calendar.monthrange(2000 + year, month)[1]


def _is_luhn(digits: str) -> bool:
    doubled = (2 * int(digit) for digit in digits[-2::-2])
    return (sum(int(digit) for digit in digits[-1::-2]) + sum(n - 9 if n > 9 else n for n in doubled)) % 10 == 0


def _end_of_iban(text: str, found: re.Match[str]) -> int | None:
    """Return the end of an account number of its country's length whose check digits are right."""
    length, plain = _IBAN_LENGTHS.get(found[0][:2].upper(), 0), ""
    if text[found.start() - 1 : found.start()].isalnum():
        return None
    for place in range(found.start(), found.end() if length else 0):
        plain += text[place] if text[place] not in " -" else ""
        if len(plain) == length:
            moved = plain[4:] + plain[:4]
            is_whole = not text[place + 1 : place + 2].isalnum()
            return place + 1 if is_whole and int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1 else None
    return None
