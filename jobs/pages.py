"""Where the pages of reports live, and writing them: each file appears whole or not at all."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from jobs.context import Context
from kernel.community import CommunityFile
from kernel.settings import Settings
from reports import document, index, render
from reports.document import Document
from warehouse import documents, registry, reporting


def page_path(settings: Settings, monday: date, area: str) -> Path:
    """Return where the HTML page of a report is."""
    return settings.home / "reports" / str(monday) / area / "report.html"


def index_path(settings: Settings) -> Path:
    """Return where the index over all reports is."""
    return settings.home / "reports" / "index.html"


def read_document(connection: Connection, community: CommunityFile, report_id: int) -> Document:
    """Return a report as it was stored, ready to be rendered. Areas carry the titles that suara.toml has now."""
    row = documents.read_report(connection, report_id)
    facts = documents.read_facts(connection, report_id)
    return document.compose(
        meta=_meta(community, row, registry.run_of(connection, row["week"])),
        facts=facts,
        quotes=documents.read_quotes(connection, report_id),
        themes=documents.read_themes(connection, row["input_id"]),
        threads=documents.read_threads(connection, row["input_id"], document.waiting_in(facts)),
    )


def write_pages(context: Context, report_id: int) -> Path:
    """Write the page of a report and its twins, and return the HTML page's place."""
    with context.begin() as connection:
        made = read_document(connection, context.community, report_id)
    page = page_path(context.settings, made.meta.week, made.meta.area)
    page.parent.mkdir(parents=True, exist_ok=True)
    _replace(page, render.html(made).encode())
    _replace(page.with_suffix(".md"), render.markdown(made).encode())
    _replace(page.with_suffix(".json"), render.facts_json(made))
    return page


def write_index(context: Context) -> Path:
    """Write the index over the newest revision of every report, and return its place."""
    seen: dict[tuple[date, str], int] = {}
    with context.begin() as connection:
        for row in reporting.list_reports(connection):
            seen.setdefault((row["week"], row["area"]), row["report_id"])
        entries = [index.entry(read_document(connection, context.community, report_id)) for report_id in seen.values()]
    path = index_path(context.settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, index.index_html(entries).encode())
    return path


def _meta(community: CommunityFile, row: dict[str, Any], run: dict[str, Any] | None) -> document.Meta:
    config = row["config"]
    models = {"steps": config["steps"], "encoder": config["encoder"]}
    return document.Meta(
        report_id=row["report_id"],
        input_id=row["input_id"],
        community=config["community"],
        week=row["week"],
        timezone=row["timezone"],
        language=row["language"],
        area=row["area"],
        areas=tuple(
            document.Area(key=key, title=area.title or key, team=area.team, owner=area.owner)
            for key, area in community.areas.items()
        ),
        revision=row["revision"],
        status=row["status"],
        promoted_by=row["promoted_by"],
        data_through=row["data_through"],
        code_version=row["code_version"],
        models=models | ({"themes": run["model"]} if run else {}),
        languages=tuple(config["languages"]),
        within_hours=tuple(config["response"]["within_hours"]),
        sla_hours=config["response"]["sla_hours"],
        continuity=run["continuity"] if run else None,
        stability=run["stability"] if run else None,
    )


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never half of it."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(content)
    fresh.replace(path)
