"""A small community on frozen rows: two languages, six themes, ten weeks, all made up from a seed.

Theme 1 grows in the last week, 3 fades in it, 6 is born in it; 2, 4 and 5 go on as they were.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select

from reports.evidence import Candidate
from warehouse.tables import reports as tables

WEEK = date(2026, 11, 16)
WEEKS = 10
SOURCES = ("forum", "chat", "reviews")
AREAS = {1: "sync", 2: "reporting", 3: "sync", 4: "printing", 5: None, 6: None}
NAMES = {
    1: "sync fails after update",
    2: "export to spreadsheet",
    3: "slow start",
    4: "cetak struk",
    5: "friendly support",
    6: "dark mode",
}
KEYWORDS = {
    1: ["sync fails", "gagal sinkron", "after update"],
    2: ["export", "spreadsheet", "ekspor"],
    3: ["slow", "lambat", "loading"],
    4: ["cetak struk", "printer", "receipt"],
    5: ["support", "ramah", "thanks"],
    6: ["dark mode", "mode gelap"],
}
KIND = {1: "bug", 2: "request", 3: "complaint", 4: "question", 5: "praise", 6: "request"}
# Mean people a week, and what the last week multiplies it by.
PEOPLE = {1: (9, 3.4), 2: (10, 1.0), 3: (22, 0.25), 4: (8, 1.0), 5: (9, 1.1), 6: (0, 1.0)}

SAYINGS: dict[int, dict[str, dict[str, list[str]]]] = {
    1: {
        "en": {
            "negative": [
                "Since the update my stock will not sync between the two tablets. I enter everything twice now.",
                "Sync fails every morning at opening time. Please roll it back!",
                "Version 4.2 broke sync for our shop. We lost a whole day of sales, mail [email] for the logs.",
            ],
            "positive": ["Sync works for me again after I reinstalled, and it is faster than before."],
        },
        "id": {
            "negative": [
                "Setelah pembaruan, stok di tablet kedua gagal sinkron terus. Harus dicatat ulang tiap malam.",
                "Gagal sinkron lagi pagi ini. Kasir jadi antre panjang.",
            ],
            "neutral": ["Sinkron jalan kalau pakai wifi, tetapi gagal lewat data seluler."],
        },
    },
    2: {
        "en": {
            "neutral": [
                "Could the monthly report be exported to a spreadsheet? My accountant asks for it every time.",
                "An export of sales by product would save me an evening each week.",
            ],
            "positive": ["The new export does what I need, one file and done."],
        },
        "id": {"neutral": ["Tolong tambahkan ekspor laporan ke lembar kerja, sekarang masih disalin satu per satu."]},
    },
    3: {
        "en": {"negative": ["The app takes half a minute to open on my old phone. Customers wait."]},
        "id": {
            "negative": ["Buka aplikasinya lambat sekali, loading terus padahal pelanggan sudah menunggu."],
            "positive": ["Di ponsel saya sekarang lancar, tidak lambat lagi seperti bulan lalu."],
        },
    },
    4: {
        "en": {"neutral": ["How do I print the receipt with my own logo on a small printer?"]},
        "id": {
            "neutral": ["Bagaimana cara cetak struk lewat printer bluetooth? Sudah dicoba tiga kali belum keluar."],
            "negative": ["Cetak struk selalu terpotong di bawah, kertasnya terbuang percuma."],
        },
    },
    5: {
        "en": {"positive": ["Thank you to the support team, they answered on a Sunday and stayed until it worked."]},
        "id": {
            "positive": ["Pelayanan di obrolan ramah sekali, masalah saya selesai dalam sepuluh menit."],
            "negative": ["Dulu layanannya ramah, sekarang saya menunggu dua hari tanpa kabar."],
        },
    },
    6: {
        "en": {"neutral": ["A dark mode would help, I do my books at night next to a sleeping baby."]},
        "id": {"neutral": ["Mohon mode gelap, mata cepat lelah kalau menutup kas malam hari."]},
    },
}
IDLE = {
    "en": ["Good morning everybody.", "See you at the meetup on Friday then.", "Ha, same here."],
    "id": ["Selamat pagi semuanya.", "Sampai jumpa di kopdar hari Jumat ya.", "Sama, saya juga begitu."],
    "other": ["Guten Morgen zusammen, gibt es das auch auf Deutsch?"],
}


@dataclass
class Frozen:
    """Rows of the frozen tables, and the masked words of each post."""

    posts: list[dict[str, Any]] = field(default_factory=list)
    threads: list[dict[str, Any]] = field(default_factory=list)
    themes: list[dict[str, Any]] = field(default_factory=list)
    masked: dict[int, str] = field(default_factory=dict)


def make(seed: int = 7) -> Frozen:
    """Return the community of a seed."""
    rng = random.Random(seed)  # noqa: S311 - not a secret
    frozen = Frozen()
    frozen.themes = [
        {
            "theme_id": theme,
            "name": NAMES[theme],
            "name_source": "person" if theme == 2 else "machine",
            "area": AREAS[theme],
            "born_week": WEEK if theme == 6 else WEEK - timedelta(weeks=WEEKS - 1),
            "keywords": KEYWORDS[theme],
        }
        for theme in NAMES
    ]
    first_seen: dict[int, date] = {}
    for index in range(WEEKS):
        monday = WEEK - timedelta(weeks=WEEKS - 1 - index)
        _week(frozen, rng, monday, first_seen, last=index == WEEKS - 1)
    for post in frozen.posts:
        post["person_first_week"] = first_seen[post["person_id"]]
    return frozen


def _week(frozen: Frozen, rng: random.Random, monday: date, first_seen: dict[int, date], *, last: bool) -> None:
    for theme, (mean, factor) in PEOPLE.items():
        many = (14 if last else 0) if theme == 6 else round(mean * (factor if last else rng.uniform(0.85, 1.15)))
        for person in rng.sample(range(1, 161), many):
            for _ in range(rng.choice((1, 1, 1, 2))):
                _post(frozen, rng, monday, person, theme, first_seen)
    for _ in range(70):
        _post(frozen, rng, monday, min(160, 1 + int(rng.expovariate(1 / 30))), None, first_seen)
    for person, role in ((901, "bot"), (902, "staff"), (903, "member")):
        for _ in range({"bot": 9, "staff": 6, "member": 4}[role]):
            post = _post(frozen, rng, monday, person, None, first_seen)
            post |= {"role": role, "is_spam": role == "member", "is_counted": False}
            frozen.posts[-1] = post
    _threads(frozen, rng, monday)


def _post(
    frozen: Frozen, rng: random.Random, monday: date, person: int, theme: int | None, first_seen: dict[int, date]
) -> dict[str, Any]:
    first_seen.setdefault(person, monday)
    post_id = len(frozen.posts) + 1
    language = rng.choices(("en", "id", "other"), (5, 4, 0.3 if theme is None else 0))[0]
    sentiment: str | None = None
    if theme is None:
        words = rng.choice(IDLE[language])
    else:
        moods = SAYINGS[theme][language]
        sentiment = rng.choices(list(moods), [3, 1][: len(moods)])[0]
        words = rng.choice(moods[sentiment])
    day = monday + timedelta(days=rng.choices(range(7), (5, 5, 5, 5, 4, 2, 2))[0])
    at = datetime.combine(day, time(), UTC) + timedelta(seconds=rng.randrange(86_400))
    frozen.masked[post_id] = words
    post = {
        "post_id": post_id,
        "version": 1,
        "week": monday,
        "created_date": day,
        "created_at": at,
        "source": rng.choices(SOURCES, (5, 4, 2))[0],
        "thread_id": post_id,
        "person_id": person,
        "role": "member",
        "is_thread_start": True,
        "is_spam": False,
        "is_duplicate": rng.random() < 0.04,
        "is_counted": True,
        "may_quote": person % 17 != 0,
        "language": language,
        "sentiment": sentiment if rng.random() < 0.92 else None,
        "sentiment_score": None if sentiment is None else 0.8,
        "feedback_type": KIND.get(theme or 0, "other") if rng.random() < 0.85 else None,
        "rating": None,
        "theme_id": theme,
        "theme_confidence": None if theme is None else round(rng.uniform(0.55, 0.98), 2),
        "area": AREAS.get(theme or 0),
    }
    frozen.posts.append(post)
    return post


def _threads(frozen: Frozen, rng: random.Random, monday: date) -> None:
    end = datetime.combine(WEEK + timedelta(weeks=1), time(), UTC)
    for post in frozen.posts:
        if post["week"] != monday or monday < WEEK - timedelta(weeks=4) or post["source"] == "reviews":
            continue
        observed = (end - post["created_at"]).total_seconds() / 3600
        hours = rng.expovariate(1 / 9) if rng.random() < 0.8 else rng.uniform(40, 900)
        answered = hours < observed and rng.random() < 0.9
        frozen.threads.append(
            {
                "thread_id": post["thread_id"],
                "source": post["source"],
                "week": monday,
                "is_counted": post["is_counted"],
                "area": post["area"],
                "theme_id": post["theme_id"],
                "first_post_id": post["post_id"],
                "starter_person_id": post["person_id"],
                "observed_hours": observed,
                "response_hours": hours if answered else None,
                "replies": 1 if answered else 0,
                "url": f"https://{post['source']}.example.org/t/{post['thread_id']}",
                "title": frozen.masked[post["post_id"]],
            }
        )


def write(connection: Connection, frozen: Frozen) -> int:
    """Put the rows into a warehouse under a new report and return its id."""
    revision = connection.execute(select(func.count()).select_from(tables.report)).scalar_one() + 1
    report = {
        "week": WEEK,
        "area": "community",
        "revision": revision,
        "input_id": 0,
        "proposed_at": datetime(2026, 11, 23, 3, tzinfo=UTC),
        "timezone": "UTC",
        "language": "en",
        "input_fingerprint": "",
        "code_version": "0",
        "config": {},
        "posts_since": min((post["person_first_week"] for post in frozen.posts), default=None),
        "themes_since": min((theme["born_week"] for theme in frozen.themes), default=None),
    }
    key = connection.execute(insert(tables.report).values(report).returning(tables.report.c.report_id)).scalar_one()
    for table, rows in (
        (tables.report_post, frozen.posts),
        (tables.report_thread, frozen.threads),
        (tables.report_theme, frozen.themes),
    ):
        if rows:
            connection.execute(insert(table), [{"report_id": key, **row} for row in rows])
    return int(key)


def candidates(frozen: Frozen, area: str | None = None) -> list[Candidate]:
    """Return the posts of the last week that may be quoted."""
    return [
        Candidate(
            post_id=post["post_id"],
            version=post["version"],
            masked=frozen.masked[post["post_id"]],
            theme_id=post["theme_id"],
            theme_confidence=post["theme_confidence"],
            sentiment=post["sentiment"],
            toxicity=0.01,
            language=post["language"],
            person_id=post["person_id"],
            source=post["source"],
            url=f"https://{post['source']}.example.org/p/{post['post_id']}",
            created_on=post["created_date"],
        )
        for post in frozen.posts
        if post["week"] == WEEK and post["theme_id"] and post["is_counted"] and post["may_quote"]
        if not post["is_duplicate"] and area in (None, post["area"])
    ]
