"""What new steps would change is shown, and nothing is written."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from jobs.shadow import FIELDS, shadow
from suara.cli.main import app
from tests.jobs.community import Community


def test_posts_are_read_again_beside_what_is_stored(forum: Community) -> None:
    stored = "select * from core.post_annotation order by post_id"
    before = (forum.ask(stored), forum.ask("select count(*) from core.post_embedding"))
    steps, found = shadow(40)
    assert steps == forum.context.steps
    by_field = {one.field: one for one in found}
    assert list(by_field) == list(FIELDS)
    assert {one.compared for one in found} == {40}
    # The forum was loaded without verdicts of the heads, and with its languages.
    assert by_field["sentiment"].changed > 20
    assert any(way.startswith("none to ") for way in by_field["sentiment"].mostly)
    assert by_field["language"].changed <= 2
    assert by_field["personal data"].changed == 0
    assert (forum.ask(stored), forum.ask("select count(*) from core.post_embedding")) == before


def test_the_command_prints_a_row_a_field(forum: Community) -> None:
    result = CliRunner().invoke(app, ["run", "shadow", "--posts", "10", "--json"], catch_exceptions=False)
    assert [row["field"] for row in json.loads(result.stdout)] == list(FIELDS)
