"""Posts that say the same: exactly, or nearly (MinHash over word pairs). Brigading shows as many people with one text.

The earliest post, by id, is the original of all that repeat it, whatever the order in which they are given.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from datasketch import MinHash, MinHashLSH

VERSION = "duplicates-1"

# Short thanks and greetings are said by everybody: they are no copies of each other.
_LEAST_WORDS = 4
# Near copies need enough words that a changed one weighs little.
_LEAST_WORDS_NEAR = 8
_SIMILARITY = 0.7
_PERMUTATIONS = 64
_SEED = 7
_WORD = re.compile(r"\w+")


def find(posts: Sequence[tuple[int, str]], *, earlier: Sequence[tuple[int, str]] = ()) -> dict[int, int]:
    """Return for each of `posts` (id, text) that repeats another one the earliest post that says the same.

    `earlier` are posts that may be repeated but are not judged themselves.
    """
    words = {post: tuple(_WORD.findall(text.lower())) for post, text in sorted({*earlier, *posts})}
    first: dict[tuple[str, ...], int] = {}
    for post, said in words.items():
        if len(said) >= _LEAST_WORDS:
            first.setdefault(said, post)
    original = _join_near({post: said for said, post in first.items() if len(said) >= _LEAST_WORDS_NEAR})
    found = {}
    for post, _ in posts:
        same = first.get(words[post], post)
        same = original.get(same, same)
        if same != post:
            found[post] = same
    return found


def _join_near(words: Mapping[int, tuple[str, ...]]) -> dict[int, int]:
    """Return for each distinct text that is nearly another one the earliest text of its group."""
    index = MinHashLSH(threshold=_SIMILARITY, num_perm=_PERMUTATIONS)
    root: dict[int, int] = {}

    def top(post: int) -> int:
        while root.setdefault(post, post) != post:
            post = root[post]
        return post

    ids = sorted(words)
    hashes = MinHash.generator(
        (_pairs(words[post]) for post in ids), num_perm=_PERMUTATIONS, seed=_SEED, hashfunc=_hash
    )
    kept: dict[int, MinHash] = {}
    for post, minhash in zip(ids, hashes, strict=True):
        for other in index.query(minhash):
            if minhash.jaccard(kept[other]) >= _SIMILARITY:
                low, high = sorted((top(post), top(other)))
                root[high] = low
        kept[post] = minhash
        index.insert(post, minhash, check_duplication=False)
    return {post: top(post) for post in ids if top(post) != post}


def _pairs(words: Sequence[str]) -> list[bytes]:
    return [f"{left} {right}".encode() for left, right in pairwise(words)]


def _hash(shingle: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(shingle, digest_size=4).digest(), "little")
