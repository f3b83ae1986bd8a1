"""`ops`: how the pipeline itself is doing."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, Index, Table
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from warehouse.tables.base import METADATA, count, instant, key, text

pipeline_run = Table(
    "pipeline_run",
    METADATA,
    key("run_id", "Surrogate key."),
    text("kind", "daily or weekly."),
    Column("partition", Date, nullable=False, comment="The day, or the Monday of the week."),
    text("state", "running, success or failed."),
    text("input_fingerprint", "Hash of the rows it read; another hash means that the partition has changed."),
    text("code_version", "Versions of the code and of the text steps."),
    Column("metrics", JSONB, nullable=False, server_default="{}", comment="Counts and seconds."),
    instant("started_at", "When it began."),
    instant("finished_at", "When it ended.", nullable=True),
    CheckConstraint("kind in ('daily', 'weekly')", name="kind"),
    CheckConstraint("state in ('running', 'success', 'failed')", name="state"),
    Index("uq_pipeline_run_kind_partition", "kind", "partition", unique=True),
    schema="ops",
    comment="The newest run of each day and week: what is complete. Grain: kind and partition.",
)

quality_result = Table(
    "quality_result",
    METADATA,
    key("result_id", "Surrogate key."),
    text("suite", "Suite of expectations."),
    Column("partition", Date, nullable=True, comment="The day or week that was checked."),
    text("expectation", "What was expected, with its columns."),
    text("severity", "critical blocks, warning alerts."),
    text("outcome", "passed, failed, or error when it could not be evaluated."),
    count("evaluated", "Rows looked at.", nullable=True),
    count("unexpected", "Rows that broke it.", nullable=True),
    Column("observed", JSONB, nullable=True, comment="Observed aggregate; never a value of a row."),
    instant("checked_at", "When it was checked.", server_default=sql("now()")),
    Index("ix_quality_result_suite_partition", "suite", "partition"),
    schema="ops",
    comment="Results of quality gates. Grain: one expectation in one check.",
)

import_run = Table(
    "import_run",
    METADATA,
    key("import_id", "Surrogate key."),
    text("source", "Name of the source."),
    text("file_name", "Name of the file, without its folder."),
    text("file_sha256", "Hash of the file."),
    text("mapping", "Preset and mapping that were used."),
    count("rows_read", "Rows in the file."),
    count("rows_sent", "Rows sent as events."),
    count("rows_rejected", "Rows refused before Kafka."),
    count("rows_skipped", "Rows outside of the asked time, or the same as an earlier row.", server_default="0"),
    Column(
        "reasons",
        JSONB,
        nullable=False,
        server_default="{}",
        comment="Refused rows by reason, with up to 20 line numbers each.",
    ),
    instant("started_at", "When it began."),
    instant("finished_at", "When it ended.", nullable=True),
    schema="ops",
    comment="Imports of files: rows read = rows sent + rejected + skipped. Grain: one import.",
)

setting = Table(
    "setting",
    METADATA,
    text(
        "name",
        "timezone: the zone of all days and weeks here; views: the views that were made, and from what; "
        "tombstone_salt: what the ids of forgotten members are hashed with.",
        primary_key=True,
    ),
    text("value", "Its value."),
    schema="ops",
    comment="Settings that views need. Grain: one setting.",
)
