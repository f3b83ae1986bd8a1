"""Events into Kafka: each under the key that keeps its thread in order, in the form that CloudEvents asks for.

Promises that all events are acknowledged when `publish` returns; otherwise it raises, and sending the same events
again is harmless, because their ids and versions are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from streams.broker import Producer
from streams.events import CONTENT_TYPE, Event, MemberErasedEvent, encode
from streams.topics import Topic

CONTENT_TYPE_HEADER = ("content-type", CONTENT_TYPE.encode())
_PROGRESS_EVERY = 500


@dataclass(frozen=True)
class Published:
    """What was sent and acknowledged."""

    sent: int
    size: int


def publish(
    events: Iterable[Event],
    producer: Producer,
    *,
    topic: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Published:
    """Send `events` in their order and wait for all acknowledgements; `size` is in bytes.

    Without `topic`, erasures go to their own topic and everything else to the posts. `progress` is called with the
    number sent so far. Raises `StreamError` or `PartUnavailableError` for the first event that was not acknowledged.
    """
    sent = size = 0
    for event in events:
        value = encode(event)
        producer.send(
            topic or _topic_of(event), key=event.partitionkey.encode(), value=value, headers=(CONTENT_TYPE_HEADER,)
        )
        sent += 1
        size += len(value)
        if progress is not None and sent % _PROGRESS_EVERY == 0:
            progress(sent)
    producer.flush()
    if progress is not None:
        progress(sent)
    return Published(sent=sent, size=size)


def _topic_of(event: Event) -> str:
    return Topic.ERASURE if isinstance(event, MemberErasedEvent) else Topic.POSTS
