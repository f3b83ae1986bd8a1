"""Works out what is true of a story that has been told, so that a grade can be given."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal

from streams.events import Decision, Reaction
from suara.demo import texts
from suara.demo.desk import plain_words
from suara.demo.history import Ending, Placed, Told
from suara.demo.people import Cast
from suara.demo.plot import Arc, Plot
from suara.demo.truth import PostTruth, ThemeTruth, ThreadTruth, Truth

_LETTER = re.compile(r"[^\W\d_]")
# Fewer words are said by everybody and no copies of each other.
_COPY_WORDS = 4
# Fewer letters belong to no language.
_LANGUAGE_LETTERS = 3


def reckon(plot: Plot, cast: Cast, placed: Sequence[Placed], endings: Mapping[str, Ending], told: Told) -> Truth:
    """Return the whole truth of the placed posts and the events that were told."""
    groups = _groups(placed, endings)
    posts = tuple(_post(plot, post, endings[post.post_id], groups.get(post.post_id)) for post in placed)
    writers = sorted({post.draft.by.key for post in placed})
    by_key = {post.draft.by.key: post.draft.by for post in placed}
    return Truth(
        seed=plot.seed,
        product=plot.product,
        first=plot.first,
        weeks=plot.weeks,
        events=len({event.id for _, event in told}),
        posts=posts,
        themes=tuple(_theme(plot, arc, posts) for arc in plot.arcs),
        threads=_threads(posts),
        people={key: by_key[key].accounts for key in writers},
        helpers=tuple(person.key for person in cast.of_kind("helper")),
        newcomers={key: by_key[key].joined for key in writers if by_key[key].joined >= 0},
        release=plot.release,
        incident=plot.incident,
        decisions=sum(isinstance(event.data, Decision) for _, event in told),
        reactions=len({event.subject for _, event in told if isinstance(event.data, Reaction)}),
    )


def _post(plot: Plot, post: Placed, ending: Ending, group: str | None) -> PostTruth:
    draft, words, said = post.draft, post.draft.words, _said(post, ending)
    spoken = len(_LETTER.findall(" ".join(said))) >= _LANGUAGE_LETTERS
    tones: dict[str, Literal["kind", "rude"]] = {"welcome": "kind", "rude": "rude"}
    return PostTruth(
        source=draft.source,
        post_id=post.post_id,
        thread_id=post.thread_id,
        account=draft.by.accounts[draft.source],
        person=draft.by.key,
        role=draft.by.role,
        at=draft.at,
        week=plot.week_of(draft.at),
        version=ending.version,
        status="live" if ending.gone is None else "deleted",
        is_start=post.is_start,
        language=words.language if spoken else "und",
        mixed=words.mixed,
        theme=words.theme,
        subject=words.subject,
        sentiment=words.sentiment,
        feedback_type=words.feedback_type,
        spam=draft.spam,
        words=len(said),
        group=group,
        pii=words.pii,
        tone=tones.get(words.subject or ""),
    )


def _said(post: Placed, ending: Ending) -> tuple[str, ...]:
    title = post.draft.words.title if post.is_start else None
    return plain_words(f"{title or ''} {ending.body}")


def _groups(placed: Sequence[Placed], endings: Mapping[str, Ending]) -> dict[str, str]:
    """Return the group of each live post that is a copy: pasted by plan, or word for word the same by chance."""
    live = [post for post in placed if endings[post.post_id].gone is None]
    found = {post.post_id: post.draft.group for post in live if post.draft.group}
    same: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for post in live:
        said = _said(post, endings[post.post_id])
        if len(said) >= _COPY_WORDS and not post.draft.group:
            same[said].append(post.post_id)
    for ids in same.values():
        if len(ids) > 1:
            found |= dict.fromkeys(ids, f"same.{ids[0]}")
    return found


def _theme(plot: Plot, arc: Arc, posts: Sequence[PostTruth]) -> ThemeTruth:
    theme = arc.theme
    mine = [post for post in posts if post.theme == theme and post.is_counted and post.status == "live"]
    text = texts.themes()[theme]
    return ThemeTruth(
        theme=theme,
        title=text.title,
        area=text.area,
        shape=arc.shape,
        weekly=tuple(sum(post.week == week for post in mine) for week in range(plot.weeks)),
        people=len({post.person for post in mine}),
    )


def _threads(posts: Sequence[PostTruth]) -> tuple[ThreadTruth, ...]:
    held: dict[tuple[str, str], list[PostTruth]] = defaultdict(list)
    for post in posts:
        if post.status == "live":
            held[post.source, post.thread_id].append(post)
    return tuple(
        ThreadTruth(
            source=source,
            thread_id=thread,
            answered=any(post.account != live[0].account and post.role != "bot" and not post.spam for post in live),
            is_counted=live[0].is_counted,
        )
        for (source, thread), live in sorted(held.items())
    )
