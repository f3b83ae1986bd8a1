"""Reading again: nothing changes where all is there, a fresh warehouse gets everything, and no words come back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from kernel.clock import SystemClock
from kernel.errors import InputError, StreamError
from streams import reader, tombstones
from streams.broker import Producer
from streams.decode import Rejection
from streams.events import Author, Event, Maker, MemberErased, PostCreated, PostState, encode
from streams.load import Loader
from streams.past import Past, Stretch
from streams.replay import Part, Plan, Replay, Replayed
from tests.fixtures.servers import _database
from tests.streams.conftest import Stream
from tests.streams.histories import town
from tests.streams.reducer import read_core
from tests.streams.test_load import unindexable
from warehouse.engine import connect

MAKER = Maker(kind="forum", instance="town")
AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
TABLES = (
    "raw.event", "raw.rejected_event", "raw.ingest_offset", "core.source", "core.member", "core.person",
    "core.identity_link", "core.thread", "core.post", "core.post_revision", "core.reaction",
    "core.moderation_decision", "privacy.tombstone",
)  # fmt: skip


def post(number: int, member: str = "ana", **changes: Any) -> Event:
    state = {"post_id": f"p{number}", "version": 1, "thread_id": "t1", "created_at": AT, "body": f"words {number}"}
    return MAKER.post(PostCreated, PostState(author=Author(id=member), **(state | changes)), at=AT)


def erase(stream: Stream, member: str) -> None:
    with Producer(stream.settings) as producer:
        event = MAKER.erased(MemberErased(member_id=member, requested_at=AT))
        producer.send(stream.topics[2], key=b"k", value=encode(event))


@contextmanager
def replaying(stream: Stream) -> Iterator[Replay]:
    with Past(stream.settings) as past:
        yield Replay(stream.engine, stream.settings, past, clock=SystemClock())


def run(stream: Stream, again: Replay, plan: Plan, url: str | None = None) -> Replayed:
    with closing(Loader(connect(url or stream.url, role="ingest"), group="", owner="test")) as loader:
        if url is not None:
            loader.hush(again.titles())
        return again.run(plan, loader)


def everything(url: str, *, but: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    """Return all rows of all tables that the sink writes, each with the transaction that wrote it last."""
    with connect(url, role="owner").begin() as connection:
        return {
            table: sorted(map(repr, connection.execute(text(f"select xmin, t.* from {table} t"))))
            for table in TABLES
            if table not in but
        }


def all_of(stream: Stream) -> list[str]:
    return [topic for topic in stream.topics if "backfill" not in topic]


def test_a_replay_and_another_one_change_nothing(stream: Stream) -> None:
    stream.send(*town(seed=5, changes=150), post(1), post(2, "budi"), b"not an event", unindexable(1))
    stream.drain()
    erase(stream, "ana")
    stream.drain()
    stream.send(post(3, "budi", thread_title="a title that others gave since", created_at=AT + timedelta(1)))
    stream.drain()
    contents = "select * from core.thread order by thread_id"
    before, threads = (
        everything(stream.url, but=("core.member", "core.thread", "core.reaction")),
        rows(stream, contents),
    )
    members = rows(stream, "select * from core.member order by member_id")
    reactions = rows(stream, "select * from core.reaction order by 1, 2, 3, 4")
    for _ in range(2):
        with replaying(stream) as again:
            for topic in all_of(stream):
                totals = run(stream, again, again.plan(topic, None, None))
                assert totals.new == 0
        assert everything(stream.url, but=("core.member", "core.thread", "core.reaction")) == before
        assert rows(stream, contents) == threads
        assert rows(stream, "select * from core.member order by member_id") == members
        assert rows(stream, "select * from core.reaction order by 1, 2, 3, 4") == reactions


def rows(stream: Stream, query: str) -> list[tuple[Any, ...]]:
    with connect(stream.url, role="owner").begin() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_into_a_fresh_warehouse_everything_comes_and_no_offset_moves(
    stream: Stream, postgres_url: str, migrated_template: str
) -> None:
    stream.send(*town(seed=6, changes=200), None)
    stream.drain()
    offsets = rows(stream, "select * from raw.ingest_offset order by 1, 2, 3")
    with _database(postgres_url, template=migrated_template) as url, replaying(stream) as again:
        totals = run(stream, again, again.plan(stream.posts, None, None, beyond=True), url)
        assert (totals.read, totals.refused) == (totals.new + 1, 1)
        with connect(stream.url).connect() as here, connect(url).connect() as there:
            assert read_core(there, "town") == read_core(here, "town")
        assert not everything(url)["raw.ingest_offset"]
    assert rows(stream, "select * from raw.ingest_offset order by 1, 2, 3") == offsets


def test_what_a_warehouse_lost_comes_back(stream: Stream) -> None:
    stream.send(post(1), post(2))
    stream.drain()
    with connect(stream.url, role="owner").begin() as connection:
        connection.execute(text("delete from raw.event where payload like '%words 2%'"))
        connection.execute(text("delete from core.post where external_id = 'p2'"))
    with replaying(stream) as again:
        assert run(stream, again, again.plan(stream.posts, None, None)).new == 1
    assert stream.scalar("select body from core.post where external_id = 'p2'") == "words 2"


def test_where_the_log_no_longer_reaches_the_archive_is_read(
    stream: Stream, postgres_url: str, migrated_template: str
) -> None:
    stream.send(*map(post, range(3)), b"not an event", *map(post, range(4, 8)))
    stream.drain()
    place = stream.cut(5)
    with _database(postgres_url, template=migrated_template) as url, replaying(stream) as again:
        plan = again.plan(stream.posts, None, None, beyond=True)
        assert plan.parts == [Part(Stretch(place, 0, 5), "archive"), Part(Stretch(place, 5, 8), "log")]
        totals = run(stream, again, plan, url)
        assert (totals.read, totals.new, totals.refused) == (8, 7, 1)
        assert sorted(event(url)) == sorted(event(stream.url))
        assert run(stream, again, plan, url).new == 0


def event(url: str) -> list[tuple[Any, ...]]:
    query = "select topic, kafka_partition, kafka_offset, record_ts, event_id, payload from raw.event"
    with connect(url, role="owner").begin() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_what_neither_has_is_named_and_nothing_is_read(stream: Stream) -> None:
    stream.send(*map(post, range(8)))
    stream.drain()
    place = stream.cut(5)
    with connect(stream.url, role="privacy").begin() as connection:
        connection.execute(text("delete from raw.event where kafka_offset in (1, 2, 4, 6)"))
    with replaying(stream) as again:
        plan = again.plan(stream.posts, None, None)
        assert plan.missing == [Stretch(place, 1, 3), Stretch(place, 4, 5)]
        with pytest.raises(
            StreamError, match=rf"3 records .*\n.*partition {place.partition}, offset 1 to 2\n.*offset 4\n"
        ):
            plan.require_whole()
        assert run(stream, again, plan).read == 5


def test_time_and_offsets_choose_the_same_records(stream: Stream) -> None:
    stream.send(*map(post, range(3)))
    stream.drain()
    middle = rows(stream, "select max(record_ts) + interval '1 millisecond' from raw.event")[0][0]
    while datetime.now(UTC) <= middle + timedelta(milliseconds=2):
        pass
    stream.send(*map(post, range(3, 8)))
    stream.drain()
    for begin in (0, 2, 3, 5):
        with replaying(stream) as again:
            place = stream.cut(begin)
            for start, end, first, last in (
                (middle, None, 3, 8),
                (None, middle, 0, 3),
                (AT, middle, 0, 3),
                (middle, datetime.now(UTC), 3, 8),
                ({place.partition: 2}, {place.partition: 6}, 2, 6),
            ):
                parts = again.plan(stream.posts, start, end).parts
                assert (parts[0].stretch.start, parts[-1].stretch.end) == (first, last), (begin, start, end)
                assert sum(part.stretch.size for part in parts) == last - first
                assert all((part.origin == "archive") == (part.stretch.end <= begin) for part in parts)


def test_a_partition_that_does_not_exist_is_named(stream: Stream) -> None:
    with replaying(stream) as again, pytest.raises(InputError, match="has no partition 7"):
        again.plan(stream.posts, {7: 0}, None)


def test_what_the_sink_has_not_read_is_left_to_it(stream: Stream) -> None:
    stream.send(post(1))
    stream.drain()
    stream.send(post(2))
    with replaying(stream) as again:
        assert again.plan(stream.posts, None, None).size == 1
        assert again.plan(stream.posts, None, None, beyond=True).size == 2


def test_words_of_a_forgotten_member_never_come_back(stream: Stream, postgres_url: str, migrated_template: str) -> None:
    opening = post(1, title="secret title", body="secret words", is_thread_start=True)
    stream.send(opening, post(2, "budi", thread_title="secret title"), post(3, "citra", thread_id="t2"))
    stream.drain()
    erase(stream, "ana")
    stream.drain()
    erase(stream, "citra")  # the sink has not read this one
    with _database(postgres_url, template=migrated_template) as url, replaying(stream) as again:
        with connect(stream.url, role="ingest").connect() as here, connect(url, role="owner").begin() as there:
            known = tombstones.of_warehouse(here.connection.driver_connection)
            asked = tombstones.asked(stream.settings, stream.topics[2])
            tombstones.carry(there.connection.driver_connection, known, asked)
        totals = run(stream, again, again.plan(stream.posts, None, None, beyond=True), url)
        assert (totals.new, totals.forgotten) == (1, 2)
        with connect(url, role="owner").begin() as connection:
            found = connection.execute(text("select string_agg(t::text, ' ') from core.post t")).scalar_one()
            found += connection.execute(text("select string_agg(t::text, ' ') from core.thread t")).scalar_one()
            found += connection.execute(text("select string_agg(t::text, ' ') from core.post_revision t")).scalar_one()
        assert "words 2" in found
        assert "secret" not in found
        assert "words 3" not in found
    with replaying(stream) as again:
        run(stream, again, again.plan(stream.posts, None, None))
    assert stream.scalar("select string_agg(t::text, ' ') from core.post t").count("secret") == 0
    assert stream.scalar("select title from core.thread where external_id = 't1'") is None


def test_a_dead_letter_that_loads_by_now_is_resolved(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(reader, "decode", lambda *_, **__: Rejection("validate", "unknown_type"))
        stream.send(post(1))
        stream.drain()
    assert stream.scalar("select status from raw.rejected_event") == "open"
    for new in (1, 0):
        with replaying(stream) as again:
            assert run(stream, again, again.plan(stream.posts, None, None)).new == new
        assert stream.scalar("select status from raw.rejected_event") == "replayed"
    assert stream.scalar("select count(*) from core.post") == 1
