"""`suara dlq`: records that the sink refused, and what a person makes of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from suara.cli.output import open_warehouse, print_json, print_rows

if TYPE_CHECKING:
    from datetime import datetime

    from streams.resend import Replayer
    from streams.triage import Filter, LetterId

# More than these are not replayed or discarded without a question.
FEW = 10
_NEXT = "Next: suara sink --until-idle, where no sink runs; what is refused again: suara dlq list"

dlq = typer.Typer(
    help="See what the sink refused, send it again, or give it up. Nothing here is lost by itself: an event that "
    "cannot be loaded waits as a dead letter until somebody decides.",
    no_args_is_help=True,
)


class Status(StrEnum):
    """What became of a dead letter."""

    OPEN = "open"
    REPLAYED = "replayed"
    DISCARDED = "discarded"
    ALL = "all"


class Stage(StrEnum):
    """Where a record was refused."""

    SIZE = "size"
    DECODE = "decode"
    VALIDATE = "validate"
    LOAD = "load"


_Ids = Annotated[
    list[str] | None,
    typer.Argument(metavar="ID", help="Only these: TOPIC/PARTITION/OFFSET, as `suara dlq list` prints them."),
]
_Id = Annotated[str, typer.Argument(metavar="ID", help="TOPIC/PARTITION/OFFSET, as `suara dlq list` prints it.")]
_Topic = Annotated[str | None, typer.Option("--topic", help="Only records of this topic.")]
_Stage = Annotated[Stage | None, typer.Option("--stage", help="Only what was refused at this stage.")]
_Reason = Annotated[str | None, typer.Option("--reason", help="Only this reason, such as missing_field.")]
_Source = Annotated[str | None, typer.Option("--source", help="Only records whose key begins with this source.")]
_Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help="Only what arrived from this time on.")]
_Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Only what arrived before this time.")]
_Status = Annotated[Status, typer.Option("--status", help="What became of them.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what is meant, and change nothing.")]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help=f"Do not ask, also where there are more than {FEW}.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Attach the commands."""
    app.add_typer(dlq, name="dlq")


@dlq.command("list")
def list_command(
    ids: _Ids = None,
    *,
    topic: _Topic = None,
    stage: _Stage = None,
    reason: _Reason = None,
    source: _Source = None,
    since: _Since = None,
    until: _Until = None,
    status: _Status = Status.OPEN,
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest are listed one by one.")] = 10,
    json: _Json = False,
) -> None:
    """Count dead letters by reason, and list the newest with their ids.

    suara dlq list --source forum --since 2026-11-23

    suara dlq list --stage load --limit 100
    """
    from streams import triage

    wanted = _filter(ids, topic, stage, reason, source, since, until, status)
    with open_warehouse() as connection:
        counts = triage.counts(connection, wanted)
        newest = triage.newest(connection, wanted, limit=limit)
    if json:
        print_json({"counts": counts, "newest": newest})
        return
    if not counts:
        kind = "" if status is Status.ALL else f"{status} "
        typer.echo(f"There are no {kind}dead letters" + (" like that." if wanted != _filter(status=status) else "."))
        return
    rows = [{**row, "newest": _minute(row["newest_record_ts"])} for row in counts]
    print_rows(rows, ["events", "stage", "reason", "status", "newest"], json=False, empty="")
    typer.echo(f"The newest {len(newest)}:" if len(newest) < _total(counts) else "One by one, newest first:")
    _list(newest)
    typer.echo(f"\nNext: suara dlq show {newest[0]['id']}")
    typer.echo("Mend the cause, then: suara dlq replay --reason REASON. Or give up: suara dlq discard --help")


@dlq.command("show")
def show_command(
    letter: _Id,
    *,
    payload: Annotated[
        bool, typer.Option("--payload", help="Print the refused bytes alone; they may hold people's words.")
    ] = False,
    json: _Json = False,
) -> None:
    """Show all that is known of one dead letter, but for its content.

    The refused bytes come with --payload, as they are, so that they can be
    mended and sent again. They may hold what people wrote: keep the file to
    yourself, and delete it afterwards.

    suara dlq show community.posts.v1/3/1041 --payload > event.json
    """
    from streams import triage

    wanted = triage.LetterId.parse(letter)
    with open_warehouse() as connection:
        found = triage.describe(connection, wanted)
        value = triage.payload(connection, wanted) if payload else None
    if json:
        print_json(found | ({"payload": value and value.decode(errors="backslashreplace")} if payload else {}))
    elif payload:
        _print_payload(value, why_none=found["cannot_be_replayed"])
    else:
        _print_letter(found)


@dlq.command("replay")
def replay_command(
    ids: _Ids = None,
    *,
    topic: _Topic = None,
    stage: _Stage = None,
    reason: _Reason = None,
    source: _Source = None,
    since: _Since = None,
    until: _Until = None,
    status: _Status = Status.OPEN,
    mended: Annotated[
        Path | None, typer.Option("--with", metavar="FILE", help="Send this file's content instead; for one ID.")
    ] = None,
    dry_run: _DryRun = False,
    yes: _Yes = False,
) -> None:
    """Send refused records again, to their own topic under their own keys.

    Do it after the cause is mended: a newer version, or a source that was
    corrected. The sink loads them like any others; what it refuses again is
    a new dead letter that counts on. To run this twice is harmless.

    suara dlq replay --reason program_limit_exceeded --dry-run

    suara dlq replay community.posts.v1/3/1041 --with event.json
    """
    from kernel.errors import InputError

    wanted = _filter(ids, topic, stage, reason, source, since, until, status)
    if mended is not None:
        if len(wanted.ids) != 1:
            message = "--with needs exactly one ID, whose record the file replaces"
            raise InputError(message, remedy="suara dlq replay community.posts.v1/3/1041 --with event.json")
        _replay_mended(wanted.ids[0], mended, dry_run=dry_run)
        return
    if not _agreed(wanted, "replay", dry_run=dry_run, yes=yes):
        return
    with _replayer() as replayer:
        outcome = replayer.replay(wanted)
    typer.echo(f"Sent {outcome.sent:,} again; each is loaded, or refused as a new dead letter.")
    _say_left(outcome.left)
    typer.echo(_NEXT)


@dlq.command("discard")
def discard_command(
    ids: _Ids = None,
    *,
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why; it stays with each of them.")],
    topic: _Topic = None,
    stage: _Stage = None,
    reason: _Reason = None,
    source: _Source = None,
    since: _Since = None,
    until: _Until = None,
    dry_run: _DryRun = False,
    yes: _Yes = False,
) -> None:
    """Give open dead letters up, with a reason. They stay in the warehouse, marked, and can still be replayed.

    suara dlq discard --source sandbox --because "a test of the new exporter"
    """
    from kernel.clock import SystemClock
    from kernel.errors import InputError
    from streams import triage

    if not because.strip():
        message = "--because is empty"
        raise InputError(message, remedy="Say in a few words why these events are not needed.")
    wanted = _filter(ids, topic, stage, reason, source, since, until)
    if not _agreed(wanted, "discard", dry_run=dry_run, yes=yes):
        return
    with open_warehouse(role="ingest") as connection:
        number = triage.discard(connection, wanted, because=because.strip(), at=SystemClock().now())
    typer.echo(f"Discarded {number:,}. They stay on record: suara dlq list --status discarded")


def _filter(
    ids: Sequence[str] | None = None,
    topic: str | None = None,
    stage: Stage | None = None,
    reason: str | None = None,
    source: str | None = None,
    since: str | None = None,
    until: str | None = None,
    status: Status = Status.OPEN,
) -> Filter:
    from kernel.settings import read_settings
    from streams.triage import Filter, LetterId
    from suara.cli.importing import instant_of

    zone = read_settings().community.zone
    return Filter(
        ids=tuple(LetterId.parse(text) for text in ids or ()),
        topic=topic,
        stage=stage and str(stage),
        reason=reason,
        source=source,
        since=instant_of(since, zone, "--since"),
        until=instant_of(until, zone, "--until"),
        status=None if status is Status.ALL else str(status),
    )


def _agreed(wanted: Filter, deed: str, *, dry_run: bool, yes: bool) -> bool:
    """Show what is meant where that is due, and return whether to go on: not in a dry run, nor when nothing is."""
    from streams import triage

    with open_warehouse() as connection:
        counts = triage.counts(connection, wanted)
        first = triage.newest(connection, wanted, limit=FEW)
        left = triage.hindrances(connection, wanted) if deed == "replay" else {}
    total = _total(counts)
    if not total:
        typer.echo(f"Nothing to {deed}: no dead letter {f'that is {wanted.status} ' if wanted.status else ''}fits.")
        return False
    if not dry_run and (yes or total <= FEW):
        return True
    for row in counts:
        typer.echo(f"{row['events']:>9,}  {row['stage']}.{row['reason']}")
    _say_left(left)
    if dry_run:
        typer.echo(f"Would {deed} {total - sum(left.values()):,}. The newest of them:")
        _list(first)
        return False
    typer.confirm(f"{deed.capitalize()} these {total:,}? (--yes does not ask)", abort=True, err=True)
    return True


@contextmanager
def _replayer() -> Iterator[Replayer]:
    """Open what a replay needs, and start what is not up for as long as it lasts."""
    from kernel.clock import SystemClock
    from kernel.settings import read_settings
    from streams.resend import Replayer
    from suara.cli.output import reach_parts
    from warehouse.engine import connect

    with ExitStack() as open_parts:
        found = reach_parts(read_settings(), open_parts, say=typer.echo)
        engine = connect(found.warehouse_url, role="ingest")
        yield open_parts.enter_context(Replayer(engine, found.kafka, clock=SystemClock()))


def _replay_mended(letter: LetterId, file: Path, *, dry_run: bool) -> None:
    from streams.resend import require_good

    value = file.read_bytes()
    if dry_run:
        from kernel.clock import SystemClock

        require_good(value, now=SystemClock().now())
        typer.echo(f"Would send {file.name} in the place of {letter}; the sink's rules accept it.")
        return
    with _replayer() as replayer:
        replayer.replay_mended(letter, value)
    typer.echo(f"Sent {file.name} in the place of {letter}.")
    typer.echo(_NEXT)


def _say_left(left: Mapping[str, int]) -> None:
    for why, number in left.items():
        typer.echo(f"{number:>9,}  cannot be sent again as it was: {why}")
    if left:
        typer.echo("           Send a whole one with `suara dlq replay ID --with FILE`, or discard them.")


def _list(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print one dead letter a line, the id first and never folded."""
    width = max((len(row["id"]) for row in rows), default=0)
    for row in rows:
        where = f", {row['detail']}" if row["detail"] else ""
        again = f", refused {row['attempts']} times" if row["attempts"] > 1 else ""
        typer.echo(f"{row['id']:<{width}}  {_minute(row['record_ts'])}  {row['stage']}.{row['reason']}{where}{again}")


def _print_letter(found: Mapping[str, Any]) -> None:
    for name, value in found.items():
        if name != "headers" and value not in (None, {}):
            typer.echo(f"{name.replace('_', ' '):<18}  {value}")
    for name, value in (found["headers"] or {}).items():
        if not name.startswith("__connect."):  # these say again, for Kafka's tools, what stands above
            typer.echo(f"{name}: {value}")
    if found["status"] == "open":
        typer.echo(f"\nNext: suara dlq replay {found['id']}, or suara dlq discard {found['id']} --because TEXT")


def _print_payload(value: bytes | None, *, why_none: str | None) -> None:
    """Write the bytes as they are into a file or a pipe; on a screen, nothing of them may move the cursor."""
    if value is None:
        typer.echo(f"There is nothing to show: {why_none}.", err=True)
    elif sys.stdout.isatty():
        text = value.decode(errors="backslashreplace")
        typer.echo("".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text))
    else:
        sys.stdout.buffer.write(value)
        sys.stdout.buffer.flush()


def _minute(at: datetime) -> str:
    """Return a time as the community's clocks show it, which is also how the options read one."""
    from kernel.settings import read_settings

    return f"{at.astimezone(read_settings().community.zone):%Y-%m-%d %H:%M}"


def _total(counts: Sequence[Mapping[str, Any]]) -> int:
    return sum(row["events"] for row in counts)
