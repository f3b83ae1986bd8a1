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


def newest_page(context: Context, monday: date, area: str) -> Path | None:
    """Return where the HTML page of the newest report of a week is, or None where there is no report."""
    with context.begin() as connection:
        newest = reporting.newest_report(connection, monday, area)
        if newest is None:
            return None
        row = documents.read_report(connection, newest.report_id)
    return _page(context.settings, _meta(context.community, row))


def _page(settings: Settings, meta: document.Meta) -> Path:
    return settings.home / "reports" / meta.folder / meta.area / "report.html"


def index_path(settings: Settings) -> Path:
    """Return where the index over all reports is."""
    return settings.home / "reports" / "index.html"


def read_document(
    connection: Connection, community: CommunityFile, report_id: int, *, as_written: bool = False
) -> Document:
    """Return a report as it was stored, ready to be rendered, without words of people who opted out since.

    `as_written` keeps those words: only to recognise a page from before they opted out. A report from before areas
    were stored with it carries the titles that suara.toml has now.
    """
    row = documents.read_report(connection, report_id)
    facts = documents.read_facts(connection, report_id)
    quotes = documents.read_quotes(connection, report_id)
    threads = documents.read_threads(connection, row["input_id"], document.waiting_in(facts))
    shown = [quote.post_id for quote in quotes] + [thread["first_post_id"] for thread in threads]
    silenced = set() if as_written else documents.silenced(connection, shown)
    return document.compose(
        meta=_meta(community, row),
        facts=facts,
        quotes=[quote for quote in quotes if quote.post_id not in silenced],
        themes=documents.read_themes(connection, row["input_id"]),
        threads=[
            thread | {"title": None, "url": None} if thread["first_post_id"] in silenced else thread
            for thread in threads
        ],
    )


def setting_of(connection: Connection, community: CommunityFile, monday: date) -> dict[str, Any]:
    """Return what pages of a week say besides facts: areas with their titles, and the theme run with its grades."""
    run = registry.run_of(connection, monday)
    return {
        "areas": _areas(community),
        "themes": run and {"model": run["model"], "continuity": run["continuity"], "stability": run["stability"]},
    }


def write_pages(context: Context, report_id: int) -> Path:
    """Write the page of a report and its twins, and return the HTML page's place."""
    with context.begin() as connection:
        made = read_document(connection, context.community, report_id)
    page = _page(context.settings, made.meta)
    page.parent.mkdir(parents=True, exist_ok=True)
    for path, content in files(context.settings, made).items():
        _replace(path, content)
    return page


def files(settings: Settings, made: Document) -> dict[Path, bytes]:
    """Return the page of a report and its twins: what `write_pages` writes, by where."""
    page = _page(settings, made.meta)
    return {
        page: render.html(made).encode(),
        page.with_suffix(".md"): render.markdown(made).encode(),
        page.with_suffix(".json"): render.facts_json(made),
    }


def write_index(context: Context) -> Path:
    """Write the index over every report that somebody promoted or that is newer than it, and return its place."""
    with context.begin() as connection:
        shown = [row["report_id"] for row in reporting.list_reports(connection) if row["status"] != "superseded"]
        entries = [index.entry(read_document(connection, context.community, report_id)) for report_id in shown]
    path = index_path(context.settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, index.index_html(entries).encode())
    return path


def _meta(community: CommunityFile, row: dict[str, Any]) -> document.Meta:
    config = row["config"]
    run = row["setting"].get("themes")
    areas = row["setting"].get("areas")
    models = {"steps": config["steps"], "encoder": config["encoder"]}
    return document.Meta(
        report_id=row["report_id"],
        input_id=row["input_id"],
        community=config["community"],
        week=row["week"],
        timezone=row["timezone"],
        language=row["language"],
        area=row["area"],
        areas=tuple(document.Area(**area) for area in (_areas(community) if areas is None else areas)),
        revision=row["revision"],
        edition=row["edition"],
        status=row["status"],
        proposed_at=row["proposed_at"],
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


def _areas(community: CommunityFile) -> list[dict[str, Any]]:
    return [
        {"key": key, "title": area.title or key, "team": area.team, "owner": area.owner}
        for key, area in community.areas.items()
    ]


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never half of it."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(content)
    fresh.replace(path)
