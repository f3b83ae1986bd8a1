"""Phrases of one to three words, and the choice of the few that say what a group of posts is about.

A phrase crosses neither posts nor stop words and counts once a post. Of two that say the same the longer stays; the
rest are chosen to be strong, typical of the group and unlike each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

from nlp.vectors import Vectors, unit
from nlp.words import LEADS, WEAK, runs

_LONGEST = 3
_LEAST_POSTS = 2
# A phrase is said by a longer one that is in at least this share of its posts.
_SAID_BY_LONGER = 0.5
# What lies away from the middle of a group still names it, where nothing else does.
_LEAST_TYPICAL = 0.01
# What likeness to the phrases already chosen costs.
_LIKENESS = 0.5
# What a phrase of the smaller language of a group is worth beside one of its larger, and one word beside several.
_SMALLER_LANGUAGE = 0.5
_ONE_WORD = 0.45
# A word that is weak elsewhere is a subject where so many posts of a group hold it, and so many times as often as all.
_OFTEN = 0.35
_LIFT = 4.0
# Phrases that fewer of a group's posts hold between them say nothing about it.
_LEAST_SAID = 0.08
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


def choose(
    candidates: Sequence[Sequence[tuple[str, float]]],
    groups: Sequence[NDArray[np.int64]],
    posts: Sequence[str],
    *,
    languages: Sequence[str],
    vectors: Vectors,
    most: int,
) -> list[tuple[str, ...]]:
    """Return for each group its best phrases of the scored candidates; none where hardly a post holds one of them.

    `groups` are places in `posts` (as `documents` wrote them), which `languages` and `vectors` describe.
    """
    vocabulary = sorted({phrase for group in candidates for phrase, _ in group})
    if not vocabulary:
        return [() for _ in groups]
    index = {phrase: place for place, phrase in enumerate(vocabulary)}
    held = CountVectorizer(analyzer=ngrams, vocabulary=vocabulary).transform(posts).astype(np.float32)
    everywhere = np.asarray(held.mean(axis=0)).ravel()
    weak = np.array([phrase in WEAK for phrase in vocabulary])
    meanings = unit(np.asarray(held.T @ vectors))
    told = np.array(languages)
    return [
        _of_group(
            {index[phrase]: score for phrase, score in group},
            _Group(
                held[places],
                told[places],
                meanings @ unit(vectors[places].mean(axis=0, keepdims=True))[0],
                np.where(weak, np.maximum(_OFTEN, _LIFT * everywhere), 0.0),
            ),
            vocabulary,
            meanings,
            most,
        )
        for group, places in zip(candidates, groups, strict=True)
    ]


@dataclass(frozen=True)
class _Group:
    """The phrases in each post of a group, the posts' languages, and how near each phrase is to the group's middle.

    `least` is the share of posts that must hold a phrase.
    """

    held: csr_matrix
    languages: NDArray[np.str_]
    typical: Vectors
    least: NDArray[np.float64]


def _of_group(
    score: dict[int, float], group: _Group, vocabulary: Sequence[str], meanings: Vectors, most: int
) -> tuple[str, ...]:
    counts = np.asarray(group.held.sum(axis=0)).ravel()
    least = _LEAST_POSTS if len(group.languages) > _LEAST_POSTS else 1
    enough = np.maximum(group.least * len(group.languages), least)
    score = {place: value for place, value in score.items() if counts[place] >= enough[place]}
    if not score:
        return ()
    larger = max(sorted(set(group.languages)), key=lambda language: int((group.languages == language).sum()))
    in_larger = np.asarray(group.held[group.languages == larger].sum(axis=0)).ravel()
    for place in score:
        score[place] *= max(float(group.typical[place]), _LEAST_TYPICAL) ** 2
        score[place] *= _SMALLER_LANGUAGE if in_larger[place] * 2 < counts[place] else 1.0
        score[place] *= 1.0 if " " in vocabulary[place] else _ONE_WORD
    _prefer_longer(score, counts, vocabulary)
    chosen = _unlike(score, meanings, most)
    said = np.asarray(group.held[:, chosen].sum(axis=1)).ravel() > 0
    return tuple(vocabulary[place] for place in chosen) if said.mean() >= _LEAST_SAID else ()


def _prefer_longer(score: dict[int, float], counts: NDArray[np.float32], vocabulary: Sequence[str]) -> None:
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
