"""A sink that would refuse too much stops before it does, loses nothing, and stops there again."""

from __future__ import annotations

from uuid import uuid4

import pytest

from kernel.errors import StreamError
from streams import sink, triage
from streams.broker import Place, Producer, Record
from streams.deadletters import Refusal
from streams.decode import Rejection
from streams.events import encode
from streams.limits import WINDOW, Limits, Recent, excess
from streams.load import Batch, Reach
from streams.offsets import waiting
from streams.sink import SinkTotals
from streams.triage import Filter
from tests.streams.conftest import NOW, Sent, Stream
from tests.streams.test_load import post
from tests.streams.test_resend import LATER, mend, posts, refuse_all_posts, replay

A, B = Place("posts", 0), Place("posts", 1)
SHARE_ONLY = Limits(in_a_row=1_000_000)
ROW_ONLY = Limits(share=1)


def refusal(place: Place, offset: int) -> Refusal:
    record: Record = Sent(b"{", offset, *place)
    return Refusal(record, NOW, Rejection("decode", "truncated"), NOW)


def batch(reaches: dict[Place, tuple[int, int]], *refused: tuple[Place, int]) -> Batch:
    topic = uuid4()
    return Batch(
        {place: Reach(start, end, topic, NOW, None) for place, (start, end) in reaches.items()},
        [],
        [refusal(place, offset) for place, offset in refused],
    )


def test_a_row_is_counted_in_one_partition_and_across_batches() -> None:
    before = {A: Recent(5000, range(4100, 5000))}
    hundred = [(A, 5000 + number) for number in range(100)]
    assert excess(batch({A: (5000, 5100)}, *hundred), before, ROW_ONLY) is None
    error = excess(batch({A: (5000, 5101)}, *hundred, (A, 5100)), before, ROW_ONLY)
    assert "more than 1,000 records in a row of posts, partition 0, are refused" in str(error)
    assert "SUARA_SINK__MAX_REFUSED_IN_A_ROW" in str(error)
    assert excess(batch({A: (5000, 5102)}, *hundred, (A, 5101)), before, ROW_ONLY) is None  # a good one between
    assert excess(batch({A: (5000, 5100), B: (0, 1)}, *hundred, (B, 0)), before, ROW_ONLY) is None


def test_a_row_that_is_over_does_not_stop_what_comes_later() -> None:
    before = {A: Recent(5000, range(3000, 4500))}
    assert excess(batch({A: (5000, 5001)}, (A, 5000)), before, ROW_ONLY) is None


def test_the_share_is_that_of_all_partitions_of_the_topic() -> None:
    half = {A: Recent(5000, range(4500, 5000)), B: Recent(5000, ())}
    assert excess(batch({A: (5000, 5001)}, (A, 5000)), half, SHARE_ONLY) is None
    more = {A: Recent(5000, range(4500, 5000)), B: Recent(5000, range(4990, 5000))}
    error = excess(batch({A: (5000, 5001)}, (A, 5000)), more, SHARE_ONLY)
    assert "510 of the last 1,000 records of posts are refused: decode.truncated (1), from posts/0/5000 on" in str(
        error
    )
    assert "--allow-dead-letters 1000" in str(error)
    assert "SUARA_SINK__MAX_REFUSED_SHARE" in str(error)


def test_a_whole_batch_counts_where_it_is_longer_than_the_window() -> None:
    known = {A: Recent(0, ())}
    assert excess(batch({A: (0, 4000)}, *[(A, at) for at in range(2000)]), known, SHARE_ONLY) is None
    assert excess(batch({A: (0, 4000)}, *[(A, at) for at in range(2001)]), known, SHARE_ONLY) is not None


def test_a_few_records_say_nothing() -> None:
    assert excess(batch({A: (0, 999)}, *[(A, at) for at in range(999)]), {}, Limits()) is None
    assert excess(batch({A: (0, WINDOW)}, *[(A, at) for at in range(WINDOW)]), {}, Limits()) is not None


def test_another_topic_does_not_hide_that_one_is_refused_whole() -> None:
    other = Place("backfill", 0)
    bad = [(A, at) for at in range(600)]
    found = excess(batch({A: (400, 1000), other: (0, 9000)}, *bad), {other: Recent(0, ())}, SHARE_ONLY)
    assert "600 of the last 1,000 records of posts" in str(found)


def standing(stream: Stream) -> tuple[int, int, int]:
    """Return what is refused in the warehouse, dead letters in Kafka, and records that wait."""
    refused = stream.scalar("select count(*) from raw.rejected_event")
    return refused, len(stream.letters()), waiting(stream.engine, stream.settings, topics=stream.topics)


def test_a_row_of_bad_records_stops_the_sink_before_the_excess(stream: Stream) -> None:
    stream.send(post(1), *[b"{"] * 700, post(2))
    limits = Limits(in_a_row=300, share=1)
    for _ in range(2):  # a restart meets the same limit
        with pytest.raises(StreamError, match="more than 300 records in a row"):
            stream.drain(limits=limits, batch=100)
    refused, letters, left = standing(stream)
    assert refused == letters <= 300
    assert refused + left == 701 + (stream.scalar("select count(*) from raw.event") == 0)
    totals = stream.drain(limits=limits, batch=100, allowed=1000)
    assert (totals.rejected, standing(stream)) == (700 - refused, (700, 700, 0))
    assert stream.scalar("select max(version) from core.post") == 2


def test_in_one_batch_not_even_the_first_are_refused(stream: Stream) -> None:
    stream.send(*[b"{"] * 1001)
    for _ in range(2):
        with pytest.raises(StreamError, match=r"are refused: decode\.truncated"):
            stream.drain()
    assert standing(stream) == (0, 0, 1001)


def test_a_permission_that_is_too_small_lets_nothing_through(stream: Stream) -> None:
    stream.send(*[b"{"] * 1001)
    with pytest.raises(StreamError):
        stream.drain(allowed=1000)
    assert stream.drain(allowed=1001).rejected == 1001


def test_a_topic_that_is_mostly_bad_stops_the_sink_until_it_is_dealt_with(stream: Stream) -> None:
    good = [post(1, post_id=f"p{number}", thread_id=f"t{number}") for number in range(800)]
    with Producer(stream.settings) as producer:
        for number, event in enumerate(good):
            for value in (encode(event), *[b"{"] * (3 if number >= 500 else 0)):
                producer.send(stream.posts, key=event.partitionkey.encode(), value=value)
    for _ in range(2):
        with pytest.raises(StreamError, match=r"\d\d\d of the last 1,\d\d\d records of .* are refused"):
            stream.drain(batch=50)
    refused, letters, left = standing(stream)
    assert refused == letters < 900
    assert left > 0
    with stream.engine.begin() as connection:
        triage.discard(connection, Filter(), because="a test", at=LATER)
    stream.drain(batch=50, limits=Limits(share=0.9))
    assert stream.scalar("select count(*) from core.post") == 800
    assert standing(stream) == (900, 900, 0)


def test_a_mistake_that_only_postgresql_meets_stops_it_and_nothing_is_lost(stream: Stream) -> None:
    refuse_all_posts(stream)
    stream.send(*posts(100))
    with pytest.raises(StreamError, match=r"load\.check_violation \(100\)"):
        stream.drain(limits=Limits(in_a_row=20))
    assert standing(stream) == (0, 0, 100)
    mend(stream)
    assert stream.drain(limits=Limits(in_a_row=20)) == SinkTotals(loaded=100)


def test_it_stops_before_it_has_looked_at_every_record_of_a_bad_batch(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink, "LOOK_AGAIN_AFTER", 10)
    refuse_all_posts(stream)
    stream.send(*posts(100))
    with pytest.raises(StreamError, match=r"load\.check_violation \([1-9]0\)"):
        stream.drain(limits=Limits(in_a_row=5))
    assert standing(stream) == (0, 0, 100)


def test_after_the_cause_is_mended_a_replay_brings_everything_back(stream: Stream) -> None:
    refuse_all_posts(stream)
    stream.send(*posts(150))
    with pytest.raises(StreamError, match="check_violation"):
        stream.drain(limits=Limits(in_a_row=30), batch=20)
    before = stream.scalar("select count(*) from raw.rejected_event")
    assert before > 0
    mend(stream)
    assert replay(stream).sent == before
    assert stream.drain(limits=Limits(in_a_row=30), batch=20) == SinkTotals(loaded=150)
    assert stream.scalar("select count(*) from core.post") == 150
