"""What Kafka permits this user, asked before anything depends on it: no record and no topic is touched."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from kernel.errors import PartUnavailableError
from kernel.settings import KafkaSettings
from streams.broker import DeniedError, admin

_HIDDEN = 29  # Kafka's code for a topic that a user may not even describe


class Seen(NamedTuple):
    """A topic as this user sees it, and what they may do with it by Kafka's own names; None when it does not say."""

    exists: bool
    hidden: bool
    allowed: Collection[str] | None


def rights(settings: KafkaSettings, topics: Collection[str]) -> dict[str, Seen]:
    """Return what this user may do with each topic, also with one that is still to be made."""
    with admin(settings) as client:
        found = client.describe_topics(sorted(topics))
    return {topic["name"]: _seen(topic["error_code"], topic["authorized_operations"]) for topic in found}


def _seen(code: int, operations: Collection[str] | None) -> Seen:
    """Some brokers tell no operations. Who sees a topic may at least describe it, so none at all means not told."""
    hidden = code == _HIDDEN
    return Seen(exists=code == 0, hidden=hidden, allowed=operations or (() if hidden else None))


def may_join(settings: KafkaSettings, group: str) -> bool:
    """Say whether this user may be a member of a group; one that does not exist yet is no obstacle."""
    try:
        with admin(settings) as client:
            client.describe_groups([group])
    except DeniedError:
        return False
    except PartUnavailableError:  # a cluster that never had a group has no coordinator yet
        return True
    return True
