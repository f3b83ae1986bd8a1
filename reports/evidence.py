"""The words of members beside the numbers: a quote for what a theme says, and one for the other view.

A quote is a verbatim stretch of a post's masked text, whole sentences, at most 240 characters, with its place and hash,
so that anybody can check that somebody wrote it. The choice is the same for the same candidates in any order.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

import msgspec

from kernel.model import Quote, Sentiment

LONGEST = 240
SHORTEST = 25
FEWEST_WORDS = 4
# Readers' favourite length: long enough to say what is wrong, short enough to be read.
IDEAL = 120
MOST_TOXIC = 0.3
MOST_MASKED = 0.2
# A language speaks for itself when it holds at least this share of a theme's posts.
LEAST_LANGUAGE = 0.15

_WORD = re.compile(r"[^\W\d_]{2,}")
_MASK = re.compile(r"\[[a-z_]+\]")
_SENTENCE = re.compile(r"[^\s][^.!?…\n]*(?:[.!?…]+(?!\s|$)[^.!?…\n]*)*(?:[.!?…]+[\"')\]]*|(?=\n)|$)")
_COARSE = re.compile(
    r"\b(?:fuck\w*|shit\w*|bullshit|bitch\w*|asshole\w*|bastard\w*|cunt\w*|dick(?:head)?s?|retard\w*|idiots?|morons?"
    r"|anjing|anjir|bangsat|bajingan|goblok|tolol|bodoh|kontol|memek|ngentot|tai|asu|babi|kampret|brengsek|setan)\b",
    re.IGNORECASE,
)
_OTHERS: Mapping[Sentiment, tuple[Sentiment, ...]] = {
    "negative": ("positive", "neutral"),
    "positive": ("negative", "neutral"),
    "neutral": ("negative", "positive"),
}


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A post of the week that may be quoted: its member has not opted out, and it repeats no other post."""

    post_id: int
    version: int
    masked: str
    theme_id: int
    theme_confidence: float | None
    sentiment: Sentiment | None
    toxicity: float | None
    language: str
    person_id: int
    source: str
    url: str | None
    created_on: date
    may_quote: bool = True
    is_duplicate: bool = False


@dataclass(frozen=True)
class _Stretch:
    candidate: Candidate
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.candidate.masked[self.start : self.end]

    @property
    def words(self) -> set[str]:
        return set(_WORD.findall(self.text.casefold()))


_Stance: TypeAlias = Literal["quote", "counter"]
_Chosen: TypeAlias = tuple[_Stance, _Stretch]


def choose(
    candidates: Iterable[Candidate],
    *,
    per_theme: int = 2,
    counters: int = 1,
    keywords: Mapping[int, Sequence[str]] | None = None,
) -> list[Quote]:
    """Return up to `per_theme` quotes and `counters` counter-quotes of each theme, each by another person.

    Quotes follow the theme's prevailing sentiment, one in each language that holds a fair share of it; a counter-quote
    comes from a post with another sentiment. What mostly repeats a chosen one is passed over: none is better than a
    copy. A theme without fit words gets none. `keywords` of a theme, where given, draw the choice to sentences that
    use them.
    """
    by_theme: dict[int, list[Candidate]] = {}
    for candidate in sorted(candidates, key=lambda candidate: candidate.post_id):
        if candidate.may_quote and not candidate.is_duplicate:
            by_theme.setdefault(candidate.theme_id, []).append(candidate)
    quoted: Counter[int] = Counter()
    found: list[Quote] = []
    for theme_id, posts in sorted(by_theme.items()):
        words = [word.casefold() for word in (keywords or {}).get(theme_id, ())]
        stretches = [stretch for post in posts if (stretch := _best_stretch(post, words)) is not None]
        ranked = sorted(
            stretches, key=lambda s: (quoted[s.candidate.person_id], -_merit(s, words), s.candidate.post_id)
        )
        chosen = _pick(ranked, posts, per_theme=per_theme, counters=counters)
        for stance, stretch in chosen:
            quoted[stretch.candidate.person_id] += 1
            place = sum(quote.theme_id == theme_id and quote.stance == stance for quote in found) + 1
            found.append(_quote(stretch, stance, f"theme.{theme_id}.{stance}.{place}"))
    return found


def is_verbatim(quote: Quote, masked: str) -> bool:
    """Tell whether the quote stands in the masked text where it says, word for word."""
    return masked[quote.start : quote.end] == quote.text


def is_whole(quote: Quote) -> bool:
    """Tell whether the quote's words have its own hash."""
    return _sha256(quote.text) == quote.text_sha256


def is_printable(text: str) -> bool:
    """Tell whether a report may show these masked words: no coarse ones, and not mostly masks."""
    words, masks = len(_WORD.findall(text)), len(_MASK.findall(text))
    return masks <= MOST_MASKED * words and not _COARSE.search(text)


def _pick(ranked: Sequence[_Stretch], posts: Sequence[Candidate], *, per_theme: int, counters: int) -> list[_Chosen]:
    prevailing = _prevailing(posts)
    ours = [s for s in ranked if s.candidate.sentiment == prevailing]
    ours = ours or [s for s in ranked if s.candidate.sentiment is None]
    chosen: list[_Chosen] = []
    people: set[int] = set()

    def take(stance: _Stance, pool: Sequence[_Stretch], most: int) -> None:
        for stretch in pool:
            if most > 0 and stretch.candidate.person_id not in people and not _repeats(stretch, chosen):
                people.add(stretch.candidate.person_id)
                chosen.append((stance, stretch))
                most -= 1

    for language in _languages(posts)[:per_theme]:
        take("quote", [s for s in ours if s.candidate.language == language], 1)
    if not chosen:
        take("quote", ours, 1)
    if chosen and prevailing:
        take("counter", [s for mood in _OTHERS[prevailing] for s in ranked if s.candidate.sentiment == mood], counters)
    return chosen


def _repeats(stretch: _Stretch, chosen: Sequence[_Chosen]) -> bool:
    """Tell whether most words of the shorter are also in one that was chosen: the same sentence with another noun."""
    words = stretch.words
    return any(2 * len(words & other.words) > min(len(words), len(other.words)) for _, other in chosen)


def _prevailing(posts: Sequence[Candidate]) -> Sentiment | None:
    """Return the most frequent judged sentiment; level ones go to the stronger feeling."""
    moods = Counter(post.sentiment for post in posts if post.sentiment is not None)
    order: tuple[Sentiment, ...] = ("negative", "positive", "neutral")
    counts = [moods[mood] for mood in order]
    return order[counts.index(max(counts))] if moods else None


def _languages(posts: Sequence[Candidate]) -> list[str]:
    shares = Counter(post.language for post in posts)
    return [language for language, count in shares.most_common() if count >= LEAST_LANGUAGE * len(posts)]


def _best_stretch(post: Candidate, words: Sequence[str]) -> _Stretch | None:
    """Return the fittest run of whole sentences of a post, or None where no run is fit to be printed."""
    if (post.toxicity or 0.0) > MOST_TOXIC:
        return None
    sentences = [(found.start(), found.start() + len(found[0].rstrip())) for found in _SENTENCE.finditer(post.masked)]
    runs = [
        _Stretch(post, start, end)
        for index, (start, _) in enumerate(sentences)
        for _, end in sentences[index : index + 4]
        if SHORTEST <= end - start <= LONGEST
    ]
    fit = [run for run in runs if _is_fit(run.text)]
    return max(fit, key=lambda run: (_merit(run, words), -run.start, -run.end), default=None)


def _is_fit(text: str) -> bool:
    return len(_WORD.findall(text)) >= FEWEST_WORDS and is_printable(text)


def _merit(stretch: _Stretch, words: Sequence[str]) -> float:
    text = stretch.text.casefold()
    named = min(2, sum(word in text for word in words))
    length = 1 - abs(len(text) - IDEAL) / LONGEST
    return (stretch.candidate.theme_confidence or 0.0) + 0.5 * length + 0.25 * named


def _quote(stretch: _Stretch, stance: _Stance, quote_id: str) -> Quote:
    post = stretch.candidate
    return Quote(
        id=quote_id, theme_id=post.theme_id, stance=stance, post_id=post.post_id, version=post.version,
        start=stretch.start, end=stretch.end, text=stretch.text, text_sha256=_sha256(stretch.text),
        language=post.language, source=post.source, created_on=post.created_on, url=post.url, sentiment=post.sentiment,
    )  # fmt: skip


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
