from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.model import Post
from nlp import annotate
from nlp.encoder import BUILT_IN
from tests.nlp.weeks import encoder

_TWINS = {"ms": "id"}


def _post(body: str, **fields: object) -> Post:
    values = {
        "post_id": 1, "version": 1, "source": "forum", "source_kind": "forum", "thread_id": 1, "member_id": 1,
        "person_id": 1, "role": "member", "created_at": datetime(2026, 3, 2, tzinfo=UTC), "body": body,
    }  # fmt: skip
    return Post(**{**values, **fields})  # type: ignore[arg-type]


def _prepare(*posts: Post, max_chars: int = 300) -> list[annotate.Prepared]:
    return annotate.prepare(posts, languages=("en", "id"), neighbours=_TWINS, max_chars=max_chars)


def test_a_thread_starts_with_its_title_and_a_reply_does_not():
    opening, reply = _prepare(
        _post("it crashes", title="Calendar", is_thread_start=True), _post("same here", title="Calendar")
    )
    assert opening.clean == "Calendar\nit crashes"
    assert opening.encoded == "Calendar it crashes"
    assert reply.clean == "same here"


def test_a_title_that_the_body_repeats_is_said_once():
    (one,) = _prepare(_post("Calendar crashes on open", title="calendar crashes", is_thread_start=True))
    assert one.clean == "Calendar crashes on open"


def test_what_is_encoded_is_masked_and_cut_at_a_word():
    (one,) = _prepare(_post("write to rina@contoh.co.id " + "many words follow here " * 20), max_chars=80)
    assert one.masked.startswith("write to [email] many words")
    assert "contoh" not in one.encoded
    assert "[email]" not in one.encoded
    assert len(one.encoded) <= 80
    assert f"{one.encoded} " in one.masked.replace("[email] ", "")
    assert one.text_sha256 == hashlib.sha256(one.encoded.encode()).digest()


def test_spans_point_into_the_clean_text():
    (one,) = _prepare(_post("<p>mail <b>rina@contoh.co.id</b></p>", body_format="html"))
    assert [one.clean[span.start : span.end] for span in one.pii] == ["rina@contoh.co.id"]


def test_a_name_is_kept_as_a_span_and_is_neither_shown_nor_encoded():
    (one,) = _prepare(_post("Hi Budi,\nit crashes. My number: nol delapan satu dua 3456 7890"))
    assert [span.kind for span in one.pii] == ["name", "phone"]
    assert one.masked == "Hi [name],\nit crashes. My number: [phone]"
    assert one.encoded == "Hi , it crashes. My number:"


def test_equal_words_with_other_links_share_a_vector():
    first, second = _prepare(_post("see https://a.example/1 please"), _post("see https://b.example/2 please"))
    assert first.text_sha256 == second.text_sha256


def test_words_are_counted_without_marks_and_placeholders():
    (one,) = _prepare(_post("Tolong, cek @rina_w 👍 ya!"))
    assert one.words == 3


def test_a_post_without_words_is_annotated_as_unknown():
    prepared = _prepare(_post("👍👍"), _post(""), _post("https://example.org/x"))
    vectors = encoder().encode([one.encoded for one in prepared])
    for one in annotate.judge(prepared, vectors, encoder=BUILT_IN, duplicates={}):
        assert one.language == "und"
        assert one.words == 0
        assert one.sentiment is one.feedback_type is one.spam is one.toxicity is None
        assert not one.is_spam


def test_an_annotation_carries_what_was_prepared_and_judged():
    prepared = _prepare(_post("Aplikasinya selalu keluar sendiri setiap saya buka kalender"), _post("love it, thanks"))
    vectors = encoder().encode([one.encoded for one in prepared])
    bug, praise = annotate.judge(prepared, vectors, encoder=BUILT_IN, duplicates={1: 7})
    assert (bug.language, bug.feedback_type, bug.sentiment) == ("id", "bug", "negative")
    assert (praise.language, praise.feedback_type, praise.sentiment) == ("en", "praise", "positive")
    assert bug.duplicate_of == 7
    assert bug.steps == annotate.STEPS


def test_the_batch_changes_nothing():
    posts = [_post("gak bisa login", post_id=1), _post("please add a map", post_id=2), _post("👍", post_id=3)]
    prepared = _prepare(*posts)
    assert prepared == [one for post in posts for one in _prepare(post)]
    vectors = encoder().encode([one.encoded for one in prepared])
    together = annotate.judge(prepared, vectors, encoder=BUILT_IN, duplicates={})
    for place, one in enumerate(prepared):
        (alone,) = annotate.judge([one], vectors[[place]], encoder=BUILT_IN, duplicates={})
        assert alone.feedback_type == together[place].feedback_type
        assert alone.language == together[place].language


def test_no_posts_give_no_annotations():
    assert _prepare() == []
    assert annotate.judge([], np.empty((0, 384), np.float32), encoder=BUILT_IN, duplicates={}) == []


@given(st.lists(st.text(max_size=200), max_size=4), st.sampled_from(["text", "markdown", "html"]))
@settings(max_examples=40)
def test_any_words_can_be_prepared(bodies, body_format):
    prepared = _prepare(*(_post(body, body_format=body_format) for body in bodies), max_chars=80)
    assert len(prepared) == len(bodies)
    for one in prepared:
        one.masked.encode()
        assert len(one.encoded) <= 80
