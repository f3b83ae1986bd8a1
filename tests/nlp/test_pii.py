from __future__ import annotations

import time

import phonenumbers
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from benchmarks.understanding import pii_posts
from benchmarks.understanding.pii_values import VALUES
from kernel.model import PiiSpan
from nlp.pii import KINDS, find, mask
from nlp.text import PLACEHOLDER


def _masked(text: str, **options: list[str]) -> str:
    return mask(text, find([text], **options)[0])


_AROUND = st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=40)
_NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=12)
_BETWEEN = st.sampled_from([" ", "\n", ", ", ": ", " (", "! ", ""])


@given(_AROUND, _BETWEEN, _NAMES, _NAMES, st.sampled_from(["com", "co.id", "net"]))
def test_a_planted_address_never_leaks(around, between, user, host, ending):
    address = f"{user}@{host}.{ending}"
    assert address not in _masked(f"{around}{between}{address} {around}")


@given(
    st.integers(10**8, 10**11 - 1),
    st.sampled_from([" 08{}", "\n+628{}", ", 628{}", " (+628{})", " wa 8{}", " WA:08{}"]),
)
def test_a_planted_phone_never_leaks(rest, shape):
    assume(phonenumbers.is_valid_number(phonenumbers.parse(f"+628{rest}")))
    assert str(rest) not in _masked(f"tolong dong{shape.format(rest)} ya")


@given(
    _AROUND,
    st.sampled_from([11, 21, 32, 36, 53, 65, 76, 82, 97]), st.integers(101, 9999), st.integers(1, 28), st.booleans(),
    st.integers(1, 12), st.integers(0, 99), st.integers(1, 9999),
)  # fmt: skip
def test_a_planted_nik_never_leaks(around, province, district, day, woman, month, year, serial):
    nik = f"{province:02}{district:04}{day + 40 * woman:02}{month:02}{year:02}{serial:04}"
    assert nik not in _masked(f"{around}; NIK {nik}; {around}")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to rina.w+app@contoh.co.id today", "write to [email] today"),
        ("rina[at]contoh[dot]com", "[email]"),
        ("kirim ke budi at gmail dot com ya", "kirim ke [email] ya"),
        ("contact me at budi.s [at] gmail titik com", "contact me at [email]"),
        ("surel: budi (at) ui (dot) ac (dot) id", "surel: [email]"),
        ("WA 0812-3456-7890 ya", "WA [phone] ya"),
        ("wa: 0812\U0001f64f3456\U0001f64f7890", "wa: [phone]"),
        ("hub 0 8 1 2 3 4 5 6 7 8 9 0 aja", "hub [phone] aja"),
        ("nol delapan satu dua tiga empat lima enam tujuh lapan", "[phone]"),
        ("call zero eight one two, three four five six, seven eight", "call [phone]"),
        ("kosong lapan satu 2 3456 789", "[phone]"),
        ("o8l2-3456-789o", "[phone]"),
        ("call +44 20 7946 0958 or (415) 555-2671", "call [phone] or [phone]"),
        ("my mobile is 07400 123456", "my mobile is [phone]"),
        ("two: 08123456789 081234567890", "two: [phone] [phone]"),
        ("my NIK 3273 0141 0790 0001", "my NIK [nik]"),
        ("ktp 32.73.01.410790.0001", "ktp [nik]"),
        ("card 4111 1111 1111 1111", "card [card]"),
        ("amex 3782-822463-10005", "amex [card]"),
        ("pay to DE89 3704 0044 0532 0130 00 please", "pay to [iban] please"),
        ("ke gb29nwbk60161331926819 ya", "ke [iban] ya"),
        ("from 8.8.8.8 and 2001:4860:4860::8888", "from [ip] and [ip]"),
        ("thanks @rina_w!", "thanks [handle]!"),
        ("IG: rina.wijaya", "IG: [handle]"),
        ("alamat Jl. Merdeka Raya No. 12 RT 03/RW 05", "alamat [address] [address]"),
        ("jalan diponegoro no 7a", "[address]"),
        ("I live at 221 Baker Street in London", "I live at [address] in London"),
        ("token ghp_abcdEFGHijklMNOPqrstUVWX0123456789ab", "token [key]"),
        ("token ghp_abcdEFGHijklMNOPqrstUVWXabcdEFGHijkl", "token [key]"),
        ("Hi Budi,\nthanks", "Hi [name],\nthanks"),
        ("Halo kak Sari, mau tanya", "Halo kak [name], mau tanya"),
        ("It works.\nThanks, Anna", "It works.\nThanks, [name]"),
        ("Mohon dibantu.\nSalam,\nPak Joko", "Mohon dibantu.\nSalam,\nPak [name]"),
        ("Nama saya Siti Aminah, dari Bogor", "Nama saya [name], dari Bogor"),
        ("Regards,\nAnna Larsen\n+49 1512 3456789", "Regards,\n[name]\n[phone]"),
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
        "nomor pesanan 081234567890",
        "error 0x80070005 at 192.168.1.1",
        "local 127.0.0.1:8080 works",
        "5 of 10, 20 30 40 50 60 70",
        "0.45744053 and 141.693 -60.6896 -107.592",
        "05-29 10:52:17.037 4229 4363 F launcher",
        "mail@ is not an address",
        "look at github.com, or meet me at ten",
        "install pkg@1.2.3 and @types/node, use @property, see logo@2x.png",
        "git clone git@github.com:acme/tools.git",
        "commit 544ce6a558a034decf92e2684168e3d1c848666e, id 0f8fad5b-d9cb-469f-a165-70867728950e",
        "undefined reference to _ZN6Urho3D7Network15MakeHttpRequestERKNS_6StringES3_",
        "a_rather_long_function_name_without_any_digits",
        "card 4999 9999 9999 9991 has a wrong digit",
        "C::B and std::vector::size",
        "jalan terus no 1, jalan tol 2 jam, 3 Google Drive links",
        "from zero to nine, satu dua tiga tes",
        "Hi all, Hi Team, Dear Support",
        "Hi all,\nHalo min,\nHi Team,\nDear Support,\nHello World!\nTerima kasih, Mantap",
        "Works again. Thanks, Great app",
    ],
)
def test_what_only_looks_personal_stays(text):
    assert _masked(text) == text


def test_a_product_is_no_person():
    assert _masked("Thank you Duolingo!") == "Thank you [name]!"
    assert _masked("Thank you Duolingo!", products=["Duolingo"]) == "Thank you Duolingo!"


# Pieces that are personal data, or come near it, in any order and neighbourhood.
_PIECES = st.one_of(
    st.sampled_from([post.text for post in pii_posts.posts(5, each=4)]),
    st.sampled_from(
        [" ", "", "\n", "@", ".", "-", "Hi ", "Thanks, ", "wa ", "+62", "0812", "3456", "[", "]", "at", "IG: "]
    ),
    st.text(max_size=20),
)


@given(st.lists(_PIECES, max_size=6).map("".join))
@example("My address: 167 Baker Drive@reach me")
@example(f"{'r' * 60}@contoh.id, telegram: kwame763rekening saya GB43 TUDM 8900 3353 0692 09 tolong dicek")
def test_spans_are_in_order_and_a_masked_text_holds_nothing_more(text):
    (spans,) = find([text])
    ends = [0]
    for span in spans:
        assert span.kind in KINDS
        assert ends[-1] <= span.start < span.end <= len(text)
        ends.append(span.end)
    masked = mask(text, spans)
    assert find([masked]) == [()]
    assert len(PLACEHOLDER.findall(masked)) >= len(spans)


@pytest.mark.parametrize("kind", [*VALUES])
def test_each_kind_is_found_in_generated_posts_and_in_no_trap(kind):
    posts = pii_posts.posts(11, each=40)
    found = find([post.text for post in posts])
    planted = [(post, spans) for post, spans in zip(posts, found, strict=True) if post.kind == kind]
    hidden = [_covers(spans, post.spans[0]) for post, spans in planted]
    assert sum(hidden) >= 0.95 * len(hidden)
    trapped = [post.text for post, spans in zip(posts, found, strict=True) if post.kind == "trap" and spans]
    assert not trapped


def _covers(spans: tuple[PiiSpan, ...], planted: PiiSpan) -> bool:
    return any(span.kind == planted.kind and planted.start < span.end and span.start < planted.end for span in spans)


@pytest.mark.parametrize(
    "piece", ["a.", "0 ", "08 ", "a at ", "(at)", "satu ", "1 Aa ", "Jl. A ", "aA1", "Hi A", "2001:", "@a", "a@b.co "]
)
def test_the_time_of_a_text_grows_with_its_length_and_no_faster(piece):
    """Eight times the text takes about eight times as long; 64 times where a rule starts over at each letter."""
    short, long = (min(_seconds(piece * (letters // len(piece))) for _ in range(5)) for letters in (2_500, 20_000))
    assert long < 24 * short


def _seconds(text: str) -> float:
    began = time.process_time()
    find([text])
    return time.process_time() - began
