"""What stands in Kafka after publishing: keys, headers and topics, on a real broker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from kernel.errors import InputError, PartUnavailableError
from kernel.settings import KafkaSettings
from streams.broker import Consumer, Producer, create_topics
from streams.events import Event, Maker, MemberErased, MemberState, PostCreated, encode
from streams.publisher import publish
from streams.topics import Topic, ensure_topics
from tests.streams.conftest import end_offsets
from tests.streams.connectors.sources import connector
from tests.streams.connectors.test_files import FORUM

AT = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture
def settings(kafka: str) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=kafka)


def records(settings: KafkaSettings, topic: str, count: int) -> list[Any]:
    consumer = Consumer(settings, [topic], group=f"{topic}-reader", max_records=1000)
    found: list[Any] = []
    while len(found) < count:
        for part in consumer.poll(seconds=0.5).values():
            found += part
    consumer.close()
    return found


def test_events_stand_under_their_threads_key_with_the_content_type_of_cloudevents(
    settings: KafkaSettings, topic: str, tmp_path: Any
) -> None:
    create_topics(settings, {topic: 3}, configs={topic: {}})
    events: list[Event] = [item for item in connector(tmp_path, FORUM).read() if isinstance(item, PostCreated)]
    events.append(Maker(kind="forum", instance="kebun").member(MemberState(member_id="ana", version=1), at=AT))
    shown: list[int] = []
    with Producer(settings) as producer:
        published = publish(iter(events), producer, topic=topic, progress=shown.append)
    assert published.sent == len(events) == shown[-1]
    assert published.size == sum(len(encode(event)) for event in events)
    found = records(settings, topic, len(events))
    assert {record.value for record in found} == {encode(event) for event in events}
    assert {record.key for record in found} == {b"kebun:1", b"kebun:2", b"kebun:member:ana"}
    assert all(dict(record.headers) == {"content-type": b"application/cloudevents+json"} for record in found)
    assert all(len({r.partition for r in found if r.key == record.key}) == 1 for record in found)


def test_erasures_go_to_a_topic_of_their_own(settings: KafkaSettings) -> None:
    ensure_topics(settings, log_days=1)
    # The topics are every test's, and an erasure holds for ever: so it is of a source that no other test has.
    maker = Maker(kind="forum", instance="erased-by-the-publisher")
    events = [
        maker.erased(MemberErased(member_id="ana", requested_at=AT)),
        maker.member(MemberState(member_id="budi", version=1), at=AT),
        maker.member(MemberState(member_id="citra", version=1), at=AT),
    ]
    topics = (Topic.POSTS, Topic.ERASURE)
    before = Counter(end_of(settings, topics))
    with Producer(settings) as producer:
        publish(events, producer)
    assert Counter(end_of(settings, topics)) - before == {Topic.POSTS: 2, Topic.ERASURE: 1}


def end_of(settings: KafkaSettings, topics: Sequence[str]) -> dict[str, int]:
    ends: Counter[str] = Counter()
    for place, end in end_offsets(settings, topics).items():
        ends[place.topic] += end
    return ends


def test_what_was_read_before_a_file_breaks_off_is_sent(settings: KafkaSettings, topic: str) -> None:
    create_topics(settings, {topic: 1}, configs={topic: {}})
    maker = Maker(kind="forum", instance="kebun")

    def events() -> Iterator[Event]:
        for number in range(3):
            yield maker.member(MemberState(member_id=f"m{number}", version=1), at=AT)
        message = "the file breaks off"
        raise InputError(message)

    with Producer(settings) as producer:
        with pytest.raises(InputError, match="breaks off"):
            publish(events(), producer, topic=topic)
        producer.flush()
    assert sum(end_offsets(settings, [topic]).values()) == 3


def test_no_broker_is_an_error_that_names_it() -> None:
    with pytest.raises(PartUnavailableError, match=r"127\.0\.0\.1:1"):
        Producer(KafkaSettings(bootstrap_servers="127.0.0.1:1"))
