"""Records, the logs that keep them, and topics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from kafka import errors as kafka_errors

from streams.broker import Header

_FRAMING_BYTES = 70  # what a batch of one record adds to it


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """A record as a consumer gets it. `timestamp` is when it was appended, in milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[Header]

    @property
    def size(self) -> int:
        """Its bytes, about as Kafka counts them."""
        headers = sum(len(name.encode()) + len(value) for name, value in self.headers)
        return len(self.key or b"") + len(self.value or b"") + headers + _FRAMING_BYTES


@dataclass
class MemoryLog:
    """One partition: the records that are kept, the first of them at `begin`."""

    begin: int = 0
    records: list[MemoryRecord] = field(default_factory=list)

    @property
    def end(self) -> int:
        """The offset that the next record will have."""
        return self.begin + len(self.records)

    def drop(self, before: int) -> None:
        """Forget the records before an offset, as retention does."""
        if not 0 <= before <= self.end:
            raise kafka_errors.OffsetOutOfRangeError
        self.records = self.records[max(0, before - self.begin) :]
        self.begin = max(self.begin, before)


@dataclass
class MemoryTopic:
    """A topic under one id; `in_sync` nodes hold it."""

    topic_id: UUID
    logs: list[MemoryLog]
    configs: dict[str, str]
    replicas: int
    in_sync: int

    def refusal(self, record: MemoryRecord) -> Exception | None:
        """Return what Kafka would answer instead of taking a record."""
        if self.in_sync < min(self.replicas, int(self.configs.get("min.insync.replicas", "1"))):
            return kafka_errors.NotEnoughReplicasError()
        if record.size > int(self.configs.get("max.message.bytes", "1048588")):
            return kafka_errors.MessageSizeTooLargeError()
        return None
