"""Phrases of one to three words, and the choice of the few that say what a group of posts is about.

A phrase crosses neither posts nor stop words and counts once a post. Of two that say the same the longer stays; the
rest are chosen to be strong, typical of the group and unlike each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

from nlp.vectors import Vectors, unit
from nlp.words import LEADS, WEAK, runs

Numbers = NDArray[np.floating[Any]]

_LONGEST = 3
_LEAST_POSTS = 2
# What hardly any of a group's posts say is chance, however rare it is elsewhere: below this share it is worth less.
_SPOKEN = 0.02
# A phrase is said by a longer one that is in at least this share of its posts.
_SAID_BY_LONGER = 0.5
# What lies away from the middle of a group still names it, where nothing else does.
_LEAST_TYPICAL = 0.01
# What likeness to the phrases already chosen costs.
_LIKENESS = 0.5
# What a phrase of another language than the one that names a group is worth beside it, and one word beside several.
# The language that is asked for names a group when it has this share of the posts, or else the one that has most.
_OTHER_LANGUAGE = 0.2
_LEAST_ASKED = 0.2
_ONE_WORD = 0.45
# A word that is weak elsewhere is a subject where so many posts of a group hold it, and so many times as often as all.
_OFTEN = 0.35
_LIFT = 4.0
# A group is about something when a phrase is in this share of its posts, and so many times as often as in the posts
# outside. What is not is talk: thanks, short answers, jokes. A small group, whose posts may be of two languages, always
# has one: measured on a chat, where talk lies together by the hundred.
_HOLDERS = 0.07
_TELLING = 3.0
# How words, runs of words and posts are kept apart in strings that are joined by spaces.
_WORD, _RUN, _SPACE = "\x1f", "\x1e", "\u00a0"
EMPTY = "."


def without_people(texts: Sequence[str], names: Iterable[str]) -> list[str]:
    """Return texts without the names of people; a name of one word stays, for it may be a word."""
    full = sorted((name for name in set(names) if " " in name.strip()), key=lambda name: (-len(name), name))
    found = []
    for text in texts:
        for name in full:
            if name in text:
                text = text.replace(name, " ")
        found.append(text)
    return found


def documents(texts: Sequence[str], languages: Sequence[str]) -> list[str]:
    """Return each post as one string of its runs of words, to be read by `ngrams` alone."""
    found = [EMPTY] * len(texts)
    told = np.array(languages)
    for language in sorted(set(languages)):
        places = np.flatnonzero(told == language)
        for place, post in zip(places, runs([texts[int(place)] for place in places], language=language), strict=True):
            found[place] = _RUN.join(_WORD.join(word.replace(" ", _SPACE) for word in run) for run in post) or EMPTY
    return found


def ngrams(joined: str) -> list[str]:
    """Return the phrases of one or more posts as `documents` wrote them."""
    return [phrase for post in joined.split(" ") for phrase in sorted(_of_post(post))]


def _of_post(post: str) -> set[str]:
    found = set()
    for run in post.split(_RUN) if post != EMPTY else ():
        words = [word.replace(_SPACE, " ") for word in run.split(_WORD)]
        for start in range(len(words)):
            for end in range(start + 1, min(start + _LONGEST, len(words)) + 1):
                part = words[start:end]
                weak = len(part) > 1 and WEAK.issuperset(part)
                if part[-1] not in LEADS and len(set(part)) == len(part) and not weak:
                    found.add(" ".join(part))
    return found


class Chosen(NamedTuple):
    """The phrases of a group, and whether one of the candidates tells it from the posts outside."""

    phrases: tuple[str, ...]
    is_subject: bool


def choose(
    candidates: Sequence[Sequence[tuple[str, float]]],
    groups: Sequence[NDArray[np.int64]],
    posts: Sequence[str],
    *,
    languages: Sequence[str],
    vectors: Vectors,
    most: int,
    asked: str | None = None,
) -> list[Chosen]:
    """Return for each group its best phrases of the scored candidates, and whether it is about something.

    `groups` are places in `posts` (as `documents` wrote them), which `languages` and `vectors` describe. `asked` is the
    language that phrases shall be of, where enough posts are.
    """
    vocabulary = sorted({phrase for group in candidates for phrase, _ in group})
    if not vocabulary:
        return [Chosen((), is_subject=False) for _ in groups]
    index = {phrase: place for place, phrase in enumerate(vocabulary)}
    held = CountVectorizer(analyzer=ngrams, vocabulary=vocabulary).transform(posts).astype(np.float32)
    total = np.asarray(held.sum(axis=0)).ravel()
    weak = np.array([phrase in WEAK for phrase in vocabulary])
    share = np.where(weak, np.maximum(_OFTEN, _LIFT * total / len(posts)), 0.0)
    meanings = unit(np.asarray(held.T @ vectors))
    told = np.array(languages)
    found = []
    for group, places in zip(candidates, groups, strict=True):
        own, spoken = held[places], told[places]
        counts = np.asarray(own.sum(axis=0)).ravel()
        typical = meanings @ unit(vectors[places].mean(axis=0, keepdims=True))[0]
        enough = np.maximum(share * len(places), _LEAST_POSTS if len(places) > _LEAST_POSTS else 1)
        score = {index[phrase]: value for phrase, value in group if counts[index[phrase]] >= enough[index[phrase]]}
        described = _Group(own, counts, spoken == _naming(spoken, asked), typical)
        chosen = _of_group(score, described, vocabulary, meanings, most)
        outside = (total - counts) / max(len(posts) - len(places), 1)
        found.append(Chosen(chosen, _is_subject(counts, enough, len(places), outside)))
    return found


def _is_subject(counts: Numbers, enough: Numbers, posts: int, outside: Numbers) -> bool:
    """Say whether some phrase is in enough of a group's posts, and far more often than in those `outside` of it.

    `enough` is in how many each must be to name the group: a weak one in many.
    """
    often = counts >= np.maximum(enough, max(_LEAST_POSTS, _HOLDERS * posts))
    return bool((often & (counts >= _TELLING * posts * outside)).any())


@dataclass(frozen=True)
class _Group:
    """The phrases in each post of a group, in how many each is, which posts name it, how near each is to the middle."""

    held: csr_matrix
    counts: Numbers
    naming: NDArray[np.bool_]
    typical: Vectors


def _naming(languages: NDArray[np.str_], asked: str | None) -> str:
    """Return the language whose phrases name a group."""
    posts = Counter(map(str, languages))
    if asked is not None and posts[asked] >= _LEAST_ASKED * len(languages):
        return asked
    return max(sorted(posts), key=posts.__getitem__)


def _of_group(
    score: dict[int, float], group: _Group, vocabulary: Sequence[str], meanings: Vectors, most: int
) -> tuple[str, ...]:
    if not score:
        return ()
    in_naming = np.asarray(group.held[group.naming].sum(axis=0)).ravel()
    for place in score:
        score[place] *= max(float(group.typical[place]), _LEAST_TYPICAL) ** 2
        score[place] *= min(1.0, float(group.counts[place]) / (_SPOKEN * len(group.naming)))
        score[place] *= _OTHER_LANGUAGE if in_naming[place] * 2 < group.counts[place] else 1.0
        score[place] *= 1.0 if " " in vocabulary[place] else _ONE_WORD
    _prefer_longer(score, group.counts, vocabulary)
    return tuple(vocabulary[place] for place in _unlike(score, meanings, most))


def _prefer_longer(score: dict[int, float], counts: Numbers, vocabulary: Sequence[str]) -> None:
    """Drop phrases that a longer one says, and give the longer one their score."""
    by_length = sorted(score, key=lambda place: (vocabulary[place].count(" "), place))
    for short in by_length:
        padded = f" {vocabulary[short]} "
        longer = [
            place
            for place in score
            if place != short
            and padded in f" {vocabulary[place]} "
            and counts[place] >= max(_LEAST_POSTS, _SAID_BY_LONGER * counts[short])
        ]
        if longer:
            best = max(longer, key=lambda place: (counts[place], score[place], -place))
            score[best] = max(score[best], score[short])
            del score[short]


def _unlike(score: dict[int, float], meanings: Vectors, most: int) -> list[int]:
    """Choose greedily: strong, and unlike what is chosen already (maximal marginal relevance)."""
    left = sorted(score, key=lambda place: (-score[place], place))
    strongest = score[left[0]]
    chosen: list[int] = []
    while left and len(chosen) < most:
        likeness = {place: max((float(meanings[place] @ meanings[c]) for c in chosen), default=0.0) for place in left}
        best = max(left, key=lambda place: (score[place] / strongest - _LIKENESS * max(likeness[place], 0.0), -place))
        chosen.append(best)
        left.remove(best)
    return chosen
