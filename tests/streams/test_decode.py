"""Whatever the bytes are: an event, or a typed reason that tells nothing of what was in them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.decode import INSTANTS, Rejection, decode
from streams.events import EVENT_TYPES, MemberState, PostCreated, encode
from tests.streams.conftest import NOW
from tests.streams.poison import ACCEPTED, MAKER, REFUSED, SECRET, VALUE, Kind, changed

BY_DECODER = [kind for kind in REFUSED if kind.stage != "load"]


@pytest.mark.parametrize("kind", BY_DECODER, ids=str)
def test_poison_is_refused_with_its_reason(kind: Kind) -> None:
    found = decode(kind.value, record_ts=NOW)
    assert isinstance(found, Rejection)
    assert f"{found.stage}.{found.reason}" == kind.outcome
    assert SECRET not in f"{found}"


@pytest.mark.parametrize("kind", [*ACCEPTED, *(kind for kind in REFUSED if kind.stage == "load")], ids=str)
def test_strange_but_right_is_accepted(kind: Kind) -> None:
    assert not isinstance(decode(kind.value, record_ts=NOW), Rejection)


def test_nul_in_words_becomes_the_replacement_character() -> None:
    value = changed(data_body="a\0b", data_tags=["x\0"], data_reaction_counts={"\0": 2}, data_title="\\u0000")
    event = decode(value, record_ts=NOW)
    assert isinstance(event, PostCreated)
    assert (event.data.body, event.data.tags, event.data.reaction_counts) == ("a\ufffdb", ("x\ufffd",), {"\ufffd": 2})
    assert event.data.title == "\\u0000"
    named = MAKER.member(MemberState(member_id="ana", version=1, display_name="A\0"), at=NOW)
    assert decode(encode(named), record_ts=NOW).data.display_name == "A\ufffd"  # type: ignore[union-attr]


def test_every_instant_of_the_contract_is_bounded() -> None:
    for kind in EVENT_TYPES:
        model = get_type_hints(kind)["data"]
        hints = get_type_hints(model)
        instants = {name for name, hint in hints.items() if datetime in (hint, *get_args(hint))}
        assert instants == set(INSTANTS.get(model, ())), model


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=400))
def test_no_bytes_raise(value: bytes) -> None:
    assert isinstance(decode(value, record_ts=NOW), Rejection)


@given(st.lists(st.tuples(st.integers(0, len(VALUE) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_no_broken_event_raises(flips: list[tuple[int, int]]) -> None:
    value = bytearray(VALUE)
    for place, byte in flips:
        value[place] = byte
    decode(bytes(value), record_ts=NOW)


@given(st.sampled_from(sorted(json.loads(VALUE)) + [f"data_{name}" for name in json.loads(VALUE)["data"]]), json_values)
def test_no_value_in_any_place_raises(name: str, value: Any) -> None:
    found = decode(changed(**{name: value}), record_ts=NOW)
    if not isinstance(found, Rejection):
        msgspec.json.encode(found).decode()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50))
def test_words_arrive_as_they_were_written(body: str) -> None:
    event = decode(changed(data_body=body), record_ts=NOW)
    assert isinstance(event, PostCreated)
    assert event.data.body == body.replace("\0", "\ufffd")
