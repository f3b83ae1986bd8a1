"""Posts that say the same: exactly, or nearly (MinHash over word pairs). Brigading shows as many people with one text.

Two posts that say the same within some days are linked, wherever they were written. All that hang together by links, in
one step or in many, are one group, and its earliest post is the original of all others.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from datasketch import MinHash, MinHashLSH

VERSION = "duplicates-2"

# Short thanks and greetings are said by everybody: they are no copies of each other.
_LEAST_WORDS = 4
# Near copies need enough words that a changed one weighs little.
_LEAST_WORDS_NEAR = 8
_SIMILARITY = 0.7
_PERMUTATIONS = 64
_SEED = 7
_WORD = re.compile(r"\w+")

Words = tuple[str, ...]


def find(posts: Iterable[tuple[int, str]]) -> dict[int, int]:
    """Return for each of the posts (id, text) that repeats another one the earliest, by id, of its group."""
    said = [(post, _words(text)) for post, text in sorted(posts)]
    return originals([post for post, _ in said], _links(said, _near({words for _, words in said})))


def links(
    posts: Iterable[tuple[int, date, str]], *, since: date, days: int, apart: Collection[int] = ()
) -> list[tuple[int, int]]:
    """Return (post, earlier post) for posts that say the same as one of at most `days` days before.

    `posts` are (id, day, text), oldest first; those written before `since` may be repeated but are not judged, and
    those in `apart` neither repeat nor are repeated. A post is linked with one post of each group that it joins, so
    that few links hold a group together. Its links depend on the posts of its day and of so many days before, alone.
    """
    said = [(post, day, _words(text)) for post, day, text in posts if post not in apart]
    times = Counter(words for *_, words in said)
    near = _near(times)
    said = [one for one in said if times[one[2]] > 1 or one[2] in near]
    found = []
    for day in sorted({day for _, day, _ in said if day >= since}):
        first = day - timedelta(days=days)
        window = [(post, words) for post, at, words in said if first <= at <= day]
        today = {post for post, at, _ in said if at == day}
        found += [link for link in _links(window, near) if link[0] in today]
    return found


def originals(posts: Sequence[int], linked: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return for each of `posts`, oldest first, that hangs together with an earlier one the earliest of all.

    Links with any other post are left out.
    """
    places = {post: place for place, post in enumerate(posts)}
    root: dict[int, int] = {}
    for one, other in linked:
        if one in places and other in places:
            _join(root, places[one], places[other])
    return {posts[place]: posts[_top(root, place)] for place in root}


def _links(posts: Sequence[tuple[int, Words]], near: Mapping[Words, set[Words]]) -> Iterator[tuple[int, int]]:
    """Yield (post, first post of a group that it joins) for posts (id, words), oldest first."""
    first: dict[Words, int] = {}
    root: dict[int, int] = {}
    for place, (post, words) in enumerate(posts):
        if len(words) < _LEAST_WORDS:
            continue
        if words in first:
            yield post, posts[_top(root, first[words])][0]
            continue
        first[words] = place
        for other in first.keys() & near.get(words, set()):
            group = _top(root, first[other])
            if _join(root, place, group):
                yield post, posts[group][0]


def _near(texts: Collection[Words]) -> dict[Words, set[Words]]:
    """Return for each of distinct texts that is nearly another one all that it is near to."""
    long = [words for words in texts if len(words) >= _LEAST_WORDS_NEAR]
    index = MinHashLSH(threshold=_SIMILARITY, num_perm=_PERMUTATIONS)
    hashes = MinHash.generator(map(_pairs, long), num_perm=_PERMUTATIONS, seed=_SEED, hashfunc=_hash)
    kept: list[MinHash] = []
    near: defaultdict[Words, set[Words]] = defaultdict(set)
    for place, minhash in enumerate(hashes):
        for other in index.query(minhash):
            if minhash.jaccard(kept[other]) >= _SIMILARITY:
                near[long[place]].add(long[other])
                near[long[other]].add(long[place])
        kept.append(minhash)
        index.insert(place, minhash, check_duplication=False)
    return dict(near)


def _join(root: dict[int, int], one: int, other: int) -> bool:
    """Put two places into one group and say whether they were in two."""
    low, high = sorted((_top(root, one), _top(root, other)))
    if low == high:
        return False
    root[high] = low
    return True


def _top(root: dict[int, int], place: int) -> int:
    """Return the first place of a group; paths are halved on the way, so that long chains stay short."""
    while (above := root.get(place, place)) != place:
        root[place] = root.get(above, above)
        place = root[place]
    return place


def _words(text: str) -> Words:
    return tuple(_WORD.findall(text.lower()))


def _pairs(words: Words) -> list[bytes]:
    return [f"{left} {right}".encode() for left, right in pairwise(words)]


def _hash(shingle: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(shingle, digest_size=4).digest(), "little")
