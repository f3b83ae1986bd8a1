"""Small files written by the tests, and the connector over them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from kernel.community import SourceTable
from streams.connectors.base import Item, RejectedRow, SkippedRow
from streams.connectors.files import FileConnector, Wishes
from streams.connectors.mapping import parse_choices
from streams.connectors.opening import Format
from streams.connectors.presets import PRESETS
from streams.events import Event

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def connector(
    path: Path,
    content: str | bytes,
    *,
    form: Format = "csv",
    preset: str | None = "forum",
    choices: Iterable[str] = (),
    zone: str = "UTC",
    source: SourceTable | None = None,
    **wishes: Any,
) -> FileConnector:
    """Write `content` to a file under the folder `path` and return the connector over it."""
    file = path / f"export.{form}"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    asked = Wishes(
        zone=ZoneInfo(zone), preset=PRESETS[preset] if preset else None, choices=parse_choices(choices), **wishes
    )
    return FileConnector(file, form, name="kebun", wishes=asked, now=NOW, source=source)


def posts(items: Iterable[Item]) -> list[Any]:
    """Return the data of the events."""
    return [event.data for event in events(items)]


def events(items: Iterable[Item]) -> list[Event]:
    return [item for item in items if not isinstance(item, RejectedRow | SkippedRow)]


def refusals(items: Iterable[Item]) -> list[tuple[int, str]]:
    """Return line and reason of what is no event."""
    return [(item.line, item.reason) for item in items if isinstance(item, RejectedRow | SkippedRow)]
