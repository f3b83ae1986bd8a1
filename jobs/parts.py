"""What a theme is made of at a finer resolution: its sub-themes, which a person may split off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from jobs import spaces
from jobs.context import Context
from jobs.themes import described, read_posts
from kernel.errors import InputError
from nlp import topics
from nlp.shapes import exemplars
from warehouse import registry as store

# Fewer posts have no parts worth a name, and a part of fewer is chance.
LEAST_POSTS = 12
LEAST_IN_A_PART = 4
# Within one theme all posts are alike, and one is the resolution at which a graph parts where chance would not.
_RESOLUTION = 1.0


@dataclass(frozen=True)
class Part:
    """A sub-theme: its posts, how many people wrote them, its words, and a post that shows it, masked."""

    number: int
    posts: tuple[int, ...]
    people: int
    keywords: tuple[str, ...]
    example: str


def parts(connection: Connection, context: Context, theme_id: int) -> list[Part]:
    """Return the parts of a theme over all its weeks, largest first; posts of none are left out.

    Raises `InputError` for a theme that is too small to have any, or that no run has described.
    """
    posts = store.read_theme_posts(connection, theme_id)
    frozen = spaces.frozen(connection, context.encoder_name)
    if len(posts) < LEAST_POSTS or frozen is None:
        message = f"theme {theme_id} has {len(posts)} posts"
        raise InputError(message, remedy=f"Parts are looked for from {LEAST_POSTS} posts on.")
    kept, said, vectors = read_posts(connection, context, posts, frozen)
    model = topics.KnnLeiden(granularity=_RESOLUTION, seed=context.community.themes.seed)
    found = described(context, said, vectors, model=model)
    made: list[Part] = []
    for label in range(int(found.labels.max(initial=-1)) + 1):
        inside = np.flatnonzero(found.labels == label).tolist()
        if len(inside) < LEAST_IN_A_PART:
            break
        own = [said[row] for row in inside]
        first = exemplars(own, vectors[inside])[:1]
        example = next((kept[row].text for row in inside if kept[row].post_id in first), own[0].text)
        people = len({post.person_id for post in own})
        keywords = found.phrases.get(label, ())
        made.append(Part(len(made) + 1, tuple(post.post_id for post in own), people, keywords, example))
    return made
