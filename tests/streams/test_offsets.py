"""What waits in Kafka, told from the offsets in the warehouse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from kernel.errors import StreamError
from streams.offsets import waiting
from tests.streams.conftest import Stream
from tests.streams.histories import town

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def count(stream: Stream, **options: Any) -> int:
    return waiting(stream.engine, stream.settings, topics=stream.topics, **options)


def test_only_partitions_that_may_hold_older_records_count(stream: Stream) -> None:
    stream.send(*town(seed=5, changes=40))
    assert count(stream, before=LONG_AGO) == count(stream)
    stream.drain()
    stream.send(*town(seed=6, changes=40))
    assert count(stream, before=LONG_AGO) == 0
    assert 0 < count(stream, before=datetime.now(UTC) + timedelta(days=1)) <= count(stream)


def test_a_log_that_went_back_is_named(stream: Stream) -> None:
    stream.send(*town(seed=7, changes=10))
    stream.drain()
    with stream.engine.begin() as connection:
        connection.execute(text("update raw.ingest_offset set next_offset = next_offset + 1000"))
    with pytest.raises(StreamError, match=r"partition [012], went back"):
        count(stream)
    stream.send(*town(seed=8, changes=10))
    with pytest.raises(StreamError, match=r"partition [012], went back"):
        stream.drain()
