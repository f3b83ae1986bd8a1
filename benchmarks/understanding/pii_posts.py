"""Posts that carry one piece of personal data each, and posts that only look as if they did, drawn by lots."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.understanding.pii_values import FIRST, VALUES
from kernel.model import PiiSpan

KINDS = (*VALUES, "name")
_TRAPS_EACH = 3


@dataclass(frozen=True)
class Planted:
    """A text, and where its personal data stands; a trap has none. `kind` is the kind it is about."""

    text: str
    language: str
    kind: str
    spans: tuple[PiiSpan, ...]


def posts(seed: int, *, each: int) -> list[Planted]:
    """Return `each` posts for each kind and language, and three times `each` traps in each language."""
    found: list[Planted] = []
    for language in ("en", "id"):
        for kind in KINDS:
            lots = Random(f"{seed}-{kind}-{language}")  # noqa: S311 - generated texts, no secret
            found += [_carrier(lots, kind, language) for _ in range(each)]
        lots = Random(f"{seed}-trap-{language}")  # noqa: S311
        found += [_trap(lots, language) for _ in range(_TRAPS_EACH * each)]
    return found


@cache
def _frames() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def _carrier(lots: Random, kind: str, language: str) -> Planted:
    frames = _frames()[language]
    closes = kind == "name" and lots.random() < 0.5
    value = _name(lots, language, whole=closes) if kind == "name" else VALUES[kind](lots, language)
    context = lots.choice(frames["closings"] if closes else frames["contexts"][kind])
    if "{bare}" in context:
        context, value = context.replace("{bare}", "{}"), value.removeprefix("@")
    before, after = _around(lots, language)
    if kind == "name":
        before, after = (before or f"{lots.choice(frames['around'])}\n", "") if closes else ("", after)
    lead, _, rest = context.partition("{}")
    start = len(before) + len(lead)
    # The port of an address on the network is not part of it.
    size = len(value.split(":")[0] if kind == "ip" and "." in value else value)
    text = f"{before}{lead}{value}{rest}{after}"
    return Planted(text, language, kind, (PiiSpan(kind, start, start + size),))


def _trap(lots: Random, language: str) -> Planted:
    before, after = _around(lots, language)
    filled = "".join(_pieces(lots, lots.choice(_frames()[language]["traps"])))
    return Planted(f"{before}{filled}{after}", language, "trap", ())


def _around(lots: Random, language: str) -> tuple[str, str]:
    """Draw what stands before and after, each a sentence or nothing."""
    sentences, joint = _frames()[language]["around"], lots.choice((" ", "\n"))
    return (
        lots.choice(("", f"{lots.choice(sentences)}{joint}")),
        lots.choice(("", f"{joint}{lots.choice(sentences)}")),
    )


def _name(lots: Random, language: str, *, whole: bool) -> str:
    name = lots.choice(FIRST[language])
    if whole and lots.random() < 0.4:
        name += f" {lots.choice(('Larsen', 'Wijaya', 'Patel', 'Santoso', 'Tan'))}"
    return name.lower() if lots.random() < 0.15 else name


def _pieces(lots: Random, frame: str) -> Iterator[str]:
    """Replace {d4} by four digits, {hex7} by seven hexadecimal ones, {uuid} and {date} by what they say."""
    for piece in frame.replace("{", "\0{").replace("}", "}\0").split("\0"):
        name = piece.strip("{}")
        if not piece.startswith("{"):
            yield piece
        elif name == "uuid":
            yield "-".join(_random(lots, "0123456789abcdef", size) for size in (8, 4, 4, 4, 12))
        elif name == "date":
            yield f"2024{lots.randrange(1, 13):02d}{lots.randrange(1, 29):02d}"
        elif name.startswith("hex"):
            yield _random(lots, "0123456789abcdef", int(name[3:]))
        else:
            yield _random(lots, "123456789", 1) + _random(lots, "0123456789", int(name[1:]) - 1)


def _random(lots: Random, letters: str, size: int) -> str:
    return "".join(lots.choice(letters) for _ in range(size))
