"""A text to the posts that say the same, in whatever language, and to those that hold its words.

Rankings are merged by reciprocal rank fusion (Cormack, Clarke and Buettcher 2009): a post counts weight / (60 + place)
in each, so that no score of one needs to be compared with a score of another. `python -m benchmarks.nlp search`
measures what comes of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from jobs.context import Context
from kernel.errors import StaleInputError
from nlp import language, text
from nlp.encoder import Vectors
from nlp.words import STOP
from warehouse import search as store
from warehouse.search import Filters

Row = dict[str, Any]

# How far down each ranking is read, at least: a post that is low in both may still be high in the whole.
_DEPTH = 50
_RANK = 60
# Posts that share but some word are mostly of one language. Counted in full they would push out what says the same in
# the other one; without them a post that lacks one of many words would be found by its meaning only.
_ANY_WORD = 0.25
_OPERATOR = re.compile(r'"|(?:^|\s)-\w')
_WORD = re.compile(r"\w+")


class Query(NamedTuple):
    """What is looked for: an encoder's vector of it with the language that it was read as, and its words.

    Of an exact one, with a "phrase" or -without, only what its words allow is found.
    """

    encoder: str
    vector: Vectors
    language: str
    words: str
    is_exact: bool = False


def search(connection: Connection, context: Context, query: str, filters: Filters, *, limit: int) -> list[Row]:
    """Return up to `limit` posts, best first: rows of `mart.found_post` with `found_by` and `similarity` for `score`.

    `connection` may be a reader's. Raises `StaleInputError` where posts have not been read, `InputError` for filters.
    """
    store.require(connection, filters)
    asked = _read(context, query)
    found = rank(connection, asked, filters, depth=max(limit, _DEPTH))
    if not found["meaning"] and not _near(connection, asked, Filters(with_spam=True), 1):
        message = f"no post has been read by the encoder {asked.encoder} yet"
        raise StaleInputError(message, remedy="`suara run daily` reads them.")
    return found["both"][:limit]


def rank(connection: Connection, asked: Query, filters: Filters, *, depth: int = _DEPTH) -> dict[str, list[Row]]:
    """Return the rankings by `meaning`, `all words` and `any word`, and as `both` what comes of them together."""
    meaning = _near(connection, asked, filters, depth)
    if asked.is_exact:
        every, some = store.by_words(connection, asked.words, filters, most=depth), []
        allowed = {row["post_id"] for row in every}
        meaning = [row for row in meaning if row["post_id"] in allowed]
    else:
        words = dict.fromkeys(_WORD.findall(asked.words.lower()))
        subjects = [word for word in words if word not in STOP] or [*words]
        every = store.by_words(connection, " ".join(subjects), filters, most=depth)
        some = store.by_words(connection, " or ".join(subjects), filters, most=depth)
    return {"meaning": meaning, "all words": every, "any word": some, "both": _fuse(meaning, every, some)}


def _read(context: Context, query: str) -> Query:
    """Read a query as a post is read."""
    table = context.community.community
    words = text.excerpt(text.clean(query), context.settings.encoder.max_chars)
    (spoken,) = language.detect([words], languages=table.languages, neighbours=table.language_neighbours)
    (vector,) = context.encoder.encode([words])
    return Query(context.encoder_name, vector, spoken.language, words, bool(_OPERATOR.search(words)))


def _near(connection: Connection, asked: Query, filters: Filters, most: int) -> list[Row]:
    return store.by_meaning(connection, asked.vector, asked.language, filters, encoder=asked.encoder, most=most)


def _fuse(meaning: Sequence[Row], every: Sequence[Row], some: Sequence[Row]) -> list[Row]:
    """Merge the rankings, best first; of equals the one that is nearer in meaning stands first."""
    scores: dict[int, float] = {}
    for ranking, weight in ((meaning, 1.0), (every, 1.0), (some, _ANY_WORD)):
        for place, row in enumerate(ranking, 1):
            scores[row["post_id"]] = scores.get(row["post_id"], 0.0) + weight / (_RANK + place)
    near = {row["post_id"]: row["score"] for row in meaning}
    held = {row["post_id"] for row in (*every, *some)}
    # The last one counts: the excerpt of a post that holds the words shows them.
    rows = {row["post_id"]: row for row in (*meaning, *some, *every)}
    return [
        {name: value for name, value in rows[post].items() if name != "score"}
        | {"found_by": [*["meaning"] * (post in near), *["words"] * (post in held)], "similarity": near.get(post)}
        for post in sorted(scores, key=lambda post: (-scores[post], -near.get(post, -1.0), -post))
    ]
