"""Following an import into the warehouse."""

from __future__ import annotations

from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from kernel.errors import StreamError
from streams import imports
from streams.broker import Place
from streams.topics import Topic


class Hurrying:
    """A clock on which half a minute passes between two looks."""

    def __init__(self) -> None:
        self._looks = count(step=30)

    def monotonic(self) -> float:
        return float(next(self._looks))


def follow(engine: Engine, *, step: int, start: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Follow ten records from offset `start`, while the sink moves by `step` records between two looks."""
    places = {"topic": str(Topic.POSTS), "id": uuid4()}
    with engine.begin() as connection:
        connection.execute(
            text("insert into raw.ingest_offset (consumer_group, topic, kafka_partition, next_offset, topic_id) "
                 "values ('g', :topic, 0, 0, :id)"),
            places,
        )  # fmt: skip

    def move(_seconds: float) -> None:
        with engine.begin() as connection:
            connection.execute(text("update raw.ingest_offset set next_offset = next_offset + :step"), {"step": step})

    monkeypatch.setattr(imports.time, "sleep", move)
    clock: Any = Hurrying()
    written = imports.Stretch({Place(Topic.POSTS, 0): (start, start + 10)})
    imports.follow(engine, written, group="g", clock=clock, show=lambda *_: None)


def test_records_ahead_of_an_import_are_progress(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    follow(engine, step=10, start=100, monkeypatch=monkeypatch)


def test_a_sink_that_stands_still_is_said_to(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StreamError, match="the sink has loaded nothing for 60 s; 10 events wait"):
        follow(engine, step=0, start=100, monkeypatch=monkeypatch)
