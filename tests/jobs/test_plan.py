"""What a run announces before it begins."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from jobs import plan
from kernel.calendar import days_of_week
from tests.jobs.community import MONDAYS, Community

_STORE = """
    insert into core.post_embedding (text_sha256, model, embedding)
    select distinct text_sha256, :model, array_fill(1, array[384])::vector from core.post_annotation
"""


@pytest.mark.parametrize(
    ("model", "change", "some_left"),
    [
        (None, "update core.post_annotation set steps = 'older'", False),
        ("other-1", "update core.post_annotation set steps = 'older'", True),
        (None, "update core.post set version = version + 1", True),
        (None, "delete from core.post_annotation", True),
    ],
)
def test_only_texts_without_a_vector_are_to_be_encoded(
    forum: Community, model: str | None, change: str, some_left: bool
) -> None:
    days = days_of_week(MONDAYS[0])
    ((held,),) = forum.ask("select count(*) from core.post where created_at < '2026-10-12'")
    with forum.context.begin() as connection:
        connection.execute(text(_STORE), {"model": model or forum.context.encoder_name})
        connection.execute(text(change))
    due, seconds = plan.estimate(days)
    assert due == held
    assert seconds is not None
    assert (seconds > 0) == some_left
