"""More partitions for topics that exist: what is said of it, and that nothing is lost while keys move."""

from __future__ import annotations

from kernel.settings import KafkaSettings
from streams.broker import topic_ids
from streams.partitions import _raise, raise_partitions
from streams.topics import Topic
from tests.streams.conftest import Stream, end_offsets
from tests.streams.histories import shuffled, town
from tests.streams.reducer import read_core, reduce


def asking(settings: KafkaSettings, partitions: int) -> KafkaSettings:
    return settings.model_copy(update={"partitions": partitions})


def test_partitions_are_raised_and_never_lowered(stream: Stream) -> None:
    said: list[str] = []
    names = {stream.prefix + topic for topic in (Topic.POSTS, Topic.BACKFILL)}
    before = topic_ids(stream.settings, names)
    six = raise_partitions(asking(stream.settings, 6), prefix=stream.prefix, say=said.append)
    assert six == dict.fromkeys(names, 6)
    assert said == [f"Raised the partitions of {name} from 3 to 6" for name in sorted(names)]
    said.clear()
    assert raise_partitions(asking(stream.settings, 6), prefix=stream.prefix, say=said.append) == {}
    assert said == []
    assert raise_partitions(asking(stream.settings, 2), prefix=stream.prefix, say=said.append) == {}
    assert said == [f"{name} keeps its 6 partitions: Kafka cannot lower them to 2" for name in sorted(names)]
    assert {name: len(end_offsets(stream.settings, [name])) for name in names} == dict.fromkeys(names, 6)
    assert topic_ids(stream.settings, names) == before


def test_another_process_may_raise_them_first(stream: Stream) -> None:
    """Kafka refuses to raise them to what they are, and all is well."""
    _raise(stream.settings, {stream.posts: 4})
    _raise(stream.settings, {stream.posts: 4})
    assert len(end_offsets(stream.settings, [stream.posts])) == 4


def test_keys_may_move_to_other_partitions_amid_their_history(stream: Stream) -> None:
    """What waits in the old partition is loaded together with newer events of its key that went to another."""
    history = shuffled(town(seed=4, changes=400), seed=4)
    stream.send(*history[:200])
    before = {place: end for place, end in end_offsets(stream.settings, [stream.posts]).items() if end}
    raise_partitions(asking(stream.settings, 7), prefix=stream.prefix, say=lambda _: None)
    stream.send(*history[200:])
    after = end_offsets(stream.settings, [stream.posts])
    assert sum(end for place, end in after.items() if place not in before) > 50, "keys went to new partitions"
    assert stream.drain(batch=60).loaded == len(history)
    with stream.engine.connect() as connection:
        assert read_core(connection, "town") == reduce(history)
