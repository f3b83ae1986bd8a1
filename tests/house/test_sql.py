"""Every query in the documentation runs, as a reader, on an empty warehouse."""

import re

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.house.uv import ROOT
from warehouse.engine import connect

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")], key=str)
QUERIES = [
    (str(page.relative_to(ROOT)), query)
    for page in PAGES
    for query in [
        *re.findall(r"^```sql\n((?:select|with).*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL),
        *re.findall(r'suara psql -c "([^"]+)"', page.read_text("utf-8")),
    ]
]


def test_every_query_runs_as_a_reader(warehouse_url: str) -> None:
    failed = []
    engine = connect(warehouse_url, role="reader")
    for page, query in QUERIES:
        try:
            with engine.connect() as connection:
                connection.execute(text(query)).all()
        except DBAPIError as error:
            failed.append(f"{page}: {error.orig}")
    engine.dispose()
    assert not failed
    assert len(QUERIES) > 8
