"""Sending that goes on when the brokers go away: what they have not acknowledged, and all that follows, is spooled.

From the first record that brokers do not take, every later one goes to the spool too, also when they come back: the
order of a key holds. Only brokers that are away lead to the spool; one that refuses is an error, as without it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from kernel.errors import PartUnavailableError
from kernel.settings import KafkaSettings
from streams.acknowledged import Acknowledgement, FlushedAtTheEnd, require_size
from streams.broker import MAX_RECORD_BYTES, PATIENCE_SECONDS, Header, Producer
from streams.spool import Spool, Waiting, Writer

# Records are kept until they are acknowledged, to be spooled if they are not; more than this is waited for.
MAX_UNACKNOWLEDGED_BYTES = 64 * 1024 * 1024


class PatientProducer(FlushedAtTheEnd):
    """Takes records as `Producer` does, and sends what the spool holds before them. Use it in a `with` block.

    `tell` is called once, with what happened, when the spool is first used.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        spool: Spool,
        *,
        tell: Callable[[PartUnavailableError], None] = lambda _: None,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._spool = spool
        self._tell = tell
        self._unacknowledged: deque[tuple[Waiting, int, Acknowledgement]] = deque()
        self._size = 0
        self._taken = 0
        self._open = ExitStack()
        self._producer: Producer | None = None
        self._writer: Writer | None = None
        self.away: PartUnavailableError | None = None
        """Why records are spooled, where they are."""
        self.drained = 0
        """How many records were in the spool, and were sent before all others."""
        self.safe = 0
        """So many records, the first ones, are in Kafka or in the spool for certain."""
        try:
            self._begin(settings, patience)
        except BaseException:
            self.close()
            raise

    @property
    def spooled(self) -> int:
        """How many records were taken and wait in the spool."""
        return self._writer.records if self._writer else 0

    def send(self, topic: str, *, key: bytes | None, value: bytes | None, headers: Sequence[Header] = ()) -> None:
        """Take one record; it is safe, in Kafka or in the spool, only after `flush`.

        Raises `InputError` when it is too large, and `SpoolFullError` when brokers are away and it has no room.
        """
        self._taken += 1
        size = require_size(self._taken, topic, key, value, limit=MAX_RECORD_BYTES)
        record = Waiting(topic, key, value, tuple(headers))
        if self._writer is not None:
            self._put(self._writer, record)
            return
        assert self._producer is not None  # noqa: S101 - either of them is there
        try:
            if self._size > MAX_UNACKNOWLEDGED_BYTES:
                self._producer.flush()
            acknowledgement = self._producer.send(topic, key=key, value=value, headers=headers)
        except PartUnavailableError as error:
            self._put(self._go_to_spool(error), record)
            return
        self._unacknowledged.append((record, size, acknowledgement))
        self._size += size
        self._forget_acknowledged()

    def flush(self) -> None:
        """Wait until all records are acknowledged or in the spool."""
        if self._producer is not None:
            try:
                self._producer.flush()
                self._forget_acknowledged()
            except PartUnavailableError as error:
                self._go_to_spool(error)
        if self._writer is not None:
            self._writer.sync()

    def close(self) -> None:
        """Disconnect. What was not flushed may be in Kafka, in the spool or in neither."""
        if self._producer is not None:
            self._producer.close()
            self._producer = None
        self._open.close()

    def _begin(self, settings: KafkaSettings, patience: float) -> None:
        try:
            self._producer = Producer(settings, patience=patience)
            self.drained = self._spool.send(self._producer)
        except PartUnavailableError as error:
            self._go_to_spool(error)

    def _go_to_spool(self, error: PartUnavailableError) -> Writer:
        """Send nothing more; what is not acknowledged goes to the spool first."""
        self.away = error
        self._tell(error)
        if self._producer is not None:
            self._producer.close()
            self._producer = None
        self._writer = self._open.enter_context(self._spool.writing())
        for record, _, acknowledgement in self._unacknowledged:
            if acknowledgement.succeeded():
                self.safe += 1
            else:
                self._put(self._writer, record)
        self._unacknowledged.clear()
        return self._writer

    def _put(self, writer: Writer, record: Waiting) -> None:
        writer.add(record)
        self.safe += 1

    def _forget_acknowledged(self) -> None:
        while self._unacknowledged and self._unacknowledged[0][2].succeeded():
            self._size -= self._unacknowledged.popleft()[1]
            self.safe += 1
