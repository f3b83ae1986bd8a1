"""Whose words a dead letter holds, and how they go: with the member who wrote them, or by age."""

from __future__ import annotations

from contextlib import closing
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from jobs import maintenance
from kernel.clock import SystemClock
from kernel.errors import InputError
from kernel.settings import KafkaSettings
from streams import tombstones
from streams.attribution import accounts_in
from streams.deadletters import Refusal
from streams.decode import Rejection, decode
from streams.events import Author, ReactionAdded, encode
from streams.load import Batch, Loader, Reach
from streams.resend import Replayed, Replayer
from streams.triage import FORGOTTEN, Filter, LetterId
from tests.fixtures.servers import _database
from tests.streams.conftest import NOW, PLACE, Sent, Stream, read_all
from tests.streams.test_load import post, reaction
from tests.streams.test_replay import replaying, run
from tests.streams.test_resend import rows
from tests.streams.test_sink import as_owner
from tests.streams.test_tombstones import AT, erase
from warehouse.bulk import driver_of
from warehouse.engine import connect

GOOD = encode(post(1, body="secret"))  # by ana, of the source that MAKER names
SOURCE = post(1).source.split(":")[3]
ANA = {(SOURCE, "ana")}


def by(member: str, *, post_id: str) -> bytes:
    """Return a post that is refused because its id is missing."""
    event = encode(post(1, author=Author(id=member), post_id=post_id, body="secret"))
    return event.replace(b'"post_id"', b'"post"')


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (GOOD, ANA),
        (GOOD[:-3], ANA),
        (b"\xef\xbb\xbf" + GOOD, ANA),
        (GOOD.replace(b"secret", b"\xff\xfe"), ANA),
        (GOOD.replace(b'"ana"', rb'"\u0061na"'), ANA),
        (GOOD.replace(b'{"id":"ana"', b'{"name":"A","id":"ana"'), ANA),
        (GOOD.replace(b'"ana"', b"17"), {(SOURCE, "17")}),
        (encode(reaction(1, ReactionAdded)), {(SOURCE, "budi")}),
        (b'{"source":"urn:community:forum:x","data":{"member_id":"ana"}}', {("x", "ana")}),
        (b'{"source":"urn:community:forum:x","data":{"author":"ana"}}', {("x", "ana")}),
        (b'{"source":"x","data":{"member_id":"ana"}}', set()),
        (b'{"source":"urn:community:forum:x","data":{"member_id":null,"author":{},"member":[true]}}', set()),
        (b'{"source":"urn:community:forum:x","type":"community.member.erased.v1","data":{"member_id":"ana"}}', set()),
        (b'{"source":7,"data":[]}', set()),
        (b"[" * 100_000, set()),
        (b"\x1f\x8b\x00secret", set()),
        (GOOD.decode().encode("utf-16"), set()),
        (b"", set()),
        (None, set()),
    ],
)  # fmt: skip
def test_a_refused_record_is_read_leniently_for_its_author(value: bytes | None, found: set[tuple[str, str]]) -> None:
    assert accounts_in(b"poison", value) == found


def test_the_key_names_the_source_where_the_event_does_not() -> None:
    assert accounts_in(b"x:t1", b'{"data":{"member_id":"ana"}}') == {("x", "ana")}


MIXED = (
    by("ana", post_id="a"), GOOD[:-3], by("ana", post_id="c").replace(b'"ana"', rb'"\u0061na"'),
    by("budi", post_id="b"), b"secret of nobody",
)  # fmt: skip


def mirror(house: Stream, *values: bytes) -> None:
    """Let the loader write the dead letters of one partition, from its start."""
    refusals = []
    for offset, value in enumerate(values):
        rejection = decode(value, record_ts=NOW)
        assert isinstance(rejection, Rejection)
        refusals.append(Refusal(Sent(value, offset), SystemClock().now(), rejection, NOW))
    with closing(Loader(house.engine, group="sinks", owner="test")) as loader:
        loader.load(Batch({PLACE: Reach(0, len(values), uuid4(), NOW, None)}, [], refusals))


@pytest.fixture
def house(warehouse_url: str, engine: Engine) -> Stream:
    """A warehouse alone."""
    return Stream(KafkaSettings(), "", warehouse_url, engine)


@pytest.fixture
def kept(house: Stream) -> Stream:
    """A warehouse with three dead letters of ana's, one of budi's and one of nobody's."""
    mirror(house, *MIXED)
    return house


@pytest.fixture
def mixed(stream: Stream) -> Stream:
    """The same, and their log."""
    stream.send(*MIXED)
    assert stream.drain().rejected == 5
    return stream


def forget(stream: Stream, member: str = "ana") -> None:
    with connect(stream.url, role="ingest").begin() as connection:
        tombstones.bury(driver_of(connection), {(SOURCE, member): AT})


def test_a_forgotten_member_takes_their_dead_letters_words_along(kept: Stream) -> None:
    before = kept.scalar("select sum(events) from ops.rejected_digest")
    forget(kept)
    gone = rows(kept, "status, resolution, payload, record_headers, record_key", where="cleared_because = 'erasure'")
    assert gone == [("discarded", "its member was forgotten", None, None, None)] * 3
    assert len(rows(kept, "1", where="status = 'open' and payload is not null and cleared_at is null")) == 2
    assert kept.scalar("select sum(events) from ops.rejected_digest") == before
    assert kept.scalar("select sum(events) from ops.rejected_digest where status = 'open'") == 2


def test_the_erasure_that_a_sink_reads_does_so_and_what_is_refused_later_comes_without_words(stream: Stream) -> None:
    stream.send(GOOD[:-3].replace(SOURCE.encode(), b"town"))
    stream.drain()
    erase(stream, "ana")
    stream.drain()
    stream.send(GOOD[:-4].replace(SOURCE.encode(), b"town"), GOOD[:-5])
    stream.drain()
    assert rows(stream, "status, payload is null", where="cleared_at is not null") == [("discarded", True)] * 2
    assert rows(stream, "status", where="payload is not null") == [("open",)]


def test_reading_the_same_records_again_brings_no_words_back(mixed: Stream) -> None:
    forget(mixed)
    before = rows(mixed, "status, payload, cleared_at")
    as_owner(mixed, "update raw.ingest_offset set next_offset = 0")
    assert mixed.drain().rejected == 5
    assert rows(mixed, "status, payload, cleared_at") == before


def test_no_replay_sends_words_of_the_forgotten(mixed: Stream) -> None:
    as_owner(mixed, "create table ops.kept as select * from raw.rejected_event")
    forget(mixed)
    # As a version wrote them that knew nothing of this, and as a restored row would be.
    as_owner(mixed, "delete from raw.rejected_event where kafka_offset = 0")
    as_owner(mixed, "insert into raw.rejected_event select * from ops.kept where kafka_offset = 0")
    sent = len(read_all(mixed.settings, mixed.posts))
    with Replayer(mixed.engine, mixed.settings, clock=SystemClock()) as replayer:
        assert replayer.replay(Filter(status=None)) == Replayed(2, {FORGOTTEN: 3})
        (open_one,) = rows(mixed, "topic, kafka_partition, kafka_offset", where="kafka_offset = 4")
        as_owner(mixed, "update raw.rejected_event set status = 'open'")
        with pytest.raises(InputError, match="holds what a forgotten member said"):
            replayer.replay_mended(LetterId(*open_one), GOOD)
    records = read_all(mixed.settings, mixed.posts)[sent:]
    assert len(read_all(mixed.settings, mixed.posts)) == sent + 2
    assert not any(b'"ana"' in (record.value or b"") for record in records)
    assert len(rows(mixed, "1", where="cleared_because = 'erasure'")) == 3


def test_an_account_that_only_dead_letters_name_is_known_by_its_tombstone_elsewhere(kept: Stream) -> None:
    other = {"salt": {tombstones.member_hash("salt", SOURCE, "ana").hex(): AT.isoformat()}}
    as_owner(kept, "insert into ops.setting (name, value) values ('tombstone_salt', 'mine')")
    with connect(kept.url, role="owner").begin() as connection:
        tombstones.carry(driver_of(connection), other, {})
    assert len(rows(kept, "1", where="cleared_because = 'erasure'")) == 3


def at_night(monkeypatch: pytest.MonkeyPatch, stream: Stream) -> dict[str, int]:
    monkeypatch.setenv("SUARA_WAREHOUSE__URL", stream.url)
    return maintenance.dead_letter_words()


def test_words_go_by_age_and_open_ones_later(house: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror(house, *[b"secret %d" % number for number in range(6)])
    assert at_night(monkeypatch, house) == {"closed": 0, "open": 0, "forgotten": 0}
    as_owner(house, "update raw.rejected_event set record_key = 'forum:t1' where kafka_offset < 5")
    for at, (status, days) in enumerate(
        [("open", 89), ("open", 91), ("replayed", 29), ("replayed", 31), ("discarded", 31)]
    ):
        change = f"status = '{status}', record_ts = now() - interval '{days} days'"
        if status != "open":
            change += f", resolved_at = now() - interval '{days} days', resolution = 'a test'"
        as_owner(house, f"update raw.rejected_event set {change} where kafka_offset = {at}")
    assert maintenance.dead_letters()["decode.malformed_json"] == 3
    assert at_night(monkeypatch, house) == {"closed": 2, "open": 1, "forgotten": 0}
    assert at_night(monkeypatch, house) == {"closed": 0, "open": 0, "forgotten": 0}
    found = rows(house, "kafka_offset, status, resolution, record_key", where="cleared_because = 'age'")
    assert found == [
        (1, "discarded", "nobody decided in time", b"forum:"),
        (3, "replayed", "a test", b"forum:"),
        (4, "discarded", "a test", b"forum:"),
    ]
    assert maintenance.dead_letters()["decode.malformed_json"] == 2
    assert house.scalar("select sum(events) from ops.rejected_digest") == 6


def test_at_night_the_letters_that_an_older_version_kept_are_looked_through(
    kept: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_owner(kept, "create table ops.kept as select * from raw.rejected_event")
    forget(kept)
    as_owner(kept, "delete from raw.rejected_event")
    as_owner(kept, "insert into raw.rejected_event select * from ops.kept")
    assert at_night(monkeypatch, kept) == {"closed": 0, "open": 0, "forgotten": 3}
    assert at_night(monkeypatch, kept)["forgotten"] == 0


def test_the_archive_gives_a_replay_no_letter_without_words(
    mixed: Stream, postgres_url: str, migrated_template: str
) -> None:
    forget(mixed)
    mixed.cut(5)
    with _database(postgres_url, template=migrated_template) as url, replaying(mixed) as again:
        plan = again.plan(mixed.posts, None, None)
        plan.require_whole()
        assert run(mixed, again, plan, url).refused == 2
        with connect(url, role="pipeline").connect() as connection:
            known = connection.execute(text("select status, payload is null from raw.rejected_event")).all()
        assert known == [("open", False)] * 2


def test_a_key_that_names_no_source_keeps_nothing(house: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror(house, *[b"secret"] * 3)
    for at, key in enumerate([b"Ana Smith:t1", b"a" * 61 + b":", b"\xff:"]):
        value = f"decode('{key.hex()}', 'hex')"
        as_owner(house, f"update raw.rejected_event set record_key = {value} where kafka_offset = {at}")
    as_owner(house, "update raw.rejected_event set record_ts = now() - interval '100 days'")
    assert at_night(monkeypatch, house)["open"] == 3
    assert rows(house, "record_key") == [(None,)] * 3
