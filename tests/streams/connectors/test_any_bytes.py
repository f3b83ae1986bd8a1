"""Whatever a file holds, it ends in events that the sink accepts, counted refusals, or an `InputError`."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import InputError
from streams.connectors.base import RejectedRow, SkippedRow
from streams.connectors.opening import Format
from streams.decode import Rejection, decode
from streams.events import encode
from tests.streams.connectors.sources import NOW, connector

HEADER = "id,thread_id,author,created_at,edited_at,text,title,rating,tags,number,reply_to,role"
CELL = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", "1", "2", "2026-11-02", "2026-11-02T09:00:00Z", "1793610900", "5", "staff", "NaN", "1e400"]),
)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda part: st.lists(part),
    max_leaves=4,
)


def exhaust(content: bytes, form: Format) -> None:
    """Read `content` as both a strict and a lenient preset; everything but `InputError` goes through."""
    for preset in ("forum", "chat", "reviews"):
        with tempfile.TemporaryDirectory() as folder:
            try:
                items = list(connector(Path(folder), content, form=form, preset=preset, zone="Asia/Jakarta").read())
            except InputError as error:
                str(error).encode()
                continue
        for item in items:
            if not isinstance(item, RejectedRow | SkippedRow):
                assert not isinstance(decode(encode(item), record_ts=NOW), Rejection)
                item.partitionkey.encode()


@given(st.binary(max_size=300), st.booleans(), st.booleans())
def test_any_bytes_as_a_table(content: bytes, packed: bool, headed: bool) -> None:
    content = HEADER.encode() + b"\n" + content if headed else content
    exhaust(gzip.compress(content) if packed else content, "csv")


@given(st.binary(max_size=200), st.integers(0, 200))
def test_any_damage_to_a_packed_table(noise: bytes, place: int) -> None:
    packed = gzip.compress((HEADER + "\n1,1,a,2026-11-02,,x,,,,,,\n").encode())
    exhaust(packed[:place] + noise, "csv")


@given(st.lists(st.lists(CELL, min_size=12, max_size=12), max_size=6))
def test_any_cells(rows: Sequence[Sequence[str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER.split(","), *rows])
    exhaust(text.getvalue().encode("utf-8", "surrogatepass"), "csv")


@given(st.binary(max_size=300))
def test_any_bytes_as_lines(content: bytes) -> None:
    exhaust(b'{"author":"a","text":"x","created_at":"2026-11-02"}\n' + content, "jsonl")


@given(st.lists(st.dictionaries(st.sampled_from(HEADER.split(",")), VALUE), min_size=1, max_size=6))
def test_any_values_in_lines(records: list[dict[str, object]]) -> None:
    first = {"author": "a", "text": "x", "created_at": "2026-11-02"}
    exhaust("\n".join(json.dumps(record) for record in [first, *records]).encode(), "jsonl")


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\x1f\x8b", b"\0"])
def test_marks_without_content(mark: bytes) -> None:
    exhaust(mark, "csv")
    exhaust(mark, "jsonl")
