"""A backup and its way back: whole, quiet, refusing what is broken, without the words of who was forgotten since."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
from sqlalchemy import Table, insert, text

from kernel.errors import InputError, PartUnavailableError, WarehouseError
from kernel.settings import KafkaSettings
from streams import tombstones
from streams.broker import Log, Place, Producer
from streams.events import Author, Event, Maker, MemberErased, PostCreated, PostState, encode
from suara.local import backup as job
from suara.local import client, postgres
from suara.local.backup import Offset, Restore, backup, gap_of, manifest_of
from tests.fixtures.servers import _execute, _with_database
from tests.streams.conftest import Stream, engine, stream
from tests.streams.histories import town
from tests.warehouse.rows import Rows
from warehouse import migrate
from warehouse.engine import connect
from warehouse.tables import mart, reports

__all__ = ["engine", "stream"]  # fixtures

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
MAKER = Maker(kind="forum", instance="town")


def post(number: int, member: str = "ana", **changes: Any) -> Event:
    state = {
        "post_id": f"p{number}",
        "version": 1,
        "thread_id": f"t{number}",
        "created_at": AT,
        "body": f"body {number}",
    }
    return MAKER.post(PostCreated, PostState(author=Author(id=member), **(state | changes)), at=AT)


def erase(stream: Stream, member: str) -> None:
    with Producer(stream.settings) as producer:
        event = MAKER.erased(MemberErased(member_id=member, requested_at=AT))
        producer.send(stream.topics[2], key=b"k", value=encode(event))


@pytest.fixture
def spare(postgres_url: str) -> Iterator[str]:
    """The name of a database that does not exist; it is dropped in the end."""
    name = f"spare_{uuid4().hex[:8]}"
    yield name
    for each in (name, f"{name}_restoring", f"{name}_replaced"):
        _execute(postgres_url, f'drop database if exists "{each}" with (force)')


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Where a backup and the file of tombstones go."""
    return tmp_path / "suara.dump", tmp_path / tombstones.FILE


def restore(stream: Stream, files: tuple[Path, Path], **options: Any) -> Restore:
    work = Restore(stream.url, files[0], **options)
    work.load()
    work.forget(stream.settings, files[1], erasures=stream.topics[2])
    work.publish()
    return work


def everything(url: str) -> str:
    """Return the whole database as pg_dump writes it, without the marks that differ from one dump to the next."""
    program = str(postgres.programs() / "pg_dump")
    environment = {**os.environ, **client.variables(url)}
    done = subprocess.run([program], env=environment, capture_output=True, text=True, check=True)
    return "\n".join(line for line in done.stdout.splitlines() if "restrict" not in line)


def databases(url: str) -> set[str]:
    with psycopg.connect(_with_database(url, "postgres")) as server:
        return {name for (name,) in server.execute("select datname from pg_database").fetchall()}


def test_what_comes_back_is_what_was_there(stream: Stream, spare: str, files: tuple[Path, Path]) -> None:
    stream.send(*town(seed=8, changes=150), b"not an event")
    stream.drain()
    before = everything(stream.url)
    made = backup(stream.url, files[0], now=NOW, remembered=files[1])
    assert made.rows["raw.event"] == stream.scalar("select count(*) from raw.event")
    assert {stat.S_IMODE(path.stat().st_mode) for path in (files[0], manifest_of(files[0]))} == {0o600}
    assert sorted(path.name for path in files[0].parent.iterdir()) == ["suara.dump", "suara.dump.json"]
    restore(stream, files, into=spare)
    there = _with_database(stream.url, spare)
    assert everything(there) == before
    migrate.check(there)
    connect(there, role="reader").connect().close()


def test_the_sink_reads_the_gap_since_the_backup_again(stream: Stream, spare: str, files: tuple[Path, Path]) -> None:
    stream.send(*map(post, range(5)))
    stream.drain()
    backup(stream.url, files[0], now=NOW, remembered=files[1])
    stream.send(*map(post, range(5, 12)))
    stream.drain()
    work = restore(stream, files, into=spare)
    gaps = work.gaps(stream.settings)
    assert sum(gap.again or 0 for gap in gaps) == 7
    assert not any(gap.missing for gap in gaps)
    there = Stream(stream.settings, stream.prefix, _with_database(stream.url, spare), stream.engine)
    there.drain()
    query = "select external_id, body from core.post order by 1"
    assert rows(there.url, query) == rows(stream.url, query)
    assert len(rows(there.url, query)) == 12


def test_records_that_left_the_log_since_the_backup_are_named(
    stream: Stream, spare: str, files: tuple[Path, Path]
) -> None:
    same = {"thread_id": "t"}
    stream.send(*(post(number, **same) for number in range(5)))
    stream.drain()
    backup(stream.url, files[0], now=NOW, remembered=files[1])
    stream.send(*(post(number, **same) for number in range(5, 12)))
    stream.drain()
    place = stream.cut(9)
    (gap,) = [gap for gap in restore(stream, files, into=spare).gaps(stream.settings) if gap.missing]
    assert (gap.offset.partition, gap.again, gap.missing) == (place.partition, 3, range(5, 9))


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with connect(url, role="owner").begin() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def with_traces(url: str) -> None:
    """Let the text steps, the marts and a report hold the words of the first post, too."""
    with connect(url, role="owner").begin() as connection:
        made = Rows(connection)
        ((number,),) = made.all("select post_id from core.post where external_id = 'p1'")
        made.annotate(number, masked="secret words", encoded="secret words")
        put(connection, mart.fct_post, post_id=number, masked="secret words", role="member")
        put(connection, reports.report, report_id=1, status="proposed")
        put(connection, reports.report_quote, report_id=1, post_id=number, quoted="secret words", stance="quote")
        put(connection, reports.report_thread, report_id=1, first_post_id=number, title="secret title")


def put(connection: Any, table: Table, **values: Any) -> None:
    """Insert a row with something in every column that needs it."""
    some = {
        str: "x",
        int: 1,
        float: 0.5,
        bool: False,
        date: AT.date(),
        datetime: AT,
        object: {},
        dict: {},
        bytes: b"x",
        list: [],
    }
    for column in table.columns:
        if column.name not in values and not column.nullable and column.server_default is None:
            values[column.name] = some[column.type.python_type]
    connection.execute(insert(table).values(**values))


@pytest.mark.parametrize("known_from", ["warehouse", "file", "log"])
def test_words_of_who_was_forgotten_since_are_nowhere_at_any_moment(
    stream: Stream, spare: str, files: tuple[Path, Path], known_from: str, tmp_path: Path
) -> None:
    opening = post(1, title="secret title", body="secret words", is_thread_start=True)
    stream.send(opening, post(2, "budi"))
    stream.drain()
    with_traces(stream.url)
    backup(stream.url, files[0], now=NOW, remembered=files[1])
    erase(stream, "ana")
    elsewhere, url = stream.topics[1], stream.url  # a topic without erasures stands for a log that has dropped them
    if known_from != "log":
        stream.drain(tombstones=files[1] if known_from == "file" else None)
    if known_from == "file":
        stream_of_nothing(stream)
    reader = login(stream.url)
    work = Restore(url, files[0], into=spare)
    hidden = work.load()
    assert "secret words" in everything(hidden)
    cannot_enter(reader, f"{spare}_restoring")
    assert spare not in databases(url)
    topic = stream.topics[2] if known_from == "log" else elsewhere
    assert work.forget(stream.settings, files[1], erasures=topic) == 1
    cannot_enter(reader, f"{spare}_restoring")
    assert "secret" not in everything(hidden)
    work.publish()
    there = _with_database(url, spare)
    assert "secret" not in everything(there)
    with psycopg.connect(_with_database(reader, spare)) as connection:
        assert connection.execute("select count(*) from mart.fct_post").fetchone() == (0,)
    drain_into(stream, there)
    assert "secret" not in everything(there)
    assert "body 2" in everything(there)


def stream_of_nothing(stream: Stream) -> None:
    """Let the warehouse in use know nothing of the erasure, as after its loss."""
    with connect(stream.url, role="owner").begin() as connection:
        connection.execute(text("delete from privacy.tombstone"))


def drain_into(stream: Stream, url: str) -> None:
    Stream(stream.settings, stream.prefix, url, stream.engine).drain()


def login(url: str) -> str:
    """Return an address with the login of somebody who may only read."""
    with suppress(psycopg.errors.DuplicateObject):
        _execute(url, "create role analyst login password 'look' in role suara_reader")
    return f"postgresql://analyst:look@{url.rpartition('@')[2]}"


def cannot_enter(reader: str, name: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(_with_database(reader, name))


def test_a_warehouse_is_replaced_only_when_that_is_said(stream: Stream, files: tuple[Path, Path]) -> None:
    stream.send(post(1))
    stream.drain()
    backup(stream.url, files[0], now=NOW, remembered=files[1])
    stream.send(post(2))
    stream.drain()
    with pytest.raises(WarehouseError, match=r"holds a warehouse\n.*--into NAME.*--replace"):
        Restore(stream.url, files[0])
    before = databases(stream.url)
    restore(stream, files, replace=True)
    assert databases(stream.url) == before
    assert stream.scalar("select count(*) from core.post") == 1


def test_an_empty_warehouse_needs_no_permission(
    stream: Stream, files: tuple[Path, Path], postgres_url: str, migrated_template: str, spare: str
) -> None:
    stream.send(post(1))
    stream.drain()
    backup(stream.url, files[0], now=NOW, remembered=files[1])
    _execute(postgres_url, f'create database "{spare}" template "{migrated_template}"')
    restore(stream, files, into=spare)
    assert rows(_with_database(stream.url, spare), "select count(*) from core.post") == [(1,)]


def test_a_database_without_tables_is_used_as_it_is_and_given_back_so(
    stream: Stream, files: tuple[Path, Path], spare: str
) -> None:
    stream.send(post(1))
    stream.drain()
    backup(stream.url, files[0], now=NOW, remembered=files[1])
    _execute(stream.url, f'create database "{spare}"')
    there = _with_database(stream.url, spare)
    with psycopg.connect(there) as connection:
        connection.execute("create extension vector")
        number = connection.execute("select oid from pg_database where datname = current_database()").fetchone()
    work = Restore(stream.url, files[0], into=spare)
    work.load()
    assert spare not in databases(stream.url)
    work.give_up()
    with psycopg.connect(there) as connection:
        assert connection.execute("select count(*) from pg_namespace where nspname = 'raw'").fetchone() == (0,)
    restore(stream, files, into=spare)
    with psycopg.connect(there) as connection:
        assert connection.execute("select oid from pg_database where datname = current_database()").fetchone() == number
        assert connection.execute("select count(*) from core.post").fetchone() == (1,)


def test_nothing_is_restored_under_a_running_sink(stream: Stream, files: tuple[Path, Path]) -> None:
    backup(stream.url, files[0], now=NOW, remembered=files[1])
    with (
        psycopg.connect(stream.url, application_name="a sink"),
        pytest.raises(WarehouseError, match=r"1 sessions.*a sink"),
    ):
        Restore(stream.url, files[0], replace=True)


def test_a_restore_that_fails_leaves_everything_as_it_was(
    stream: Stream, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream.send(post(1))
    stream.drain()
    made = backup(stream.url, files[0], now=NOW, remembered=files[1])
    wrong = msgspec.structs.replace(made, rows={**made.rows, "core.post": 5})
    manifest_of(files[0]).write_bytes(msgspec.json.encode(wrong))
    before = databases(stream.url)
    with pytest.raises(WarehouseError, match=r"other rows came out of .*: core\.post"):
        Restore(stream.url, files[0], replace=True).load()
    manifest_of(files[0]).write_bytes(msgspec.json.encode(made))
    work = Restore(stream.url, files[0], replace=True)
    work.load()
    work.load()  # as after one that was killed
    with pytest.raises(PartUnavailableError):
        work.forget(KafkaSettings(bootstrap_servers="127.0.0.1:1"), files[1])
    work.give_up()
    assert databases(stream.url) == before
    assert stream.scalar("select count(*) from core.post") == 1


def test_a_broken_backup_is_refused(stream: Stream, files: tuple[Path, Path]) -> None:
    made = backup(stream.url, files[0], now=NOW, remembered=files[1])
    with pytest.raises(InputError, match="is there already"):
        backup(stream.url, files[0], now=NOW, remembered=files[1])
    content = files[0].read_bytes()
    files[0].write_bytes(content[:-1])
    with pytest.raises(InputError, match="sha256 differs"):
        Restore(stream.url, files[0])
    files[0].write_bytes(content)
    manifest_of(files[0]).write_bytes(msgspec.json.encode(msgspec.structs.replace(made, revision="9999")))
    with pytest.raises(InputError, match="revision 9999 is not known here"):
        Restore(stream.url, files[0])
    manifest_of(files[0]).write_text("{}")
    with pytest.raises(InputError, match="is no manifest"):
        Restore(stream.url, files[0])
    manifest_of(files[0]).unlink()
    with pytest.raises(InputError, match="cannot be read"):
        Restore(stream.url, files[0])


def test_a_backup_that_fails_leaves_no_file(stream: Stream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "SCHEMAS", ("no_such_schema",))
    with pytest.raises(WarehouseError, match="pg_dump failed: pg_dump: error: no matching schemas"):
        backup(stream.url, tmp_path / "b", now=NOW, remembered=tmp_path / "t")
    assert not list(tmp_path.iterdir())


def test_no_password_stands_in_an_argument(
    stream: Stream, files: tuple[Path, Path], spare: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    real = subprocess.run

    def watch(command: list[str], **options: Any) -> Any:
        seen.extend(command)
        return real(command, **options)

    monkeypatch.setattr(job.subprocess, "run", watch)
    backup(stream.url, files[0], now=NOW, remembered=files[1])
    Restore(stream.url, files[0], into=spare).load()
    assert any("pg_restore" in word for word in seen)
    assert not any(
        "://" in word or str(psycopg.conninfo.conninfo_to_dict(stream.url)["password"]) in word for word in seen
    )


@pytest.mark.parametrize(
    ("begin", "end", "again", "missing", "note"),
    [
        (0, 30, 20, range(10, 10), ""),
        (10, 10, 0, range(10, 10), ""),
        (15, 30, 15, range(10, 15), "gone from the log: import them again from their source"),
        (0, 5, None, range(0), "the log ends at 5: `suara sink` says what to do"),
    ],
)
def test_a_gap_names_what_is_read_again_and_what_is_gone(
    begin: int, end: int, again: int | None, missing: range, note: str
) -> None:
    owner = UUID(int=1)
    offset = Offset("g", "posts", 0, 10, str(owner))
    gap = gap_of(offset, {Place("posts", 0): Log(owner, begin, end)})
    assert (gap.again, gap.missing, gap.note) == (again, missing, note)
    assert "made again" in gap_of(offset, {Place("posts", 0): Log(UUID(int=2), begin, end)}).note
    assert "no such partition" in gap_of(offset, {}).note
