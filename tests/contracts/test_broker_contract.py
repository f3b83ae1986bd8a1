"""What the house relies on from Kafka, asked of the real one and of the one in memory: the latter gives way.

Everything is asked through `streams.broker`, the only door to either.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from kernel.errors import InputError, PartUnavailableError, StreamError, SuaraError
from kernel.settings import KafkaSettings
from streams.broker import Change, Consumer, Place, Producer, create_topics, delete_topics, logs, topic_ids
from tests.contracts.conftest import Cluster

POLLS = 60
NOBODY = KafkaSettings(bootstrap_servers="127.0.0.1:1")


def read(consumer: Consumer, count: int) -> list[Any]:
    """Return the next `count` records or more, in the order of their arrival."""
    found: list[Any] = []
    for _ in range(POLLS):
        found += [record for records in consumer.poll(seconds=0.5).values() for record in records]
        if len(found) >= count:
            break
    return found


def offsets(records: Sequence[Any]) -> list[int]:
    return [record.offset for record in records]


def numbers(start: int, end: int) -> list[bytes]:
    return [b"%d" % number for number in range(start, end)]


def owned(changes: Sequence[Change]) -> set[Place]:
    """Return what a member owns that was told of these changes."""
    found: set[Place] = set()
    for change in changes:
        found = found | change.places if change.kind == "assigned" else found - change.places
    return found


# Sending


def test_a_record_arrives_as_it_was_sent_with_the_time_of_its_arrival(cluster: Cluster) -> None:
    cluster.make()
    before = cluster.clock.now()
    with Producer(cluster.settings) as producer:
        producer.send(cluster.topic, key=b"k", value=b"v", headers=[("a", b"1"), ("a", b"\xff"), ("ö", b"")])
        producer.send(cluster.topic, key=b"k", value=None)
        producer.send(cluster.topic, key=None, value=b"")
    after = cluster.clock.now() + timedelta(milliseconds=1)
    first, second, third = read(cluster.consumer(), 3)
    assert (first.topic, first.partition, first.offset) == (cluster.topic, 0, 0)
    assert (first.key, first.value, list(first.headers)) == (b"k", b"v", [("a", b"1"), ("a", b"\xff"), ("ö", b"")])
    assert (second.key, second.value, list(second.headers)) == (b"k", None, [])
    assert (third.key, third.value) == (None, b"")
    instants = [record.timestamp for record in (first, second, third)]
    assert instants == sorted(instants)
    assert int(before.timestamp() * 1000) <= instants[0] <= instants[-1] <= int(after.timestamp() * 1000)


def test_a_key_has_one_partition_and_its_records_keep_their_order(cluster: Cluster) -> None:
    cluster.make(partitions=3)
    keys = [f"forum:{number}".encode() for number in range(9)]
    with Producer(cluster.settings) as producer:
        for value in numbers(0, 90):
            producer.send(cluster.topic, key=keys[int(value) % 9], value=value)
        producer.send(cluster.topic, key=None, value=b"-1")
    found = read(cluster.consumer(), 91)
    for number, key in enumerate(keys):
        mine = [record for record in found if record.key == key]
        assert [int(record.value) for record in mine] == list(range(number, 90, 9))
        assert len({record.partition for record in mine}) == 1
    places = {record.key: record.partition for record in found}
    assert [places[key] for key in keys] == [1, 0, 0, 1, 1, 1, 2, 2, 2]  # as every Kafka client chooses
    assert places[None] == 0


def test_offsets_begin_at_0_and_leave_none_out(cluster: Cluster) -> None:
    cluster.make()
    cluster.send(*numbers(0, 5))
    cluster.send(*numbers(5, 12))
    found = read(cluster.consumer(), 12)
    assert offsets(found) == list(range(12))
    assert [record.value for record in found] == numbers(0, 12)


def test_what_is_too_large_is_refused_by_its_number_before_it_is_sent(cluster: Cluster) -> None:
    cluster.make()
    with Producer(cluster.settings, max_record_bytes=100) as producer:
        producer.send(cluster.topic, key=b"k", value=b"v" * 99)
        with pytest.raises(InputError, match=r"record 2 for .* has 101 bytes, and at most 100 fit") as caught:
            producer.send(cluster.topic, key=b"k", value=b"v" * 100)
        with pytest.raises(StreamError, match="refused"):
            producer.send(cluster.topic, key=b"k", value=b"", headers=[("wide", b"w" * 100_000)])
    assert caught.value.remedy
    assert logs(cluster.settings, [cluster.topic])[cluster.place].end == 1


def test_a_missing_topic_is_named_with_a_remedy(cluster: Cluster) -> None:
    with Producer(cluster.settings) as producer:
        with pytest.raises(StreamError, match=f"has no topic {cluster.topic}") as caught:
            producer.send(cluster.topic, key=b"k", value=b"v")
        assert "suara up" in str(caught.value.remedy)
        cluster.make()
        producer.send(cluster.topic, key=b"k", value=b"v")
    assert len(read(cluster.consumer(), 1)) == 1


def test_flush_raises_for_each_record_that_was_not_acknowledged_and_for_no_other(cluster: Cluster) -> None:
    cluster.make(partitions=2, max_message_bytes="1000")
    with closing(Producer(cluster.settings)) as producer:
        producer.send(cluster.topic, key=b"0", value=b"small")
        producer.flush()
        for key in (b"0", b"1"):  # one in each partition
            producer.send(cluster.topic, key=key, value=os.urandom(3000))
        for number in (2, 3):
            with pytest.raises(StreamError, match=rf"record {number} for .* was not acknowledged") as caught:
                producer.flush()
            assert "Send again" in str(caught.value.remedy)
        producer.flush()
    assert sum(log.end for log in logs(cluster.settings, [cluster.topic]).values()) == 1


def test_no_more_replicas_are_asked_for_than_a_topic_has(cluster: Cluster) -> None:
    cluster.make(min_insync_replicas="2")
    cluster.send(b"v")
    assert logs(cluster.settings, [cluster.topic])[cluster.place].end == 1


@pytest.mark.parametrize("cluster", [pytest.param("kafka", marks=pytest.mark.failure), "memory"], indirect=True)
def test_a_topic_that_goes_away_under_a_producer_is_a_matter_of_waiting(cluster: Cluster) -> None:
    cluster.make()
    with closing(Producer(cluster.settings)) as producer:
        producer.send(cluster.topic, key=b"k", value=b"v")
        producer.flush()
        delete_topics(cluster.settings, [cluster.topic])
        producer.send(cluster.topic, key=b"k", value=b"v")
        with pytest.raises(PartUnavailableError, match=r"record 2 for .* was not acknowledged"):
            producer.flush()


# Reading


def test_poll_returns_nothing_rather_than_raise(cluster: Cluster) -> None:
    cluster.make()
    consumer = cluster.consumer()
    while not consumer.assignment():
        assert consumer.poll(seconds=0.5) == {}
    assert consumer.poll(seconds=0.1) == {}
    delete_topics(cluster.settings, [cluster.topic])
    for _ in range(3):
        assert consumer.poll(seconds=0.1) == {}


def test_one_poll_returns_no_more_than_it_may_and_nothing_is_passed_over(cluster: Cluster) -> None:
    cluster.make()
    cluster.send(*numbers(0, 10))
    consumer = cluster.consumer(max_records=3)
    pieces = []
    while sum(len(piece) for piece in pieces) < 10:
        pieces += [offsets(records) for records in consumer.poll(seconds=0.5).values()]
    assert pieces == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]


def test_a_seek_decides_where_reading_goes_on(cluster: Cluster) -> None:
    cluster.make()
    cluster.send(*numbers(0, 10))
    consumer = cluster.consumer(max_records=4)
    assert offsets(read(consumer, 1)) == [0, 1, 2, 3]
    consumer.seek(cluster.place, 8)
    assert offsets(read(consumer, 1)) == [8, 9]
    consumer.seek(cluster.place, None)
    assert offsets(read(consumer, 1)) == [0, 1, 2, 3]
    consumer.seek(cluster.place, 10)
    assert consumer.poll(seconds=0.1) == {}
    cluster.send(b"new")
    assert offsets(read(consumer, 1)) == [10]


def test_a_seek_in_what_is_not_owned_is_passed_over(cluster: Cluster) -> None:
    cluster.make()
    consumer = cluster.consumer()
    consumer.seek(cluster.place, 5)
    consumer.seek(Place("elsewhere", 0), None)
    assert consumer.highwater(cluster.place) is None
    cluster.send(*numbers(0, 3))
    assert offsets(read(consumer, 3)) == [0, 1, 2]


def test_an_offset_beyond_the_end_makes_reading_begin_again(cluster: Cluster) -> None:
    cluster.make()
    cluster.send(*numbers(0, 3))
    consumer = cluster.consumer()
    read(consumer, 3)
    consumer.seek(cluster.place, 50)
    assert offsets(read(consumer, 1)) == [0, 1, 2]


def test_reading_goes_on_behind_records_that_were_dropped(cluster: Cluster) -> None:
    cluster.make()
    cluster.send(*numbers(0, 10))
    cluster.drop(cluster.place, 6)
    log = logs(cluster.settings, [cluster.topic])[cluster.place]
    assert (log.begin, log.end) == (6, 10)
    consumer = cluster.consumer()
    assert offsets(read(consumer, 4)) == [6, 7, 8, 9]
    for at in (2, None, 5):
        consumer.seek(cluster.place, at)
        assert offsets(read(consumer, 4)) == [6, 7, 8, 9]
    cluster.drop(cluster.place, 10)
    consumer.seek(cluster.place, 7)
    assert consumer.poll(seconds=0.1) == {}
    cluster.send(b"new")
    assert offsets(read(consumer, 1)) == [10]


def test_the_end_is_known_once_something_was_fetched(cluster: Cluster) -> None:
    cluster.make()
    cluster.send(*numbers(0, 10))
    consumer = cluster.consumer(max_records=3)
    assert consumer.highwater(cluster.place) is None
    read(consumer, 1)
    assert consumer.highwater(cluster.place) == 10
    cluster.send(*numbers(0, 5))
    read(consumer, 12)
    assert consumer.highwater(cluster.place) == 15


def test_a_commit_moves_nobody_who_was_told_where_to_read(cluster: Cluster) -> None:
    cluster.make()
    cluster.send(*numbers(0, 10))
    first = cluster.consumer()
    read(first, 10)
    assert first.commit({cluster.place: 7})
    first.seek(cluster.place, 2)
    assert offsets(read(first, 1))[0] == 2
    first.close()
    second = cluster.consumer()
    assert offsets(read(second, 3)) == [7, 8, 9]  # a hint, for who was told nothing
    second.seek(cluster.place, None)
    assert offsets(read(second, 10)) == list(range(10))
    assert offsets(read(cluster.consumer(group=f"{cluster.topic}.other"), 10)) == list(range(10))


# Groups


def test_a_second_member_takes_partitions_over_and_hands_them_back_when_it_closes(cluster: Cluster) -> None:
    cluster.make(partitions=4)
    everything = {Place(cluster.topic, number) for number in range(4)}
    first = cluster.consumer()
    told: list[list[Change]] = [[], []]
    _poll_until(lambda: first.assignment() == everything, first)
    told[0] += first.changes()
    assert owned(told[0]) == everything
    assert not list(first.changes())

    second = cluster.consumer()
    _poll_until(lambda: len(first.assignment()) == 2 == len(second.assignment()), first, second)
    told[0] += first.changes()
    told[1] += second.changes()
    assert first.assignment() | second.assignment() == everything
    assert [owned(changes) for changes in told] == [first.assignment(), second.assignment()]
    moved = second.assignment()
    assert [change for change in told[0] if change.kind == "revoked" and change.places] == [
        Change("revoked", frozenset(moved))
    ]
    assert all(first.highwater(place) is None for place in moved)

    second.close()
    _poll_until(lambda: first.assignment() == everything, first)
    told[0] += first.changes()
    assert owned(told[0]) == everything
    told[1] += second.changes()
    assert owned(told[1]) == set()


def test_what_was_taken_over_begins_at_the_hint_and_goes_where_it_is_told(cluster: Cluster) -> None:
    cluster.make()
    cluster.send(*numbers(0, 10))
    first = cluster.consumer(max_records=4)
    read(first, 4)
    second = cluster.consumer()
    first.close()
    assert offsets(read(second, 10)) == list(range(10))
    second.seek(cluster.place, 4)
    assert offsets(read(second, 6)) == [4, 5, 6, 7, 8, 9]


# Topics


def test_topics_are_made_once_and_keep_their_logs(cluster: Cluster) -> None:
    cluster.make(partitions=2)
    cluster.send(b"v")
    before = logs(cluster.settings, [cluster.topic])
    both = {cluster.topic: 5, f"{cluster.topic}.b": 1}
    configs = {cluster.topic: {"max.message.bytes": "1000"}, f"{cluster.topic}.b": {}}
    assert create_topics(cluster.settings, both, configs=configs) == [f"{cluster.topic}.b"]
    assert create_topics(cluster.settings, both, configs=configs) == []
    assert logs(cluster.settings, [cluster.topic]) == before
    with pytest.raises(StreamError, match="not acknowledged"):
        cluster.send(os.urandom(3000))  # the configuration is new


def test_logs_tell_whose_they_are_where_they_begin_and_end(cluster: Cluster) -> None:
    assert logs(cluster.settings, [cluster.topic]) == {}
    assert topic_ids(cluster.settings, [cluster.topic]) == {}
    cluster.make(partitions=2)
    cluster.send(*numbers(0, 7))
    ids = topic_ids(cluster.settings, [cluster.topic, f"{cluster.topic}.missing"])
    assert ids.keys() == {cluster.topic}
    found = logs(cluster.settings, [cluster.topic, f"{cluster.topic}.missing"])
    assert found.keys() == {Place(cluster.topic, 0), Place(cluster.topic, 1)}
    assert {log.topic_id for log in found.values()} == set(ids.values())
    assert sorted((log.begin, log.end) for log in found.values()) == [(0, 0), (0, 7)]


def test_a_topic_that_is_made_again_has_another_id_and_an_empty_log(cluster: Cluster) -> None:
    cluster.make()
    cluster.send(*numbers(0, 5))
    before = logs(cluster.settings, [cluster.topic])[cluster.place]
    delete_topics(cluster.settings, [cluster.topic])
    assert topic_ids(cluster.settings, [cluster.topic]) == {}
    cluster.make()
    after = logs(cluster.settings, [cluster.topic])[cluster.place]
    assert (after.begin, after.end) == (0, 0)
    assert after.topic_id != before.topic_id
    with pytest.raises(SuaraError):
        delete_topics(cluster.settings, [f"{cluster.topic}.missing"])


def test_a_member_reads_a_topic_that_was_made_again_once_it_is_told_from_where(cluster: Cluster) -> None:
    cluster.make()
    cluster.send(*numbers(0, 5))
    consumer = cluster.consumer()
    read(consumer, 5)
    delete_topics(cluster.settings, [cluster.topic])
    cluster.make()
    cluster.send(*numbers(100, 103))
    consumer.poll(seconds=0.5)  # untold, it may stand still or read: that is not relied on
    consumer.seek(cluster.place, None)
    assert [record.value for record in read(consumer, 3)] == numbers(100, 103)


def test_who_does_not_answer_is_named_with_a_remedy(cluster: Cluster) -> None:
    for ask in (
        lambda: topic_ids(NOBODY, [cluster.topic]),
        lambda: Producer(NOBODY),
        lambda: Consumer(NOBODY, [cluster.topic], group="any", max_records=1),
    ):
        with pytest.raises(PartUnavailableError, match=r"Kafka at 127\.0\.0\.1:1 does not answer") as caught:
            ask()
        assert caught.value.remedy


def _poll_until(true: Callable[[], bool], *consumers: Consumer) -> None:
    for _ in range(POLLS):
        for consumer in consumers:
            consumer.poll(seconds=0.2)
        if true():
            return
    pytest.fail(f"not so after {POLLS} polls")
