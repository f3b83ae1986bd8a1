"""The themes of a week: known ones take their posts, new ones are born, and the marts learn of both.

The run rests on the weeks before and on people's edits only, so running a week again gives the same themes and ids.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from jobs.areas import area_of
from jobs.context import Context
from jobs.daily import encode
from kernel.calendar import week_span
from kernel.model import Mention
from nlp import registry, space
from nlp.names import name as name_theme
from nlp.phrases import without_people
from nlp.shapes import Shape, ThemePost
from warehouse import marts
from warehouse import registry as store
from warehouse.posts import read_vectors
from warehouse.registry import Candidate, ThemeRow

MEMORY_PER_THEME = 400
# Share of an earlier birth's posts that a new one must hold to be taken for the same theme when a week runs again.
SAME_BIRTH = 0.3

Vectors = NDArray[np.float32]


def themes(context: Context, monday: date) -> dict[str, int]:
    """Find the themes of a week and store them in one transaction; return counts."""
    span = week_span(monday, context.zone)
    with context.begin() as connection:
        candidates = store.read_candidates(connection, span, context.languages)
    originals, copies = _copies(candidates)
    raw = encode(context, [(c.text_sha256, c.text) for c in originals])
    with context.begin() as connection:
        frozen, model = _space(connection, context, raw, [c.language for c in originals])
        known = store.read_known(connection, monday, model=model)
        memory = _memory(connection, context, monday, frozen)
        week = registry.run_week(
            _theme_posts(originals, copies),
            frozen.project(raw, [c.language for c in originals]),
            known=[registry.KnownTheme(k.theme_id, k.centroid, k.threshold) for k in known],
            memory=memory,
            pinned=store.read_pinned(connection, [c.post_id for c in originals]),
            granularity=context.community.themes.granularity,
            min_people=context.community.themes.min_people,
            seed=context.community.themes.seed,
        )
        return _store(connection, context, monday, model, week, candidates, copies, len(known))


def _copies(candidates: Sequence[Candidate]) -> tuple[list[Candidate], dict[int, list[Candidate]]]:
    """Part the posts that are clustered from the copies that follow them, by the post they repeat.

    What repeats a post of an earlier week, or one that is no candidate itself, stands for itself.
    """
    present = {candidate.post_id for candidate in candidates if candidate.duplicate_of is None}
    originals, copies = [], defaultdict(list)
    for candidate in candidates:
        if candidate.duplicate_of in present:
            copies[candidate.duplicate_of].append(candidate)
        else:
            originals.append(candidate)
    return originals, dict(copies)


def _theme_posts(originals: Sequence[Candidate], copies: Mapping[int, Sequence[Candidate]]) -> list[ThemePost]:
    """Return the posts that are clustered; no theme is to be called after a member, so their names are taken out."""
    texts = without_people([c.text for c in originals], {c.author for c in originals})
    people = [frozenset(copy.person_id for copy in copies.get(c.post_id, ())) for c in originals]
    return [
        ThemePost(c.post_id, c.person_id, text, c.language, repeated_by)
        for c, text, repeated_by in zip(originals, texts, people, strict=True)
    ]


def _space(connection: Connection, context: Context, raw: Vectors, languages: Sequence[str]) -> tuple[space.Space, str]:
    """Return the frozen space of the encoder and its name, fitting it on the first week that has posts."""
    encoder = context.encoder_name
    rows = store.read_space(connection, encoder)
    if rows:
        means = {language: mean for _, language, mean, _ in rows}
        frozen = space.Space(version=rows[0][0], means=means, component=rows[0][3])
    else:
        frozen = space.fit(raw, languages, encoder=encoder)
        if len(raw):
            store.write_space(connection, encoder, frozen.version, frozen.means, frozen.component, len(raw))
    return frozen, f"{encoder}/{frozen.version}"


def _memory(connection: Connection, context: Context, monday: date, frozen: space.Space) -> registry.Memory:
    rows = store.read_memory(connection, monday, per_theme=MEMORY_PER_THEME)
    vectors = read_vectors(connection, (sha for _, sha, _ in rows), model=context.encoder_name)
    kept = [(theme, vectors[sha], language) for theme, sha, language in rows if sha in vectors]
    if not kept:
        return registry.Memory(vectors=np.empty((0, 384), np.float32), theme_ids=np.empty(0, np.int64))
    projected = frozen.project(np.stack([vector for _, vector, _ in kept]), [language for *_, language in kept])
    return registry.Memory(vectors=projected, theme_ids=np.array([theme for theme, *_ in kept], np.int64))


def _store(
    connection: Connection,
    context: Context,
    monday: date,
    model: str,
    week: registry.ThemeWeek,
    candidates: Sequence[Candidate],
    copies: Mapping[int, Sequence[Candidate]],
    known: int,
) -> dict[str, int]:
    followers = {copy.post_id for group in copies.values() for copy in group}
    before = {theme: held - followers for theme, held in store.births_of(connection, monday).items()}
    reused = _same_births(week.born, before)
    store.clear_week(connection, monday)
    rows = [_row(theme_id, shape) for theme_id, shape in sorted(week.shapes.items())]
    mentions = [
        Mention(post_id=post, theme_id=theme, confidence=confidence, method="known")
        for post, (theme, confidence) in week.assigned.items()
    ]
    for place, born in enumerate(week.born):
        theme_id = store.bear(connection, monday, name=name_theme(born.shape.keywords), reuse=reused.get(place))
        rows.append(_row(theme_id, born.shape))
        mentions += [Mention(post_id=p, theme_id=theme_id, confidence=c, method="born") for p, c in born.posts]
        detail = {"posts": len(born.posts), "keywords": list(born.shape.keywords)}
        store.add_event(connection, theme_id, "born", actor="weekly run", week=monday, detail=detail)
    mentions += _follow(mentions, copies)
    store.write_week(connection, monday, model=model, rows=rows, mentions=mentions)
    store.drop_stillborn(connection, monday)
    _place(connection, context, rows, mentions, candidates)
    inside = sum(mention.method != "born" for mention in mentions)
    counts = {
        "posts": len(candidates),
        "assigned": inside,
        "born": len(week.born),
        "unassigned": len(candidates) - len(mentions),
    }
    params = context.community.themes.model_dump()
    quality = {"continuity": week.continuity, "stability": week.stability}
    store.write_run(connection, monday, model=model, params=params, **counts, **quality)
    marts.refresh_themes_of_posts(connection, monday)
    marts.refresh_theme_week(connection, monday)
    return counts | {"known": known}


def _row(theme_id: int, shape: Shape) -> ThemeRow:
    return ThemeRow(
        theme_id, shape.centroid, shape.threshold, shape.keywords, shape.exemplars, shape.size, shape.similarity
    )


def _same_births(born: Sequence[registry.BornTheme], before: Mapping[int, set[int]]) -> dict[int, int]:
    """Return for births, by their place, the theme that the last run of this week bore from mostly the same posts.

    The closest pair is matched first, and each theme once.
    """
    shares = [
        (len(held.intersection(one.post_ids)) / len(held), -place, -theme)
        for place, one in enumerate(born)
        for theme, held in before.items()
        if held
    ]
    found: dict[int, int] = {}
    for share, place, theme in sorted(shares, reverse=True):
        if share >= SAME_BIRTH and -place not in found and -theme not in found.values():
            found[-place] = -theme
    return found


def _follow(mentions: Sequence[Mention], copies: Mapping[int, Sequence[Candidate]]) -> list[Mention]:
    """Put copies into the theme of the post they repeat."""
    return [
        msgspec.structs.replace(mention, post_id=copy.post_id)
        for mention in mentions
        for copy in copies.get(mention.post_id, ())
    ]


def _place(
    connection: Connection,
    context: Context,
    rows: Sequence[ThemeRow],
    mentions: Sequence[Mention],
    candidates: Sequence[Candidate],
) -> None:
    """Place themes into areas by the areas' keywords."""
    texts = {candidate.post_id: candidate.text for candidate in candidates}
    held: dict[int, list[str]] = {}
    for mention in mentions:
        held.setdefault(mention.theme_id, []).append(texts[mention.post_id])
    for row in rows:
        if row.theme_id in held:
            area = area_of(context.community.areas, row.keywords, held[row.theme_id])
            store.set_area(connection, row.theme_id, area)
