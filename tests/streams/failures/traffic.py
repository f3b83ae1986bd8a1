"""A community that goes on writing while parts fail: what it sends, and what the broker said it has."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import count
from threading import Event as Flag
from threading import Thread

from kernel.errors import SuaraError
from kernel.settings import KafkaSettings
from streams.broker import Producer
from streams.events import Event, encode
from tests.streams.histories import town
from tests.streams.poison import REFUSED

CHUNK = 30
PAUSE_SECONDS = 0.1
POISONS = sorted(kind.value for kind in REFUSED if kind.value and len(kind.value) < 10_000)


class Traffic:
    """Sends a history in chunks, a few hundred records a second, each again until the broker has acknowledged it.

    In each chunk events are out of order, some old ones come again, and one record is no event at all.
    """

    def __init__(self, settings: KafkaSettings, topic: str, *, seed: int) -> None:
        self._settings = settings
        self._topic = topic
        self._chance = random.Random(seed)  # noqa: S311
        self._history = town(seed=seed, changes=12_000)
        self._stop = Flag()
        self._thread = Thread(target=self._run, daemon=True)
        self._producer: Producer | None = None
        self.acknowledged: set[str] = set()
        self.records = 0
        self.refusals = 0
        """How often a chunk was not acknowledged, and sent again."""

    def start(self) -> Traffic:
        """Begin to send."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Send no more. What was begun is given up when the broker does not take it."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=120)

    def _run(self) -> None:
        for number in count():
            first = number * CHUNK % len(self._history)
            events = self._history[first : first + CHUNK]
            events = self._chance.sample(events, len(events)) + self._chance.sample(self._history[: first + 1], 1)
            values: list[Event | bytes] = [*events, self._chance.choice(POISONS)]
            while not self._stop.is_set():
                if self._sent(values):
                    self.acknowledged |= {event.id for event in events}
                    self.records += len(values)
                    break
                self.refusals += 1
                self._stop.wait(0.5)
            if self._stop.wait(PAUSE_SECONDS):
                break
        self._disconnect()

    def _sent(self, values: Sequence[Event | bytes]) -> bool:
        try:
            if self._producer is None:
                self._producer = Producer(self._settings)
            for value in values:
                if isinstance(value, bytes):
                    self._producer.send(self._topic, key=b"poison", value=value)
                else:
                    self._producer.send(self._topic, key=value.partitionkey.encode(), value=encode(value))
            self._producer.flush()
        except SuaraError:
            self._disconnect()
            return False
        return True

    def _disconnect(self) -> None:
        if self._producer is not None:
            self._producer.close()
            self._producer = None
