"""The warehouse in one file, and back: one snapshot with the offsets it ends at, so that the sink reads the gap again.

A backup is a dump in PostgreSQL's custom format and a manifest beside it, both of mode 0600; without its manifest, or
with other bytes than that says, it is none. What is restored stands under another name, closed to everybody but the
owner, until the members forgotten since have left it; only then does it take the warehouse's name.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url

from kernel.errors import InputError, PartUnavailableError, WarehouseError
from kernel.settings import KafkaSettings
from streams import tombstones
from streams.broker import Log, Place, logs
from streams.topics import Topic
from suara.local import postgres
from suara.local.client import variables
from suara.local.secret import write_secret
from warehouse import migrate
from warehouse.engine import conninfo
from warehouse.tables.base import METADATA

SCHEMAS = ("raw", "core", "mart", "privacy", "ops")
MANIFEST = ".json"
_OWNER = "-c role=suara_owner -c TimeZone=UTC"


class Offset(msgspec.Struct, frozen=True):
    """Where the sink stood in one partition."""

    consumer_group: str
    topic: str
    partition: int
    next_offset: int
    topic_id: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds. `rows` counts the rows of each table, in the same snapshot as the dump and the offsets."""

    made_at: datetime
    suara: str
    revision: str
    server: str
    database: str
    offsets: list[Offset]
    rows: dict[str, int]
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Gap:
    """One partition after a restore: records that will be read again, and those that left the log meanwhile."""

    offset: Offset
    again: int | None
    missing: range
    note: str = ""


def backup(url: str, file: Path, *, now: datetime, remembered: Path) -> Manifest:
    """Write the warehouse into a file that does not exist yet, with its manifest, and note who was forgotten.

    The sink may go on: the dump is one snapshot. Raises `InputError` when the file is there, and `WarehouseError` with
    pg_dump's reason; then nothing is left behind.
    """
    beside = manifest_of(file)
    if not file.parent.is_dir():
        message = f"the folder {file.parent} does not exist"
        raise InputError(message, remedy="Make it first, or name a file in another one.")
    for path in (file, beside):
        if path.exists():
            message = f"{path} is there already"
            raise InputError(message, remedy="Name another file; a backup never overwrites one.")
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with psycopg.connect(conninfo(url), options=_OWNER) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            (snapshot,) = _one(connection, "select pg_export_snapshot()")
            schemas = [f"--schema={schema}" for schema in SCHEMAS]
            command = ["pg_dump", "--format=custom", "--role=suara_owner", f"--snapshot={snapshot}", *schemas]
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                _run(command, url, stdout=out.fileno())
                os.fsync(out.fileno())
            manifest = _describe(connection, fresh, now)
            tombstones.keep(remembered, tombstones.of_warehouse(connection))
        write_secret(beside, msgspec.json.format(msgspec.json.encode(manifest)).decode() + "\n")
        fresh.rename(file)
    finally:
        fresh.unlink(missing_ok=True)
    return manifest


def manifest_of(file: Path) -> Path:
    """Return where the manifest of a backup stands."""
    return file.with_name(file.name + MANIFEST)


def read_manifest(file: Path) -> Manifest:
    """Return the manifest of a backup that is whole. Raises `InputError` when it is not, or is of a newer version."""
    try:
        manifest = msgspec.json.decode(manifest_of(file).read_bytes(), type=Manifest)
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        message = f"{error.filename} cannot be read: {error.strerror}"
        raise InputError(message, remedy=f"A backup is two files: NAME and NAME{MANIFEST}.") from error
    except msgspec.MsgspecError as error:
        message = f"{manifest_of(file)} is no manifest of a backup"
        raise InputError(message) from error
    if digest != manifest.sha256:
        message = f"{file} is not what was backed up: its sha256 differs from the one in its manifest"
        raise InputError(message, remedy="Take another copy of it, or another backup.")
    if not migrate.knows(manifest.revision):
        message = f"{file} was made by Suara {manifest.suara}, whose revision {manifest.revision} is not known here"
        raise InputError(message, remedy="Restore it with that version or a later one.")
    return manifest


class Restore:
    """A restore in its three steps: `load` under another name, `forget` who asked for it since, `publish`."""

    def __init__(self, url: str, file: Path, *, into: str | None = None, replace: bool = False) -> None:
        """Check the file and the database that is to hold it. Raises `InputError` and `WarehouseError`."""
        self.manifest = read_manifest(file)
        self._file = file
        self._url = make_url(conninfo(url))
        self.name = into or str(self._url.database)
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,49}", self.name):
            message = f"'{self.name}' is no name for a database here"
            raise InputError(message, remedy="Small letters, digits and _, at most 50, not beginning with a digit.")
        self._waiting = f"{self.name}_restoring"
        self._exists = self._has(self.name)
        # Without a single table it is taken as it is, since not every login may make the extension in a new one.
        self._is_bare = self._exists and self._tables() == (0, 0)
        if self._exists and not replace and not self._is_empty():
            message = f"the database {self.name} holds a warehouse"
            raise WarehouseError(message, remedy="Restore beside it with --into NAME, or drop it with --replace.")
        self._require_quiet()

    def load(self) -> str:
        """Read the dump into a database that only the owner may enter, and return its address.

        Raises `WarehouseError` when pg_restore fails or other rows come out than the manifest says.
        """
        self._drop(self._waiting)
        with self._server() as server:
            if self._is_bare:
                _rename(server, self.name, self._waiting)
            else:
                server.execute(SQL("create database {} template template0").format(Identifier(self._waiting)))
            server.execute(SQL("revoke connect on database {} from public").format(Identifier(self._waiting)))
        url = self._address(self._waiting)
        try:
            migrate.prepare(url)
            where = f"--dbname={self._waiting}"
            _run(["pg_restore", "--exit-on-error", "--no-owner", "--role=suara_owner", where, str(self._file)], url)
            with psycopg.connect(url, options=_OWNER) as connection:
                found = _rows(connection)
            wrong = sorted(table for table, rows in self.manifest.rows.items() if found.get(table) != rows)
            if wrong:
                message = f"other rows came out of {self._file} than its manifest says: {', '.join(wrong)}"
                raise WarehouseError(message, remedy="Take another backup.")
            migrate.upgrade(url)
        except BaseException:
            self.give_up()
            raise
        return url

    def forget(self, kafka: KafkaSettings, remembered: Path, *, erasures: str = Topic.ERASURE) -> int:
        """Take out the members that were forgotten since the backup; return how many accounts that concerned.

        They are known from the warehouse that is replaced, from the file `remembered`, and from the log. Raises
        `PartUnavailableError` when Kafka does not answer.
        """
        parts = [tombstones.read(remembered)]
        for name in {self.name, str(self._url.database)}:
            if self._has(name) and self._has_tables(name):
                with psycopg.connect(self._address(name), options=_OWNER) as connection:
                    parts.append(tombstones.of_warehouse(connection))
        known, requests = tombstones.joined(parts), tombstones.asked(kafka, erasures)
        with psycopg.connect(self._address(self._waiting), options=_OWNER) as connection:
            count = tombstones.carry(connection, known, requests)
        with psycopg.connect(self._address(self._waiting), options=_OWNER, autocommit=True) as connection:
            connection.execute("analyze")
            tombstones.keep(remembered, tombstones.of_warehouse(connection))
        return count

    def publish(self) -> None:
        """Give the restored database its name, open it, and drop the one it replaces."""
        self._require_quiet()
        replaced = f"{self.name}_replaced"
        self._drop(replaced)
        with self._server() as server, server.transaction():
            if self._exists and not self._is_bare:
                _rename(server, self.name, replaced)
            self._open(server)
        self._drop(replaced)

    def give_up(self) -> None:
        """Drop what was loaded and not published; a database that was there without tables is so again."""
        if not self._is_bare:
            self._drop(self._waiting)
            return
        with psycopg.connect(self._address(self._waiting), autocommit=True) as connection:
            connection.execute(SQL("drop schema if exists {} cascade").format(SQL(", ").join(map(Identifier, SCHEMAS))))
        with self._server() as server:
            self._open(server)

    def gaps(self, kafka: KafkaSettings) -> list[Gap]:
        """Say for each partition what the sink will read again, and what it cannot."""
        found = logs(kafka, sorted({offset.topic for offset in self.manifest.offsets}))
        return [gap_of(offset, found) for offset in self.manifest.offsets]

    def _open(self, server: psycopg.Connection[Any]) -> None:
        """Give what was loaded its name, and let everybody in who may."""
        _rename(server, self._waiting, self.name)
        server.execute(SQL("grant connect on database {} to public").format(Identifier(self.name)))

    def _server(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._address("postgres"), autocommit=True)

    def _address(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    def _has(self, name: str) -> bool:
        with self._server() as server:
            return bool(_one(server, "select exists (select from pg_database where datname = %s)", name)[0])

    def _has_tables(self, name: str) -> bool:
        with psycopg.connect(self._address(name)) as connection:
            return bool(_one(connection, "select to_regclass('privacy.tombstone') is not null")[0])

    def _is_empty(self) -> bool:
        """Tell whether nothing has arrived in the database; one that `suara up` has just made is empty."""
        ours, others = self._tables()
        if ours == 0:
            return others == 0
        with psycopg.connect(self._address(self.name)) as connection:
            connection.execute("set role suara_owner")
            return not _one(connection, _ARRIVED)[0]

    def _tables(self) -> tuple[int, int]:
        """Count the tables of a warehouse in the database, and those of others."""
        with psycopg.connect(self._address(self.name)) as connection:
            ours, others = _one(connection, _TABLES, list(SCHEMAS), list(SCHEMAS))
        return ours, others

    def _require_quiet(self) -> None:
        with self._server() as server:
            count, who = _one(server, _SESSIONS, self.name)
        if count:
            message = f"{count} sessions use the database {self.name} ({who})"
            raise WarehouseError(
                message, remedy="Stop sinks, runs and psql on it first: `suara down` stops those here."
            )

    def _drop(self, name: str) -> None:
        with self._server() as server:
            server.execute(SQL("drop database if exists {} with (force)").format(Identifier(name)))


def gap_of(offset: Offset, found: Mapping[Place, Log]) -> Gap:
    """Compare where a partition stood in the backup with its log now."""
    log, at = found.get(Place(offset.topic, offset.partition)), offset.next_offset
    if log is None:
        return Gap(offset, None, range(0), "Kafka has no such partition")
    if str(log.topic_id) != offset.topic_id:
        return Gap(offset, None, range(0), "the topic was made again: `suara sink` says what to do")
    if log.end < at:
        return Gap(offset, None, range(0), f"the log ends at {log.end:,}: `suara sink` says what to do")
    note = "gone from the log: import them again from their source" if log.begin > at else ""
    return Gap(offset, log.end - max(at, log.begin), range(at, max(at, log.begin)), note)


def _describe(connection: psycopg.Connection[Any], dump: Path, now: datetime) -> Manifest:
    offsets = connection.execute(_OFFSETS).fetchall()
    with dump.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Manifest(
        made_at=now,
        suara=version("suara"),
        revision=_one(connection, "select version_num from ops.alembic_version")[0],
        server=_one(connection, "show server_version")[0],
        database=connection.info.dbname,
        offsets=[Offset(*row) for row in offsets],
        rows=_rows(connection),
        bytes=dump.stat().st_size,
        sha256=digest,
    )


def _rows(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Count the rows of every table that is there; an older revision lacks some."""
    there = {name for (name,) in connection.execute(_NAMES, [list(SCHEMAS)]).fetchall()}
    return {
        name: int(_one(connection, SQL("select count(*) from {}").format(Identifier(*name.split("."))))[0])
        for name in sorted(METADATA.tables.keys() & there)
    }


def _run(command: list[str], url: str, *, stdout: int | None = None) -> None:
    """Run one of the wheel's programs. The password goes by the environment: arguments are visible to everybody."""
    program = str(postgres.programs() / command[0])
    environment = {**os.environ, **variables(url), "LC_ALL": "C"}
    result = subprocess.run(  # noqa: S603
        [program, "--no-password", *command[1:]],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout or subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if result.returncode:
        # The first line alone: those that follow may quote a row.
        first = next((line for line in result.stderr.splitlines() if "error" in line), "no reason given")
        message = f"{command[0]} failed: {first}"
        kind = PartUnavailableError if "connection to server" in first else WarehouseError
        raise kind(message, remedy="Check the space on the disk and `suara status`, and try again.")


def _rename(server: psycopg.Connection[Any], name: str, new: str) -> None:
    server.execute(SQL("alter database {} rename to {}").format(Identifier(name), Identifier(new)))


def _one(connection: psycopg.Connection[Any], query: Any, *values: Any) -> tuple[Any, ...]:
    return tuple(connection.execute(query, list(values) or None).fetchall()[0])


_OFFSETS = """
    select consumer_group, topic, kafka_partition, next_offset, topic_id::text
    from raw.ingest_offset order by 1, 2, 3
"""
_NAMES = "select schemaname || '.' || tablename from pg_tables where schemaname = any(%s)"
_TABLES = """
    select count(*) filter (where schemaname = any(%s)), count(*) filter (where schemaname <> all(%s))
    from pg_tables where schemaname not in ('pg_catalog', 'information_schema')
"""
_ARRIVED = """
    select exists (select from raw.event) or exists (select from raw.ingest_offset) or exists (select from core.source)
        or exists (select from ops.import_run)
"""
_SESSIONS = """
    select count(*), string_agg(distinct coalesce(nullif(application_name, ''), usename), ', ')
    from pg_stat_activity where datname = %s and backend_type = 'client backend' and pid <> pg_backend_pid()
"""
