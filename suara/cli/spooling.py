"""`suara spool`: imported events that wait on disk because Kafka was away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from suara.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from kernel.errors import PartUnavailableError
    from kernel.settings import KafkaSettings, Settings
    from streams.sending import PatientProducer
    from streams.spool import Spool

SEND = (
    "`suara spool send` sends them when Kafka answers; `suara up`, `suara run` and the next import do so by themselves."
)


def register(app: typer.Typer) -> None:
    """Attach the commands."""
    group = typer.Typer(no_args_is_help=True, help="Imported events that wait on disk because Kafka was away.")
    group.command()(show)
    group.command()(send)
    app.add_typer(group, name="spool")


def show(*, json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show how many events wait in the spool, and how much room they take.

    suara spool show --json
    """
    from kernel.settings import read_settings
    from suara.cli.output import print_json

    settings = read_settings()
    spool = spool_of(settings)
    held = spool.held()
    if json:
        print_json({"events": held.records, "bytes": held.size, "folder": str(spool.folder)})
    elif held.records:
        typer.echo(
            f"{held.records:,} events wait in {spool.folder}, {_megabytes(held.size)} of {settings.spool.max_mb} MB"
        )
        typer.echo("Send them with: suara spool send")
    else:
        typer.echo("No event waits in the spool")


def send() -> None:
    """Send the events that wait in the spool, the oldest first.

    Kafka and the sink are started if they are not up. What Kafka has not
    acknowledged stays in the spool; what arrives twice is loaded once.

    suara spool send
    """
    from kernel.settings import read_settings
    from suara.local import stack

    settings = read_settings()
    if not spool_of(settings).held().records:
        typer.echo("No event waits in the spool")
        return
    send_waiting(settings, stack.ensure(settings, sink=True, say=say).kafka, typer.echo)


def spool_of(settings: Settings, say: Callable[[str], None] = say) -> Spool:
    """Return the spool of a home."""
    from streams.spool import Spool

    return Spool(settings.home / "spool", limit=settings.spool.max_mb * 2**20, say=say)


def send_waiting(settings: Settings, kafka: KafkaSettings, say: Callable[[str], None]) -> int:
    """Send what waits, and return how many events that were. Raises as `Producer` does; the rest then waits on."""
    from streams.broker import Producer

    spool = spool_of(settings, say)
    if not spool.held().records:
        return 0
    with Producer(kafka) as producer:
        sent = spool.send(producer)
    _say_sent(sent, say)
    return sent


def producer(settings: Settings, kafka: KafkaSettings) -> PatientProducer:
    """Return a producer that has sent what waited, and that uses the spool while Kafka is away; both are said."""
    from streams.sending import PatientProducer

    found = PatientProducer(kafka, spool_of(settings), tell=_say_away)
    if found.drained:
        _say_sent(found.drained, say)
    return found


def try_again(settings: Settings, kafka: KafkaSettings) -> bool:
    """Send what waits if Kafka answers by now, and return whether nothing waits any more."""
    from kernel.errors import PartUnavailableError

    try:
        send_waiting(settings, kafka, say)
    except PartUnavailableError:
        return False
    return True


def _say_away(error: PartUnavailableError) -> None:
    """Say that an import goes on without Kafka."""
    say(f"{error.args[0]}\nWhat is not in Kafka goes to the spool on this disk")


def _say_sent(events: int, say: Callable[[str], None]) -> None:
    """Say that events have left the spool."""
    say(f"Sent {events:,} events that waited in the spool; the sink loads them")


def _megabytes(size: int) -> str:
    return f"{size / 2**20:,.1f} MB"
