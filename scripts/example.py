"""Writes docs/examples/forum.csv: four weeks of a generated forum, as a forum would export them.

Nobody's real words: everything comes from the demo's generator.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

from streams.events import PostCreated, PostDeleted, PostEdited, PostRestored, PostState
from suara.demo.community import generate

FILE = Path(__file__).parents[1] / "docs" / "examples" / "forum.csv"
END = datetime(2026, 11, 16, tzinfo=UTC)
START = END - timedelta(weeks=4)


def standing_posts() -> list[PostState]:
    """Return the posts of the forum as they stand at the end, oldest first."""
    posts: dict[str, PostState | None] = {}
    versions: dict[str, int] = {}
    for _, event in generate(seed=3, weeks=4, posts=2400).events:
        if (
            not isinstance(event, PostCreated | PostEdited | PostRestored | PostDeleted)
            or ":forum:" not in event.source
        ):
            continue
        if event.data.version > versions.get(event.data.post_id, -1):
            versions[event.data.post_id] = event.data.version
            posts[event.data.post_id] = None if isinstance(event, PostDeleted) else event.data
    standing = [post for post in posts.values() if post is not None and START <= post.created_at < END]
    return sorted(standing, key=lambda post: (post.created_at, post.post_id))


def main() -> None:
    """Write the file."""
    with FILE.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(
            ["post_id", "topic_id", "topic_title", "user", "role", "created_at", "reply_to", "category", "text"]
        )
        for post in standing_posts():
            out.writerow(
                [
                    post.post_id,
                    post.thread_id,
                    post.thread_title or "",
                    post.author.id,
                    post.author.role,
                    post.created_at.strftime("%Y-%m-%d %H:%M:%S"),
                    post.parent_post_id or "",
                    post.category or "",
                    post.body,
                ]
            )


if __name__ == "__main__":
    main()
