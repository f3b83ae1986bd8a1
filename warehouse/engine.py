"""Connections to PostgreSQL, always in one of five roles and always in UTC.

Code asks for the least role that it needs, so that a mistake in a report query cannot change the archive.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, get_args

import psycopg
from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from kernel.errors import PartUnavailableError, SettingsError, WarehouseError

Role = Literal["owner", "ingest", "pipeline", "reader", "privacy"]

ROLES: dict[Role, str] = {
    "owner": "Owns every schema and table; changes their shape.",
    "ingest": "The sink: adds and changes rows of raw and core, deletes nothing.",
    "pipeline": "The jobs: read raw, write core, mart and ops; may note where personal data stands, not read it.",
    "reader": "Analysts and dashboards: read mart and ops, nothing else.",
    "privacy": "Erasure and access requests: reads and deletes everywhere.",
}


@cache
def connect(url: str, *, role: Role = "pipeline") -> Engine:
    """Return an engine whose connections act as `suara_<role>` and speak UTC.

    The same one for the same address and role, because it remembers how statements are compiled. Each connection is
    closed after use, so that none outlives its server. Nothing is opened yet. Using it raises `PartUnavailableError`
    when no server answers, and `WarehouseError` when the role does not exist there or the login may not take it.
    """
    engine = login(url)

    @event.listens_for(engine, "connect")
    def _take_role(connection: Any, _record: object) -> None:
        connection.autocommit = True
        connection.execute("select set_config('role', %s, false)", (f"suara_{role}",))
        connection.autocommit = False

    return engine


def login(url: str) -> Engine:
    """Return an engine that acts as the login user itself; for migrations, which make the roles."""
    engine = create_engine(_parse(url), connect_args={"options": "-c TimeZone=UTC"}, poolclass=NullPool)
    event.listen(engine, "handle_error", _explain)
    return engine


def conninfo(url: str) -> str:
    """Return the address in the form that psycopg and the programs of PostgreSQL read."""
    return _parse(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        message = "the warehouse's address is not a URL"
        raise SettingsError(message, remedy="Write it as postgresql://user:password@host:port/database.") from error
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        message = f"the warehouse needs PostgreSQL, not {parsed.get_backend_name()}"
        raise SettingsError(message, remedy="Write the address as postgresql://user:password@host:port/database.")
    return parsed.set(drivername="postgresql+psycopg")


def _explain(context: ExceptionContext) -> Exception | None:
    error = context.original_exception
    if context.is_pre_ping or not isinstance(error, psycopg.Error):
        return None  # a connection that the pool finds dead is replaced by it
    if context.connection is not None and not context.is_disconnect:
        return None
    if isinstance(error, psycopg.errors.InvalidParameterValue | psycopg.errors.InsufficientPrivilege):
        message = f"the warehouse's roles are not ready: {error.diag.message_primary}"
        return WarehouseError(message, remedy="`suara up` makes the roles and brings the warehouse up to date.")
    first = str(error).strip().splitlines()[0] if str(error).strip() else "no answer"
    message = f"PostgreSQL does not answer: {first}"
    return PartUnavailableError(message, remedy="`suara up` starts the embedded one; SUARA_WAREHOUSE__URL names yours.")


assert set(ROLES) == set(get_args(Role))  # noqa: S101
