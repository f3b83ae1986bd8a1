from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nlp.pii import find, mask


def _masked(text: str) -> str:
    return mask(text, find([text])[0])


_AROUND = st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=40)
_NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=12)
_BETWEEN = st.sampled_from([" ", "\n", ", ", ": ", " (", "! ", ""])


@given(_AROUND, _BETWEEN, _NAMES, _NAMES, st.sampled_from(["com", "co.id", "net"]))
def test_a_planted_address_never_leaks(around, between, user, host, ending):
    address = f"{user}@{host}.{ending}"
    assert address not in _masked(f"{around}{between}{address} {around}")


@given(_AROUND, _BETWEEN, st.integers(10**8, 10**11 - 1), st.sampled_from(["08{}", "+628{}", "628{}", "8{}"]))
def test_a_planted_phone_never_leaks(around, between, rest, shape):
    number = shape.format(rest)
    assume(phonenumbers.is_valid_number(phonenumbers.parse(f"+628{rest}")))
    assume(not (around + between)[-1:].isdigit() and between not in (" ", "\n", ""))
    assert number not in _masked(f"{around}{between}{number} {around}")


@given(
    _AROUND,
    st.integers(11, 94), st.integers(0, 9999), st.integers(1, 28), st.booleans(), st.integers(1, 12),
    st.integers(0, 99), st.integers(1, 9999),
)  # fmt: skip
def test_a_planted_nik_never_leaks(around, province, district, day, woman, month, year, serial):
    nik = f"{province:02}{district:04}{day + 40 * woman:02}{month:02}{year:02}{serial:04}"
    assert nik not in _masked(f"{around}; NIK {nik}; {around}")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to rina.w+app@contoh.co.id today", "write to [email] today"),
        ("rina[at]contoh[dot]com", "[email]"),
        ("WA 0812-3456-7890 ya", "WA [phone] ya"),
        ("call +44 20 7946 0958 or (415) 555-2671", "call [phone] or [phone]"),
        ("two: 08123456789 081234567890", "two: [phone] [phone]"),
        ("my NIK 3273 0141 0790 0001", "my NIK [nik]"),
        ("card 4111 1111 1111 1111", "card [card]"),
        ("pay to DE89 3704 0044 0532 0130 00 please", "pay to [iban] please"),
        ("from 8.8.8.8 and 2001:4860:4860::8888", "from [ip] and [ip]"),
        ("thanks @rina_w!", "thanks [handle]!"),
        ("alamat Jl. Merdeka Raya No. 12 RT 03/RW 05", "alamat [address] [address]"),
        ("I live at 221 Baker Street in London", "I live at [address] in London"),
        ("token ghp_abcdEFGHijklMNOPqrstUVWX0123456789ab", "token [key]"),
        ("token ghp_abcdEFGHijklMNOPqrstUVWXabcdEFGHijkl", "token [key]"),
    ],
)
def test_personal_data_is_masked_by_kind(text, masked):
    assert _masked(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "since version 3.2.1.4 on 2024-01-02 at 10:22:30",
        "v4.2.1.0 fixes it",
        "Rp 1.250.000 for 12 people, order 20240102103055",
        "error 0x80070005 at 192.168.1.1",
        "local 127.0.0.1:8080 works",
        "5 of 10, 20 30 40 50 60 70",
        "mail@ is not an address",
        "a_rather_long_function_name_without_any_digits",
        "card 4999 9999 9999 9991 has a wrong digit",
    ],
)
def test_what_only_looks_personal_stays(text):
    assert _masked(text) == text


@given(st.lists(st.text(max_size=120), max_size=4))
def test_spans_are_in_order_and_never_overlap(texts):
    for text, spans in zip(texts, find(texts), strict=True):
        ends = [0]
        for span in spans:
            assert ends[-1] <= span.start < span.end <= len(text)
            ends.append(span.end)
