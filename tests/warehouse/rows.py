"""Rows of `core` as the sink and the text steps would leave them, with as little to say as a test needs."""

from __future__ import annotations

import hashlib
import itertools
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, insert, text

from warehouse.tables import core, themes


def at(moment: str) -> datetime:
    """Read a time in UTC, such as `2026-11-02 10:00`."""
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


class Rows:
    """Writes on one connection; each method returns the new key."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._numbers = itertools.count(1)

    def add(self, table: Table, **values: Any) -> Any:
        key = next(iter(table.primary_key.columns))
        return self.connection.execute(insert(table).values(**values).returning(key)).scalar_one()

    def source(self, name: str = "forum", kind: str = "forum") -> int:
        return self.add(core.source, name=name, kind=kind)

    def member(self, source: int, name: str | None = None, **values: Any) -> int:
        """Add an account that is a person of its own."""
        name = name or f"member-{next(self._numbers)}"
        member = self.add(core.member, source_id=source, external_id=name, **values)
        person = self.add(core.person, founding_member_id=member)
        self.link(member, person, reason="own")
        return member

    def link(self, member: int, person: int, *, undoes: int | None = None, reason: str = "by_hand") -> int:
        return self.add(
            core.identity_link,
            member_id=member,
            person_id=person,
            reason=reason,
            confidence=1,
            actor="test",
            undoes_link_id=undoes,
        )

    def person_of(self, member: int) -> int:
        found = text("select person_id from core.member_person where member_id = :member")
        return self.connection.execute(found, {"member": member}).scalar_one()

    def thread(self, source: int, **values: Any) -> int:
        values = {"external_id": f"thread-{next(self._numbers)}"} | values
        return self.add(core.thread, source_id=source, **values)

    def post(
        self,
        thread: int,
        member: int,
        moment: str,
        *,
        read: dict[str, Any] | None = None,
        is_read: bool = True,
        **values: Any,
    ) -> int:
        """Add a live post; `read` is what the text steps found, and nothing at all unless `is_read`."""
        source = self.connection.execute(text("select source_id from core.thread where thread_id = :t"), {"t": thread})
        defaults = {
            "source_id": source.scalar_one(),
            "external_id": f"post-{next(self._numbers)}",
            "thread_id": thread,
            "member_id": member,
            "version": 1,
            "created_at": at(moment),
            "body": "Words.",
            "last_event_id": "event",
        }
        post = self.add(core.post, **(defaults | values))
        if is_read:
            self.annotate(post, **(read or {}))
        return post

    def annotate(self, post: int, **values: Any) -> None:
        encoded = str(values.get("masked", f"words {post}"))
        sha256 = hashlib.sha256(encoded.encode()).digest()
        version = text("select version from core.post where post_id = :post")
        defaults = {
            "post_id": post,
            "post_version": self.connection.execute(version, {"post": post}).scalar_one(),
            "steps": "1",
            "language": "en",
            "language_confidence": 0.9,
            "masked": encoded,
            "encoded": encoded,
            "text_sha256": sha256,
            "words": 2,
            "is_spam": False,
        }
        self.add(core.post_annotation, **(defaults | values))
        vector = {"sha": sha256, "vector": str([1.0] * 384)}
        self.connection.execute(
            text(
                "insert into core.post_embedding values (:sha, 'model', cast(:vector as vector)) on conflict do nothing"
            ),
            vector,
        )

    def theme(self, name: str = "theme", week: str = "2026-11-02", **values: Any) -> int:
        return self.add(themes.theme, name=name, born_week=week, **values)

    def mention(self, post: int, theme: int, week: str = "2026-11-02", confidence: float = 0.9) -> None:
        self.add(themes.mention, post_id=post, theme_id=theme, week=week, confidence=confidence, method="known")

    def all(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.connection.execute(text(query), values)]

    def one(self, query: str, **values: Any) -> dict[str, Any]:
        return dict(self.connection.execute(text(query), values).mappings().one())
