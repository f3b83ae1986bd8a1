"""Every kind of bad record, sent through the real sink with good events between them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import zip_longest

import pytest
import structlog
from sqlalchemy import text

from kernel import log
from streams.broker import MAX_RECORD_BYTES, Producer
from streams.events import Event, encode
from streams.sink import SinkTotals
from tests.streams.conftest import Stream
from tests.streams.histories import town
from tests.streams.poison import ACCEPTED, MEANINGS, PAGE, REFUSED, SECRET, page, wide
from tests.streams.test_sink import assert_warehouse_holds

# The broker itself refuses the largest, and by its clock the other is not ahead. The decoder's tests have both.
NOT_SENT = {"ten megabytes", "a second more than a day ahead"}
SENT = [kind for kind in (*REFUSED, *ACCEPTED) if kind.name not in NOT_SENT]


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All that is logged, down to the least level."""
    lines = io.StringIO()
    log.configure(level="DEBUG", stream=lines)
    yield lines
    structlog.reset_defaults()


def send(stream: Stream, good: list[Event]) -> None:
    """Send each kind, marked by its name in a header where it has headers, and good events before and after each."""
    with Producer(stream.settings, max_record_bytes=2 * MAX_RECORD_BYTES) as producer:
        for event, kind in zip_longest(good, SENT):
            producer.send(stream.posts, key=event.partitionkey.encode(), value=encode(event))
            if kind is not None:
                headers = [*kind.headers, ("kind", kind.name.encode())] if kind.headers else []
                producer.send(stream.posts, key=kind.key, value=kind.value, headers=headers)


def refused(stream: Stream) -> dict[str, tuple[str, bytes | None, str]]:
    """Return outcome, payload and headers of each kind that was refused, by its name."""
    query = "select stage || '.' || reason, payload, headers, status, record_headers from raw.rejected_event"
    with stream.engine.connect() as connection:
        rows = connection.execute(text(query)).all()
    assert {row.status for row in rows} == {"open"}
    return {row.record_headers[3].decode(): (row[0], row.payload, str(row.headers)) for row in rows}


def test_every_kind_has_its_outcome_and_stops_nobody(
    stream: Stream, logged: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    good = town(seed=31, changes=len(SENT))
    assert len(good) > len(SENT) > 120
    send(stream, good)
    bad = [kind for kind in SENT if kind in REFUSED]
    assert stream.drain(batch=40) == SinkTotals(loaded=len(good) + len(ACCEPTED), rejected=len(bad))
    assert_warehouse_holds(stream, good, records=len(good) + len(ACCEPTED))
    found = refused(stream)
    assert {name: outcome for name, (outcome, _, _) in found.items()} == {kind.name: kind.outcome for kind in bad}
    for kind in bad:
        assert found[kind.name][1] == (kind.value and kind.value[:MAX_RECORD_BYTES]), kind
    letters = stream.letters()
    assert len(letters) == len(bad)
    told = [str(letter.headers) for letter in letters] + [headers for _, _, headers in found.values()]
    for said in (*told, logged.getvalue(), *capfd.readouterr()):
        assert SECRET not in said
        assert wide(4) not in said


class NotText(str):
    """A header's name that the client writes as bytes which are not UTF-8."""

    def encode(self, *_: str) -> bytes:
        return b"na\xffme"


def test_a_header_whose_name_is_not_text_holds_nothing_up(stream: Stream) -> None:
    good = town(seed=32, changes=20)
    with Producer(stream.settings) as producer:
        for event in good:
            producer.send(
                stream.posts, key=b"k", value=encode(event), headers=[(NotText("name"), b"v"), ("x", b"\xff")]
            )
            producer.send(stream.posts, key=b"k", value=b"{", headers=[("before", b""), (NotText("name"), b"v")])
    assert stream.drain() == SinkTotals(loaded=len(good), rejected=len(good))
    assert_warehouse_holds(stream, good, records=len(good))
    assert stream.scalar("select distinct record_headers from raw.rejected_event") == [
        b"before", b"", b"na\\xffme", b"v",
    ]  # fmt: skip


def test_a_nul_in_words_is_replaced_on_the_way_in(stream: Stream) -> None:
    kind = next(kind for kind in ACCEPTED if kind.name == "NUL in words")
    stream.send(kind.value)
    stream.drain()
    assert stream.scalar("select body || coalesce(title, '') || tags[1] from core.post") == "a\ufffdb\ufffdx\ufffd"
    assert stream.scalar("select position(chr(92) || 'u0000' in payload) > 0 from raw.event")


def test_every_kind_is_named_once_and_every_reason_is_explained() -> None:
    names = [kind.name for kind in (*REFUSED, *ACCEPTED)]
    assert len(names) == len(set(names))
    assert set(MEANINGS) == {kind.outcome for kind in REFUSED}


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page(), "write it anew: python -m tests.streams.poison"
