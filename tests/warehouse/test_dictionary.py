from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from warehouse import dictionary
from warehouse.engine import connect

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "dictionary.md"


def describe(url: str, *statements: str) -> list[dictionary.Relation]:
    engine = connect(url, role="owner")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
        found = dictionary.describe(connection)
    engine.dispose()
    return found


def test_everything_is_explained(shared_url: str) -> None:
    engine = connect(shared_url, role="owner")
    with engine.connect() as connection:
        functions = dictionary.functions(connection)
    assert dictionary.undocumented(describe(shared_url), functions) == []
    assert {"core.key_of", "mart.search_posts"} <= {function.name for function in functions}
    silent = dictionary.Function("mart.silent", "", "integer", "")
    assert dictionary.undocumented([], [silent]) == ["mart.silent"]


def test_what_is_not_explained_is_named(shared_url: str) -> None:
    found = describe(
        shared_url,
        "create table core.secret (one int, two int)",
        "comment on column core.secret.one is 'The first.'",
        "create view mart.shown as select 1 as number",
        "comment on column core.post.body is null",
        "comment on schema raw is null",
    )
    assert dictionary.undocumented(found) == [
        "core.post.body",
        "core.secret",
        "core.secret.two",
        "mart.shown",
        "mart.shown.number",
        "raw",
    ]


def test_tables_and_views_are_told_apart_and_partitions_are_left_out(shared_url: str) -> None:
    found = {f"{relation.schema}.{relation.name}": relation for relation in describe(shared_url)}
    assert found["mart.dim_theme"].kind == "view"
    assert found["raw.event"].kind == "table"
    assert found["mart.found_post"].kind == "type"
    assert "raw.event_default" not in found
    key = next(column for column in found["core.post"].columns if column.name == "post_id")
    assert (key.type, key.is_required) == ("bigint", True)


def test_the_page_is_up_to_date(shared_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert dictionary.main([shared_url]) == 0
    assert PAGE.read_text("utf-8") == capsys.readouterr().out, (
        f"make it anew: python -m warehouse.dictionary postgresql://... > {PAGE.relative_to(Path.cwd())}"
    )


def test_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert dictionary.main([]) == 2
    assert "usage" in capsys.readouterr().err
