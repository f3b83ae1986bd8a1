"""Personal data to plant: shaped as the real thing and passing every check, and belonging to nobody.

Mail domains are the reserved ones, card numbers are the industry's test numbers, identity numbers come from a
regency and district that do not exist, and phone numbers have runs of zeros.
"""

from __future__ import annotations

from random import Random
from typing import Literal

Kind = Literal["email", "phone", "nik", "card"]
KINDS: tuple[Kind, ...] = ("email", "email", "email", "phone", "phone", "phone", "nik", "card")

_PROVINCES = ("31", "32", "33", "34", "35", "36", "51", "73")
_CARDS = ("4111 1111 1111 1111", "5555 5555 5555 4444", "4000 0566 5566 5556", "5105 1051 0510 5100")


def draw_value(kind: Kind, lots: Random) -> str:
    """Draw a value of one kind."""
    if kind == "email":
        first = lots.choice(("halo", "surat", "box", "me", "akun", "mail"))
        second = lots.choice(("kita", "rumah", "demo", "contoh"))
        return f"{first}.{second}{lots.randrange(10, 999)}@example.{lots.choice(('com', 'org', 'net'))}"
    if kind == "phone":
        tail = f"0000-{lots.randrange(10_000):04d}"
        return f"08{lots.choice(('12', '13', '21', '52', '77', '95'))}-{tail}"
    if kind == "nik":
        day = lots.randrange(1, 29) + 40 * lots.randrange(2)
        born = f"{day:02d}{lots.randrange(1, 13):02d}{lots.randrange(60, 100)}"
        return f"{lots.choice(_PROVINCES)}9999{born}{lots.randrange(1, 10_000):04d}"
    return lots.choice(_CARDS)
