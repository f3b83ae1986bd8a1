"""Delivers reports that a person has promoted, and refuses every other.

Promotion is recorded in the warehouse by `suara report promote`; nothing in Airflow can stand in for it.
"""

from __future__ import annotations

from airflow.sdk import dag, task

from dags.partition import DEFAULTS


@dag(schedule="15 * * * *", catchup=False, max_active_runs=1, default_args=DEFAULTS, tags=["suara"], doc_md=__doc__)
def deliver() -> None:
    """Send what was promoted and not sent yet."""

    @task
    def promoted() -> list[int]:
        """List the promoted reports that were not sent yet."""
        from jobs import deliver as job

        return job.promoted()

    @task
    def send(report_id: int) -> int:
        """Send one report to everyone named for its area; refuses one that nobody promoted."""
        from jobs import deliver as job

        return job.send(report_id)

    send.expand(report_id=promoted())


DAG = deliver()
