"""Records that Kafka's client holds, until each is acknowledged or its loss is an error.

Every wait here has an end, which the client's own waits have not: where a broker freezes or is gone for good, the first
batch that is given up amid a retry makes the client ask for a new producer id before all else, and while nobody
answers that, it gives up no other batch. Its `flush` then waits for ever; its `close` fails and leaves a thread behind.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol, Self

from kafka.errors import KafkaError, KafkaTimeoutError

from kernel.clock import SystemClock
from kernel.errors import InputError, PartUnavailableError, StreamError

# The client gives a record up by itself when its patience is over; this much later it will not do so any more.
_GRACE_SECONDS = 10.0
_HURRY_SECONDS = 1.0
_CLOSE_SECONDS = 2.0


class Acknowledgement(Protocol):
    """What becomes of one record."""

    def succeeded(self) -> bool:
        """Return whether the brokers have it."""


class FlushedAtTheEnd(ABC):
    """What flushes at the end of a `with` block that went well, and disconnects at that of any."""

    @abstractmethod
    def flush(self) -> None:
        """Wait until all that was taken is safe."""

    @abstractmethod
    def close(self) -> None:
        """Disconnect."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.flush()
        finally:
            self.close()


def require_size(number: int, topic: str, key: bytes | None, value: bytes | None, *, limit: int) -> int:
    """Return the bytes of a record that is to be sent. Raises `InputError` when they are too many."""
    size = len(value or b"") + len(key or b"")
    if size > limit:
        message = f"record {number} for {topic} has {size:,} bytes, and at most {limit:,} fit"
        raise InputError(message, remedy="Shorten it at the source; nothing of it was sent.")
    return size


def reason_of(error: Exception) -> str:
    """Return what an error of the client says, or its name where it says nothing."""
    return str(error) or type(error).__name__


class OnTheWay:
    """The records that are not known to be acknowledged, in the order in which they were sent."""

    def __init__(self, client: Any, *, patience: float) -> None:
        self._client = client
        self._patience = patience + _GRACE_SECONDS
        self._waiting: deque[tuple[int, str, Any]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, number: int, topic: str, future: Any) -> None:
        """Note a record that was handed to the client."""
        self._waiting.append((number, topic, future))

    def require_oldest(self) -> None:
        """Wait for the oldest record, as `require_all` does for each."""
        self._require(SystemClock().monotonic() + self._patience)

    def require_all(self) -> None:
        """Wait until all are acknowledged, for the patience of the client and 10 s at most.

        Raises `PartUnavailableError` for the first that was not where sending again may help, else `StreamError`; the
        message says how many others were not.
        """
        with suppress(KafkaError):  # it makes the client send at once; what it misses is waited for below
            self._client.flush(timeout=_HURRY_SECONDS)
        deadline = SystemClock().monotonic() + self._patience
        while self._waiting:
            self._require(deadline)

    def close(self) -> None:
        """Give up what is on its way, and end the client."""
        self._waiting.clear()
        try:
            self._client.close(timeout=_CLOSE_SECONDS)
        except KafkaTimeoutError:
            # It has waited for the lost records, and then not ended its thread.
            self._client._sender.force_close()
            self._client._closed = True

    def _require(self, deadline: float) -> None:
        number, topic, future = self._waiting.popleft()
        try:
            future.get(timeout=max(0.0, deadline - SystemClock().monotonic()))
        except KafkaError as error:
            others = sum(not future.succeeded() for _, _, future in self._waiting)
            besides = f", nor were {others:,} others" if others else ""
            message = f"record {number} for {topic} was not acknowledged{besides}: {reason_of(error)}"
            kind = PartUnavailableError if getattr(error, "retriable", False) else StreamError
            raise kind(message, remedy="Send again: what arrived already is recognised and loaded once.") from error
