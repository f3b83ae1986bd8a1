"""The door to Kafka: every acknowledgement counts, and what does not answer is named."""

from __future__ import annotations

import time

import pytest
from kafka.coordinator.base import MemberState
from kafka.partitioner.default import DefaultPartitioner

from kernel.errors import InputError, PartUnavailableError, SettingsError, StreamError
from kernel.settings import KafkaSettings
from streams import broker
from streams.broker import MAX_RECORD_BYTES, Consumer, Place, Producer, logs, topic_ids
from streams.reach import connect_options
from streams.topics import Topic, ensure_topics
from tests.streams.conftest import Stream, end_offsets, read_all


@pytest.fixture
def settings(kafka: str, topic: str) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=kafka, partitions=2, group=topic)


def test_what_is_sent_is_there_in_the_order_of_its_key(stream: Stream) -> None:
    with Producer(stream.settings) as producer:
        for number in range(500):
            producer.send(stream.posts, key=b"a" if number % 2 else b"b", value=b"%d" % number, headers=[("n", b"1")])
    found = read_all(stream.settings, stream.posts)
    for rest in (0, 1):
        assert [int(r.value) for r in found if int(r.value) % 2 == rest] == list(range(rest, 500, 2))
    assert sum(end_offsets(stream.settings, [stream.posts]).values()) == 500


def test_a_record_that_is_too_large_is_refused_before_it_is_sent(stream: Stream) -> None:
    with Producer(stream.settings) as producer:
        producer.send(stream.posts, key=b"k", value=b"x" * (MAX_RECORD_BYTES - 1))
        with pytest.raises(InputError, match=r"record 2 for .* has 1,048,577 bytes"):
            producer.send(stream.posts, key=b"k", value=b"x" * MAX_RECORD_BYTES)
    assert len(read_all(stream.settings, stream.posts)) == 1


def test_a_topic_that_is_missing_is_named(settings: KafkaSettings) -> None:
    with Producer(settings) as producer, pytest.raises(StreamError, match="has no topic nowhere"):
        producer.send("nowhere", key=b"k", value=b"v")


@pytest.mark.parametrize("servers", ["127.0.0.1:1", "no-such-host.invalid:9092", "nonsense"])
def test_a_broker_that_cannot_be_reached_is_named(servers: str) -> None:
    with pytest.raises(PartUnavailableError, match="does not answer") as caught:
        topic_ids(KafkaSettings(bootstrap_servers=servers), ["any"])
    assert servers.split(":")[0] in str(caught.value)


def test_no_broker_named_is_a_matter_of_settings() -> None:
    with pytest.raises(SettingsError, match="no Kafka broker is named"):
        connect_options(KafkaSettings())


def test_login_and_certificate_are_passed_on() -> None:
    found = connect_options(
        KafkaSettings(
            bootstrap_servers="a:1,b:2",
            security_protocol="SASL_SSL",
            sasl_mechanism="SCRAM-SHA-512",
            username="u",
            password="p",
            ca_file="/ca.pem",  # type: ignore[arg-type]
        )
    )
    assert found["bootstrap_servers"] == ["a:1", "b:2"]
    assert (found["sasl_plain_username"], found["sasl_plain_password"], found["ssl_cafile"]) == ("u", "p", "/ca.pem")


def test_topics_are_made_once_and_keep_their_logs(settings: KafkaSettings) -> None:
    prefix = f"{settings.group}."
    names = {prefix + topic for topic in Topic}
    assert set(ensure_topics(settings, log_days=7, prefix=prefix)) == names
    before = topic_ids(settings, names)
    assert before.keys() == names
    assert ensure_topics(settings, log_days=3, prefix=prefix) == []
    assert topic_ids(settings, names) == before
    found = logs(settings, names)
    assert sum(place.topic == prefix + Topic.POSTS for place in found) == 2
    assert all((log.begin, log.end, log.topic_id) == (0, 0, before[place.topic]) for place, log in found.items())


def test_a_consumer_reads_from_where_it_is_told(stream: Stream) -> None:
    with Producer(stream.settings) as producer:
        for number in range(10):
            producer.send(stream.posts, key=b"k", value=b"%d" % number)
    consumer = Consumer(stream.settings, [stream.posts], group=stream.settings.group, max_records=3)
    found = {}
    while not found:
        found = consumer.poll(seconds=1)
    assert [change.kind for change in consumer.changes()] == ["assigned"]
    ((place, records),) = found.items()
    assert [record.offset for record in records] == [0, 1, 2]
    consumer.seek(place, 8)
    time.sleep(8)  # longer than the session: heartbeats do not need polls
    found = {}
    while not found:
        found = consumer.poll(seconds=1)
    assert [record.offset for record in found[place]] == [8, 9]
    assert not list(consumer.changes())
    assert consumer.highwater(place) == 10
    assert consumer.commit({place: 9})
    consumer.seek(Place("elsewhere", 0), 5)  # taken away meanwhile: not an error
    consumer.close()


def test_a_join_that_was_lost_is_begun_anew(stream: Stream) -> None:
    consumer = Consumer(stream.settings, [stream.posts], group=stream.settings.group, max_records=3)
    while not consumer.assignment():
        consumer.poll(seconds=1)
    coordinator = consumer._kafka._coordinator
    # As it was found in a sink that polled for ever and owned nothing: amid a join that nobody means to finish.
    coordinator.state = MemberState.REBALANCING
    coordinator.rejoin_needed = False
    deadline = time.monotonic() + 60
    while coordinator.rebalance_in_progress() and time.monotonic() < deadline:
        consumer.poll(seconds=1)
    assert coordinator.state is MemberState.STABLE
    assert consumer.assignment()
    consumer.close()


def test_a_key_goes_where_kafkas_own_choice_puts_it() -> None:
    class Cluster:
        def topics(self) -> set[str]:
            return {"t"}

        def partitions_for_topic(self, topic: str) -> set[int]:
            return set(range(12))

        available_partitions_for_topic = partitions_for_topic

    ours, theirs = broker._RememberingPartitioner(), DefaultPartitioner()
    for number in range(500):
        key = f"forum:{number}".encode()
        assert ours.partition("t", None, key, None, None, Cluster()) == theirs.partition(
            "t", None, key, None, None, Cluster()
        )
