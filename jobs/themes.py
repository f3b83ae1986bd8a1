"""The themes of a week: known ones take their posts, new ones are born, and the marts learn of both.

The run rests on the weeks before and on people's edits, so running a week again gives the same themes; by the posts
that its last run put into each they are recognised, and keep their ids.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from jobs import edits, naming, spaces
from jobs.areas import area_of
from jobs.context import Context
from jobs.daily import encode
from kernel.calendar import week_span
from kernel.model import Mention
from nlp import matching, registry, space, topics
from nlp.edits import Decisions
from nlp.phrases import without_people
from nlp.shapes import Shape, ThemePost
from warehouse import marts
from warehouse import registry as store
from warehouse.namings import Namings, read_namings
from warehouse.posts import read_vectors
from warehouse.registry import Candidate, ThemeRow

MEMORY_PER_THEME = 400
# Share of an earlier birth's posts that a new one must hold to be taken for the same theme when a week runs again.
SAME_BIRTH = 0.3

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Run:
    """A weekly run in its transaction; of its candidates `copies` follow those that they repeat."""

    connection: Connection
    context: Context
    monday: date
    model: str
    candidates: Sequence[Candidate]
    copies: Mapping[int, Sequence[Candidate]]
    decisions: Decisions
    namings: Namings


def themes(context: Context, monday: date) -> dict[str, int]:
    """Find the themes of a week and store them in one transaction; return counts."""
    span = week_span(monday, context.zone)
    with context.begin() as connection:
        candidates = store.read_candidates(connection, span, context.languages)
    originals, copies = copies_of(candidates)
    raw = encode(context, [(c.text_sha256, c.text) for c in originals])
    with context.begin() as connection:
        frozen, model = space_of(connection, context, raw, originals)
        decisions = edits.decided(connection)
        known = [_theme(k) for k in store.read_known(connection, monday, model=model)]
        known += _split_off(connection, context, decisions, {theme.theme_id for theme in known}, frozen)
        posts = theme_posts(originals, copies)
        week = registry.run_week(
            posts,
            frozen.project(raw, [c.language for c in originals], [c.text for c in originals]),
            known=known,
            memory=_memory(connection, context, monday, frozen),
            pinned={c.post_id: decisions.pinned[c.post_id] for c in candidates if c.post_id in decisions.pinned},
            granularity=context.community.themes.granularity,
            min_people=context.community.themes.min_people,
            seed=context.community.themes.seed,
            roots={theme_id: decisions.root(theme_id) for theme_id in decisions.themes},
            later=[_theme(theme) for theme in store.read_later(connection, monday, model=model)],
            asked=context.community.community.report_language,
        )
        run = Run(connection, context, monday, model, candidates, copies, decisions, read_namings(connection))
        newest = store.newest_week(connection)
        counts = _store(run, week, known_ids={t.theme_id for t in known}, texts={p.post_id: p.text for p in posts})
        if newest is None or monday >= newest:
            naming.renew(connection, monday, _words(connection, context, monday, frozen), run.namings)
        return counts | {"known": len(known)}


def copies_of(candidates: Sequence[Candidate]) -> tuple[list[Candidate], dict[int, list[Candidate]]]:
    """Part the posts that are clustered from the copies that follow them, by the post they repeat.

    Of those that repeat a post of an earlier week, or one that is no candidate itself, one stands for the others.
    """
    first = {candidate.post_id: candidate for candidate in candidates if candidate.duplicate_of is None}
    copies = defaultdict(list)
    for candidate in candidates:
        if candidate.duplicate_of is not None:
            original = first.setdefault(candidate.duplicate_of, candidate)
            if original is not candidate:
                copies[original.post_id].append(candidate)
    return list(first.values()), dict(copies)


def theme_posts(originals: Sequence[Candidate], copies: Mapping[int, Sequence[Candidate]]) -> list[ThemePost]:
    """Return the posts that are clustered; no theme is to be called after a member, so their names are taken out."""
    texts = without_people([c.text for c in originals], {c.author for c in originals})
    people = [frozenset(copy.person_id for copy in copies.get(c.post_id, ())) for c in originals]
    return [
        ThemePost(c.post_id, c.person_id, text, c.language, repeated_by, c.thread_id)
        for c, text, repeated_by in zip(originals, texts, people, strict=True)
    ]


def space_of(
    connection: Connection, context: Context, raw: Vectors, posts: Sequence[Candidate]
) -> tuple[space.Space, str]:
    """Return the frozen space of the encoder and its name, fitting it on the first week that has posts."""
    encoder, frozen = context.encoder_name, spaces.frozen(connection, context.encoder_name)
    if frozen is None:
        frozen = space.fit(raw, [c.language for c in posts], [c.text for c in posts], encoder=encoder)
        if len(raw):
            spaces.freeze(connection, encoder, frozen, posts=len(raw))
    return frozen, f"{encoder}/{frozen.version}"


def _theme(stored: store.Remembered) -> registry.KnownTheme:
    return registry.KnownTheme(stored.theme_id, stored.centroid, stored.threshold)


def _split_off(
    connection: Connection, context: Context, decisions: Decisions, known: Container[int], frozen: space.Space
) -> list[registry.KnownTheme]:
    """Return the themes that people split off and no run before this week describes, by the posts they were given."""
    given: dict[int, list[int]] = defaultdict(list)
    for post, theme_id in decisions.pinned.items():
        if theme_id in decisions.made and theme_id not in known:
            given[theme_id].append(post)
    found = []
    for theme_id, held in sorted(given.items()):
        vectors = projected(connection, context, store.read_texts(connection, held), frozen)[1]
        if len(vectors):
            found.append(registry.KnownTheme(theme_id, matching.centroid(vectors), matching.threshold(vectors)))
    return found


def _memory(connection: Connection, context: Context, monday: date, frozen: space.Space) -> registry.Memory:
    rows = store.read_memory(connection, monday, per_theme=MEMORY_PER_THEME)
    theme_ids, vectors = projected(connection, context, rows, frozen)
    return registry.Memory(vectors=vectors, theme_ids=np.array(theme_ids, np.int64))


def read_posts(
    connection: Connection, context: Context, posts: Sequence[Candidate], frozen: space.Space
) -> tuple[list[Candidate], list[ThemePost], Vectors]:
    """Return those of the posts that have a vector, as they are clustered, and their projected vectors."""
    rows = [store.EncodedText(n, post.text_sha256, post.language, post.text) for n, post in enumerate(posts)]
    places, vectors = projected(connection, context, rows, frozen)
    kept = [posts[place] for place in places]
    return kept, theme_posts(kept, {}), vectors


def described(
    context: Context, posts: Sequence[ThemePost], vectors: Vectors, *, model: topics.ClusterModel
) -> topics.Topics:
    """Group posts by their projected vectors and describe each group in the language of the reports."""
    texts, languages = [post.text for post in posts], [post.language for post in posts]
    return topics.find(texts, languages, vectors, model=model, asked=context.community.community.report_language)


def projected(
    connection: Connection, context: Context, rows: Sequence[store.EncodedText], frozen: space.Space
) -> tuple[list[int], Vectors]:
    """Return the numbers and projected vectors of texts, where a vector is stored."""
    vectors = read_vectors(connection, (row.text_sha256 for row in rows), model=context.encoder_name)
    kept = [row for row in rows if row.text_sha256 in vectors]
    if not kept:
        return [], np.empty((0, frozen.dimensions), np.float32)
    raw = np.stack([vectors[row.text_sha256] for row in kept])
    return [row.number for row in kept], frozen.project(raw, [r.language for r in kept], [r.text for r in kept])


def _store(
    run: Run, week: registry.ThemeWeek, *, known_ids: Container[int], texts: Mapping[int, str]
) -> dict[str, int]:
    """Write what a run found, in place of what its week held; return its counts."""
    connection, monday, pinned = run.connection, run.monday, run.decisions.pinned
    followers = {copy.post_id for group in run.copies.values() for copy in group}
    before = {theme: held - followers for theme, held in store.posts_of_week(connection, monday).items()}
    same = _same_births(week.born, before)
    ids = {place: born.later for place, born in enumerate(week.born) if born.later is not None} | same
    new = {place: born.shape for place, born in enumerate(week.born) if place not in ids}
    # Before anything is written, so that no edit by a person waits for a model.
    names = naming.name_born(connection, run.context, new, texts)
    store.clear_week(connection, monday)
    rows = [row_of(theme_id, shape) for theme_id, shape in sorted(week.shapes.items())]
    mentions = [
        Mention(post_id=p, theme_id=theme, confidence=c, method="person" if p in pinned else "known")
        for p, (theme, c) in week.assigned.items()
    ]
    for place, born in enumerate(week.born):
        if same.get(place) in known_ids:
            # A week that came late has made the theme known since, with another threshold: it stays what it was.
            mentions += [Mention(post_id=p, theme_id=same[place], confidence=c, method="known") for p, c in born.posts]
            continue
        theme_id = bear(run, born, ids.get(place) or names[place])
        rows.append(row_of(theme_id, born.shape))
        mentions += [Mention(post_id=p, theme_id=theme_id, confidence=c, method="born") for p, c in born.posts]
    mentions += follow(mentions, run.copies, pinned)
    store.write_week(connection, monday, model=run.model, rows=rows, mentions=mentions)
    store.drop_stillborn(connection, monday)
    place_areas(run, rows, mentions)
    counts = _count(run.candidates, mentions)
    params = run.context.community.themes.model_dump()
    quality = {"continuity": week.continuity, "stability": week.stability}
    store.write_run(connection, monday, model=run.model, params=params, **counts, **quality)
    marts.refresh_themes_of_posts(connection, monday)
    marts.refresh_theme_week(connection, monday)
    return counts


def _count(candidates: Sequence[Candidate], mentions: Sequence[Mention]) -> dict[str, int]:
    """Return the counts of a run, as `core.theme_run` holds them."""
    return {
        "posts": len(candidates),
        "assigned": sum(mention.method != "born" for mention in mentions),
        "born": len({mention.theme_id for mention in mentions if mention.method == "born"}),
        "unassigned": len(candidates) - len(mentions),
    }


def bear(run: Run, born: registry.BornTheme, identity: int | naming.Given) -> int:
    """Store the birth of a theme that has an id, and so a name, or of a new one under a given name; return its id."""
    detail: dict[str, Any] = {"posts": len(born.posts), "keywords": list(born.shape.keywords)}
    if isinstance(identity, naming.Given):
        theme_id = store.bear(run.connection, run.monday, name=identity.name)
        detail["namer"] = identity.namer
    else:
        theme_id = identity
        store.bear_again(run.connection, run.monday, theme_id)
        if theme_id in run.namings.first:
            first = run.namings.first[theme_id]
            detail |= {"namer": first.namer, "named_by": list(first.keywords)}
    store.add_event(run.connection, theme_id, "born", actor="weekly run", week=run.monday, detail=detail)
    return theme_id


def _words(connection: Connection, context: Context, monday: date, frozen: space.Space) -> dict[int, Sequence[str]]:
    """Return the phrases of themes in the week by all posts that they remember: those of one week are too few."""
    held = store.read_remembered(connection, monday, per_theme=MEMORY_PER_THEME)
    themes_of = {post.post_id: theme_id for theme_id, post in held}
    kept, posts, vectors = read_posts(connection, context, [post for _, post in held], frozen)
    shown = topics.Given(np.array([themes_of[post.post_id] for post in kept], np.int64))
    return dict(described(context, posts, vectors, model=shown).phrases)


def row_of(theme_id: int, shape: Shape) -> ThemeRow:
    """Return what is stored of a theme's shape."""
    return ThemeRow(
        theme_id, shape.centroid, shape.threshold, shape.keywords, shape.exemplars, shape.size, shape.similarity
    )


def _same_births(born: Sequence[registry.BornTheme], before: Mapping[int, set[int]]) -> dict[int, int]:
    """Return for births, by their place, the theme that held these posts in the last run of this week.

    A birth is the theme of which it holds a good share, if most of its own posts that were in any were in that one. The
    closest pair is matched first, and each theme once.
    """
    shares = []
    for place, one in enumerate(born):
        common = {theme: len(held.intersection(one.post_ids)) for theme, held in before.items()}
        placed = sum(common.values())
        shares += [
            (count / len(before[theme]), place, theme)
            for theme, count in common.items()
            if count and count >= max(SAME_BIRTH * len(before[theme]), placed / 2)
        ]
    return matching.closest_pairs(shares)


def follow(
    mentions: Sequence[Mention], copies: Mapping[int, Sequence[Candidate]], pinned: Mapping[int, int]
) -> list[Mention]:
    """Put copies into the theme of the post they repeat, but for those that a person put into one."""
    followed = {
        copy.post_id: msgspec.structs.replace(mention, post_id=copy.post_id)
        for mention in mentions
        for copy in copies.get(mention.post_id, ())
    }
    held = {
        copy.post_id: Mention(post_id=copy.post_id, theme_id=pinned[copy.post_id], confidence=1.0, method="person")
        for group in copies.values()
        for copy in group
        if copy.post_id in pinned
    }
    return [*(followed | held).values()]


def place_areas(run: Run, rows: Sequence[ThemeRow], mentions: Sequence[Mention]) -> None:
    """Place themes into areas by the areas' keywords; who answers for an area answers for its themes."""
    areas = run.context.community.areas
    texts = {candidate.post_id: candidate.text for candidate in run.candidates}
    held: dict[int, list[str]] = {}
    for mention in mentions:
        held.setdefault(mention.theme_id, []).append(texts[mention.post_id])
    for row in rows:
        if row.theme_id in held:
            store.set_area(run.connection, row.theme_id, area_of(areas, row.keywords, held[row.theme_id]))
    store.set_owner(run.connection, {name: table.owner for name, table in areas.items() if table.owner})
