"""The writing desk: turns what somebody wants to say into words, without saying the same thing twice by chance.

Keeps what was written. A text that would nearly repeat an earlier one is drawn again, so that in the truth only copies
are copies.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from random import Random

import msgspec

from kernel.model import FeedbackType, Sentiment
from suara.demo import pii, texts
from suara.demo.grammar import expand, slots_of
from suara.demo.people import Person
from suara.demo.plot import Plot
from suara.demo.voice import speak

MOODS: Mapping[str, Sentiment] = {
    "bug": "negative", "complaint": "negative", "question": "neutral", "request": "neutral", "praise": "positive",
}  # fmt: skip
TYPES: Mapping[str, FeedbackType] = {
    "bug": "bug", "complaint": "complaint", "question": "question", "request": "request", "praise": "praise",
}  # fmt: skip

_TRIES = 25
_WORD = re.compile(r"\w+")
_NAME = re.compile(r"@\w+")
_COPY_WORDS = 4  # fewer words are said by everybody
_NEAR = 0.5
_REMEMBERED = 400
# How often opener, second thought, detail and closer are added.
_LENGTHS: Mapping[str, tuple[float, float, float, float]] = {
    "forum": (0.25, 0.25, 0.15, 0.2),
    "chat": (0.2, 0.0, 0.03, 0.12),
    "reviews": (0.1, 0.06, 0.05, 0.2),
    "reply": (0.3, 0.0, 0.0, 0.15),
}
# What small talk is, where a reader would not doubt it.
_FEELINGS: Mapping[str, Sentiment] = {"thanks": "positive", "welcome": "positive", "rude": "negative"}
_SHORT_TYPES: Mapping[Sentiment, FeedbackType | None] = {
    "positive": "praise", "neutral": None, "negative": "complaint",
}  # fmt: skip
_PLAIN = frozenset({"same", "welcome", "rude"})
_PII = 0.08
# How often a line that does not name its theme is led in by it.
_LED = 0.8
_PERSONAL = frozenset({"otp", "topup", "refund", "banklink", "biometric", "sync"})


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A text and what is true of it. `theme` is a theme of the product, `subject` anything else that it is about."""

    body: str
    language: str
    title: str | None = None
    mixed: bool = False
    theme: str | None = None
    subject: str | None = None
    sentiment: Sentiment | None = None
    feedback_type: FeedbackType | None = None
    pii: tuple[str, ...] = ()


class Desk:
    """Writes texts for one story."""

    def __init__(self, plot: Plot, lots: Random) -> None:
        self._plot = plot
        self._lots = lots
        self._bags: dict[tuple[str, ...], list[str]] = {}
        self._near: dict[str, list[frozenset[tuple[str, str]]]] = {}

    def about(self, theme: str, kind: str, *, by: Person, language: str, place: str, at: datetime) -> Words:
        """Write about a theme: `kind` names a list of its wording; `place` is a source, or reply."""
        return self._fresh(lambda: self._about(theme, kind, by, language, place, at), pool=f"{theme}/{language}")

    def _about(self, theme: str, kind: str, by: Person, language: str, place: str, at: datetime) -> Words:
        text = texts.themes()[theme]
        slots = self._slots(text.slots[language], by, language, at)
        first = self._take((theme, language, kind), getattr(text.wording(language), kind))
        parts = [expand(first, slots, self._lots)]
        asked = text.main if kind == "echo" else kind
        opener, second, detail, closer = _LENGTHS[place]
        mood = MOODS.get(asked, "neutral")
        reply = kind in ("echo", "answer", "counter")
        frame = texts.frames()[language]
        mixed = by.speech == "mixed" and self._lots.random() < 0.6
        if not reply and self._lots.random() < second:
            more = self._lots.choice({"bug": ("bug", "complaint", "question")}.get(asked, (asked,)))
            other = self._take((theme, language, more), getattr(text.wording(language), more))
            parts += [expand(other, slots, self._lots)] if other != first else []
        if not reply and self._lots.random() < detail:
            about = "trouble" if asked in ("bug", "complaint") else "plain"
            parts.append(self._draw((language, "detail", about), frame["detail"][about], slots))
        if mixed or self._lots.random() < closer:
            parts.append(self._closer(language, kind, mood, place, slots, mixed=mixed))
        body = _join(parts)
        if not slots_of(first).intersection(text.nouns) and self._lots.random() < _LED:
            body = f"{self._draw((language, 'lead', mood), frame['lead'][mood], slots)} {body}"
        elif self._lots.random() < opener:
            name = kind if reply else mood
            lists = frame["mixed"]["opener"] if mixed else frame["opener"][name]
            body = f"{self._draw((language, 'opener', name, str(mixed)), lists, slots)} {body}"
        body = speak(body, by.voice, language=language, mood=mood, lots=self._lots)
        planted: tuple[str, ...] = ()
        if theme in _PERSONAL and asked in ("bug", "complaint", "question") and self._lots.random() < _PII:
            body, planted = self._plant(body, frame["pii"])
        title = None
        if place == "forum":
            title = _capital(self._draw((theme, language, "headline"), text.wording(language).headline, slots))
        return Words(
            body=body, title=title, language=language, mixed=mixed, theme=theme,
            sentiment=None if kind == "counter" else mood,
            feedback_type=_type(kind, asked, text.main), pii=planted,
        )  # fmt: skip

    def talk(self, subject: str, part: str, *, by: Person, language: str, place: str, at: datetime) -> Words:
        """Write about something besides the product; `part` is say or back."""
        text = texts.talks()[subject]
        slots = self._slots(text.slots[language], by, language, at)

        def write() -> Words:
            said = self._draw((subject, language, part), text.wording(language)[part], slots)
            title = _capital(expand(self._lots.choice(text.wording(language)["headline"]), slots, self._lots))
            return Words(
                body=speak(said, by.voice, language=language, mood="neutral", lots=self._lots), language=language,
                title=title if place == "forum" else None, subject=f"talk.{subject}",
                feedback_type=None if "?" in said else "other",
            )  # fmt: skip

        return self._fresh(write, pool=f"{subject}/{language}")

    def small(
        self, subject: str, *, by: Person, language: str, at: datetime, to: str = "", mood: Sentiment | None = None
    ) -> Words:
        """Write a few words without a theme: same, thanks, still, welcome, rude, chatter, or a short review."""
        lists = texts.replies()[language][subject]
        part = str(mood) if subject == "short" else "say"
        slots = self._slots({"name": [to.split(" ")[0] or "all"]}, by, language, at)

        def write() -> Words:
            said = self._draw((subject, language, part), lists[part], slots)
            feeling = mood if mood else _FEELINGS.get(subject)
            return Words(
                body=speak(said, by.voice, language=language, mood=feeling or "neutral", lots=self._lots),
                language=language, subject=subject, sentiment=feeling,
                feedback_type=_SHORT_TYPES[mood] if mood else "other" if subject in _PLAIN else None,
            )  # fmt: skip

        return self._fresh(write, pool=f"{subject}/{language}")

    def staff(self, part: str, theme: str, *, by: Person, language: str, at: datetime, to: str) -> Words:
        """Write what staff say: an answer, a statement, a release note."""
        thing = texts.themes()[theme].slots[language]["thing"]
        slots = self._slots({"thing": thing, "name": [to.split(" ")[0]]}, by, language, at)
        said = self._draw(("staff", language, part), texts.replies()[language]["staff"][part], slots)
        body = speak(said, by.voice, language=language, mood="neutral", lots=self._lots)
        return Words(body=body, language=language, subject="staff")

    def _closer(
        self, language: str, kind: str, mood: str, place: str, slots: Mapping[str, Sequence[str]], *, mixed: bool
    ) -> str:
        frame = texts.frames()[language]
        if mixed:
            return self._draw((language, "mixed", "closer"), frame["mixed"]["closer"], slots)
        if place == "reviews" and self._lots.random() < 0.4:
            return self._draw((language, "stars", mood), frame["stars"][mood], slots)
        return self._draw((language, "closer", kind), frame["closer"][kind], slots)

    def _plant(self, body: str, sentences: Mapping[str, Sequence[str]]) -> tuple[str, tuple[str, ...]]:
        kind = self._lots.choice(pii.KINDS)
        value = pii.draw_value(kind, self._lots)
        sentence = self._lots.choice(sentences[kind]).replace("{value}", value)
        stop = "" if body[-1] in ".!?" else "."
        return f"{body}{stop} {sentence}", (value,)

    def _slots(
        self, own: Mapping[str, Sequence[str]], by: Person, language: str, at: datetime
    ) -> dict[str, Sequence[str]]:
        here = {"product": [self._plot.product], "version": [self._plot.version_at(at)], "phone": [by.phone]}
        return {**texts.frames()["slots"][language], **own, **here}

    def _draw(self, bag: tuple[str, ...], templates: Sequence[str], slots: Mapping[str, Sequence[str]]) -> str:
        return expand(self._take(bag, templates), slots, self._lots)

    def _take(self, bag: tuple[str, ...], templates: Sequence[str]) -> str:
        """Take the next template of a bag: each is used once before any is used again."""
        left = self._bags.setdefault(bag, [])
        if not left:
            left.extend(templates)
            self._lots.shuffle(left)
        return left.pop()

    def _fresh(self, write: Callable[[], Words], *, pool: str) -> Words:
        """Return a text that repeats nothing; where many tries do not find one, the least alike."""
        tries: list[tuple[float, int, Words, frozenset[tuple[str, str]]]] = []
        while not tries or (tries[-1][0] > _NEAR and len(tries) < _TRIES):
            words = write()
            said = plain_words(f"{words.title or ''} {words.body}")
            if len(said) < _COPY_WORDS:
                return words
            pairs = frozenset(pairwise(said))
            tries.append((self._likeness(pool, pairs), len(tries), words, pairs))
        _, _, words, pairs = min(tries, key=lambda made: made[:2])
        self._near.setdefault(pool, []).append(pairs)
        return words

    def _likeness(self, pool: str, pairs: frozenset[tuple[str, str]]) -> float:
        """Return the share of word pairs in common with the most alike of the newest texts of the pool."""
        newest = self._near.get(pool, [])[-_REMEMBERED:]
        common = ((len(pairs & old), len(old)) for old in newest)
        return max((same / (len(pairs) + size - same) for same, size in common), default=0.0)


def plain_words(text: str) -> tuple[str, ...]:
    """Return the words of a text in lower case, without the names of those it speaks to."""
    return tuple(_WORD.findall(_NAME.sub(" ", text.lower())))


def _join(parts: Sequence[str]) -> str:
    """Join sentences, each with its stop."""
    return " ".join(part if part[-1] in ".!?" else f"{part}." for part in parts)


def _type(kind: str, asked: str, main: FeedbackType) -> FeedbackType | None:
    """Return the type that a careful reader would see: complaining of what is broken is both, so neither is wrong."""
    if kind == "counter" or (asked == "complaint" and main == "bug"):
        return None
    return TYPES.get(asked, "other")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
