"""Dead letters sent again or given up: once each, nothing forgotten, and the second failure knows of the first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from kernel.clock import FixedClock, SystemClock
from kernel.errors import InputError, StreamError
from streams import triage
from streams.broker import MAX_RECORD_BYTES, Producer, delete_topics
from streams.events import Event, encode
from streams.resend import TOGETHER, Replayed, Replayer
from streams.sink import SinkTotals
from streams.triage import Filter, LetterId
from tests.streams.conftest import Stream, read_all
from tests.streams.poison import VALUE
from tests.streams.test_load import post
from tests.streams.test_sink import as_owner

LATER = datetime(2027, 1, 2, 3, 4, tzinfo=UTC)


def replay(stream: Stream, **wanted: Any) -> Replayed:
    with Replayer(stream.engine, stream.settings, clock=FixedClock(LATER)) as replayer:
        return replayer.replay(Filter(**wanted))


def rows(stream: Stream, columns: str, *, where: str = "true") -> list[tuple[Any, ...]]:
    query = f"select {columns} from raw.rejected_event where {where} order by topic, kafka_partition, kafka_offset"
    with stream.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def posts(number: int) -> list[Event]:
    return [post(1, post_id=f"p{at}", thread_id=f"t{at}") for at in range(number)]


def refuse_all_posts(stream: Stream) -> None:
    """Let PostgreSQL refuse every post, as a mistake in a new version would."""
    as_owner(stream, "alter table core.post add constraint mistake check (body is null)")


def mend(stream: Stream) -> None:
    as_owner(stream, "alter table core.post drop constraint mistake")


@pytest.fixture
def refused(stream: Stream) -> Stream:
    """A stream whose five posts were refused because of a mistake that is mended by now."""
    refuse_all_posts(stream)
    stream.send(*posts(5))
    assert stream.drain() == SinkTotals(rejected=5)
    mend(stream)
    return stream


def test_what_was_refused_by_mistake_is_loaded_after_a_replay(refused: Stream) -> None:
    before = {(r.key, r.value) for r in read_all(refused.settings, refused.posts)}
    assert replay(refused) == Replayed(5, {})
    assert set(rows(refused, "status, resolved_at")) == {("replayed", LATER)}
    records = read_all(refused.settings, refused.posts)
    assert len(records) == 10
    assert {(r.key, r.value) for r in records} == before
    assert refused.drain() == SinkTotals(loaded=5)
    assert refused.scalar("select count(*) from core.post") == 5


def test_a_second_replay_finds_nothing(refused: Stream) -> None:
    replay(refused)
    assert replay(refused) == Replayed(0, {})
    assert len(read_all(refused.settings, refused.posts)) == 10


def test_a_kill_between_sending_and_marking_sends_twice_and_loads_once(
    refused: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Replayer, "_mark", killed)
        with pytest.raises(KeyboardInterrupt):
            replay(refused)
    assert rows(refused, "status") == [("open",)] * 5
    assert replay(refused).sent == 5
    assert len(read_all(refused.settings, refused.posts)) == 15
    refused.drain()
    assert refused.scalar("select count(*) from core.post") == 5
    assert refused.scalar("select count(*) from core.post_revision") == 5


def test_a_record_that_fails_again_counts_on_and_keeps_its_first_time(stream: Stream) -> None:
    stream.send(VALUE[:-3])
    stream.drain()
    ((first,),) = rows(stream, "first_failed_at")
    assert replay(stream).sent == 1
    assert stream.drain() == SinkTotals(rejected=1)
    assert replay(stream).sent == 1
    assert stream.drain() == SinkTotals(rejected=1)
    assert rows(stream, "attempts, first_failed_at, status") == [
        (1, first, "replayed"), (2, first, "replayed"), (3, first, "open"),
    ]  # fmt: skip
    newest = max(stream.letters(), key=lambda letter: letter.offset)
    headers = dict(newest.headers)
    assert (headers["x-suara-attempt"], headers["x-suara-first-failed-at"]) == (b"3", first.isoformat().encode())


def test_headers_of_the_sender_are_kept(stream: Stream) -> None:
    sent = [("from", b"a test"), ("from", b"\xff"), ("nöthing\0", b"")]
    with Producer(stream.settings) as producer:
        producer.send(stream.posts, key=None, value=b"{", headers=sent)
    stream.drain()
    assert replay(stream).sent == 1
    _, again = sorted(read_all(stream.settings, stream.posts), key=lambda record: record.offset)
    assert again.key is None
    assert again.headers[:-2] == sent
    assert [name for name, _ in again.headers[-2:]] == ["x-suara-attempt", "x-suara-first-failed-at"]


def test_what_is_not_whole_stays_and_is_counted(stream: Stream) -> None:
    stream.send(None, b"", b" " * (MAX_RECORD_BYTES + 1), b" " * MAX_RECORD_BYTES)
    stream.drain()
    with stream.engine.connect() as connection:
        assert triage.hindrances(connection, Filter()) == {"it had no value": 1, "it was cut at 1 MiB": 1}
    assert replay(stream) == Replayed(2, {"it had no value": 1, "it was cut at 1 MiB": 1})
    assert len(rows(stream, "1", where="status = 'open'")) == 2


def test_more_than_are_marked_together_are_sent_in_the_order_of_their_log(stream: Stream) -> None:
    values = [b"%d" % number for number in range(2 * TOGETHER + 7)]
    stream.send(*values[:60], None, *values[60:])
    stream.drain()
    assert replay(stream) == Replayed(len(values), {"it had no value": 1})
    records = sorted(read_all(stream.settings, stream.posts), key=lambda record: record.offset)
    assert [record.value for record in records[len(values) + 1 :]] == values


def test_only_what_is_meant_is_sent(stream: Stream) -> None:
    stream.send(b"{", b"[]", b"\xff")
    with Producer(stream.settings) as producer:
        producer.send(stream.posts, key=b"village:t1", value=b"{")
        producer.send(stream.posts, key=b"villagers:t1", value=b"{")
    stream.drain()
    assert replay(stream, source="village").sent == 1
    assert replay(stream, reason="invalid_utf8").sent == 1
    assert replay(stream, stage="validate").sent == 1
    assert replay(stream, topic="elsewhere").sent == 0
    assert replay(stream, until=datetime(2020, 1, 1, tzinfo=UTC)).sent == 0
    ((topic, partition, offset),) = rows(
        stream,
        "topic, kafka_partition, kafka_offset",
        where="convert_from(record_key, 'utf8') = 'poison' and status = 'open'",
    )
    assert replay(stream, ids=[LetterId(topic, partition, offset)], since=datetime(2020, 1, 1, tzinfo=UTC)).sent == 1


def test_a_topic_that_is_gone_leaves_them_open(refused: Stream) -> None:
    delete_topics(refused.settings, [refused.posts])
    with pytest.raises(StreamError, match="has no topic"):
        replay(refused)
    assert rows(refused, "status") == [("open",)] * 5


def test_a_mended_record_takes_the_place_of_the_broken_one(stream: Stream) -> None:
    good = post(1)
    stream.send(encode(good)[:-3], None)
    stream.drain()
    letters = [LetterId(*place) for place in rows(stream, "topic, kafka_partition, kafka_offset")]
    with Replayer(stream.engine, stream.settings, clock=SystemClock()) as replayer:
        with pytest.raises(InputError, match=r"refused again: decode\.truncated"):
            replayer.replay_mended(letters[0], encode(good)[:-3])
        replayer.replay_mended(letters[0], encode(good))
        replayer.replay_mended(letters[1], encode(post(2)))
        with pytest.raises(InputError, match="is replayed, since"):
            replayer.replay_mended(letters[0], encode(good))
        with pytest.raises(InputError, match="there is no dead letter nowhere/0/1"):
            replayer.replay_mended(LetterId("nowhere", 0, 1), encode(good))
    assert rows(stream, "status") == [("replayed",)] * 2
    keys = {record.key for record in read_all(stream.settings, stream.posts)}
    assert keys == {b"poison", good.partitionkey.encode()}
    assert stream.drain() == SinkTotals(loaded=2)


def test_what_is_discarded_stays_with_its_reason_and_can_be_replayed(stream: Stream) -> None:
    stream.send(b"{", b"[]")
    stream.drain()
    with stream.engine.begin() as connection:
        assert triage.discard(connection, Filter(reason="truncated"), because="a test", at=LATER) == 1
        assert triage.discard(connection, Filter(reason="truncated"), because="again", at=LATER) == 0
    assert rows(stream, "status, resolution, resolved_at, payload") == [
        ("discarded", "a test", LATER, b"{"), ("open", None, None, b"[]"),
    ]  # fmt: skip
    assert replay(stream).sent == 1
    assert replay(stream, status="discarded").sent == 1
    assert rows(stream, "status, resolution") == [("replayed", None)] * 2


def test_reading_a_record_again_does_not_undo_what_was_decided(stream: Stream) -> None:
    stream.send(b"{", b"[]")
    stream.drain()
    replay(stream, reason="truncated")
    stream.drain()
    with stream.engine.begin() as connection:
        triage.discard(connection, Filter(reason="wrong_type"), because="a test", at=LATER)
    before = rows(stream, "status, resolution, resolved_at")
    as_owner(stream, "update raw.ingest_offset set next_offset = 0")
    assert stream.drain().rejected == 3
    assert rows(stream, "status, resolution, resolved_at") == before


def test_what_is_known_of_a_dead_letter_is_all_but_its_payload(stream: Stream) -> None:
    with Producer(stream.settings) as producer:
        producer.send(stream.posts, key=b"village:\xff", value=b'{"secret"', headers=[("from", b"\x00")])
    stream.drain()
    with stream.engine.connect() as connection:
        (found,) = triage.newest(connection, Filter(), limit=5)
        letter = LetterId.parse(found["id"])
        known = triage.describe(connection, letter)
        assert triage.payload(connection, letter) == b'{"secret"'
        (count,) = triage.counts(connection, Filter())
    assert (found["source"], known["source"], known["key"]) == ("village", "village", "village:\\xff")
    assert known["record_headers"] == {"from": "\x00"}
    assert (known["payload_bytes"], known["cannot_be_replayed"], known["status"]) == (9, None, "open")
    assert (count["stage"], count["reason"], count["events"]) == ("decode", "truncated", 1)
    assert "secret" not in f"{found} {known} {count}"


@pytest.mark.parametrize("wrong", ["", "posts", "posts/1", "posts/1/x", "po sts/1/2", "posts/-1/2", "posts/1/2/3 4"])
def test_an_id_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(InputError, match="is no id of a dead letter"):
        LetterId.parse(wrong)


def test_an_id_is_read_as_it_is_written() -> None:
    assert LetterId.parse(str(LetterId("a.b-c_d", 3, 41))) == ("a.b-c_d", 3, 41)
