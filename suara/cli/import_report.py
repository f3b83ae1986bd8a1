"""What an import says: what it chose, how far it is, what became of every row, and what to do next.

Everything but the outcome goes to stderr, so that stdout can be read by programs.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from json import dumps
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from kernel.calendar import day_of, monday_of
from kernel.clock import SystemClock
from kernel.errors import InputError, PartUnavailableError
from streams.connectors.files import FileConnector
from streams.events import Event, PostState
from streams.imports import MAX_LINES, Landed, Tally
from suara.cli.output import print_json, say
from suara.cli.spooling import SEND

SHOWN = 5
_REPORT_SECONDS = 5.0
_TICK_SECONDS = 0.2
Show = Callable[[str, float | None], None]


@dataclass(frozen=True)
class Summary:
    """How an import ended. `landed` is None where nobody waited. `waiting` events are in the spool."""

    source: str
    path: Path
    tally: Tally
    landed: Landed | None = None
    seconds: float | None = None
    dry_run: bool = False
    waiting: int = 0


def say_plan(connector: FileConnector) -> None:
    """Say which column was chosen for which field, and what else was decided."""
    mapping = connector.mapping
    chosen = [f"{field} = '{column}'" for field, column in mapping.columns.items()]
    chosen += [f"{field} = the words '{words}'" for field, words in mapping.constants.items()]
    unused = [column for column in connector.table.columns if column and column not in mapping.columns.values()]
    say(f"{connector.table.path.name} ({mapping.preset.name if mapping.preset else 'no preset'}) into {connector.name}")
    say(f"  Columns: {', '.join(chosen)}")
    if unused:
        say(f"  Not used: {', '.join(unused[:20])}{' ...' if len(unused) > 20 else ''}")
    for note in connector.notes:
        say(f"  {note}")


@contextmanager
def progress(connector: FileConnector, tally: Tally) -> Iterator[Show]:
    """Show how far the work is, beside it: a bar on a terminal, else a line every few seconds.

    The function that is yielded names the step; its share is that of the file where it is None.
    """
    step: list[Any] = ["", None]
    ended = threading.Event()
    paint = _bar if sys.stderr.isatty() else _lines
    painter = threading.Thread(target=paint, args=(connector, tally, step, ended), daemon=True)
    painter.start()

    def show(name: str, share: float | None) -> None:
        step[:] = [name, share]

    try:
        yield show
    finally:
        ended.set()
        painter.join()


def say_events(events: Sequence[Event]) -> None:
    """Print the first posts as they would be sent, with their words cut."""
    for post in [event.data for event in events if isinstance(event.data, PostState)]:
        role = "" if post.author.role == "member" else f" ({post.author.role})"
        answers = f"answers {_cut(post.parent_post_id, 40)} in" if post.parent_post_id else "in"
        place = f"{'opens' if post.is_thread_start else answers} {_cut(post.thread_id, 60)}"
        stars = f"{post.rating} of 5: " if post.rating else ""
        words = " | ".join(part for part in (post.thread_title or post.title, post.body) if part)
        say(f"  {post.created_at:%Y-%m-%d %H:%M} UTC  {_cut(post.author.id, 40)}{role} {place}")
        say(f"      {stars}{_cut(words, 90)}")


def say_summary(summary: Summary, zone: ZoneInfo, *, json: bool) -> None:
    """Print what became of every row.

    Raises `InputError` when nothing of the file could be used, `PartUnavailableError` when events wait in the spool.
    """
    if json:
        print_json(_as_json(summary))
    else:
        for line in _sentences(summary, zone):
            typer.echo(line)
    if summary.tally.read == 0:
        message = f"{summary.path} has a header and no rows"
        raise InputError(message)
    if summary.tally.sent == 0:
        message = f"no row of {summary.path} can be imported"
        raise InputError(message, remedy=_remedy(summary.tally, zone))
    if summary.waiting:
        message = f"{summary.waiting:,} events wait in the spool, because Kafka was away"
        raise PartUnavailableError(message, remedy=f"None is lost. {SEND}")


def _remedy(tally: Tally, zone: ZoneInfo) -> str:
    if tally.outside is None:
        return "See the reasons above. --dry-run and --map help to find the columns."
    first, last = (day_of(time, zone) for time in tally.outside)
    rows = f"{tally.skipped['outside']:,} rows are outside of --since and --until"
    return f"{rows}: they are from {first} to {last}. --dry-run shows what other limits would send."


def _sentences(summary: Summary, zone: ZoneInfo) -> Iterator[str]:
    tally, landed = summary.tally, summary.landed
    skipped = f"skipped {tally.skipped.total():,}" + (f" ({_reasons(tally.skipped)})" if tally.skipped else "")
    sent = "would send" if summary.dry_run else "sent"
    waiting = f", waiting {summary.waiting:,}" if summary.waiting else ""
    rejected = f"rejected {tally.rejected.total():,}"
    yield f"Read {tally.read:,} rows: {sent} {tally.sent - summary.waiting:,}{waiting}, {rejected}, {skipped}"
    for reason, rows in tally.rejected.most_common():
        lines = ", ".join(str(line) for line in tally.lines[reason]) + (" ..." if rows > MAX_LINES else "")
        yield f"  {reason} {rows:,}: {tally.details[reason]}; line {lines}"
    if tally.wordless:
        yield f"{tally.wordless:,} posts have no words; they are kept as part of their threads"
    if tally.like_programs:
        yield from _programs(summary)
    if landed is not None:
        rate = f" in {summary.seconds:.1f} s ({tally.sent / summary.seconds:,.0f} a second)" if summary.seconds else ""
        known = f", {landed.known:,} were known already" if landed.known else ""
        forgotten = f", {landed.forgotten:,} are of people who asked to be forgotten" if landed.forgotten else ""
        yield f"Loaded {landed.new:,} new posts{known}{forgotten}, {landed.dead_letters:,} dead letters{rate}"
        if landed.dead_letters:
            yield "See why with: suara dlq list"
    elif not summary.dry_run and tally.sent and not summary.waiting:
        yield "The sink goes on loading them; `suara run weekly` waits for it"
    if tally.span is not None:
        first, last = (day_of(time, zone) for time in tally.span)
        yield f"Posts from {first} to {last}"
        if not summary.dry_run and not summary.waiting:
            yield f"Next: {_next(first, last, today=day_of(SystemClock().now(), zone))}"


def _programs(summary: Summary) -> Iterator[str]:
    """Say which accounts look like programs, and how to count them as nobody."""
    found = summary.tally.like_programs.most_common(SHOWN)
    more = len(summary.tally.like_programs) - len(found)
    named = ", ".join(f"{name} ({posts:,})" for name, posts in found) + (f" and {more:,} more" if more else "")
    yield f"By their names these may be programs, and their posts count as members': {named}"
    names = ", ".join(dumps(name, ensure_ascii=False) for name, _ in found)
    yield f"  If they are, add them under [sources.{summary.source}] in suara.toml and import again: bots = [{names}]"


def _next(first: date, last: date, *, today: date) -> str:
    """Return the command that makes reports of the newest weeks that are over, or runs the days where none is."""
    newest = min(monday_of(last), monday_of(today) - timedelta(weeks=1))
    if newest < monday_of(first):
        return "suara run daily (the reports come when the week is over)"
    return f"suara run weekly --from {max(monday_of(first), newest - timedelta(weeks=3))} --to {newest}"


def _as_json(summary: Summary) -> dict[str, Any]:
    tally = summary.tally
    return {
        "source": summary.source,
        "file": str(summary.path),
        "dry_run": summary.dry_run,
        "read": tally.read,
        "sent": tally.sent - summary.waiting,
        "waiting": summary.waiting,
        "rejected": tally.rejected.total(),
        "skipped": tally.skipped.total(),
        "wordless": tally.wordless,
        "like_programs": dict(tally.like_programs.most_common()),
        "rejected_by_reason": {
            reason: {"rows": rows, "detail": tally.details[reason], "first_lines": tally.lines[reason]}
            for reason, rows in tally.rejected.items()
        },
        "skipped_by_reason": dict(tally.skipped),
        "first": tally.span[0].isoformat() if tally.span else None,
        "last": tally.span[1].isoformat() if tally.span else None,
        "landed": asdict(summary.landed) if summary.landed else None,
        "seconds": round(summary.seconds, 2) if summary.seconds is not None else None,
    }


def _reasons(counts: Any) -> str:
    return ", ".join(f"{rows:,} {reason}" for reason, rows in counts.most_common())


def _cut(text: str, length: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


def _now(connector: FileConnector, tally: Tally, step: Sequence[Any]) -> tuple[str, float]:
    name, share = step
    if share is not None:
        return name, share
    return ("Looking through" if connector.step == "looking through" else name), connector.share_read


def _bar(connector: FileConnector, tally: Tally, step: Sequence[Any], ended: threading.Event) -> None:
    columns = (
        TextColumn("{task.description:15}"),
        BarColumn(),
        TextColumn("{task.fields[rows]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        shown, task = "", bar.add_task("", total=1.0, rows="")
        while not ended.wait(_TICK_SECONDS):
            name, share = _now(connector, tally, step)
            if name != shown:
                shown = name
                bar.reset(task, description=name, total=1.0)
            elapsed = bar.tasks[0].elapsed or 0.0
            rate = f" {tally.read / elapsed:,.0f}/s" if elapsed > 1 and name != "Loading" else ""
            bar.update(task, completed=share, rows=f"{tally.read:,} rows{rate}" if tally.read else "")


def _lines(connector: FileConnector, tally: Tally, step: Sequence[Any], ended: threading.Event) -> None:
    while not ended.wait(_REPORT_SECONDS):
        name, share = _now(connector, tally, step)
        say(f"  {name}: {share:.0%}, {tally.read:,} rows read")
