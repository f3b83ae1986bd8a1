"""What is due: days and weeks that never ran, or whose input or code has changed since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from jobs import founding, weekly
from jobs.context import Context, code_version, open_context
from kernel.calendar import Span, day_span, days_of_week, mondays_between
from nlp import heads
from nlp.encoder import BUILT_IN, work
from warehouse import posts, registry, runs

# Texts that are encoded to see how fast this machine is.
TRIED = 16
# Weeks before the newest one that are run with it where they never ran.
CAUGHT_UP = 4


def covered() -> tuple[date, date] | None:
    """Return the first and the last day that holds a post, or None in an empty warehouse."""
    context = open_context()
    with context.begin() as connection:
        return runs.days_with_posts(connection, context.zone)


def missing_days(first: date, last: date) -> list[date]:
    """Return the days from `first` to `last`, both included, that are due, oldest first."""
    return weekly.due_days(open_context(), first, last)


def changed_days(monday: date) -> list[date]:
    """Return the days before a week that ran, that its reports look back to, and whose posts have changed since."""
    return weekly.changed_days(open_context(), monday)


def days_over(days: Sequence[date]) -> list[date]:
    """Return those of `days` that have ended where the community lives."""
    context = open_context()
    now = context.clock.now()
    return [day for day in days if day_span(day, context.zone).end <= now]


def open_weeks() -> list[date]:
    """Return the Mondays that `run weekly` is about: the newest week that is over and holds a post, if there is one.

    With it, of the four weeks before, those that hold posts and that no later week ran without: a report compares with
    last week and looks back on threads of the last five.
    """
    context = open_context()
    found = covered()
    if found is None:
        return []
    with context.begin() as connection:
        over = [monday for monday in mondays_between(*found) if days_over(days_of_week(monday)[-1:])]
        days = runs.day_fingerprints(connection, found[0], found[1], context.zone)
        held = [monday for monday in over if days.keys() & set(days_of_week(monday))]
        ran = runs.successes(connection, "weekly", held).keys()
    newest = held[-1:]
    recent = [monday for monday in held if monday >= newest[0] - timedelta(weeks=CAUGHT_UP)] if held else []
    return [monday for monday in recent if monday > max(ran, default=date.min)] or newest


def founds_themes(monday: date) -> bool:
    """Say whether the run of a week founds themes on posts of the weeks before it."""
    context = open_context()
    with context.begin() as connection:
        return founding.is_due(connection, context, monday)


def is_week_due(monday: date) -> bool:
    """Say whether a week's reports never were made, or rest on other input than there is now."""
    context = open_context()
    now = weekly.fingerprint(context, monday)
    with context.begin() as connection:
        done = runs.successes(connection, "weekly", [monday])
    return done.get(monday) != (now, code_version())


def estimate(days: Sequence[date]) -> tuple[int, float | None]:
    """Return how many posts of `days` are due and about how many seconds their encoding takes here.

    A few of the texts are encoded to see how fast this machine is now, and that the encoder works at all. For another
    encoder than the built-in one the seconds are None: how its work grows with a text is not known.
    """
    context = open_context()
    due, texts = 0, set[str]()
    chars, name = context.settings.encoder.max_chars, context.encoder_name
    with context.begin() as connection:
        for span in _spans(days, context):
            due += posts.count_due(connection, span, steps=context.steps)
            texts.update(posts.texts_to_encode(connection, span, steps=context.steps, chars=chars, model=name))
    distinct = sorted(texts)
    if not distinct:
        return due, 0.0
    tried = distinct[:: -(-len(distinct) // TRIED)]
    model = context.encoder
    began = context.clock.monotonic()
    model.encode(tried)
    taken = context.clock.monotonic() - began
    return due, taken * work(distinct) / work(tried) if model.name == BUILT_IN else None


def reread(days: Sequence[date]) -> int:
    """Return how many posts of `days` are due only because other steps have read them."""
    context = open_context()
    with context.begin() as connection:
        return sum(posts.count_reread(connection, span, steps=context.steps) for span in _spans(days, context))


def silent_heads() -> str | None:
    """Return why no post can get a sentiment, type, abuse or spam by this encoder; None where all can."""
    encoder = open_context().encoder_name
    made_with = heads.made_with()
    if encoder == made_with:
        return None
    return f"their models were made with {made_with or 'several encoders'}, and {encoder} is in use"


def _spans(days: Sequence[date], context: Context) -> list[Span]:
    zone = context.zone
    return [Span(day_span(first, zone).start, day_span(last, zone).end) for first, last in _stretches(days)]


def _stretches(days: Sequence[date]) -> list[tuple[date, date]]:
    """Return runs of consecutive days as (first, last)."""
    found: list[tuple[date, date]] = []
    for day in sorted(days):
        if found and day == found[-1][1] + timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def describe_day(day: date) -> str:
    """Return what the newest run of a day did, in one line."""
    metrics = _metrics("daily", day)
    return f"{metrics.get('posts', 0):6,} posts  {metrics.get('threads', 0):5,} threads"


def describe_week(monday: date) -> str:
    """Return what the newest theme run of a week found, in one line."""
    context = open_context()
    with context.begin() as connection:
        run = registry.run_of(connection, monday)
    if run is None or not run["posts"]:
        return "no posts to find themes in"
    share = 100 * run["unassigned"] / run["posts"]
    return f"{run['themes']} themes, {run['born']} of them new; {share:.0f} % of {run['posts']:,} posts in none"


def _metrics(kind: runs.Kind, partition: date) -> dict[str, int]:
    with open_context().begin() as connection:
        return runs.metrics_of(connection, kind, partition)
