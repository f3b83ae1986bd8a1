"""`suara backup|restore`: the warehouse in one file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from suara.cli.output import say

if TYPE_CHECKING:
    from suara.local.backup import Gap, Restore
    from suara.local.stack import Addresses

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Attach the commands."""
    app.command()(backup)
    app.command()(restore)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File that is made; it must not exist.")],
    *,
    json: _Json = False,
) -> None:
    """Write the warehouse into one file, with a manifest beside it (FILE.json).

    Everything may go on meanwhile. Rows and offsets are of one moment, so that
    after a restore the sink reads the rest from Kafka again. Both files are
    readable by you alone, and hold what members wrote: keep them as safe as
    the warehouse, and no longer than you need them.

    suara backup suara-2026-11-23.dump
    """
    from kernel.clock import SystemClock
    from kernel.settings import read_settings
    from streams import tombstones
    from suara.cli.output import told_plainly
    from suara.local import backup as job
    from suara.local import postgres, processes, stack

    settings = read_settings()
    if settings.warehouse.url is not None:
        url = settings.warehouse.url.get_secret_value()
    elif processes.find(settings.home, postgres.NAME):
        url = postgres.url(settings.home)  # as it stands: the warehouse of an older version stays of that version
    else:
        url = stack.ensure_warehouse(settings, say=say)
    with told_plainly():
        made = job.backup(url, file, now=SystemClock().now(), remembered=settings.home / tombstones.FILE)
    if json:
        _print_json(made)
        return
    events = made.rows.get("raw.event", 0)
    typer.echo(f"{file}: {made.bytes:,} bytes, {events:,} events, {len(made.offsets)} partitions, sha256 {made.sha256}")
    typer.echo(
        f"Keep it with {job.manifest_of(file).name} and with {settings.home / tombstones.FILE}, if there is one."
    )


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup, with FILE.json beside it.")],
    *,
    into: Annotated[
        str | None, typer.Option("--into", metavar="NAME", help="A new database beside the warehouse.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Drop the warehouse that is there.")] = False,
    json: _Json = False,
) -> None:
    """Bring a warehouse back from its backup, without the words of who was forgotten since.

    The database must be empty, new (--into), or given up (--replace), and no
    sink may use it. Until everything is in it and the erasures since the
    backup are applied, nobody but its owner can look into it. The offsets come
    back with the rows: `suara up` then reads the rest from Kafka, and this
    says how much of it is still there.

    suara restore suara-2026-11-23.dump --into suara_check

    suara down && suara restore suara-2026-11-23.dump --replace && suara up
    """
    from contextlib import ExitStack

    from kernel.errors import PartUnavailableError
    from kernel.settings import read_settings
    from streams import tombstones
    from suara.cli.output import reach_parts, told_plainly
    from suara.local import backup as job
    from suara.local import processes, stack

    settings = read_settings()
    if into is None and processes.find(settings.home, stack.SINK):
        message = "the sink of this home is running"
        raise PartUnavailableError(message, remedy="Stop it with `suara down`; a restore starts what it needs itself.")
    job.read_manifest(file)
    with ExitStack() as open_parts, told_plainly():
        found = reach_parts(settings, open_parts, migrating=False, say=say)
        with processes.locked(settings.home, say):  # so that no other command starts a sink meanwhile
            work = job.Restore(found.warehouse_url, file, into=into, replace=replace)
            forgotten = _restore(work, found, settings.home / tombstones.FILE)
            gaps = work.gaps(found.kafka)
    _show(work, forgotten, gaps, json=json)


def _restore(work: Restore, found: Addresses, remembered: Path) -> int:
    say(f"Reading the backup of {work.manifest.made_at:%Y-%m-%d %H:%M} UTC; nobody can look into it yet")
    work.load()
    try:
        say("Applying the erasures since")
        forgotten = work.forget(found.kafka, remembered)
        work.publish()
    except BaseException:
        work.give_up()
        raise
    return forgotten


def _show(work: Restore, forgotten: int, gaps: list[Gap], *, json: bool) -> None:
    """Say what is back, and by partition what the sink will read again and what it cannot."""
    from json import dumps

    from suara.cli.output import print_rows

    rows: list[dict[str, Any]] = [
        {
            "topic": gap.offset.topic,
            "partition": str(gap.offset.partition),
            "stands_at": gap.offset.next_offset,
            "read_again": gap.again,
            "missing": f"{gap.missing.start} to {gap.missing.stop - 1}" if gap.missing else None,
            "note": gap.note or None,
        }
        for gap in gaps
    ]
    if json:
        typer.echo(dumps({"database": work.name, "forgotten": forgotten, "partitions": rows}, indent=2))
        return
    columns = ["topic", "partition", "stands_at", "read_again", "missing", "note"]
    print_rows(rows, columns, json=False, empty="No event had arrived when it was made.")
    events = work.manifest.rows.get("raw.event", 0)
    typer.echo(f"Restored into {work.name}: {events:,} events; forgotten members in it: {forgotten:,}")
    lost = sum(len(gap.missing) for gap in gaps)
    if lost:
        typer.echo(f"{lost:,} records since the backup have left Kafka's log; the table names them")
    typer.echo("Next: suara up, then suara reconcile")


def _print_json(made: Any) -> None:
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(made)).decode())
