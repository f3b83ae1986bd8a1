"""Checking a report again: queries on the frozen rows, these against the live ones, quotes by word, pages by byte.

Facts that differ on frozen rows mean that code or database was changed by hand: the report is broken. So do pages that
are not what its facts give. Differences from live rows are no fault: data came late, was edited, linked or erased after
the freeze. Each is listed with its cause.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection

import insights
from jobs import pages
from jobs.context import Context, code_version, open_context
from jobs.report import answers, scope_of
from kernel.model import Fact, Quote
from reports import document, evidence
from warehouse import documents, reporting


@dataclass(frozen=True)
class Finding:
    """One difference. `broken` tells a fault of the report from news that came after it, `is_page` one of a file."""

    what: str
    cause: str
    broken: bool
    is_page: bool = False


@dataclass(frozen=True)
class Check:
    """Which report was checked, how much of it, and what differs."""

    meta: document.Meta
    facts: int
    quotes: int
    pages: int
    findings: list[Finding]


def verify(monday: date, area: str, revision: int | None = None) -> Check:
    """Check a revision of a report, or the newest."""
    context = open_context()
    with context.begin() as connection:
        row = reporting.find_report(connection, monday, area, revision)
        facts = documents.read_facts(connection, row.report_id)
        quotes = documents.read_quotes(connection, row.report_id)
        scope = scope_of(documents.read_report(connection, row.report_id))
        again = {fact.id: fact for fact in insights.assemble(answers(connection, row.input_id, scope), scope)}
        findings = _compare_facts(facts, again)
        if not reporting.is_untouched(connection, row):
            findings.append(Finding("frozen rows", "were changed by hand since they were frozen", broken=True))
        findings += _compare_quotes(connection, quotes)
        made = pages.read_document(connection, context.community, row.report_id)
        wanted = pages.files(context.settings, made)
        findings += _compare_pages(made.meta, wanted, partial(_unsilenced, connection, context, row.report_id))
        findings += [
            Finding(what, cause, broken=False) for what, cause in documents.live_differences(connection, row.input_id)
        ]
    return Check(made.meta, len(facts), len(quotes), len(wanted), findings)


def _compare_facts(stored: list[Fact], again: dict[str, Fact]) -> list[Finding]:
    findings = []
    for fact in stored:
        now = again.get(fact.id)
        if now is None:
            findings.append(Finding(fact.id, "no longer computed by this version of Suara", broken=True))
        elif parts := _differing(document.canonical(fact), document.canonical(now)):
            cause = f"stored {_show(fact, parts)}, the frozen rows give {_show(now, parts)}"
            findings.append(Finding(fact.id, cause, broken=True))
    findings += [
        Finding(name, "is computed, but not stored", broken=True) for name in again.keys() - {f.id for f in stored}
    ]
    return findings


def _compare_quotes(connection: Connection, quotes: list[Quote]) -> list[Finding]:
    texts = documents.masked_texts(connection, [quote.post_id for quote in quotes])
    silenced = documents.silenced(connection, [quote.post_id for quote in quotes])
    findings = []
    for quote in quotes:
        if not evidence.is_whole(quote):
            findings.append(Finding(quote.id, "the stored words do not have the stored hash", broken=True))
        live = texts.get(quote.post_id)
        if live is None:
            findings.append(Finding(quote.id, "its post was deleted or erased since", broken=False))
        elif live[0] != quote.version:
            findings.append(Finding(quote.id, f"its post was edited since (version {live[0]})", broken=False))
        elif not evidence.is_verbatim(quote, live[1]):
            findings.append(Finding(quote.id, "nobody wrote these words at this place", broken=True))
        if quote.post_id in silenced:
            findings.append(
                Finding(quote.id, "its writer asked not to be quoted since: no new page shows it", broken=False)
            )
    return findings


def _unsilenced(connection: Connection, context: Context, report_id: int) -> dict[Path, bytes]:
    """Return a report's pages with the words of those who opted out since."""
    return pages.files(context.settings, pages.read_document(connection, context.community, report_id, as_written=True))


def _compare_pages(
    meta: document.Meta, wanted: Mapping[Path, bytes], unsilenced: Callable[[], Mapping[Path, bytes]]
) -> list[Finding]:
    """Compare pages on disk with what they have to be; `unsilenced` is asked for, once, where one differs."""
    found = {path: path.read_bytes() if path.is_file() else None for path in wanted}
    differing = [path for path, content in wanted.items() if found[path] != content]
    before = unsilenced() if differing else {}
    again = f"`suara report render --week {meta.week} --area {meta.area} --revision {meta.revision}`"
    findings = []
    for path in differing:
        cause, broken = "page on disk differs from its facts", True
        if found[path] is None:
            cause = "page is not on disk"
        elif found[path] == before[path]:
            cause, broken = "page on disk still has words of somebody who asked not to be quoted since", False
        elif meta.code_version != code_version():
            # Other templates give other bytes: that alone is no sign of a hand in the page.
            cause, broken = f"page of Suara {meta.code_version} cannot be compared by Suara {code_version()}", False
        findings.append(Finding(str(path), f"{cause}; {again}", broken, is_page=True))
    return findings


def _differing(stored: Fact, now: Fact) -> list[str]:
    """Return the names of the parts in which two facts differ, by more than the last digits of a float."""
    return [name for name in Fact.__struct_fields__ if not _alike(_plain(stored, name), _plain(now, name))]


def _plain(fact: Fact, name: str) -> Any:
    return msgspec.to_builtins(getattr(fact, name))


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    return bool(one == other)


def _show(fact: Fact, parts: Sequence[str]) -> str:
    return ", ".join(f"{name} {_plain(fact, name)}" for name in parts)
