"""`suara run daily|weekly`: the real DAGs in this process, day by day and week by week, with what is due first."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from typing import Annotated

import typer

from kernel.calendar import days_between, days_of_week, mondays_between, parse_day, parse_monday
from kernel.errors import InputError, StaleInputError
from kernel.settings import Settings, read_settings

Say = Callable[[str], None]

run = typer.Typer(help="Turn what was imported into facts and reports, by the real Airflow DAGs in this process.")

_From = Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day or week.")]
_To = Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day or week, included.")]
_Again = Annotated[bool, typer.Option("--again", help="Run also what has not changed.")]


def register(app: typer.Typer) -> None:
    """Attach the commands."""
    app.add_typer(run, name="run")


@run.command("daily")
def daily_command(
    day: Annotated[
        list[str] | None, typer.Option("--day", metavar="DATE", help="One day, YYYY-MM-DD; repeatable.")
    ] = None,
    first: _From = None,
    last: _To = None,
    *,
    again: _Again = False,
) -> None:
    """Annotate and check days: language, personal data, sentiment, type, duplicates, and the facts of each day.

    Without dates: every day since the first post that never ran or has changed.
    """
    settings = _start()
    days = _days(day, first, last)
    if not run_daily(days, typer.echo, settings=settings, again=again):
        typer.echo("Nothing to run: no day that is over is new or has changed (--again runs them all the same)")


@run.command("weekly")
def weekly_command(
    week: Annotated[
        list[str] | None, typer.Option("--week", metavar="MONDAY", help="One week, named by its Monday; repeatable.")
    ] = None,
    first: _From = None,
    last: _To = None,
    *,
    again: _Again = False,
) -> None:
    """Make the reports of weeks: load what waits, run the days that are due, find themes, propose reports.

    Without dates: the newest complete week, and those of the four before it that never ran, so that there is
    something to compare it with. Weeks are ISO weeks in the community's time zone.

    Example: suara run weekly --from 2026-10-26 --to 2026-11-16
    """
    settings = _start()
    run_weekly(_since_posts(_weeks(week, first, last)), typer.echo, settings=settings, again=again)


@run.command("shadow")
def shadow_command(
    *,
    posts: Annotated[int, typer.Option("--posts", min=1, help="How many posts are read again.")] = 500,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read posts again by the steps of today beside what is stored, and print what would change. Nothing is written.

    Worth a look after an upgrade, or a change of languages, encoder or products, before the next `suara run daily`.
    """
    from jobs.shadow import shadow
    from suara.cli.output import open_warehouse, print_rows

    with open_warehouse():
        steps, found = shadow(posts)
    rows = [
        {"field": one.field, "posts": one.compared, "changed": one.changed,
         "share": f"{one.changed / max(one.compared, 1):.1%}", "mostly": list(one.mostly)}
        for one in found
    ]  # fmt: skip
    if not json:
        typer.echo(f"Steps of today: {steps}")
    print_rows(rows, ["field", "posts", "changed", "share", "mostly"], json=json, empty="No post has been read yet.")


def run_daily(days: Sequence[date], say: Say, *, settings: Settings, again: bool = False) -> int:
    """Run those days that are over and due, or all that are over; return how many ran."""
    from jobs import plan

    over = plan.days_over(days)
    if len(over) < len(days):
        say(f"Not over yet, so not run: {_stretch([day for day in days if day not in set(over)])}")
    if not over:
        return 0
    due = over if again else [day for day in plan.missing_days(min(over), max(over)) if day in set(over)]
    with _daily_runs(due, say, settings=settings) as run_through:
        run_through(max(over))
    return len(due)


@contextmanager
def _daily_runs(due: Sequence[date], say: Say, *, settings: Settings) -> Iterator[Callable[[date], None]]:
    """Give a function that runs the due days up to one of them, while what comes next is encoded beside it."""
    from jobs import daily, plan
    from suara.local.dagruns import environment_of_python

    posts, seconds = plan.estimate(due)
    if posts:
        takes = "an unknown time" if seconds is None else f"about {_span(seconds)}"
        encoding = f"encoding takes {takes} here" if seconds != 0 else "all are encoded already"
        say(f"Days to run: {len(due)}, posts to read: {posts:,}; {encoding}")
        if again := plan.reread(due):
            say(f"Other steps have read {again:,} of them before; what changes is shown by: suara run shadow")
        if reason := plan.silent_heads():
            say(f"Sentiment, type, abuse and spam will be unknown: {reason}. Make them anew with: make models")
    with environment_of_python(), ThreadPoolExecutor(1, "encode-ahead", initializer=_give_way) as ahead:
        left = deque((day, ahead.submit(daily.encode_ahead, day)) for day in due)

        def run_through(last: date) -> None:
            while left and left[0][0] <= last:
                began = time.monotonic()
                day, encoded = left.popleft()
                encoded.result()
                _dag("community_daily", {"day": str(day)}, settings)
                place = f"[{len(due) - len(left)}/{len(due)}]"
                say(f"  {day}  {_counts(day)}  {time.monotonic() - began:5.1f} s   {place}")

        try:
            yield run_through
        finally:
            ahead.shutdown(cancel_futures=True)


def _give_way() -> None:
    """Leave the cores to the other threads: this one, and those that it starts, use what is idle."""
    if sys.platform == "linux":  # elsewhere a priority is a process's
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


def run_weekly(mondays: Sequence[date], say: Say, *, settings: Settings, again: bool = False) -> None:
    """Run weeks, each after all that is due before it.

    Weeks that are not over are named and left out. Raises `StaleInputError` when no other is left.
    """
    from jobs import pages, plan

    every = [monday for monday in sorted(mondays) if plan.days_over(days_of_week(monday)[-1:])]
    early = [monday for monday in sorted(mondays) if monday not in every]
    if early:
        message = f"not over yet: the week of {' and of '.join(map(str, early))}"
        if not every:
            raise StaleInputError(message, remedy="Its days can be run one by one with: suara run daily")
        say(f"Left out, {message}")
    if not every:
        return
    asked = {day for monday in every for day in days_of_week(monday)}
    due = {*plan.changed_days(every[0]), *(d for d in plan.missing_days(min(asked), max(asked)) if d in asked)}
    with _daily_runs(sorted(due), say, settings=settings) as run_through:
        for monday in every:
            _run_week(monday, run_through, say, settings=settings, again=again)
    say(f"Reports: {pages.index_path(settings)}")
    say("Read one with: suara report open. Make it current with: suara report promote")


def _run_week(monday: date, run_through: Callable[[date], None], say: Say, *, settings: Settings, again: bool) -> None:
    from jobs import pages, plan
    from jobs.context import open_context

    run_through(days_of_week(monday)[-1])
    began = time.monotonic()
    page = pages.newest_page(open_context(), monday, "community")
    if again or page is None or not page.exists() or plan.is_week_due(monday):
        if plan.founds_themes(monday):
            say("  These are the first themes: what was written in the half year before is read too, to found them")
        _dag("advocacy_weekly", {"week": str(monday)}, settings)
        say(f"week of {monday}  {plan.describe_week(monday)}  {time.monotonic() - began:.1f} s")
    else:
        say(f"week of {monday}  nothing has changed, its reports stand")


def _start() -> Settings:
    """Start what is not up, load what waits in Kafka, and return the settings with all addresses."""
    from suara.local import stack

    settings = read_settings()
    stack.export(stack.ensure(settings, sink=True, say=typer.echo))
    settings = read_settings()
    drain(settings, typer.echo)
    return settings


def drain(settings: Settings, say: Say) -> None:
    """Send what waits in the spool, and wait until every event in Kafka is in the warehouse or refused."""
    from streams.offsets import waiting
    from suara.cli.spooling import send_waiting
    from suara.local import stack
    from warehouse.engine import connect

    assert settings.warehouse.url is not None  # noqa: S101 - exported just before
    send_waiting(settings, settings.kafka, say)
    engine = connect(settings.warehouse.url.get_secret_value(), role="ingest")
    left = waiting(engine, settings.kafka)
    if left:
        say(f"Loading {left:,} events that wait in Kafka")
    while waiting(engine, settings.kafka):
        stack.require_sink(settings)
        time.sleep(0.2)


def _dag(name: str, conf: dict[str, str], settings: Settings) -> None:
    from suara.local import airflow
    from suara.local.dagruns import run_dag

    airflow.prepare(settings.home / "airflow" / "inprocess")
    run_dag(name, conf, log=settings.home / "logs" / f"{name}.log")


def _days(day: Sequence[str] | None, first: str | None, last: str | None) -> list[date]:
    if day and (first or last):
        message = "--day names single days, --from and --to all between them: give one or the other"
        raise InputError(message)
    if day:
        return sorted({parse_day(one) for one in day})
    return days_between(*_ends(first, last))


def _weeks(week: Sequence[str] | None, first: str | None, last: str | None) -> list[date]:
    if week and (first or last):
        message = "--week names single weeks, --from and --to all between them: give one or the other"
        raise InputError(message)
    if week:
        return sorted({parse_monday(one) for one in week})
    if first or last:
        return mondays_between(*_ends(first, last))
    from jobs import plan

    weeks = plan.open_weeks()
    if not weeks:
        _covered()  # no posts at all is another error
        message = "no week with posts is over yet"
        raise StaleInputError(message, remedy="Run the days that are over with: suara run daily")
    if len(weeks) > 1:
        typer.echo(f"{len(weeks)} weeks never ran, from that of {weeks[0]} on; --week {weeks[-1]} runs the last alone")
    return weeks


def _since_posts(mondays: list[date]) -> list[date]:
    """Return the weeks, unless they are all from before the first post: of these nothing can be reported."""
    first = _covered()[0]
    if days_of_week(mondays[-1])[-1] < first:
        message = f"the first post is of {first}, later than the week of {mondays[-1]}"
        raise InputError(message, remedy="`suara psql` shows what is there: select * from ops.freshness")
    return [monday for monday in mondays if days_of_week(monday)[-1] >= first]


def _ends(first: str | None, last: str | None) -> tuple[date, date]:
    """Return the first and the last day that are meant; an end that is not given is that of the posts."""
    start, end = _covered() if not (first and last) else (date.min, date.max)
    start, end = parse_day(first) if first else start, parse_day(last) if last else end
    if start > end:
        if first and last:
            message = f"--from {start} is later than --to {end}"
            raise InputError(message, remedy="Name the earlier one with --from, the later one with --to.")
        message = f"the {'newest' if first else 'first'} post is of {end if first else start}"
        raise InputError(message, remedy="`suara psql` shows what is there: select * from ops.freshness")
    return start, end


def _covered() -> tuple[date, date]:
    from jobs import plan

    found = plan.covered()
    if found is None:
        message = "the warehouse holds no posts yet"
        raise InputError(
            message, remedy="Bring some in with: suara import csv FILE --source NAME (see suara import --help)"
        )
    return found


def _counts(day: date) -> str:
    from jobs import plan

    return plan.describe_day(day)


def _stretch(days: Sequence[date]) -> str:
    return str(days[0]) if len(days) == 1 else f"{min(days)} to {max(days)}"


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
