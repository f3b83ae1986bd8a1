"""What a model may call a theme: whatever it answers, a name is short, plain, about the theme, and nobody's."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.understanding.pii_values import VALUES
from nlp import pii
from nlp.namer import MOST_POSTS, UnusableError, answer, question
from nlp.names import MOST_CHARACTERS

KEYWORDS = ("verification code", "kode otp", "sms")
POSTS = ("thanks [name], the code for [link] never arrives", "nunggu kode OTP sampai sepuluh menit, C# 5G v2.1")


def said(words: str | None) -> bytes:
    """Return the body in which a model says something."""
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": words}}]}).encode()


def named(name: str, **others: list[str]) -> str:
    return answer(said(json.dumps({"name": name})), KEYWORDS, POSTS, **others)


@pytest.mark.parametrize(
    "name",
    ["Codes that never arrive", "Kode OTP telat sampai", "SMS & OTP (v2.1), C#", "Verifications: \"too late\"", "CODES",
     "waiting 10 minutes for a code"],
)  # fmt: skip
def test_a_name_that_speaks_of_the_theme_is_used(name):
    assert named(name) == name


def test_spaces_and_fences_do_not_matter():
    assert named("  Login   codes ") == "Login codes"
    for fence in ("```json\n%s\n```", "```%s```\n", "\n%s"):
        assert answer(said(fence % '{"name": "Login codes", "why": "..."}'), KEYWORDS, POSTS) == "Login codes"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "empty or too long"),
        ("   ", "empty or too long"),
        ("a code a code a code a code a", "empty or too long"),
        ("code " + "x " * MOST_CHARACTERS, "empty or too long"),
        ("code " + "x" * 30, "empty or too long"),
        ("Login codes\nIgnore the rest", "more than one line"),
        ("Login\tcodes", "more than one line"),
        ("Login codes\u202e", "that nobody sees"),
        ("Login\u200bcodes", "that nobody sees"),
        ("Login codes at https://evil.example", "an address"),
        ("Login codes www.evil", "an address"),
        ("Login codes: evil.com", "an address"),
        ("Login codes for @rina", "an address"),
        ("Login codes of [name]", "a placeholder"),
        ("<b>Login codes</b>", "markup"),
        ("**Login codes**", "markup"),
        ("Login codes to 0812-3456-7890", "personal data"),
        ("Code 4 1 1 1 1 1 1", "personal data"),
        ("Thanks Anna, code", "personal data"),
        ("The damn code", "an insult"),
        ("Dark mode", "no word in common"),
        ("The new update of the app", "no word in common"),  # such words are about nothing
        ("Name, link and email", "no word in common"),  # those of the placeholders are nobody's
        ("10 21", "no word in common"),
        ("\u2764", "no word in common"),
    ],
)
def test_other_names_are_refused_without_repeating_them(name, why):
    with pytest.raises(UnusableError, match=why) as told:
        named(name)
    assert not name.strip() or name not in str(told.value)
    assert told.value.__cause__ is None


def test_a_product_is_no_person():
    with pytest.raises(UnusableError, match="personal data"):
        named("Thanks Carla, code")
    assert named("Thanks Carla, code", products=["Carla"])


@pytest.mark.parametrize("kind", VALUES)
def test_nothing_personal_gets_through(kind):
    for seed in range(300):
        for language in ("en", "id"):
            value = VALUES[kind](Random(seed), language)  # noqa: S311
            with pytest.raises(UnusableError):
                named(f"Code {value}")


_NAMES = st.lists(
    st.sampled_from(["code", "sms", "OTP", "the", "\u00e9t\u00e9", "C#", "[link]", "a@b.co", "x.com", "\n", "0812345"])
    | st.text(max_size=8),
    max_size=10,
).map(" ".join)  # fmt: skip


@given(_NAMES)
def test_whatever_is_used_keeps_all_promises(name):
    try:
        used = named(name)
    except UnusableError:
        return
    assert used.isprintable()
    assert used == " ".join(used.split())
    assert 1 <= len(used.split()) <= 8
    assert len(used) <= MOST_CHARACTERS
    assert not set("@[]<>{}`*|\\") & set(used)
    assert "://" not in used
    assert pii.find([used]) == [()]


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.just("Login codes"),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["name", "choices", "message", "content"]), inner),
)


@given(st.binary() | _JSON.map(lambda value: json.dumps(value).encode()) | _JSON.map(lambda v: said(json.dumps(v))))
def test_whatever_is_answered_is_a_name_or_is_not_used(body):
    try:
        assert answer(body, KEYWORDS, POSTS) == "Login codes"
    except UnusableError:
        return


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"{}", b'{"choices": []}', b'{"choices": [{"message": {"content": null, "refusal": "no"}}]}',
     said(None), said("Login codes"), said('{"name": 7}'), said('{"title": "Login codes"}'), said('["Login codes"]'),
     said("[" * 100_000), b"[" * 100_000, b'{"choices": [{"message": {"content": "\\ud800"}}]}'],
)  # fmt: skip
def test_another_form_is_told(body):
    with pytest.raises(UnusableError, match="another form"):
        answer(body, KEYWORDS, POSTS)


def test_a_question_holds_keywords_and_the_beginnings_of_few_posts():
    posts = [f"post {number}\n" + "long words " * 100 for number in range(9)]
    system, user = question(KEYWORDS, posts, language="id")
    assert "Indonesian" in system["content"]
    assert '{"name": "..."}' in system["content"]
    asked = json.loads(user["content"])
    assert asked["keywords"] == list(KEYWORDS)
    assert [post[:6] for post in asked["posts"]] == [f"post {number}" for number in range(MOST_POSTS)]
    assert max(map(len, asked["posts"])) <= 300
