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
    def gate(**context: Any) -> list[dict[str, int]]:
        """Refuse the day while its events are still on their way; cut its due posts into shards."""
        from jobs import daily

        found = daily.gate(day_of(context))
        context["ti"].xcom_push(key="fingerprint", value=found.fingerprint)
        return found.shards

    @task
    def enrich(shard: int, of: int) -> int:
        """Annotate one shard of posts."""
        from jobs import daily

        return daily.enrich(day_of(get_current_context()), shard=shard, of=of)

    @task(outlets=[COMMUNITY_DAY])
    def facts(fingerprint: str, **context: Any) -> None:
        """Refresh and check the day in the marts, record it as complete, and tell the week."""
        from jobs import daily

        days = daily.facts(day_of(context), fingerprint=fingerprint)
        context["outlet_events"][COMMUNITY_DAY].add_partitions(days)

    shards = gate()
    enrich.expand_kwargs(shards) >> facts(shards["fingerprint"])


DAG = community_daily()
