"""Where the pages of reports live, and writing them: each file appears whole or not at all."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from jobs.context import Context
from kernel.settings import Settings
from reports import index, render
from reports.document import Document
from warehouse import documents


def page_path(settings: Settings, monday: date, area: str) -> Path:
    """Return where the HTML page of a report is."""
    return settings.home / "reports" / str(monday) / area / "report.html"


def index_path(settings: Settings) -> Path:
    """Return where the index over all reports is."""
    return settings.home / "reports" / "index.html"
