from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlp.text import clean, clean_title, excerpt


@pytest.mark.parametrize(
    ("body_format", "body", "words"),
    [
        ("text", "Halo semua,\r\n\r\nsaya baru di sini.", "Halo semua,\nsaya baru di sini."),
        ("text", "> what you said\nI disagree", "I disagree"),
        ("text", '[quote="rina, post:1"]\nold words\n[/quote]\nnew words', "new words"),
        ("text", "On Mon, 3 Jan 2022, Rina wrote:\n> old\n\nnew", "new"),
        ("text", "Rina Dewi W. said :\n\n  old\n\nnew", "old\nnew"),
        ("text", "The docs said:\nno", "The docs said:\nno"),
        ("text", "so: image.png and Screenshot 2026-01-02 at 10.11.12.png", "so: and"),
        ("text", "logo.png is not found, an image of it is", "logo.png is not found, an image of it is"),
        ("text", "my answer\n-- \nRina\nHead of Things", "my answer"),
        ("text", "see https://example.org/a?b=c, then reply", "see [link], then reply"),
        ("text", "5 < 6 &amp; 7 > 6", "5 < 6 & 7 > 6"),
        ("text", "look:\n```\nx = 1\n```\nit fails", "look:\nit fails"),
        ("text", "mantap 👍👍", "mantap 👍👍"),
        ("text", "w\u200bo\u200brds", "words"),
        ("text", "\U0001d407\U0001d41e\U0001d425\U0001d425\U0001d428", "Hello"),
        ("markdown", "# Title\n\n* one\n* **two**", "Title\none\ntwo"),
        ("markdown", "see [the docs](https://example.org) and ![x](y.png)", "see the docs and"),
        ("markdown", "keep snake_case_name, drop _this_", "keep snake_case_name, drop this"),
        ("markdown", "<!-- template -->real words<br>more", "real words\nmore"),
        ("html", "<p>Hello <b>you</b></p><blockquote>old</blockquote>", "Hello you"),
        ("html", "<pre><code>x = 1</code></pre>words &amp; more", "words & more"),
        ("html", "<aside class='quote'><p>old</p></aside>new<script>alert(1)</script>", "new"),
        ("html", "<p>unclosed <b>tags", "unclosed tags"),
    ],
)
def test_a_post_is_cleaned_to_what_its_author_wrote(body_format, body, words):
    assert clean(body, body_format=body_format) == words


@given(st.text(), st.sampled_from(["text", "markdown", "html"]))
def test_no_text_makes_cleaning_fail(body, body_format):
    cleaned = clean(body, body_format=body_format)
    assert "\0" not in cleaned
    assert cleaned == cleaned.strip()
    cleaned.encode()


_MARKUP = st.lists(
    st.sampled_from(
        [
            "<",
            ">",
            "</",
            "<p",
            "<!--",
            "-->",
            "```",
            "[",
            "](",
            "![",
            "]",
            "*",
            "_",
            "&",
            "&#x",
            ";",
            "\n> ",
            "a b",
            "http://",
        ]
    )
)


@given(_MARKUP.map("".join), st.sampled_from(["text", "markdown", "html"]))
@settings(max_examples=200)
@example("<![<", "html")
def test_broken_markup_makes_cleaning_fail_no_more(body, body_format):
    clean(body, body_format=body_format)


def test_a_long_run_of_marks_takes_no_long_time():
    for mark in ("[", "<", "*", "_ ", "> ", "-", "![", "`", "[quote]"):
        for body_format in ("text", "markdown", "html"):
            clean(mark * 20_000, body_format=body_format)


def test_a_title_is_one_line():
    assert clean_title("  two\nlines ") == "two lines"


@given(st.text(alphabet="ab \n", max_size=80), st.integers(1, 60))
def test_an_excerpt_is_short_and_from_the_front(text, limit):
    line = " ".join(text.split())
    cut = excerpt(text, limit)
    assert len(cut) <= limit
    assert line.startswith(cut)


def test_an_excerpt_ends_with_a_word():
    assert excerpt("alpha beta gamma", 12) == "alpha beta"
