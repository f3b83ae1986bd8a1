"""Generate a community: its events, what is true of it, and the suara.toml that its own people would write.

A pure function of seed, weeks and posts: no clock, no file but the demo's own texts, the same bytes in every process.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import msgspec

from kernel.errors import InputError
from streams.events import Event, Maker
from suara.demo import POSTS, WEEKS, aftermath, episodes
from suara.demo.configuration import configuration
from suara.demo.conversation import Draft, Square
from suara.demo.desk import Desk
from suara.demo.history import KINDS, Ending, Placed, Scene, Told, place, tell
from suara.demo.people import draw_cast
from suara.demo.plot import draw_plot, lots_of
from suara.demo.reckoning import reckon
from suara.demo.truth import Truth

_LEAST_POSTS = 300
_MOST_WEEKS = 52
# Deliveries: most arrive within seconds, some late, some twice.
_LATE, _TWICE = 0.006, 0.01


class Community(msgspec.Struct, frozen=True, kw_only=True):
    """What was generated. `events` are deliveries with their times, in the order in which a broker gets them."""

    events: list[tuple[datetime, Event]]
    truth: Truth
    config_toml: str


def generate(*, seed: int, weeks: int = WEEKS, posts: int = POSTS) -> Community:
    """Generate the community of a seed: `posts` posts in `weeks` weeks. Raises `InputError` for a size too small."""
    if not 1 <= weeks <= _MOST_WEEKS or posts < _LEAST_POSTS:
        message = f"a community of {posts} posts in {weeks} weeks cannot be told"
        raise InputError(message, remedy=f"Give 1 to {_MOST_WEEKS} weeks and at least {_LEAST_POSTS} posts.")
    plot = draw_plot(seed=seed, weeks=weeks)
    cast = draw_cast(seed=seed, posts=posts, weeks=weeks, product=plot.product)
    lots = lots_of(seed, "talk")
    drafts = _talk(Square(plot, cast, Desk(plot, lots), lots), posts)
    placed = place(drafts)
    scene = Scene(plot, cast, _makers(), lots_of(seed, "history"))
    told, endings = _history(scene, placed)
    truth = reckon(plot, cast, placed, endings, told)
    return Community(
        events=_deliver(told, lots_of(seed, "delivery")), truth=truth, config_toml=configuration(plot, cast)
    )


def _makers() -> dict[str, Maker]:
    return {source: Maker(kind=kind, instance=source) for source, kind in KINDS.items()}


def _talk(square: Square, posts: int) -> list[Draft]:
    """Draw everything that is said: exactly `posts` posts, the special ones first."""
    drafts = episodes.spam(square, posts) + episodes.brigades(square, posts) + episodes.programs(square)
    drafts += episodes.incident(square, posts) + episodes.release(square) + episodes.foreigners(square)
    copies = round(posts * episodes.CROSS_POSTS)
    weeks = square.plot.weeks
    ordinary: list[Draft] = []
    for week in range(weeks):
        due = round((posts - len(drafts) - copies) * (week + 1) / weeks)
        while len(ordinary) < due:
            ordinary += square.conversation(week)[: due - len(ordinary)]
    return drafts + ordinary + episodes.cross_posts(square, ordinary, copies)


def _history(scene: Scene, placed: Sequence[Placed]) -> tuple[Told, dict[str, Ending]]:
    titles = {post.thread_id: post.draft.words.title for post in placed if post.is_start}
    told: Told = aftermath.accounts(scene, placed)
    endings: dict[str, Ending] = {}
    for post in placed:
        life, endings[post.post_id] = tell(scene, post, titles.get(post.thread_id))
        told += life
    for post in placed:
        told += aftermath.reactions(scene, post)
    told += aftermath.solved(scene, placed) + aftermath.decisions(scene, placed, endings)
    told = [(at, event) for at, event in told if at < scene.until]
    return sorted(told, key=lambda item: (item[0], item[1].id)), endings


def _deliver(told: Told, lots: Random) -> Told:
    """Return the events as a broker gets them: nearly in order, a few late, a few twice."""
    deliveries: Told = []
    for at, event in told:
        delay = lots.expovariate(1 / 3) + (lots.uniform(300, 20_000) if lots.random() < _LATE else 0)
        deliveries.append((at + timedelta(seconds=delay), event))
        if lots.random() < _TWICE:
            deliveries.append((at + timedelta(seconds=delay + lots.uniform(1, 4000)), event))
    return sorted(deliveries, key=lambda item: (item[0], item[1].id))
