"""The sets that the heads learn from and are measured on, read from a folder of public data, and phrases of our own.

Only sets whose licence allows it are learned from; the others give figures.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from kernel.model import BodyFormat
from nlp import pii, text


@dataclass(frozen=True)
class Example:
    """A text with its class. `group` keeps what must not be split between learning and measuring together."""

    text: str
    label: str
    language: str
    source: str
    group: str


OWN_PHRASES = "own phrases"
_FILLINGS = 5
_SLOT = re.compile(r"\{(\w+)\}")
_OPENINGS = {
    "en": ["", "", "", "", "hi all, ", "hey, ", "guys ", "so ", "hello team, ", "update: "],
    "id": ["", "", "", "", "halo kak, ", "min ", "kak ", "gan, ", "permisi, ", "oh iya "],
}
_JOINTS = {"en": [", but ", ". ", " ", ". But "], "id": [", tapi ", ". ", " ", ", cuma "]}
_AFTER_ANOTHER = 0.25
_ENDINGS = {"en": ["", "", "", ".", "!", " :)", " thanks", "..."], "id": ["", "", "", ".", "!", " ya", " kak", "..."]}
# What is reported of a program often goes on with its surroundings, code or a log, whatever kind it is.
_TECHNICAL = re.compile(r"\{(?:lib|fn|env)\}")
_WITH_BODY = 0.6


def phrases(name: str, *, seed: int) -> list[Example]:
    """Return the phrases of `seeds/<name>.<language>.txt` with their slots filled, each in a few ways.

    Feedback that a team can act on also comes after a sentence of another kind ("love it, but ...") and keeps its kind.
    """
    found = []
    for language in ("en", "id"):
        lines = _labelled_lines(f"{name}.{language}.txt")
        before = [line for label, line in lines if label in ("praise", "complaint", "other")]
        for label, line in lines:
            # Lots are drawn for each line by itself, so that a new line changes no other.
            filler = _Filler(language, seed=f"{seed}-{line}")
            ways = {filler.fill(line, before if label in _ACTIONABLE else ()) for _ in range(_FILLINGS)}
            found += [Example(way, label, language, OWN_PHRASES, f"{name}-{language}-{line}") for way in sorted(ways)]
    return found


_ACTIONABLE = ("bug", "request", "question")


class _Filler:
    """Fills slots and roughens phrases as people do, always in the same way for the same seed."""

    def __init__(self, language: str, *, seed: str) -> None:
        self._language = language
        self._slots = _slots(language)
        self._draw = random.Random(seed)  # noqa: S311

    def fill(self, line: str, before: Sequence[str]) -> str:
        """Return the line with its slots filled, sometimes after a sentence of `before`, sometimes misspelt."""
        draw = self._draw
        whole = _SLOT.sub(lambda slot: draw.choice(self._slots[slot[1]]), line)
        if before and draw.random() < _AFTER_ANOTHER:
            first = _SLOT.sub(lambda slot: draw.choice(self._slots[slot[1]]), draw.choice(before))
            whole = f"{first}{draw.choice(_JOINTS[self._language])}{whole}"
        whole = draw.choice(_OPENINGS[self._language]) + whole + draw.choice(_ENDINGS[self._language])
        if _TECHNICAL.search(line) and draw.random() < _WITH_BODY:
            whole = " ".join([whole, *draw.sample(self._slots["body"], draw.choice((1, 1, 2)))])
        chance = draw.random()
        return whole.upper() if chance < 0.04 else self._misspelt(whole) if chance < 0.2 else whole

    def _misspelt(self, whole: str) -> str:
        place = self._draw.randrange(len(whole))
        times = self._draw.choice([0, 0, 2, 2, 4])
        return whole[:place] + times * whole[place] + whole[place + 1 :]


def _slots(language: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    here = False
    for line in _lines("slots.txt"):
        if line.startswith("["):
            here = line == f"[{language}]"
        elif here:
            name, _, choices = line.partition(":")
            found[name] = [choice.strip() for choice in choices.split("|")]
    return found


def _labelled_lines(name: str) -> list[tuple[str, str]]:
    found, label = [], ""
    for line in _lines(name):
        if line.startswith("["):
            label = line.strip("[]")
        else:
            found.append((label, line))
    return found


def _lines(name: str) -> list[str]:
    content = files("nlp").joinpath("seeds", name).read_text("utf-8")
    return [line for line in content.splitlines() if line and not line.startswith("#")]


def rows(data: Path, path: str) -> list[dict[str, str]]:
    """Read a gzipped CSV file of the data folder."""
    csv.field_size_limit(2**24)  # whole log files are pasted into issues
    with gzip.open(data / path, "rt", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def plain(body: str, *, body_format: BodyFormat = "text") -> str:
    """Return a text as the pipeline would encode it."""
    clean = text.clean(body, body_format=body_format)
    masked = pii.mask(clean, pii.find([clean])[0])
    return text.excerpt(text.PLACEHOLDER.sub(" ", masked), 500)


def sample(found: Sequence[Example], most: int, *, seed: int) -> list[Example]:
    """Return at most `most` of the examples, drawn evenly, in a fixed order."""
    drawn = list(found)
    random.Random(seed).shuffle(drawn)  # noqa: S311
    return drawn[:most]


def sentiment(data: Path, *, seed: int) -> list[Example]:
    """Return SmSA without what NusaX repeats of it, NusaX in both languages, and our own phrases by their kind."""
    nusax = [row for row in rows(data, "nusax_senti/nusax_senti.csv.gz") if row["lang"] in ("english", "indonesian")]
    repeated = {start(row["text"]) for row in nusax}
    found = [
        Example(
            plain(row["text"]), row["label"], "en" if row["lang"] == "english" else "id", "NusaX", f"nusax-{row['id']}"
        )
        for row in nusax
    ]
    found += [
        Example(plain(row["text"]), row["label"], "id", "SmSA", start(row["text"]))
        for row in rows(data, "smsa/train.csv.gz")
        if start(row["text"]) not in repeated
    ]
    feeling = {"praise": "positive", "bug": "negative", "complaint": "negative"}
    own = [_labelled(one, feeling.get(one.label, "neutral")) for one in phrases("feedback", seed=seed)]
    for language in ("en", "id"):
        found += sample([one for one in own if one.language == language], _OWN_FEELINGS, seed=seed)
    return found


def start(body: str) -> str:
    """Return the first letters of a text, by which a repetition of it is known."""
    return re.sub(r"\W+", "", body.lower())[:40]


def feedback_type(data: Path, *, seed: int) -> list[Example]:
    """Return our own phrases, and questions of bank customers."""
    found = list(phrases("feedback", seed=seed))
    asked = [
        Example(row["text"], "question", "en", "Banking77", row["text"])
        for row in rows(data, "banking77/train.csv.gz")
        if row["category"] in _INFORMATIONAL and row["text"].strip().endswith("?")
    ]
    return found + sample(asked, 300, seed=seed)


# Intents in which customers ask how things are; in the others many complain or report.
_INFORMATIONAL = frozenset(
    [
        "age_limit", "atm_support", "card_acceptance", "card_delivery_estimate", "country_support", "exchange_rate",
        "exchange_via_app", "fiat_currency_support", "get_physical_card", "getting_spare_card", "getting_virtual_card",
        "order_physical_card", "receiving_money", "supported_cards_and_currencies", "top_up_limits",
        "transfer_timing", "verify_my_identity", "visa_or_mastercard", "why_verify_identity",
    ]
)  # fmt: skip


def abuse(data: Path, *, seed: int) -> list[Example]:
    """Return tweets marked as hate or offence against others, and our own phrases, feedback being no abuse."""
    found = [
        Example(plain(row["tweet"]), "fine" if row["class"] == "2" else "abusive", "en", "Davidson", str(number))
        for number, row in enumerate(rows(data, "davidson/davidson.csv.gz"))
    ]
    found += phrases("abuse", seed=seed)
    found += [_labelled(one, "fine") for one in phrases("feedback", seed=seed)]
    found += [_labelled(one, "fine") for one in sentiment(data, seed=seed) if one.source == "NusaX"]
    return found + [_labelled(one, "fine") for one in _chat(data, seed=seed)]


def spam(data: Path, *, seed: int) -> list[Example]:
    """Return text messages, and our own phrases, feedback being no spam."""
    found = [
        Example(plain(row["text"]), row["label"], "en", "SMS Spam", str(number))
        for number, row in enumerate(rows(data, "sms_spam/sms_spam.csv.gz"))
    ]
    found += phrases("spam", seed=seed)
    found += [_labelled(one, "ham") for one in phrases("feedback", seed=seed)]
    found += [_labelled(one, "ham") for one in sentiment(data, seed=seed) if one.source in ("NusaX", "SmSA")]
    found += [_labelled(one, "ham") for one in _chat(data, seed=seed)]
    asked = [
        Example(row["text"], "ham", "en", "Banking77", row["text"]) for row in rows(data, "banking77/train.csv.gz")
    ]
    return found + sample(asked, _HAM, seed=seed)


def _chat(data: Path, *, seed: int) -> list[Example]:
    """Return lines of a help channel, which are neither abuse nor spam but for very few."""
    with gzip.open(data / "irc_ubuntu/irc_ubuntu.jsonl.gz", "rt", encoding="utf-8") as stream:
        lines = [json.loads(line)["text"] for line in itertools.islice(stream, _CHAT_LINES)]
    said = [Example(plain(line), "", "en", "Ubuntu IRC", line) for line in lines if len(line) > _LEAST_LETTERS]
    return sample(said, _HAM, seed=seed)


def _labelled(one: Example, label: str) -> Example:
    return Example(one.text, label, one.language, one.source, one.group)


_HAM = 1000
# More of them in each language would outweigh what people rated.
_OWN_FEELINGS = 1000
_CHAT_LINES = 20_000
_LEAST_LETTERS = 15

# What each head learns from.
LEARNED: dict[str, Callable[..., list[Example]]] = {
    "sentiment": sentiment, "type": feedback_type, "abuse": abuse, "spam": spam,
}  # fmt: skip
# Of these, what English sets have of one class Indonesian ones have not.
ONE_SIDED = ("abuse", "spam")
