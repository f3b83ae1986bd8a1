"""The founding of themes: the first weekly run ever looks back, so that themes begin with more than one week.

In a small community a week is a hundred posts. These make a handful of mixtures, which all later posts would join, and
they are too few for axes of words. What was written in the half year before parts into subjects. The founding is kept
as a run of the week before all of its posts; its themes are known from then on as any others are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np
from sqlalchemy import Connection

from jobs import daily, edits, naming
from jobs import themes as theme_job
from jobs.context import Context
from kernel.calendar import Span, week_span
from kernel.model import Mention
from nlp import registry
from warehouse import posts
from warehouse import registry as store
from warehouse.namings import read_namings
from warehouse.registry import Candidate

# A week of so many posts founds themes as well as any; from fewer than the least nothing is gained.
MOST_POSTS = 2000
LEAST_POSTS = 100
MOST_WEEKS = 26


def is_due(connection: Connection, context: Context, monday: date) -> bool:
    """Say whether the run of this week founds themes: no run was before, its own posts are few, and others are not."""
    if store.has_begun(connection):
        return False
    own = week_span(monday, context.zone)
    before = Span(week_span(monday - timedelta(weeks=MOST_WEEKS), context.zone).start, own.start)
    return posts.count_live(connection, own) < MOST_POSTS and posts.count_live(connection, before) >= LEAST_POSTS


def found(context: Context, monday: date) -> int:
    """Found themes on the posts of the weeks before `monday`, if that is due; return how many posts that were."""
    with context.begin() as connection:
        due = is_due(connection, context, monday)
    weeks = _weeks_before(context, monday) if due else {}
    candidates = [candidate for held in weeks.values() for candidate in held]
    if len(candidates) < LEAST_POSTS:  # too few of them in an analysed language
        return 0
    originals, copies = theme_job.copies_of(candidates)
    raw = daily.encode(context, [(c.text_sha256, c.text) for c in originals])
    said = theme_job.theme_posts(originals, copies)
    with context.begin() as connection:
        frozen, model = theme_job.space_of(connection, context, raw, originals)
        table = context.community.themes
        outcome = registry.run_week(
            said,
            frozen.project(raw, [c.language for c in originals], [c.text for c in originals]),
            known=[],
            memory=registry.Memory(np.empty((0, frozen.dimensions), np.float32), np.empty(0, np.int64)),
            pinned={},
            granularity=table.granularity,
            min_people=table.min_people,
            seed=table.seed,
            asked=context.community.community.report_language,
        )
        founding = min(weeks) - timedelta(weeks=1)
        decisions, namings = edits.decided(connection), read_namings(connection)
        run = theme_job.Run(connection, context, founding, model, candidates, copies, decisions, namings)
        _store(run, outcome, weeks, {post.post_id: post.text for post in said})
    return len(candidates)


def _weeks_before(context: Context, monday: date) -> dict[date, list[Candidate]]:
    """Return the posts of the newest weeks before `monday`, by week, and read those that no day's run has read."""
    found: dict[date, list[Candidate]] = {}
    for back in range(1, MOST_WEEKS + 1):
        week = monday - timedelta(weeks=back)
        span = week_span(week, context.zone)
        daily.read(context, span)
        with context.begin() as connection:
            held = store.read_candidates(connection, span, context.languages)
        if held:
            found[week] = held
        if sum(map(len, found.values())) >= MOST_POSTS:
            break
    return found


def _store(
    run: theme_job.Run,
    outcome: registry.ThemeWeek,
    weeks: Mapping[date, Sequence[Candidate]],
    texts: Mapping[int, str],
) -> None:
    """Write the themes as known in the week of the founding, and each post as spoken in its own."""
    names = naming.name_born(run.connection, run.context, dict(enumerate(b.shape for b in outcome.born)), texts)
    rows, mentions = [], []
    for place, born in enumerate(outcome.born):
        theme_id = theme_job.bear(run, born, names[place])
        rows.append(theme_job.row_of(theme_id, born.shape))
        mentions += [Mention(post_id=p, theme_id=theme_id, confidence=c, method="born") for p, c in born.posts]
    mentions += theme_job.follow(mentions, run.copies, {})
    store.write_week(run.connection, run.monday, model=run.model, rows=rows, mentions=[])
    theme_job.place_areas(run, rows, mentions)
    spoken = {mention.post_id: mention for mention in mentions}
    for week, held in weeks.items():
        told = [spoken[candidate.post_id] for candidate in held if candidate.post_id in spoken]
        store.write_week(run.connection, week, model=run.model, rows=[], mentions=told)
