"""Personal data in the forms in which people write it, drawn by lots: shaped as the real thing, belonging to nobody.

Phone numbers follow the numbering plans that `phonenumbers` knows, cards and bank accounts have right check digits, and
identity numbers have provinces and birth dates that exist. How a value is written is drawn apart from what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from random import Random

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

FIRST: Mapping[str, tuple[str, ...]] = {
    "en": (
        "Anna", "Tom", "Rachel", "Oliver", "Priya", "Liam", "Chloe", "Ahmed", "Mei", "Carlos", "Sophie", "Declan",
        "Ingrid", "Kwame", "Noah", "Fiona", "Hannah", "Miguel", "Grace", "Will", "Mark", "Rose", "Joy", "Zoë",
    ),
    "id": (
        "Budi", "Sari", "Joko", "Dewi", "Rina", "Agus", "Putri", "Bayu", "Wulan", "Hendra", "Ayu", "Fajar", "Ratna",
        "Yusuf", "Intan", "Gilang", "Nurul", "Slamet", "Tri", "Eko", "Melati", "Dimas", "Ni'mah", "Bintang",
    ),
}  # fmt: skip
_LAST = ("santoso", "wijaya", "smith", "larsen", "oconnor", "tan", "nugroho", "patel", "garcia", "siregar", "muller")
_MAIL = ("gmail.com", "yahoo.com", "yahoo.co.id", "outlook.com", "proton.me", "icloud.com", "ui.ac.id", "example.org",
         "mail.kantor.co.id", "posteo.de", "acme-tools.io", "163.com")  # fmt: skip
_ABROAD = ("US", "GB", "AU", "SG", "MY", "IN", "DE", "FR", "NL", "BR", "JP", "PH", "SA", "IT", "KR", "ZA")
_WORDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "id": (
        ("nol", "kosong"), ("satu", "satu", "atu"), ("dua",), ("tiga",), ("empat", "empat", "ampat"), ("lima",),
        ("enam", "enam", "anam"), ("tujuh", "tujuh", "tuju"), ("delapan", "lapan", "dlapan"), ("sembilan",),
    ),
    "en": (
        ("zero", "oh", "o"), ("one",), ("two",), ("three",), ("four",), ("five",), ("six",), ("seven",), ("eight",),
        ("nine",),
    ),
}  # fmt: skip


def _email(lots: Random, language: str) -> str:
    first, last = lots.choice(FIRST[language]).lower(), lots.choice(_LAST)
    first = "".join(letter for letter in first if letter.isascii() and letter.isalpha())
    user = lots.choice(
        (f"{first}.{last}", f"{first}{lots.randrange(1, 9999)}", f"{first}_{last}", f"{first[0]}{last}",
         f"{first}+{last}", f"{first}-{last}{lots.randrange(70, 99)}", f"{first}.{last}.{lots.randrange(9)}")
    )  # fmt: skip
    host = lots.choice(_MAIL)
    if lots.random() < 0.55:
        return lots.choice((str, str, str, str.upper, str.title))(f"{user}@{host}")
    plain = user if "+" not in user else f"{first}{last}"
    bracket = lots.choice(("[{}]", "({})", " [{}] ", " ({}) ", "{{{}}}", " {} ", " {} ", " {} ", "<{}>"))
    at, dot = (
        lots.choice(("at", "at", "AT", "at")),
        lots.choice(("dot", "DOT", "dot", "titik" if language == "id" else "dot")),
    )
    if bracket == " {} ":
        host = lots.choice(("gmail.com", "yahoo.com", "yahoo.co.id", "outlook.com", "hotmail.com", "icloud.com"))
        plain = plain if lots.random() < 0.5 else plain.replace(".", f" {dot} ")
    return f"{plain}{bracket.format(at)}{host.replace('.', bracket.format(dot)) if lots.random() < 0.8 else host}"


def _phone(lots: Random, language: str) -> str:
    if lots.random() < (0.65 if language == "id" else 0.3):
        return _indonesian(lots, language)
    number = _number(lots, lots.choice(_ABROAD))
    written = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    return lots.choice(
        (written, written, written.replace(" ", "-"), written.replace(" ", "").replace("-", ""),
         f"+{number.country_code} (0) {written.split(' ', 1)[1]}" if number.country_code in (44, 49) else written,
         f"00{number.country_code}{number.national_number}" if not number.italian_leading_zero else written,
         phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL), written.replace(" ", "."))
    )  # fmt: skip


def _number(lots: Random, region: str) -> PhoneNumber:
    """Draw a number of a country's plan: its example with other digits at the end."""
    kind = lots.choice((PhoneNumberType.MOBILE, PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE))
    known = phonenumbers.example_number_for_type(region, kind)
    assert known is not None, f"no example of a number in {region}"
    example = str(phonenumbers.national_significant_number(known))
    while True:
        tail = lots.randrange(4, 7)
        national = example[:-tail] + "".join(lots.choice("0123456789") for _ in range(tail))
        code = phonenumbers.country_code_for_region(region)
        number = phonenumbers.parse(f"+{code}{national}")
        if phonenumbers.is_valid_number_for_region(number, region):
            return number


def _indonesian(lots: Random, language: str) -> str:
    if lots.random() < 0.15:
        area = lots.choice(("21", "22", "31", "24", "274", "361", "61", "561"))
        rest = f"{lots.randrange(2, 9)}{lots.randrange(10**6):06d}"
        form = lots.choice(("(0{}) {}", "0{}-{}", "0{} {}", "+62 {} {}", "+62-{}-{}"))
        return form.format(area, f"{rest[:3]}{lots.choice(('-', ' ', ''))}{rest[3:]}")
    prefix = lots.choice(("811", "812", "813", "821", "852", "857", "838", "877", "878", "881", "895", "896", "817"))
    rest = "".join(
        lots.choice("0123456789") for _ in range(lots.choice((7, 8, 8, 8, 9) if prefix == "811" else (8, 8, 8, 7)))
    )
    digits = f"0{prefix}{rest}"
    blocks = lots.choice(((4, 8), (4, 12), (4, 8, 12), (3, 6, 9), (6, 10)))
    groups = [digits[start:end] for start, end in zip((0, *blocks), (*blocks, None), strict=True) if digits[start:end]]
    joint = lots.choice(("-", " ", ".", " - ", "", "", "/", "_", " . ", "\u2013"))
    form = lots.choice(
        ("plain",) * 6
        + ("country",) * 3
        + ("bracket", "spelled", "spelled", "mixed", "emoji", "spaced", "lookalike", "keycaps")
    )
    if form == "country":
        return lots.choice(("+62", "62", "+62 ", "+62-", "(+62) ", "0062", "")) + joint.join(groups)[1:]
    if form == "bracket":
        return f"({groups[0]}) {joint.join(groups[1:])}"
    return _disguised(lots, language, form, digits, groups) if form != "plain" else joint.join(groups)


def _disguised(lots: Random, language: str, form: str, digits: str, groups: list[str]) -> str:
    """Write a number as people do who think that machines look for digits."""
    words = [lots.choice(_WORDS[language][int(digit)]) for digit in digits]
    if form == "spelled":
        return lots.choice((" ", " ", ", ", "-", " ")).join(words)
    if form == "mixed":
        cut = lots.randrange(3, len(digits) - 2)
        return " ".join([*words[:cut], digits[cut:]]) if lots.random() < 0.6 else " ".join([digits[:cut], *words[cut:]])
    if form == "emoji":
        return lots.choice(("\U0001f44d", "\U0001f64f", "\u2764\ufe0f", " \U0001f609 ", "\u2022", "*", "~")).join(
            groups
        )
    if form == "lookalike":
        swapped = digits.replace("0", lots.choice("oO")).replace("1", lots.choice("lI1"))
        return lots.choice(("", "-", " ")).join((swapped[:4], swapped[4:8], swapped[8:]))
    if form == "keycaps":
        return "".join(f"{digit}\ufe0f\u20e3" for digit in digits)
    return lots.choice((" ", " ", ".", "-")).join(digits)


def _nik(lots: Random, language: str) -> str:
    born = date(1950, 1, 1) + timedelta(days=lots.randrange(21_000))
    day = born.day + 40 * lots.randrange(2)
    province = lots.choice(
        ("11", "12", "13", "14", "16", "18", "31", "32", "33", "34", "35", "36", "51", "61", "64", "73", "91")
    )
    place = f"{province}{lots.randrange(1, 20):02d}{lots.randrange(1, 30):02d}"
    born_digits, serial = f"{day:02d}{born:%m%y}", f"{lots.randrange(1, 60):04d}"
    digits = f"{place}{born_digits}{serial}"
    spaced = [digits[start : start + 4] for start in range(0, 16, 4)]
    parted = f"{place[:2]}.{place[2:4]}.{place[4:]}.{born_digits}.{serial}"
    return lots.choice((digits, digits, digits, digits, " ".join(spaced), "-".join(spaced), ".".join(spaced), parted,
                        f"{place} {born_digits} {serial}", f"{place}-{born_digits}-{serial}"))  # fmt: skip


# First digits and lengths; the common ones first.
_ISSUERS = (("4", 16), ("51", 16), ("55", 16), ("2223", 16), ("34", 15), ("37", 15), ("6011", 16), ("65", 16),
            ("3530", 16), ("36", 14), ("62", 16))  # fmt: skip


def _card(lots: Random, language: str) -> str:
    start, length = lots.choice((*_ISSUERS, *_ISSUERS[:4]))
    digits = start + "".join(lots.choice("0123456789") for _ in range(length - len(start) - 1))
    digits += next(last for last in "0123456789" if _is_luhn(digits + last))
    groups = {14: (4, 10), 15: (4, 10), 16: (4, 8, 12)}[length]
    parts = [digits[a:b] for a, b in zip((0, *groups), (*groups, None), strict=True)]
    return lots.choice(
        (digits, digits, " ".join(parts), " ".join(parts), "-".join(parts), ".".join(parts), " - ".join(parts))
    )


def _is_luhn(digits: str) -> bool:
    """Tell whether the check digit of a card is right."""
    return sum(sum(divmod(int(digit) * (1 + place % 2), 10)) for place, digit in enumerate(reversed(digits))) % 10 == 0


# n digits, a capital letters, c either: the account part of each country's IBAN.
_ACCOUNTS = {
    "DE": "18n", "GB": "4a14n", "FR": "20n2c1n", "NL": "4a10n", "ES": "20n", "IT": "1a22n", "CH": "17n", "BE": "12n",
    "NO": "11n", "PL": "24n", "SA": "2n18c", "AE": "19n", "TR": "22n", "SE": "20n", "MT": "4a5n18c", "FI": "14n",
}  # fmt: skip


def _iban(lots: Random, language: str) -> str:
    country, shape = lots.choice(list(_ACCOUNTS.items()))
    letters, account, count = {"n": "0123456789", "a": "ABCDEFGHJKLMNPRSTUVWXYZ", "c": "0123456789ABCDEF"}, "", ""
    for mark in shape:
        count += mark if mark.isdigit() else ""
        if not mark.isdigit():
            account, count = account + "".join(lots.choice(letters[mark]) for _ in range(int(count))), ""
    check = 98 - int("".join(str(int(letter, 36)) for letter in f"{account}{country}00")) % 97
    plain = f"{country}{check:02d}{account}"
    fours = [plain[start : start + 4] for start in range(0, len(plain), 4)]
    return lots.choice(
        (plain, plain, " ".join(fours), " ".join(fours), "-".join(fours), plain.lower(), " ".join(fours).lower())
    )


def _ip(lots: Random, language: str) -> str:
    if lots.random() < 0.25:
        groups = [
            f"{lots.choice((0x2001, 0x2400, 0x2606, 0x2A02)):x}",
            *(f"{lots.randrange(0x400, 65536):x}" for _ in range(7)),
        ]
        full = ":".join(groups)
        return lots.choice(
            (full, full.upper(), f"{groups[0]}:{groups[1]}::{groups[2]}", f"{groups[0]}:{groups[1]}:{groups[2]}::1")
        )
    while True:
        octets = [lots.randrange(1, 224), *(lots.randrange(256) for _ in range(3))]
        inside = octets[0] in (10, 127) or octets[:2] in (
            [192, 168],
            [169, 254],
            [198, 18],
            [198, 19],
            [192, 0],
            [203, 0],
            [198, 51],
        )
        if (
            not inside
            and not (octets[0] == 172 and 16 <= octets[1] < 32)
            and not (octets[0] == 100 and 64 <= octets[1] < 128)
        ):
            return ".".join(map(str, octets)) + lots.choice(("",) * 5 + (":8080", ":443"))


def _address(lots: Random, language: str) -> str:
    number = lots.randrange(1, 190)
    if language == "id":
        street = lots.choice(
            ("Merdeka", "Jenderal Sudirman", "Kebon Jeruk Raya", "Diponegoro", "MH Thamrin", "Melati Indah", "Veteran")
        )
        kind = lots.choice(("Jl.", "Jl", "Jalan", "Jln.", "Gg.", "jl.", "jalan", "JL."))
        street = street.lower() if kind in ("jalan", "jl.") and lots.random() < 0.5 else street
        house = lots.choice(
            ("No. {}", "No.{}", "no {}", "nomor {}", "No {}A", "Blok C{} No. 5", "No. {}/12", "Kav. {}")
        )
        tail = lots.choice(("", "", "", " RT 03/RW 05", " RT.3/RW.11", " RT 004 RW 010"))
        line = f"{kind} {street} {house.format(number)}{tail}"
        return lots.choice(
            (line, line, line, line, f"Perumahan Griya Asri Blok B{number % 20} No. {number}", line.replace(". ", "."))
        )
    street = lots.choice(
        ("Baker", "Elm", "King William", "High", "Martin Luther King", "Oak Hill", "St Mary's", "5th", "N Lincoln")
    )
    kind = lots.choice(
        (
            "Street",
            "St",
            "St.",
            "Avenue",
            "Ave",
            "Road",
            "Rd.",
            "Lane",
            "Drive",
            "Court",
            "Boulevard",
            "Crescent",
            "Way",
        )
    )
    line = f"{number}{lots.choice(('', '', '', 'B'))} {street} {kind}"
    return lots.choice(
        (line, line, line, f"{line}, Apt {number % 30 + 1}", f"Flat {number % 9 + 1}, {line}", f"P.O. Box {number * 7}")
    )


def _handle(lots: Random, language: str) -> str:
    first, last = lots.choice(FIRST[language]).lower().replace("'", "").replace("ë", "e"), lots.choice(_LAST)
    user = lots.choice(
        (f"{first}_{last}", f"{first}{lots.randrange(1, 999)}", f"{first}.{last}", f"x_{first}_x", f"{first}{last}")
    )
    return f"@{user}"


def _key(lots: Random, language: str) -> str:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

    def random(length: int, alphabet: str = letters) -> str:
        return "".join(lots.choice(alphabet) for _ in range(length))

    return lots.choice((
        f"ghp_{random(36)}", f"sk-{random(48)}", f"sk_live_{random(24)}", f"AKIA{random(16, letters[26:])}",
        f"AIza{random(35)}", f"xoxb-{random(12, letters[52:])}-{random(24)}", f"glpat-{random(20)}", random(40),
        f"eyJ{random(40)}.eyJ{random(60)}.{random(43)}", random(32),
    ))  # fmt: skip


VALUES: Mapping[str, Callable[[Random, str], str]] = {
    "email": _email, "phone": _phone, "nik": _nik, "card": _card, "iban": _iban, "ip": _ip, "address": _address,
    "handle": _handle, "key": _key,
}  # fmt: skip
