"""A day of the community: gate, enrich in shards, then duplicates, marts and quality checks.

Runs each night for the day that has just ended. Emits the asset `community_day` for every complete day of the week,
also those that were run from the command line, so that the week's rollup never waits for a day that is done.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import CronPartitionTimetable, dag, get_current_context, task

from dags.partition import COMMUNITY_DAY, DEFAULTS, day_of, timezone


@dag(
    schedule=CronPartitionTimetable("0 2 * * *", timezone=timezone(), key_format="%Y-%m-%d", run_offset=-1),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["suara", "daily"],
    doc_md=__doc__,
)
def community_daily() -> None:
    """Gate, enrich, and turn one day into facts."""

    @task
    def gate() -> str:
        """Refuse the day while its events are still on their way."""
        from jobs import daily

        return daily.gate(day_of(get_current_context()))

    @task
    def shards(_fingerprint: str) -> list[dict[str, int]]:
        """Cut the day's due posts into shards."""
        from jobs import daily

        numbers = daily.shards(day_of(get_current_context()))
        return [{"shard": number, "of": len(numbers)} for number in numbers]

    @task
    def enrich(shard: int, of: int) -> int:
        """Annotate one shard of posts."""
        from jobs import daily

        return daily.enrich(day_of(get_current_context()), shard=shard, of=of)

    @task(trigger_rule="none_failed")
    def facts() -> dict[str, int]:
        """Refresh and check the day in the marts."""
        from jobs import daily

        return daily.facts(day_of(get_current_context()))

    @task(outlets=[COMMUNITY_DAY])
    def finish(fingerprint: str, counts: dict[str, int], **context: Any) -> None:
        """Record the day as complete and tell the week."""
        from jobs import daily

        days = daily.finish(day_of(context), fingerprint=fingerprint, counts=counts)
        context["outlet_events"][COMMUNITY_DAY].add_partitions(days)

    fingerprint = gate()
    counts = facts()
    enrich.expand_kwargs(shards(fingerprint)) >> counts
    finish(fingerprint, counts)


DAG = community_daily()
