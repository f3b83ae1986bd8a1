"""The audit of the themes: all posts of the last weeks clustered afresh, and what people might do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from sqlalchemy import Connection

from jobs import edits, spaces
from jobs.context import Context
from jobs.themes import described, read_posts
from kernel.calendar import Span, week_span
from kernel.errors import InputError
from nlp import audit, clusters, matching, topics
from nlp.audit import Proposal
from warehouse import registry as store

# Newer ones first: what one machine clusters within a minute.
MOST_POSTS = 20_000
# The resolution at which two parts of a theme must still lie apart, as a share of that of a weekly run.
COARSE = 0.5


@dataclass(frozen=True)
class Audited:
    """Proposals with the keys of their posts, and the phrases that say what each is about."""

    weeks: tuple[date, date]
    posts: int
    proposals: tuple[tuple[Proposal, tuple[int, ...], tuple[str, ...]], ...]


def audited(connection: Connection, context: Context, *, weeks: int) -> Audited:
    """Cluster the posts of the newest weeks afresh and return what that proposes; nothing is changed.

    Raises `InputError` before the first weekly run.
    """
    newest = store.newest_week(connection)
    frozen = spaces.frozen(connection, context.encoder_name)
    if newest is None or frozen is None:
        message = "no week has been run yet"
        raise InputError(message, remedy="Run one with: suara run weekly")
    first = newest - timedelta(weeks=weeks - 1)
    span = Span(week_span(first, context.zone).start, week_span(newest, context.zone).end)
    candidates = store.read_candidates(connection, span, context.languages)[-MOST_POSTS:]
    originals = [post for post in candidates if post.duplicate_of is None]
    _, said, vectors = read_posts(connection, context, originals, frozen)
    decisions, held = edits.decided(connection), store.themes_of(connection, [post.post_id for post in said])
    themes = np.array([decisions.root(held[p.post_id]) if p.post_id in held else matching.NONE for p in said], np.int64)
    table = context.community.themes
    resolution = matching.resolution_for(table.granularity, len(said))
    joined = clusters.graph(vectors)
    fine, coarse = (
        clusters.communities(joined, resolution=share * resolution, seed=table.seed) for share in (1.0, COARSE)
    )
    found = described(context, said, vectors, model=topics.Given(fine))
    people, threads = [post.person_id for post in said], [post.thread_id for post in said]
    proposals = audit.propose(fine, coarse, themes, people, threads, min_people=table.min_people)
    return Audited(
        (first, newest),
        len(said),
        tuple(
            (one, tuple(said[row].post_id for row in one.posts), found.phrases.get(int(fine[one.posts[0]]), ()))
            for one in proposals
        ),
    )
