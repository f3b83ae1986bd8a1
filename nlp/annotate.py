"""All text steps of a post in order: clean, language, personal data, and then what the heads make of it.

`prepare` needs no vectors and says what is to be encoded; `judge` takes the vectors and gives the annotations. Both
look at each post by itself, so a post's annotation never depends on the batch it came in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from kernel.model import Annotation, PiiSpan, Post
from nlp import duplicates as near_copies
from nlp import heads, language, pii, text
from nlp.words import count_words

STEPS = "+".join([text.VERSION, language.VERSION, pii.VERSION, near_copies.VERSION, heads.VERSION])


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A post ready to be encoded; the fields mean what they mean in `kernel.model.Annotation`."""

    post_id: int
    version: int
    language: str
    language_confidence: float
    clean: str
    pii: tuple[PiiSpan, ...]
    masked: str
    encoded: str
    text_sha256: bytes
    words: int
    rating: int | None


def prepare(
    posts: Sequence[Post],
    *,
    languages: Sequence[str],
    neighbours: Mapping[str, str],
    max_chars: int,
    products: Sequence[str] = (),
) -> list[Prepared]:
    """Return the clean, masked and to-be-encoded text of each post, its language and its personal data.

    At most `max_chars` characters are encoded: the title of a post that opens a thread, then its first words. Who
    greets one of the `products` names no person.
    """
    cleaned = [_words_of(post) for post in posts]
    found = language.detect(
        [text.PLACEHOLDER.sub(" ", clean) for clean in cleaned],
        languages=languages,
        neighbours=neighbours,
        hints=[post.lang_hint for post in posts],
    )
    personal = pii.find(cleaned, products=products)
    return [
        _prepared(post, clean, detected, spans, max_chars)
        for post, clean, detected, spans in zip(posts, cleaned, found, personal, strict=True)
    ]


def judge(
    prepared: Sequence[Prepared], vectors: NDArray[np.float32], *, encoder: str, duplicates: Mapping[int, int]
) -> list[Annotation]:
    """Return the annotations of prepared posts; `vectors` holds the `encoder`'s row of each `encoded` text."""
    verdicts = heads.judge(
        [post.encoded for post in prepared],
        [post.language for post in prepared],
        vectors,
        [post.rating for post in prepared],
        encoder=encoder,
    )
    return [
        Annotation(
            post_id=post.post_id,
            version=post.version,
            language=post.language,
            language_confidence=post.language_confidence,
            clean=post.clean,
            masked=post.masked,
            encoded=post.encoded,
            text_sha256=post.text_sha256,
            words=post.words,
            pii=post.pii,
            sentiment=verdict.sentiment,
            sentiment_score=verdict.sentiment_score,
            feedback_type=verdict.feedback_type,
            type_score=verdict.type_score,
            toxicity=verdict.abuse,
            spam=verdict.spam,
            is_spam=verdict.spam is not None and verdict.spam >= heads.SPAM,
            duplicate_of=duplicates.get(post.post_id),
            steps=STEPS,
        )
        for post, verdict in zip(prepared, verdicts, strict=True)
    ]


def _words_of(post: Post) -> str:
    """Return the clean words of a post; a reply does not repeat the title of its thread."""
    body = text.clean(post.body, body_format=post.body_format)
    title = text.clean_title(post.title) if post.title and post.is_thread_start else ""
    if not title or body.casefold().startswith(title.casefold()):
        return body
    return f"{title}\n{body}" if body else title


def _prepared(
    post: Post, clean: str, detected: language.Detected, spans: tuple[PiiSpan, ...], max_chars: int
) -> Prepared:
    masked = pii.mask(clean, spans)
    plain = text.PLACEHOLDER.sub(" ", masked)
    encoded = text.excerpt(plain, max_chars)
    return Prepared(
        post_id=post.post_id,
        version=post.version,
        language=detected.language,
        language_confidence=detected.confidence,
        clean=clean,
        pii=spans,
        masked=masked,
        encoded=encoded,
        text_sha256=hashlib.sha256(encoded.encode()).digest(),
        words=count_words(plain),
        rating=post.rating,
    )
