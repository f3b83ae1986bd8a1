"""`suara up|down|status|psql|settings|airflow`: the parts that a community's data runs through."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from suara.cli.output import say

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Attach the commands."""
    app.command()(up)
    app.command()(down)
    app.command()(status)
    # Whatever psql understands, `-h` included, is passed on as it stands.
    unknown = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": ["--help"]}
    app.command(context_settings=unknown)(psql)
    app.command()(settings)
    app.command()(airflow)


def up() -> None:
    """Start Kafka, PostgreSQL and the sink, and leave them running until `suara down`.

    What already runs is left alone. A server that a setting names (SUARA_KAFKA__BOOTSTRAP_SERVERS,
    SUARA_WAREHOUSE__URL) is checked instead of started. The warehouse is brought to this version, a topic with
    fewer partitions than SUARA_KAFKA__PARTITIONS is given more, and events that wait in the spool are sent.
    """
    from kernel.settings import read_settings
    from suara.cli.spooling import send_waiting
    from suara.local import stack

    settings = read_settings()
    found = stack.ensure(settings, sink=True, stay=True, say=typer.echo)
    send_waiting(settings, found.kafka, typer.echo)
    typer.echo(f"Up: Kafka on {found.bootstrap}, the warehouse on {found.warehouse_url.rpartition('@')[2]}, the sink")
    typer.echo("Next: suara import --help, or suara demo. Stop with: suara down")


def down() -> None:
    """Stop what runs in this home. Data stay; `suara up` goes on with them."""
    from kernel.settings import read_settings
    from suara.local import stack

    found = read_settings()
    if not stack.down(found, typer.echo):
        typer.echo(f"Nothing was running in {found.home}")


def status(*, json: _Json = False) -> None:
    """Show each part: whether it is up, where, its process, memory and log.

    The warehouse says whether it has the shape that this version needs.
    The sink also says how it is: ok, degraded while a part is away, or stuck with
    the stage that hangs. Its address serves /metrics and /health.
    """
    from kernel.settings import read_settings
    from suara.cli.output import print_rows
    from suara.local import report

    rows = report.parts(read_settings())
    if not json:  # a pid is a name, not an amount
        rows = [{**row, "pid": row.get("pid") and str(row["pid"]), "health": _in_words(row)} for row in rows]
    print_rows(rows, ["part", "state", "health", "address", "pid", "memory_mb", "log"], json=json, empty="")


def _in_words(row: dict[str, Any]) -> str | None:
    """Return how a part is; of a warehouse that is as it should be, its revision, which an upgrade may want to know."""
    health: str | None = row.get("health")
    return f"ok, revision {row['revision']}" if health == "ok" and "revision" in row else health


def psql(context: typer.Context) -> None:
    """Open psql on the warehouse, or run one statement: suara psql -c "select * from mart.weekly_theme_trends".

    All options are psql's own (suara psql -? lists them), and so is the output.
    """
    from kernel.settings import read_settings
    from suara.local import client, stack

    url = stack.ensure_warehouse(read_settings(), say=say)
    client.run_psql(url, context.args)


def settings(*, json: _Json = False) -> None:
    """List every SUARA_* variable with its value and meaning; secrets are not shown."""
    from kernel.settings import read_settings
    from suara.cli.output import print_rows
    from suara.local import report

    rows: list[dict[str, Any]] = report.settings_table(read_settings())
    print_rows(rows, ["variable", "value", "meaning"], json=json, empty="")


def airflow(
    *, port: Annotated[int | None, typer.Option(help="Port of the web page; 8080 or the next free one.")] = None
) -> None:
    """Run the Airflow server with the schedule of this community, until Ctrl-C.

    The same DAGs as `suara run`, on their timetable: each night the day that ended, on Mondays the week.
    """
    from kernel.settings import read_settings
    from suara.local import processes, server, stack

    found = read_settings()
    with stack.owned(found, sink=True, say=typer.echo) as addresses:
        stack.export(addresses)
        server.serve(found, owner=processes.myself(), port=port, say=typer.echo)
