"""`suara sink`: the process that brings events from Kafka into the warehouse."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from kernel.clock import Clock
    from streams.sink import SinkTotals

REPORT_SECONDS = 5.0


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(sink)


def sink(
    *,
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="End when every event in Kafka is loaded or refused.")
    ] = False,
    batch: Annotated[int, typer.Option(min=1, max=50_000, help="Records that are committed together, at most.")] = 4000,
    allow_dead_letters: Annotated[
        int, typer.Option(min=0, metavar="N", help="Refuse this many more than the limits of SUARA_SINK__* allow.")
    ] = 0,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Serve /metrics and /health on this port of the loopback; 0 takes a free one."
        ),
    ] = None,
) -> None:
    """Load events from Kafka into the warehouse, until Ctrl-C or SIGTERM.

    `suara up` runs one in the background. Run another to catch up by hand, or
    to share the work: any number may run side by side, on any machines. Each
    event is loaded once, even when a sink is killed.

    Kafka and PostgreSQL are started if they are not up, and stopped again at
    the end. An event that cannot be loaded becomes a dead letter with a
    reason, and never stops the others. To see them:

    suara dlq list

    Where more than half of a topic, or a thousand records of a partition in
    a row, would be refused, the sink stops instead: that is a mistake in the
    source or in this version. Nothing is lost; it waits in Kafka.

    To watch it with Prometheus, or by hand:

    suara sink --metrics-port 9108

    curl http://127.0.0.1:9108/health
    """
    from kernel import log
    from kernel.clock import SystemClock
    from kernel.memory import rare_collections
    from kernel.settings import read_settings
    from streams import tombstones
    from streams.backfill import Pace
    from streams.health import served
    from streams.limits import Limits
    from streams.sink import Sink
    from suara.cli.output import reach_parts
    from suara.local import preflight

    settings, clock = read_settings(), SystemClock()
    log.configure(json=settings.log_json, level=settings.log_level)
    if settings.kafka.bootstrap_servers is not None and settings.warehouse.url is not None:
        preflight.check_kafka(settings.kafka)
        preflight.check_warehouse(settings.warehouse.url.get_secret_value())
    with ExitStack() as open_parts:
        found = reach_parts(settings, open_parts, say=typer.echo)
        worker = Sink(
            found.kafka,
            found.warehouse_url,
            clock=clock,
            batch=batch,
            pace=Pace(rate=settings.sink.backfill_rate),
            limits=Limits(settings.sink.max_refused_in_a_row, settings.sink.max_refused_share),
            allowed=allow_dead_letters,
            tombstones=settings.home / tombstones.FILE,
            progress=_reporter(clock, every=REPORT_SECONDS),
            stuck_seconds=settings.sink.stuck_seconds,
        )
        port = settings.sink.metrics_port if metrics_port is None else metrics_port
        if port is not None:
            address = open_parts.enter_context(served(worker.metrics, worker.stages, clock, port=port))
            typer.echo(f"Metrics: http://{address}/metrics, health: http://{address}/health")
        with rare_collections():
            totals = worker.run(_stop_on_signal(), until_idle=until_idle)
    typer.echo(f"Done: {_describe(totals)}")
    if totals.rejected:
        typer.echo("See why with: suara dlq list")


def _stop_on_signal() -> threading.Event:
    """Return a flag that the first Ctrl-C or SIGTERM sets; a second one ends the process at once, which is safe too."""
    stop = threading.Event()

    def ask(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    return stop


def _reporter(clock: Clock, *, every: float) -> Callable[[SinkTotals], None]:
    """Return a function that prints totals as they grow, at most once in `every` seconds."""
    printed = clock.monotonic()

    def report(totals: SinkTotals) -> None:
        nonlocal printed
        if clock.monotonic() - printed >= every:
            printed = clock.monotonic()
            typer.echo(f"{clock.now():%H:%M:%S}  {_describe(totals)}")

    return report


def _describe(totals: SinkTotals) -> str:
    parts = [
        f"{totals.loaded:,} events loaded",
        f"{totals.rejected:,} refused" if totals.rejected else "",
        f"{totals.duplicates:,} seen before" if totals.duplicates else "",
        f"{totals.forgotten:,} of forgotten members dropped" if totals.forgotten else "",
    ]
    return ", ".join(part for part in parts if part)
