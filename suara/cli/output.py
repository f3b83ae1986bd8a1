"""What listings share: a table for people, JSON for programs, and a connection to the warehouse that is running."""

from __future__ import annotations

import json as json_module
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from kernel.settings import Settings
    from suara.local.stack import Addresses
    from warehouse.engine import Role


def say(line: str) -> None:
    """Print a line for the person who waits, where no program reads it."""
    typer.echo(line, err=True)


def not_blank(value: str) -> str:
    """Refuse an option or argument that says nothing."""
    if not value.strip():
        message = "it is blank"
        raise typer.BadParameter(message)
    return value.strip()


def print_json(content: Any) -> None:
    """Print what a program reads."""
    typer.echo(json_module.dumps(content, default=str, ensure_ascii=False, indent=2))


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, json: bool, empty: str) -> None:
    """Print rows as a table of `columns`, or all of their content as JSON."""
    if json:
        print_json([dict(row) for row in rows])
        return
    if not rows:
        typer.echo(empty)
        return
    from rich import box
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    filled = [column for column in columns if any(row.get(column) is not None for row in rows)]
    shown = [[_cell(row.get(column), is_key=column.endswith("_id")) for row in rows] for column in filled]
    for column, cells in zip(filled, shown, strict=True):
        # A date, an address or a path that is broken over two lines cannot be copied: only words are wrapped.
        table.add_column(
            column.replace("_", " "),
            justify="right" if isinstance(rows[0].get(column), int | float) else "left",
            min_width=max(len(word) for cell in cells for word in cell.split(" ")),
            no_wrap=not any(" " in cell for cell in cells),
            overflow="fold",
        )
    for line in zip(*shown, strict=True):
        table.add_row(*line)
    console = Console()
    wide = console.options.update(max_width=10_000)
    console.width = max(console.width, Measurement.get(console, wide, table).minimum)
    console.print(table, crop=False)


@contextmanager
def open_warehouse(*, role: Role = "pipeline") -> Iterator[Connection]:
    """Open one transaction on the running warehouse in a role, starting the embedded one if need be."""
    from kernel.settings import read_settings
    from suara.local import stack
    from warehouse.engine import connect

    url = stack.ensure_warehouse(read_settings(), say=say)
    os.environ["SUARA_WAREHOUSE__URL"] = url
    with connect(url, role=role).begin() as connection:
        yield connection


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn an error of PostgreSQL into one of ours. Its words may quote a row, so only those known not to are kept."""
    import psycopg

    from kernel.errors import PartUnavailableError, WarehouseError

    try:
        yield
    except psycopg.Error as error:
        if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
            message = f"PostgreSQL does not answer: {str(error).strip().splitlines()[0]}"
            raise PartUnavailableError(message, remedy="`suara status` shows what is up.") from error
        quotes_no_row = isinstance(error, psycopg.errors.InsufficientPrivilege | psycopg.OperationalError)
        reason = error.diag.message_primary if quotes_no_row else f"{type(error).__name__} ({error.sqlstate})"
        message = f"PostgreSQL refused: {reason}"
        raise WarehouseError(message, remedy="The server's log says more.") from error


def reach_parts(
    settings: Settings, open_parts: ExitStack, *, migrating: bool = True, say: Callable[[str], None]
) -> Addresses:
    """Return the addresses that are set, or start what is missing for as long as `open_parts` lives.

    Without `migrating` the warehouse is left at its revision, whatever that is.
    """
    from suara.local import stack

    if settings.kafka.bootstrap_servers is not None and settings.warehouse.url is not None:
        return stack.addresses(settings)
    return open_parts.enter_context(stack.owned(settings, sink=False, migrating=migrating, say=say))


def _cell(value: Any, *, is_key: bool) -> str:
    """Return a value as people read it; a key is copied into the next command, so its digits stay together."""
    if value is None:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if abs(value) >= 10_000 and not is_key else str(value)
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    if isinstance(value, dict):
        return json_module.dumps(value, default=str, ensure_ascii=False)
    return str(value)
