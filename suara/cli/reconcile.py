"""`suara reconcile`: do the counts meet, from the rows of files to the objects of the warehouse?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from streams.reconcile import Count


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(reconcile)


def reconcile(*, json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Count from end to end: files, events sent, Kafka's log, the archive, and the objects in core.

    Each line says how many were found of how many were expected. What differs
    is explained (refused, skipped, in the spool, of forgotten members), unknown (what nobody
    can count any more), or unexplained: then the line names the next step, and
    the exit code is 1.

    Kafka and PostgreSQL are started if they are not up, and stopped again at
    the end. The nightly maintenance counts what is new, too; to see it:

    suara psql -c "select * from ops.quality_result where suite = 'reconciliation'"
    """
    from contextlib import ExitStack
    from datetime import timedelta

    from kernel.clock import SystemClock
    from kernel.settings import read_settings
    from streams.reconcile import reconcile as count
    from suara.cli.output import print_rows, reach_parts, say, told_plainly
    from suara.cli.spooling import spool_of
    from warehouse.engine import connect

    settings = read_settings()
    oldest = SystemClock().now() - timedelta(days=settings.community.retention.raw_days)
    with ExitStack() as open_parts, told_plainly():
        found = reach_parts(settings, open_parts, say=say)
        engine = connect(found.warehouse_url, role="ingest")
        counts = count(engine, found.kafka, oldest=oldest, spooled=spool_of(settings).sources())
    rows = [_as_json(one) if json else _as_row(one) for one in counts]
    columns = ["step", "what", "found", "explained", "unexplained", "next"]
    print_rows(rows, columns, json=json, empty="Nothing has arrived yet. Events come with: suara import --help")
    left = [one for one in counts if one.unexplained]
    if left:
        typer.echo(f"Error: {len(left)} of {len(counts)} counts differ without an explanation", err=True)
        raise typer.Exit(1)


def _as_json(one: Count) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(one)


def _as_row(one: Count) -> dict[str, Any]:
    """Return a line of the table: n/N, and every reason in words."""
    reasons = [f"{number:,} {reason}" for reason, number in one.explained.items() if number]
    found = "unknown" if one.found is None else f"{one.found:,}/{one.expected:,}"
    return {
        "step": one.step,
        "what": one.what,
        "found": found,
        "explained": "; ".join([*reasons, *(f"unknown: {reason}" for reason in one.unknown)]) or "-",
        "unexplained": one.unexplained,
        "next": one.next_step or "-",
    }
