"""The index: newest week first, the community before its areas, links that lead somewhere."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from reports import index
from tests.reports.page import Page
from tests.reports.test_render import stored, variant


def earlier(document, weeks):
    return msgspec.structs.replace(
        document, meta=msgspec.structs.replace(document.meta, week=document.meta.week - timedelta(weeks=weeks))
    )


def test_reports_are_found_newest_first():
    made = [stored("sync"), earlier(stored("community"), 1), stored("community")]
    page = Page(index.index_html([index.entry(document) for document in made]))
    links = [address for address in page.all("href") if address.endswith("report.html")]
    assert links == [
        "2026-11-16/community/report.html",
        "2026-11-16/sync/report.html",
        "2026-11-09/community/report.html",
    ]
    assert page.broken == []
    assert page.stray == []


def test_numbers_lead_to_their_line_in_the_report():
    page = Page(index.index_html([index.entry(stored("community"))]))
    assert "2026-11-16/community/report.html#voice.people" in page.all("href")
    assert next((figure.fact, figure.value) for figure in page.figures) == ("voice.people", "93")


def test_no_reports_yet_says_how_to_make_one():
    page = index.index_html([])
    assert "suara run weekly" in page
    assert Page(page).broken == []


def test_the_newest_report_decides_the_language():
    page = index.index_html([index.entry(variant("community", "id")), index.entry(earlier(stored("sync"), 3))])
    assert '<html lang="id">' in page
    assert "Seluruh komunitas" in page
