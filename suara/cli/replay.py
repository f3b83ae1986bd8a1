"""`suara replay`: the log, or the archive where the log no longer reaches, read into a warehouse again."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from suara.cli.output import say

if TYPE_CHECKING:
    from kernel.settings import Settings
    from streams.replay import Bound, Plan, Replay, Replayed
    from suara.local.stack import Addresses


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(replay)


def replay(
    *,
    topic: Annotated[str, typer.Option("--topic", metavar="NAME", help="Topic that the sink reads.")],
    start: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="X", help="Time of arrival, or PARTITION:OFFSET (may be repeated)."),
    ] = None,
    end: Annotated[
        list[str] | None, typer.Option("--to", metavar="Y", help="The same; the record there is not read any more.")
    ] = None,
    into: Annotated[
        str | None,
        typer.Option(
            "--into", metavar="NAME", help="Another database of the same server, or a URL; its password in PGPASSWORD."
        ),
    ] = None,
    skip_missing: Annotated[
        bool, typer.Option("--skip-missing", help="Go on without records that nobody holds any more.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be read from where, and stop.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read events again: from Kafka's log, or from the archive where the log no longer reaches.

    Rows that are there stay as they are, so it can be done again at any time.
    Offsets of the sink do not move. Words of forgotten members never come
    back. Without --from and --to it covers all that is kept; with offsets,
    only the partitions that are named. Records that neither the log nor the
    archive holds are named, and nothing is read.

    suara replay --topic community.posts.v1 --from 2026-11-20 --to 2026-11-21 --dry-run

    suara replay --topic community.posts.v1 --from 3:1500 --to 3:1720

    suara replay --topic community.posts.v1 --into suara_fresh
    """
    from kernel.clock import SystemClock
    from kernel.settings import read_settings
    from streams.past import Past
    from streams.replay import Replay
    from suara.cli.output import reach_parts, told_plainly
    from warehouse.engine import connect

    settings, clock = read_settings(), SystemClock()
    _require_topic(topic)
    first, last = _bound(start, settings, "--from"), _bound(end, settings, "--to")
    with ExitStack() as open_parts, told_plainly():
        found = reach_parts(settings, open_parts, say=say)
        past = open_parts.enter_context(Past(found.kafka))
        again = Replay(connect(found.warehouse_url, role="ingest"), found.kafka, past, clock=clock)
        plan = again.plan(topic, first, last, beyond=into is not None)
        if dry_run or not json:
            _show_plan(plan, json=json)
        if dry_run:
            return
        if not skip_missing:
            plan.require_whole()
        target = None if into is None else _target(into, settings, found)
        totals = _run(again, plan, found, target)
    _show_totals(totals, json=json)


def _run(again: Replay, plan: Plan, found: Addresses, into: str | None) -> Replayed:
    """Load the plan, with a bar on a terminal."""
    import os
    import sys
    from contextlib import closing

    from rich.console import Console
    from rich.progress import Progress

    from streams.load import Loader
    from warehouse.engine import connect

    with (
        closing(
            Loader(connect(into or found.warehouse_url, role="ingest"), group="", owner=f"{os.getpid()}")
        ) as loader,
        Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress,
    ):
        if into is not None:
            loader.hush(again.titles())
        bar = progress.add_task("Reading", total=plan.size)
        return again.run(plan, loader, show=lambda passed: progress.update(bar, advance=passed))


def _target(into: str, settings: Settings, found: Addresses) -> str:
    """Return the address of another warehouse, made ready: tables, and tombstones before any record.

    Raises `InputError` when it is the one in use.
    """
    from sqlalchemy import make_url

    from kernel.errors import InputError
    from streams import tombstones
    from warehouse import migrate
    from warehouse.bulk import driver_of
    from warehouse.engine import connect, conninfo

    here = make_url(conninfo(found.warehouse_url))
    there = make_url(conninfo(into)) if "://" in into else here.set(database=into)
    if (here.host, here.port or 5432, here.database) == (there.host, there.port or 5432, there.database):
        message = "--into names the warehouse that is in use"
        raise InputError(message, remedy="Leave it out to read into that one.")
    say("Making the warehouse ready, with the tombstones of forgotten members")
    address = there.render_as_string(hide_password=False)
    if "://" not in into:
        _create(here.set(database="postgres").render_as_string(hide_password=False), into)
    migrate.upgrade(address)
    with connect(found.warehouse_url, role="ingest").connect() as connection:
        mine = tombstones.of_warehouse(driver_of(connection))
    known = tombstones.joined([mine, tombstones.read(settings.home / tombstones.FILE)])
    with connect(address, role="owner").begin() as connection:
        tombstones.carry(driver_of(connection), known, tombstones.asked(found.kafka))
    return address


def _create(server: str, name: str) -> None:
    """Make a database where there is none of this name."""
    import psycopg
    from psycopg.sql import SQL, Identifier

    with psycopg.connect(server, autocommit=True) as connection:
        if not connection.execute("select from pg_database where datname = %s", [name]).fetchall():
            connection.execute(SQL("create database {} template template0").format(Identifier(name)))


def _require_topic(topic: str) -> None:
    from kernel.errors import InputError
    from streams.topics import INGESTED

    if topic not in list(INGESTED):
        message = f"--topic: the sink reads no topic '{topic}'"
        raise InputError(message, remedy=f"It reads {', '.join(INGESTED)}.")


def _bound(values: list[str] | None, settings: Settings, option: str) -> Bound:
    """Return an instant, or offsets by partition."""
    import re

    from kernel.errors import InputError
    from suara.cli.importing import instant_of

    if not values:
        return None
    offsets = [re.fullmatch(r"(\d{1,6}):(\d{1,18})", value) for value in values]
    if all(offsets):
        return {int(found[1]): int(found[2]) for found in offsets if found}
    if len(values) == 1:
        return instant_of(values[0], settings.community.zone, option)
    message = f"{option}: one time, or PARTITION:OFFSET as often as needed, but not both"
    raise InputError(message)


def _show_plan(plan: Plan, *, json: bool) -> None:
    """Say what is read from where; a table for people goes to stdout only where nothing else does."""
    from suara.cli.output import print_rows

    rows = [
        {
            "partition": str(part.stretch.place.partition),
            "from": part.stretch.start,
            "to": part.stretch.end,
            "offsets": part.stretch.size,
            "read_from": part.origin,
        }
        for part in plan.parts
    ]
    rows += [
        {
            "partition": str(hole.place.partition),
            "from": hole.start,
            "to": hole.end,
            "offsets": hole.size,
            "read_from": "nowhere: not kept, or of forgotten members",
        }
        for hole in plan.missing
    ]
    print_rows(rows, ["partition", "from", "to", "offsets", "read_from"], json=json, empty="There is nothing to read.")


def _show_totals(totals: Replayed, *, json: bool) -> None:
    from dataclasses import asdict
    from json import dumps

    if json:
        typer.echo(dumps(asdict(totals)))
        return
    known = totals.read - totals.new - totals.refused - totals.forgotten
    said = f"Done: {totals.read:,} records read, {totals.new:,} of them new, {known:,} known"
    said += f", {totals.refused:,} refused" if totals.refused else ""
    said += f", {totals.forgotten:,} of forgotten members dropped" if totals.forgotten else ""
    typer.echo(said)
