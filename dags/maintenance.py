"""Keeps the warehouse in shape: partitions ahead, retention, a digest of dead letters, audits, reconciliation."""

from __future__ import annotations

from airflow.sdk import dag, task

from dags.partition import DEFAULTS


@dag(schedule="30 1 * * *", catchup=False, max_active_runs=1, default_args=DEFAULTS, tags=["suara"], doc_md=__doc__)
def maintenance() -> None:
    """Look after the warehouse once a night."""

    @task
    def partitions_ahead() -> list[str]:
        """Make the partitions of the months to come."""
        from jobs import maintenance as job

        return job.partitions_ahead()

    @task
    def retention() -> int:
        """Drop archived months older than the retention says."""
        from jobs import maintenance as job

        return job.retention()

    @task
    def gone_posts() -> int:
        """Delete what was read of posts that are no longer there."""
        from jobs import maintenance as job

        return job.gone_posts()

    @task
    def dead_letter_words() -> dict[str, int]:
        """Delete the words of dead letters that are too old, or whose member is forgotten."""
        from jobs import maintenance as job

        return job.dead_letter_words()

    @task
    def dead_letters() -> dict[str, int]:
        """Count open dead letters by reason."""
        from jobs import maintenance as job

        return job.dead_letters()

    @task
    def registry_audit() -> list[str]:
        """Name what is wrong in the theme registry."""
        from jobs import maintenance as job

        return job.registry_audit()

    @task
    def theme_audit() -> list[str]:
        """Once a month, say which themes a refit would merge, split or add; people decide."""
        from jobs import maintenance as job

        return job.theme_audit()

    @task
    def reconciliation() -> int:
        """Count from the files to core what is new since the last time; fail when a difference is unexplained."""
        from jobs import reconcile as job

        return job.reconcile()

    (
        partitions_ahead()
        >> retention()
        >> gone_posts()
        >> dead_letter_words()
        >> dead_letters()
        >> registry_audit()
        >> theme_audit()
        >> reconciliation()
    )


DAG = maintenance()
