"""`suara import`: an export of a community into the warehouse, every row accounted for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from streams.connectors.mapping import FIELDS
from streams.connectors.presets import PRESETS

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from kernel.settings import KafkaSettings, Settings
    from streams.connectors.files import FileConnector
    from streams.events import Event
    from streams.sending import PatientProducer
    from streams.topics import Topic
    from suara.cli.import_report import Summary

_EXAMPLES = """
suara import jsonl forum.jsonl.gz --source forum --preset forum
suara import csv reviews.csv --source app --preset reviews --timezone Asia/Jakarta --dry-run
suara import csv chat.csv --source chat --preset chat --map channel=room --map author=nick
suara import csv posts.csv --source board --map author=who --map created_at=date --map body=words
suara import jsonl ten-years.jsonl.gz --source forum --preset forum --backfill
"""


def _list(heading: str, lines: Iterable[str]) -> str:
    """Write a paragraph whose line breaks stay."""
    return "\b\n" + "\n".join([f"[bold]{heading}[/bold]", *(f"  {line}" for line in lines)])


_HELP = "\n\n".join(
    [
        "Read an export into the warehouse: a CSV or JSON-lines file, plain or gzip.",
        "A preset knows the usual names of columns; --map names them one by one and goes before it. --dry-run shows "
        "what was chosen, the first posts and the counts, and sends nothing. Importing a file again, or a longer one "
        "of the same source, adds only what is new. Rows that cannot be used are counted, with reasons and lines.",
        _list("Presets", (f"{preset.name:15} {preset.says}" for preset in PRESETS.values())),
        _list(
            "Fields (--map field=column, field==words for every row, field= for none)",
            (f"{name:15} {says}" for name, says in FIELDS.items()),
        ),
        _list("Examples", _EXAMPLES.split("\n")[1:-1]),
    ]
)


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command("import", help=_HELP, short_help="Read an export (CSV or JSON lines) into the warehouse.")(import_file)


def import_file(
    form: Annotated[Literal["csv", "jsonl"], typer.Argument(metavar="FORMAT", help="csv or jsonl.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The export, plain or gzip.")],
    *,
    source: Annotated[
        str, typer.Option("--source", metavar="NAME", help="Where it comes from: a short name of yours.")
    ],
    preset: Annotated[
        Literal["forum", "chat", "reviews"] | None,
        typer.Option("--preset", help="Shape of the export; by default the source's kind in suara.toml."),
    ] = None,
    choices: Annotated[
        list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN", help="Column of a field; may be repeated.")
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option("--timezone", metavar="ZONE", help="Zone of times without one; the community's by default."),
    ] = None,
    time_format: Annotated[
        str | None,
        typer.Option("--time-format", metavar="FORMAT", help="How times are written, such as %d/%m/%Y for 31/12/2025."),
    ] = None,
    kind: Annotated[
        Literal["forum", "chat", "reviews", "tracker", "mail", "other"] | None,
        typer.Option("--kind", help="Kind of source, where suara.toml and the preset do not say."),
    ] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="TIME", help="Only posts from this time on.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Only posts before this time.")] = None,
    html: Annotated[
        bool | None, typer.Option("--html/--no-html", help="Whether the words are HTML; seen by itself otherwise.")
    ] = None,
    backfill: Annotated[
        bool,
        typer.Option("--backfill", help="For years of history while new posts arrive: those are loaded first."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until all rows are loaded or refused.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Import one file; the help is put together above."""
    from kernel.clock import SystemClock
    from kernel.settings import read_settings
    from streams.connectors.files import FileConnector, Wishes
    from streams.connectors.mapping import parse_choices
    from streams.topics import Topic
    from suara.cli import import_report

    settings = read_settings()
    community = settings.community
    zone = _zone(timezone) if timezone else community.zone
    wishes = Wishes(
        zone=zone,
        preset=PRESETS[preset] if preset else None,
        choices=parse_choices(choices or ()),
        kind=kind,
        html=html,
        time_format=time_format,
        since=instant_of(since, zone, "--since"),
        until=instant_of(until, zone, "--until"),
    )
    connector = FileConnector(
        file,
        form,
        name=_name(source),
        wishes=wishes,
        now=SystemClock().now(),
        source=community.sources.get(source),
    )
    import_report.say_plan(connector)
    topic = Topic.BACKFILL if backfill else Topic.POSTS
    summary = _rehearse(connector) if dry_run else _run(connector, settings, topic=topic, wait=wait)
    import_report.say_summary(summary, community.zone, json=json)


def _rehearse(connector: FileConnector) -> Summary:
    """Read the whole file, show its first posts, and send nothing."""
    from streams.imports import Tally
    from suara.cli import import_report

    tally = Tally()
    first: list[Event] = []
    with import_report.progress(connector, tally) as show:
        show("Reading", None)
        for event in tally.events(connector.read()):
            if len(first) < import_report.SHOWN:
                first.append(event)
    import_report.say_events(first)
    return import_report.Summary(connector.name, connector.table.path, tally, dry_run=True)


def _run(connector: FileConnector, settings: Settings, *, topic: Topic, wait: bool) -> Summary:
    """Send the file and, where asked for, follow it into the warehouse. While Kafka is away, it goes to the spool."""
    from kernel.clock import SystemClock
    from kernel.memory import rare_collections
    from streams import imports
    from suara.cli import import_report, spooling
    from warehouse.engine import connect

    clock, tally = SystemClock(), imports.Tally()
    kafka, warehouse_url = _reach(settings)
    engine = connect(warehouse_url, role="pipeline")
    began = clock.monotonic()
    number = imports.begin(
        engine, source=connector.name, path=connector.table.path, mapping=str(connector.mapping), at=clock.now()
    )
    landed = None
    try:
        with import_report.progress(connector, tally) as show:
            with rare_collections(), spooling.producer(settings, kafka) as producer:
                before = {} if producer.away else imports.ends(kafka, engine, topic=topic)
                show("Sending", None)
                _publish(tally.events(connector.read()), producer, topic, connector.table.path)
            waiting = 0 if spooling.try_again(settings, kafka) else producer.spooled
            if before and not waiting:
                written = imports.stretch(before, imports.ends(kafka, engine, topic=topic))
                if wait:
                    imports.follow(engine, written, group=kafka.group, clock=clock, show=show)
                    landed = imports.landed(engine, written, source=connector.name, sent=tally.sent)
    finally:
        imports.finish(engine, number, tally, at=clock.now())
    seconds = clock.monotonic() - began
    return import_report.Summary(
        connector.name,
        connector.table.path,
        tally,
        landed=landed,
        seconds=seconds,
        waiting=waiting,
    )


def _reach(settings: Settings) -> tuple[KafkaSettings, str]:
    """Start or check what an import needs, but for brokers of one's own that are away, and return how to reach it."""
    from streams.reach import obstacle
    from suara.cli.output import say
    from suara.local import stack

    if settings.kafka.bootstrap_servers is not None:
        found = obstacle(settings.kafka)
        if found is not None and found.step == "TCP":
            return settings.kafka, stack.ensure_warehouse(settings, say=say)
    addresses = stack.ensure(settings, sink=True, say=say)
    return addresses.kafka, addresses.warehouse_url


def _publish(events: Iterator[Event], producer: PatientProducer, topic: Topic, file: Path) -> None:
    """Send events. Where the spool takes no more, the error says how many rows are safe."""
    from streams.publisher import publish
    from streams.spool import SpoolFullError

    try:
        publish(events, producer, topic=topic)
    except SpoolFullError as error:
        reason = error.args[0]
        message = (
            f"Kafka is away and {reason}; the first {producer.safe:,} usable rows of {file} are safe, the others not"
        )
        remedy = f"{error.remedy} Import the file again when Kafka answers: what is safe is recognised and loaded once."
        raise SpoolFullError(message, remedy=remedy) from error


def _zone(name: str) -> ZoneInfo:
    from difflib import get_close_matches
    from zoneinfo import ZoneInfo, available_timezones

    from kernel.errors import InputError

    known = available_timezones()
    if name not in known:
        close = get_close_matches(name, known, n=1, cutoff=0.6)
        message = f"--timezone: '{name}' is no time zone{f'; did you mean {close[0]}?' if close else ''}"
        raise InputError(message, remedy="Name it by region and city, for example Asia/Jakarta.")
    return ZoneInfo(name)


def _name(source: str) -> str:
    import re

    from kernel.errors import InputError

    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,59}", source):
        close = re.sub(r"[^a-z0-9_-]+", "-", source.lower()).strip("-_")[:60]
        message = f"--source '{source}': small letters, digits, - and _ only, at most 60"
        raise InputError(message, remedy=f"For example: --source {close}" if close else None)
    return source


def instant_of(text: str | None, zone: ZoneInfo, option: str) -> datetime | None:
    """Return the instant that an option names, a day being its first one in `zone`. Raises `InputError`."""
    from kernel.errors import InputError
    from streams.connectors.times import time_reader

    if text is None:
        return None
    try:
        return time_reader(zone)(text)
    except ValueError as error:
        message = f"{option}: '{text}' is not a time"
        raise InputError(message, remedy="Write a day (2026-11-23) or an instant (2026-11-23T14:00+07:00).") from error
