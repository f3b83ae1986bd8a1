"""Ordinary talk: somebody begins, others answer, or nobody does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Literal

import msgspec

from suara.demo import texts
from suara.demo.desk import Desk, Words
from suara.demo.people import Cast, Person
from suara.demo.plot import Arc, Plot, mondays
from suara.demo.rhythm import draw_moment, reply_moment

Part = Literal[
    "start", "echo", "answer", "counter", "same", "thanks", "still", "welcome", "rude", "staff", "back", "copy", "bot"
]

# Share of beginnings by source, and how many replies a beginning gets.
_STARTS = {"chat": 30, "forum": 23, "reviews": 47}
_SILENT = {"chat": 0.34, "forum": 0.2}
_REPLIES = {"chat": 0.55, "forum": 0.62}
_LONGEST = 14
_REVIEW_ANSWERED = 0.14
# What a beginning is about: a theme, another subject, a few words.
_ABOUT = {"chat": (58, 24, 18), "forum": (90, 9, 1), "reviews": (82, 0, 18)}
_KINDS = {"reviews": {"question": 0.15, "request": 0.7}, "forum": {"praise": 0.6}, "chat": {}}
# How far the week's talk is looked ahead when a theme is drawn, and the least weight of one that is ahead.
_AHEAD, _LEAST = 60, 0.4
_WELCOMED, _RUDE = 0.35, 0.35
_STAFF = {"chat": 0.1, "forum": 0.2}
_STAFF_SAYS = {"bug": "ack", "complaint": "ack", "question": "info", "request": "wish", "praise": "glad"}


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A post before it gets an id. `ref` numbers drafts; a thread is named by the draft that begins it.

    Drafts of one `group` are copies of one text.
    """

    ref: int
    at: datetime
    source: str
    by: Person
    words: Words
    thread: int
    parent: int | None = None
    part: Part = "start"
    rating: int | None = None
    spam: bool = False
    group: str | None = None


class Square:
    """Where people meet: draws whole conversations, and numbers what is said."""

    def __init__(self, plot: Plot, cast: Cast, desk: Desk, lots: Random) -> None:
        self.plot, self.cast, self.desk, self.lots = plot, cast, desk, lots
        self._refs = count(1)
        self._told: Counter[tuple[int, str]] = Counter()
        self._fixed = frozenset(plot.release.themes)

    def next_ref(self) -> int:
        """Return a number that no draft has yet."""
        return next(self._refs)

    def conversation(self, week: int) -> list[Draft]:
        """Draw a conversation that begins in `week`, in the order in which it was written."""
        source = self.lots.choices(list(_STARTS), weights=list(_STARTS.values()))[0]
        what = self.lots.choices(("theme", "talk", "small"), weights=_ABOUT[source])[0]
        by = self.cast.draw(self.lots, source=source, week=week)
        at = draw_moment(self.lots, monday=mondays(self.plot)[week], source=source, zone=by.zone)
        language = self.language_of(by)
        if what == "theme":
            arc = self._arc(week)
            kind = self._kind(arc, source, at)
            told = self.themed(arc.theme, kind, by=by, language=language, source=source, at=at)
            self._told[week, arc.theme] += sum(draft.words.theme == arc.theme for draft in told)
            return told
        if what == "talk":
            return self._talk(by, language, source, at)
        return [self._small(by, language, source, at)]

    def language_of(self, by: Person) -> str:
        """Draw the language that somebody writes in this time."""
        if by.speech != "mixed":
            return by.speech
        return "id" if self.lots.random() < 0.72 else "en"

    def themed(self, theme: str, kind: str, *, by: Person, language: str, source: str, at: datetime) -> list[Draft]:
        """Write about a theme, and what is answered."""
        words = self.desk.about(theme, kind, by=by, language=language, place=source, at=at)
        ref = self.next_ref()
        rating = self._stars(words.sentiment) if source == "reviews" else None
        start = Draft(ref=ref, at=at, source=source, by=by, words=words, thread=ref, rating=rating)
        if source == "reviews":
            return [start, *self._developer(start, kind)]
        return [start, *self._replies(start, kind)]

    def _arc(self, week: int) -> Arc:
        """Draw a theme: the more, the further it is behind its share of the week, so that courses show."""
        arcs, whole = self.plot.arcs, sum(arc.weekly[week] for arc in self.plot.arcs)
        told = sum(self._told[week, arc.theme] for arc in arcs) + _AHEAD
        behind = [told * arc.weekly[week] / whole - self._told[week, arc.theme] for arc in arcs]
        weights = [max(lag, _LEAST * arc.weekly[week]) for lag, arc in zip(behind, arcs, strict=True)]
        return self.lots.choices(arcs, weights=weights)[0]

    def _kind(self, arc: Arc, source: str, at: datetime) -> str:
        """Draw what somebody wants to say about a theme; after it was repaired, mostly relief."""
        weights = {
            kind: weight * _KINDS[source].get(kind, 1.0) for kind, weight in texts.themes()[arc.theme].kinds.items()
        }
        if arc.theme in self._fixed and at >= self.plot.release.at:
            weights |= {"bug": 0.6, "complaint": 0.4, "praise": 5.0}
        return self.lots.choices(list(weights), weights=list(weights.values()))[0]

    def _replies(self, start: Draft, kind: str) -> Iterator[Draft]:
        """Draw the answers of a thread, one after the other."""
        assert start.words.theme is not None  # noqa: S101 - for the type checker
        if self.lots.random() < _SILENT[start.source]:
            return
        last, answered = start, False
        for number in range(_LONGEST):
            draft = self._reply(start, last, kind, answered=answered, first=number == 0)
            if draft is None:
                return
            yield draft
            answered = answered or draft.part in ("answer", "staff")
            last = draft
            if self.lots.random() > _REPLIES[start.source]:
                return

    def _reply(self, start: Draft, last: Draft, kind: str, *, answered: bool, first: bool) -> Draft | None:
        lots, theme, language = self.lots, start.words.theme or "", start.words.language
        week = self.plot.week_of(last.at)
        if week >= self.plot.weeks:
            return None
        if first and self.lots.random() < _STAFF[start.source]:
            return self.staff(start, last, _STAFF_SAYS[kind], theme)
        if answered and lots.random() < 0.45:
            part: Part = "thanks" if lots.random() < 0.72 else "still"
            return self._write(start, last, start.by, part, language)
        if first and start.by.joined in (week, week - 1) and lots.random() < _WELCOMED:
            by = self.cast.draw(lots, source=start.source, week=week, language=language, kind="kind")
            return self._write(start, last, by, "welcome", language)
        parts: tuple[Part, ...] = ("echo", "answer", "counter", "same")
        part = lots.choices(parts, weights=(30, 38 if kind != "praise" else 6, 11, 10))[0]
        helps = part == "answer" and lots.random() < 0.5
        by = self.cast.draw(lots, source=start.source, week=week, language=language, kind="helper" if helps else "any")
        if by.key == start.by.key:
            return self._write(start, last, by, "still", language)
        if by.temper == "rude" and lots.random() < _RUDE:
            part = "rude"
        return self._write(start, last, by, part, language)

    def _write(self, start: Draft, last: Draft, by: Person, part: Part, language: str) -> Draft | None:
        at = reply_moment(self.lots, after=last.at, source=start.source, zone=by.zone, staff=False)
        if at >= self.plot.midnight(self.plot.weeks):
            return None
        if part in ("echo", "answer", "counter") and start.words.theme:
            words = self.desk.about(start.words.theme, part, by=by, language=language, place="reply", at=at)
        elif part == "back":
            subject = str(start.words.subject).removeprefix("talk.")
            words = self.desk.talk(subject, "back", by=by, language=language, place="reply", at=at)
        else:
            words = self.desk.small(part, by=by, language=language, at=at, to=start.by.name)
        return self._answer(start, last, by, words, part, at)

    def staff(self, start: Draft, last: Draft, says: str, theme: str) -> Draft | None:
        """Let staff answer, in office hours; what waited over a week-end begins with an apology."""
        by = self.lots.choice([person for person in self.cast.of_kind("staff") if start.source in person.accounts])
        at = reply_moment(self.lots, after=last.at, source=start.source, zone=by.zone, staff=True)
        if at >= self.plot.midnight(self.plot.weeks):
            return None
        says = "late" if says == "ack" and at - last.at > timedelta(hours=40) else says
        words = self.desk.staff(says, theme, by=by, language=start.words.language, at=at, to=start.by.name)
        return self._answer(start, last, by, words, "staff", at)

    def _answer(self, start: Draft, last: Draft, by: Person, words: Words, part: Part, at: datetime) -> Draft:
        return Draft(
            ref=self.next_ref(), at=at, source=start.source, by=by, words=words, thread=start.ref, parent=last.ref,
            part=part,
        )  # fmt: skip

    def _developer(self, review: Draft, kind: str) -> Iterator[Draft]:
        if review.words.theme and self.lots.random() < _REVIEW_ANSWERED:
            answer = self.staff(review, review, "glad" if kind == "praise" else "review", review.words.theme)
            if answer is not None:
                yield answer

    def _talk(self, by: Person, language: str, source: str, at: datetime) -> list[Draft]:
        subject = self.lots.choice(sorted(texts.talks()))
        words = self.desk.talk(subject, "say", by=by, language=language, place=source, at=at)
        ref = self.next_ref()
        found = [Draft(ref=ref, at=at, source=source, by=by, words=words, thread=ref)]
        while len(found) < _LONGEST and self.lots.random() < 0.6:
            week = self.plot.week_of(found[-1].at)
            other = self.cast.draw(self.lots, source=source, week=week, language=language)
            draft = self._write(found[0], found[-1], other, "back", language)
            if draft is None:
                break
            found.append(draft)
        return found

    def _small(self, by: Person, language: str, source: str, at: datetime) -> Draft:
        ref = self.next_ref()
        if source != "reviews":
            week = self.plot.week_of(at)
            to = self.cast.draw(self.lots, source=source, week=week).name
            words = self.desk.small("chatter", by=by, language=language, at=at, to=to)
            return Draft(ref=ref, at=at, source=source, by=by, words=words, thread=ref)
        mood = self.lots.choices(("positive", "neutral", "negative"), weights=(55, 15, 30))[0]
        words = self.desk.small("short", by=by, language=language, at=at, mood=mood)  # type: ignore[arg-type]
        return Draft(ref=ref, at=at, source=source, by=by, words=words, thread=ref, rating=self._stars(words.sentiment))

    def _stars(self, mood: str | None) -> int:
        stars = {"negative": (1, 1, 1, 2, 2, 3), "neutral": (3, 3, 4, 4, 5), "positive": (4, 5, 5, 5)}
        return self.lots.choice(stars[mood or "neutral"])
