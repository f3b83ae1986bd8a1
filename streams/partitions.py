"""More partitions for the topics of posts, while they are written and read.

A key's place depends on their number, so a member's or thread's later events may go to another partition than its
earlier ones, and be loaded before them. The versions in the events decide what is newest, not the order.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from kernel.errors import PartUnavailableError, StreamError
from kernel.settings import KafkaSettings
from streams.broker import DeniedError, admin
from streams.topics import SPREAD, partitions

_PATIENCE_SECONDS = 15.0
_LOOK_SECONDS = 0.1


def raise_partitions(settings: KafkaSettings, *, prefix: str = "", say: Callable[[str], None]) -> dict[str, int]:
    """Give topics that exist as many partitions as `SUARA_KAFKA__PARTITIONS` says, and return the counts of those.

    No count is ever lowered, which Kafka cannot do. What is raised, and what is asked for and cannot be, is said; only
    an answer that is no refusal raises: `StreamError` or `PartUnavailableError`. `prefix` stands before the names.
    """
    wanted = {prefix + topic: partitions(topic, settings) for topic in SPREAD}
    with admin(settings) as client:
        found = _counts(client, wanted)
    few = {name: count for name, count in wanted.items() if name in found and found[name] < count}
    if "partitions" in settings.model_fields_set:
        for name in sorted(found):
            if found[name] > wanted[name]:
                say(f"{name} keeps its {found[name]} partitions: Kafka cannot lower them to {wanted[name]}")
    if not few:
        return {}
    try:
        _raise(settings, few)
    except DeniedError:
        for name, count in sorted(few.items()):
            say(f"{name} keeps its {found[name]} partitions: Kafka does not let this user raise them to {count}.")
        say(
            "Let an administrator grant --operation Alter on the topics, or "
            f"set SUARA_KAFKA__PARTITIONS={min(found[name] for name in few)}."
        )
        return {}
    for name, count in sorted(few.items()):
        say(f"Raised the partitions of {name} from {found[name]} to {count}")
    return few


def _raise(settings: KafkaSettings, wanted: Mapping[str, int]) -> None:
    """Ask for the partitions, and wait until each has a leader. What another process raised meanwhile is as good."""
    try:
        with admin(settings) as client:
            client.create_partitions(dict(wanted))
    except DeniedError:
        raise
    except StreamError:
        with admin(settings) as client:
            there = _counts(client, wanted)
        if any(there.get(name, 0) < count for name, count in wanted.items()):
            raise
    with admin(settings) as client:
        for _ in range(int(_PATIENCE_SECONDS / _LOOK_SECONDS)):
            there = _counts(client, wanted, led=True)
            if all(there.get(name, 0) >= count for name, count in wanted.items()):
                return
            time.sleep(_LOOK_SECONDS)
    message = f"Kafka has no leader for the new partitions of {', '.join(sorted(wanted))} yet"
    raise PartUnavailableError(message, remedy="They come by themselves; `suara up` looks again.")


def _counts(client: Any, topics: Mapping[str, int], *, led: bool = False) -> dict[str, int]:
    """Return how many partitions each topic that exists has; with `led`, how many of them have a leader."""
    found = client.describe_topics(sorted(topics))
    return {
        topic["name"]: sum(part["leader_id"] >= 0 or not led for part in topic["partitions"])
        for topic in found
        if topic["error_code"] == 0
    }
