"""Who was forgotten, kept outside of the warehouse."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from kernel.errors import InputError
from streams import tombstones
from streams.broker import Producer
from streams.events import Maker, MemberErased, encode
from tests.streams.conftest import Stream
from warehouse.engine import connect

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)


def test_tombstones_of_several_places_are_joined_and_never_lost(tmp_path: Path) -> None:
    path = tmp_path / "home" / tombstones.FILE
    early, late = "2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00"
    tombstones.keep(path, {})
    assert not path.exists()
    tombstones.keep(path, {"salt": {"aa": late}})
    tombstones.keep(path, {"salt": {"aa": early, "bb": late}, "other": {"cc": late}})
    tombstones.keep(path, {})
    assert tombstones.read(path) == {"salt": {"aa": early, "bb": late}, "other": {"cc": late}}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("[]")
    with pytest.raises(InputError, match="is no list of tombstones"):
        tombstones.read(path)


def erase(stream: Stream, member: str) -> None:
    with Producer(stream.settings) as producer:
        event = Maker(kind="forum", instance="town").erased(MemberErased(member_id=member, requested_at=AT))
        producer.send(stream.topics[2], key=b"k", value=encode(event))


def known(path: Path) -> int:
    return sum(len(hashes) for hashes in tombstones.read(path).values())


def test_a_sink_notes_erasures_and_at_its_start_what_one_that_was_killed_left_out(
    stream: Stream, tmp_path: Path
) -> None:
    path = tmp_path / tombstones.FILE
    erase(stream, "ana")
    stream.drain(tombstones=path)
    assert known(path) == 1
    erase(stream, "budi")
    stream.drain()
    assert known(path) == 1
    stream.drain(tombstones=path)
    assert known(path) == 2
    assert "ana" not in path.read_text()


def test_a_file_that_cannot_be_written_stops_no_sink(stream: Stream, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    erase(stream, "ana")
    assert stream.drain(tombstones=tmp_path / "file" / tombstones.FILE).loaded == 1


def test_requests_in_the_log_are_known_with_their_first_time(stream: Stream) -> None:
    erase(stream, "ana")
    erase(stream, "ana")
    erase(stream, "budi")
    assert tombstones.asked(stream.settings, stream.topics[2]) == {("town", "ana"): AT, ("town", "budi"): AT}


def test_tombstones_of_a_warehouse_with_another_salt_reach_accounts_that_are_known_here(stream: Stream) -> None:
    erase(stream, "ana")
    stream.drain()
    with connect(stream.url, role="owner").begin() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        other = {"salt": {tombstones.member_hash("salt", "town", "ana").hex(): AT.isoformat()}}
        connection.execute(text("delete from privacy.tombstone"))
        assert tombstones.carry(driver, other, {}) == 1
        assert connection.execute(text("select count(*) from privacy.tombstone")).scalar_one() == 1
