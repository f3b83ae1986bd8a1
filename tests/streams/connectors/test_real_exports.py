"""Public exports of real communities, where they lie beside the repository: nothing of them is lost."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from streams.connectors.base import RejectedRow, SkippedRow
from streams.connectors.files import FileConnector, Wishes
from streams.connectors.mapping import parse_choices
from streams.connectors.opening import Format
from streams.connectors.presets import PRESETS

FOLDER = Path(__file__).parents[4] / "shared" / "data"
NOW = datetime(2026, 11, 23, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the public data sets are not in {FOLDER}")


def read(name: str, form: Format, preset: str, *choices: str) -> tuple[Counter[str], list[object]]:
    (path,) = (FOLDER / name).glob(f"*.{form}.gz")
    wishes = Wishes(zone=ZoneInfo("Asia/Jakarta"), preset=PRESETS[preset], choices=parse_choices(choices))
    counts: Counter[str] = Counter()
    posts = []
    for item in itertools.islice(FileConnector(path, form, name="x", wishes=wishes, now=NOW).read(), 40_000):
        counts["read"] += 1
        if isinstance(item, RejectedRow | SkippedRow):
            counts[item.reason] += 1
        else:
            posts.append(item.data)
    counts["events"] = len(posts)
    counts["threads"] = len({post.thread_id for post in posts})
    counts["starts"] = sum(post.is_thread_start for post in posts)
    counts["people"] = len({post.author.id for post in posts})
    counts["answers"] = sum(post.parent_post_id is not None for post in posts)
    return counts, posts


def test_a_forum() -> None:
    counts, posts = read("discourse_urho3d", "jsonl", "forum")
    assert counts == {
        "read": 36_990, "events": 36_990, "threads": 5_046, "starts": 5_046, "people": 999, "answers": 10_005,
    }  # fmt: skip
    assert sum(not post.body for post in posts) == 205


def test_a_chat() -> None:
    counts, posts = read("zulip_lean_2024on", "jsonl", "chat")
    assert counts["read"] == counts["events"] == 40_000
    assert {"Is there code for X?", "lean4", "new members"} <= {post.category for post in posts}
    assert not any(".20" in (post.thread_title or "") for post in posts)


def test_a_chat_without_threads_or_ids() -> None:
    counts, _ = read("irc_ubuntu", "jsonl", "chat", "channel=file")
    assert counts["read"] == counts["events"] == 40_000
    assert counts["threads"] == counts["starts"]


def test_conversations() -> None:
    counts, _ = read("slack_dev_chats", "jsonl", "chat")
    assert counts["read"] == counts["events"] == 40_000


@pytest.mark.parametrize(
    ("name", "rows", "people"),
    [
        ("id_public_service_reviews", 2_993, 2_993),
        ("duolingo_reviews_en", 30_000, 29_372),
        ("id_chatgpt_reviews", 10_000, 9_999),
    ],
)
def test_reviews(name: str, rows: int, people: int) -> None:
    counts, posts = read(name, "csv", "reviews")
    assert counts["read"] == counts["events"] == counts["threads"] == counts["starts"] == rows
    assert counts["people"] == people
    assert all(post.rating in (1, 2, 3, 4, 5) for post in posts)
