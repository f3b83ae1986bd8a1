"""What is not ordinary talk: the incident, the release, spam, pasted texts, programs, and other languages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from suara.demo import texts
from suara.demo.conversation import Draft, Part, Square
from suara.demo.desk import Words
from suara.demo.people import SOURCES, Person, spammer
from suara.demo.voice import alter

_SPAM_SHARE = 0.022
_INCIDENT_SHARE = 0.021
_BRIGADE_SHARE = 0.007
CROSS_POSTS = 0.002
_STARS = {"negative": 1, "neutral": 4, "positive": 5}


def incident(square: Square, posts: int) -> list[Draft]:
    """Let many people meet the same failure within hours, at every source, while staff answer."""
    plot, lots = square.plot, square.lots
    what, week = plot.incident, plot.week_of(plot.incident.start)
    seconds = (what.end - what.start).total_seconds()
    drafts, seen = [], set[str]()
    for _ in range(round(posts * _INCIDENT_SHARE)):
        source = lots.choices(SOURCES, weights=(22, 52, 26))[0]
        by = square.cast.draw(lots, source=source, week=week)
        if by.key in seen:
            continue
        seen.add(by.key)
        at = what.start + timedelta(seconds=240 + (seconds - 240) * lots.betavariate(1.4, 2.2))
        kind = lots.choices(("bug", "complaint", "question"), weights=(70, 22, 8))[0]
        language = square.language_of(by)
        drafts += square.themed(what.theme, kind, by=by, language=language, source=source, at=at)[:1]
    for source in ("forum", "chat"):
        statement = _staff_says(square, source, "statement", what.theme, at=what.start + timedelta(minutes=48))
        update = _staff_says(
            square, source, "statement", what.theme, at=what.start + timedelta(minutes=100), to=statement
        )
        clear = _staff_says(square, source, "clear", what.theme, at=what.end + timedelta(minutes=6), to=statement)
        drafts += [statement, update, clear]
    return drafts


def release(square: Square) -> list[Draft]:
    """Let staff announce the version that repairs things, and people say whether it did."""
    plot, lots = square.plot, square.lots
    week, drafts = plot.week_of(plot.release.at), []
    for theme in plot.release.themes:
        for source in ("forum", "chat"):
            note = _staff_says(square, source, "release", theme, at=plot.release.at + timedelta(minutes=3))
            drafts.append(note)
            for number in range(lots.randrange(3, 6)):
                by = square.cast.draw(lots, source=source, week=week)
                at = note.at + timedelta(hours=lots.uniform(0.4, 30) * (number + 1) / 3)
                language = square.language_of(by)
                words = square.desk.about(theme, "praise", by=by, language=language, place="reply", at=at)
                drafts.append(_draft(square, at, source, by, words, thread=note.ref, parent=note.ref, part="echo"))
    return drafts


def spam(square: Square, posts: int) -> list[Draft]:
    """Pour in campaigns: each from a handful of new accounts within a day or two."""
    lots, campaigns = square.lots, texts.campaigns().spam
    each = round(posts * _SPAM_SHARE / len(campaigns))
    drafts: list[Draft] = []
    for number, campaign in enumerate(campaigns):
        week, source = lots.randrange(square.plot.weeks), lots.choice(("chat", "chat", "forum", "reviews"))
        start = square.plot.midnight(week, lots.randrange(6)) + timedelta(hours=lots.randrange(24))
        accounts = [spammer(lots, number=number * 10 + n, source=source, week=week) for n in range(4)]
        for copy in range(each):
            at = start + timedelta(minutes=lots.uniform(0, 26 * 60))
            body = campaign.text if copy == 0 else alter(campaign.text, lots)
            words = Words(body=body, language=campaign.language, subject="spam")
            draft = _draft(square, at, source, lots.choice(accounts), words, spam=True, group=f"spam.{number}")
            drafts.append(draft)
    return drafts


def brigades(square: Square, posts: int) -> list[Draft]:
    """Let many people paste one text about a theme within two days."""
    lots, plot, drafts = square.lots, square.plot, list[Draft]()
    told = [arc for arc in plot.arcs if arc.theme in texts.campaigns().brigade]
    for arc in told[:2]:
        text = texts.campaigns().brigade[arc.theme]
        alive = [number for number, much in enumerate(arc.weekly) if much]
        week = {"growing": alive[-1], "fading": alive[0]}.get(arc.shape, lots.choice(alive))
        start, seen = plot.midnight(week, lots.randrange(1, 5)), set[str]()
        for _ in range(round(posts * _BRIGADE_SHARE)):
            source = lots.choices(SOURCES, weights=(20, 30, 50))[0]
            by = square.cast.draw(lots, source=source, week=week)
            if by.key in seen:
                continue
            seen.add(by.key)
            language = square.language_of(by)
            words = Words(
                body=alter(text.en if language == "en" else text.id, lots), language=language, theme=arc.theme,
                sentiment=text.sentiment, feedback_type=text.type,
            )  # fmt: skip
            at = start + timedelta(hours=lots.uniform(7, 44))
            rating = _STARS[text.sentiment] if source == "reviews" else None
            group = f"brigade.{arc.theme}.{language}"
            drafts.append(_draft(square, at, source, by, words, part="copy", rating=rating, group=group))
    return drafts


def programs(square: Square) -> list[Draft]:
    """Let the digest speak once a day and the greeter now and then."""
    lots, lines = square.lots, texts.replies()["bots"]
    digest, greeter = square.cast.by_key["bot.digest"], square.cast.by_key["bot.greeter"]
    drafts = []
    for day in range(7 * square.plot.weeks):
        at = square.plot.midnight(0, day) + timedelta(hours=18)
        body = lines["digest"].format(new=lots.randrange(6, 30), waiting=lots.randrange(1, 9))
        drafts.append(_program(square, digest, body, at))
        if lots.random() < 0.4:
            drafts.append(_program(square, greeter, lines["greeter"], at - timedelta(hours=lots.uniform(1, 9))))
    return drafts


def foreigners(square: Square) -> list[Draft]:
    """Let a few people write in languages that the community does not analyse."""
    lots, drafts = square.lots, []
    for language, lines in texts.replies()["other"].items():
        for body in lines:
            week = lots.randrange(square.plot.weeks)
            by = square.cast.draw(lots, source="reviews", week=week, language="en")
            at = square.plot.midnight(week) + timedelta(hours=lots.uniform(0, 167))
            words = Words(body=body, language=language, subject="foreign")
            drafts.append(_draft(square, at, "reviews", by, words, rating=lots.choice((1, 3, 5))))
    return drafts


def cross_posts(square: Square, drafts: Sequence[Draft], number: int) -> list[Draft]:
    """Let people with two accounts say the same at the other place, minutes later."""
    lots = square.lots
    able = [
        draft
        for draft in drafts
        if draft.source == "chat" and draft.part == "start" and draft.words.theme and len(draft.by.accounts) == 2
    ]
    copies = []
    for draft in lots.sample(able, min(len(able), number)):
        other = next(source for source in draft.by.accounts if source != draft.source)
        at = draft.at + timedelta(minutes=lots.uniform(2, 90))
        rating = _STARS[draft.words.sentiment or "neutral"] if other == "reviews" else None
        copies.append(_draft(square, at, other, draft.by, draft.words, part="copy", rating=rating))
    return copies


def _program(square: Square, by: Person, body: str, at: datetime) -> Draft:
    words = Words(body=body, language="en", subject="bot")
    return _draft(square, at, "chat", by, words, part="bot", group=by.key)


def _staff_says(square: Square, source: str, says: str, theme: str, *, at: datetime, to: Draft | None = None) -> Draft:
    by = square.lots.choice([person for person in square.cast.of_kind("staff") if source in person.accounts])
    language = "id" if square.lots.random() < 0.5 else "en"
    words = square.desk.staff(says, theme, by=by, language=language, at=at, to="all")
    thread, parent = (to.ref, to.ref) if to else (None, None)
    return _draft(square, at, source, by, words, thread=thread, parent=parent, part="staff")


def _draft(
    square: Square,
    at: datetime,
    source: str,
    by: Person,
    words: Words,
    *,
    thread: int | None = None,
    parent: int | None = None,
    part: Part = "start",
    rating: int | None = None,
    spam: bool = False,
    group: str | None = None,
) -> Draft:
    ref = square.next_ref()
    return Draft(
        ref=ref, at=min(at, square.plot.midnight(square.plot.weeks) - timedelta(seconds=1)), source=source, by=by,
        words=words, thread=thread or ref, parent=parent, part=part, rating=rating, spam=spam, group=group,
    )  # fmt: skip
