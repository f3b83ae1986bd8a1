"""A week of the community: themes, frozen input, then one report an area. Ends at *proposed*.

Fires when the seventh day of the week is complete. What counts as complete is a row in `ops.pipeline_run`, which the
gate reads; the rollup of assets only says when to look.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import (
    PartitionedAssetTimetable,
    RollupMapper,
    StartOfWeekMapper,
    WeekWindow,
    dag,
    get_current_context,
    task,
)

from dags.partition import COMMUNITY_DAY, DEFAULTS, monday_of, timezone

_BY_WEEK = RollupMapper(
    upstream_mapper=StartOfWeekMapper(timezone=timezone(), input_format="%Y-%m-%d", output_format="%Y-%m-%d"),
    window=WeekWindow(),
)


@dag(
    schedule=PartitionedAssetTimetable(assets=COMMUNITY_DAY, default_partition_mapper=_BY_WEEK),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["suara", "weekly"],
    doc_md=__doc__,
)
def advocacy_weekly() -> None:
    """Turn seven complete days into proposed reports."""

    @task
    def gate() -> str:
        """Refuse a week that has a day which is not complete."""
        from jobs import weekly

        return weekly.gate(monday_of(get_current_context()))

    @task
    def themes(_fingerprint: str) -> dict[str, int]:
        """Find the week's themes."""
        from jobs import weekly

        return weekly.themes(monday_of(get_current_context()))

    @task
    def freeze(_counts: dict[str, int]) -> list[dict[str, Any]]:
        """Freeze the input of the week's reports, and list the reports to make."""
        from jobs import weekly

        return weekly.freeze(monday_of(get_current_context()))

    @task(map_index_template="{{ task.op_kwargs['area'] }}")
    def report(area: str, input_id: int) -> int:
        """Make one report."""
        from jobs import report as report_job

        return report_job.make(monday_of(get_current_context()), area, input_id=input_id)

    @task
    def finish(fingerprint: str) -> None:
        """Record the week as complete and write the index."""
        from jobs import weekly

        weekly.finish(monday_of(get_current_context()), fingerprint=fingerprint)

    fingerprint = gate()
    report.expand_kwargs(freeze(themes(fingerprint))) >> finish(fingerprint)


DAG = advocacy_weekly()
