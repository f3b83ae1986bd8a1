"""The archive of events, the pipeline's own records, and privacy."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("topic", sa.Text(), nullable=False, comment="Kafka topic."),
        sa.Column("kafka_partition", sa.Integer(), nullable=False, comment="Kafka partition."),
        sa.Column("kafka_offset", sa.BigInteger(), nullable=False, comment="Offset in the partition."),
        sa.Column(
            "record_ts",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When the broker appended the record; the same on every replay.",
        ),
        sa.Column("event_id", sa.Text(), nullable=False, comment="CloudEvents id."),
        sa.Column("source", sa.Text(), nullable=False, comment="CloudEvents source, such as urn:community:forum:NAME."),
        sa.Column("type", sa.Text(), nullable=False, comment="CloudEvents type."),
        sa.Column("subject", sa.Text(), nullable=True, comment="CloudEvents subject, such as post/123."),
        sa.Column(
            "event_time", sa.DateTime(timezone=True), nullable=False, comment="When it happened, by the source's clock."
        ),
        sa.Column("payload", sa.Text(), nullable=False, comment="The whole event as it arrived (JSON text)."),
        sa.Column(
            "loaded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the sink committed it.",
        ),
        sa.PrimaryKeyConstraint("topic", "kafka_partition", "kafka_offset", "record_ts", name=op.f("pk_event")),
        schema="raw",
        comment="Every accepted event. Grain: one Kafka record. Partitioned by month of record_ts.",
        postgresql_partition_by="RANGE (record_ts)",
    )
    op.create_index("ix_event_event_id", "event", ["event_id"], unique=False, schema="raw")
    op.create_index("ix_event_event_time", "event", ["event_time"], unique=False, schema="raw", postgresql_using="brin")
    op.create_index("ix_event_record_ts", "event", ["record_ts"], unique=False, schema="raw", postgresql_using="brin")
    op.create_table(
        "ingest_offset",
        sa.Column("consumer_group", sa.Text(), nullable=False, comment="Consumer group of the sink."),
        sa.Column("topic", sa.Text(), nullable=False, comment="Kafka topic."),
        sa.Column("kafka_partition", sa.Integer(), nullable=False, comment="Kafka partition."),
        sa.Column(
            "next_offset", sa.BigInteger(), nullable=False, comment="First offset that is not yet in the warehouse."
        ),
        sa.Column(
            "topic_id", sa.UUID(), nullable=False, comment="Kafka's own id of the topic; changes when re-created."
        ),
        sa.Column("high_watermark", sa.BigInteger(), nullable=True, comment="End of the partition when last seen."),
        sa.Column(
            "last_record_ts", sa.DateTime(timezone=True), nullable=True, comment="record_ts of the last record loaded."
        ),
        sa.Column("owner", sa.Text(), nullable=True, comment="Process that wrote last."),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was written.",
        ),
        sa.PrimaryKeyConstraint("consumer_group", "topic", "kafka_partition", name=op.f("pk_ingest_offset")),
        schema="raw",
        comment="Where the sink stands. The truth about offsets; Kafka's own commit is a hint. Grain: "
        "group and partition.",
    )
    op.create_table(
        "rejected_event",
        sa.Column("topic", sa.Text(), nullable=False, comment="Topic of the refused record."),
        sa.Column("kafka_partition", sa.Integer(), nullable=False, comment="Kafka partition."),
        sa.Column("kafka_offset", sa.BigInteger(), nullable=False, comment="Offset in the partition."),
        sa.Column(
            "record_ts", sa.DateTime(timezone=True), nullable=False, comment="When the broker appended the record."
        ),
        sa.Column("stage", sa.Text(), nullable=False, comment="Where it was refused: size, decode, validate or load."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Typed reason, such as invalid_utf8 or missing_field."),
        sa.Column("detail", sa.Text(), nullable=True, comment="What exactly, without any content of the record."),
        sa.Column("record_key", sa.LargeBinary(), nullable=True, comment="Key of the record."),
        sa.Column("payload", sa.LargeBinary(), nullable=True, comment="The refused bytes, cut at 1 MiB."),
        sa.Column("headers", JSONB(), nullable=True, comment="Headers of the dead letter."),
        sa.Column("status", sa.Text(), server_default="open", nullable=False, comment="open, replayed or discarded."),
        sa.Column("attempts", sa.Integer(), server_default="1", nullable=False, comment="How often it was refused."),
        sa.Column("first_failed_at", sa.DateTime(timezone=True), nullable=False, comment="When it was refused first."),
        sa.Column(
            "resolved_at", sa.DateTime(timezone=True), nullable=True, comment="When it was replayed or discarded."
        ),
        sa.CheckConstraint("stage in ('size', 'decode', 'validate', 'load')", name=op.f("ck_rejected_event_stage")),
        sa.CheckConstraint("status in ('open', 'replayed', 'discarded')", name=op.f("ck_rejected_event_status")),
        sa.PrimaryKeyConstraint("topic", "kafka_partition", "kafka_offset", name=op.f("pk_rejected_event")),
        schema="raw",
        comment="Dead letters, mirrored from the DLQ topic. Grain: one refused Kafka record.",
    )
    op.create_table(
        "pipeline_run",
        sa.Column("run_id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="Surrogate key."),
        sa.Column("kind", sa.Text(), nullable=False, comment="daily or weekly."),
        sa.Column("partition", sa.Date(), nullable=False, comment="The day, or the Monday of the week."),
        sa.Column("state", sa.Text(), nullable=False, comment="running, success or failed."),
        sa.Column(
            "input_fingerprint",
            sa.Text(),
            nullable=False,
            comment="Hash of the rows it read; another hash means that the partition has changed.",
        ),
        sa.Column("code_version", sa.Text(), nullable=False, comment="Versions of the code and of the text steps."),
        sa.Column("metrics", JSONB(), server_default="{}", nullable=False, comment="Counts and seconds."),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False, comment="When it began."),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True, comment="When it ended."),
        sa.CheckConstraint("kind in ('daily', 'weekly')", name=op.f("ck_pipeline_run_kind")),
        sa.CheckConstraint("state in ('running', 'success', 'failed')", name=op.f("ck_pipeline_run_state")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_pipeline_run")),
        schema="ops",
        comment="The newest run of each day and week: what is complete. Grain: kind and partition.",
    )
    op.create_index("uq_pipeline_run_kind_partition", "pipeline_run", ["kind", "partition"], unique=True, schema="ops")
    op.create_table(
        "quality_result",
        sa.Column("result_id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="Surrogate key."),
        sa.Column("suite", sa.Text(), nullable=False, comment="Suite of expectations."),
        sa.Column("partition", sa.Date(), nullable=True, comment="The day or week that was checked."),
        sa.Column("expectation", sa.Text(), nullable=False, comment="What was expected, with its columns."),
        sa.Column("severity", sa.Text(), nullable=False, comment="critical blocks, warning alerts."),
        sa.Column(
            "outcome", sa.Text(), nullable=False, comment="passed, failed, or error when it could not be evaluated."
        ),
        sa.Column("evaluated", sa.BigInteger(), nullable=True, comment="Rows looked at."),
        sa.Column("unexpected", sa.BigInteger(), nullable=True, comment="Rows that broke it."),
        sa.Column("observed", JSONB(), nullable=True, comment="Observed aggregate; never a value of a row."),
        sa.Column(
            "checked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was checked.",
        ),
        sa.PrimaryKeyConstraint("result_id", name=op.f("pk_quality_result")),
        schema="ops",
        comment="Results of quality gates. Grain: one expectation in one check.",
    )
    op.create_index(
        "ix_quality_result_suite_partition", "quality_result", ["suite", "partition"], unique=False, schema="ops"
    )
    op.create_table(
        "import_run",
        sa.Column("import_id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="Surrogate key."),
        sa.Column("source", sa.Text(), nullable=False, comment="Name of the source."),
        sa.Column("file_name", sa.Text(), nullable=False, comment="Name of the file, without its folder."),
        sa.Column("file_sha256", sa.Text(), nullable=False, comment="Hash of the file."),
        sa.Column("mapping", sa.Text(), nullable=False, comment="Preset and mapping that were used."),
        sa.Column("rows_read", sa.BigInteger(), nullable=False, comment="Rows in the file."),
        sa.Column("rows_sent", sa.BigInteger(), nullable=False, comment="Rows sent as events."),
        sa.Column("rows_rejected", sa.BigInteger(), nullable=False, comment="Rows refused before Kafka."),
        sa.Column(
            "rows_skipped",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="Rows outside of the asked time, or the same as an earlier row.",
        ),
        sa.Column(
            "reasons",
            JSONB(),
            server_default="{}",
            nullable=False,
            comment="Refused rows by reason, with up to 20 line numbers each.",
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False, comment="When it began."),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True, comment="When it ended."),
        sa.PrimaryKeyConstraint("import_id", name=op.f("pk_import_run")),
        schema="ops",
        comment="Imports of files: rows read = rows sent + rejected + skipped. Grain: one import.",
    )
    op.create_table(
        "setting",
        sa.Column(
            "name",
            sa.Text(),
            nullable=False,
            comment="timezone: the zone of all days and weeks here; views: the views that were made, and from what.",
        ),
        sa.Column("value", sa.Text(), nullable=False, comment="Its value."),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_setting")),
        schema="ops",
        comment="Settings that views need. Grain: one setting.",
    )
    op.create_table(
        "pii_span",
        sa.Column("post_id", sa.BigInteger(), nullable=False, comment="The post."),
        sa.Column("span_start", sa.Integer(), nullable=False, comment="First character in the clean text."),
        sa.Column("span_end", sa.Integer(), nullable=False, comment="Character after the last."),
        sa.Column(
            "kind", sa.Text(), nullable=False, comment="email, phone, nik, card, iban, ip, address, handle, name."
        ),
        sa.Column("post_version", sa.BigInteger(), nullable=False, comment="Version of the post that was read."),
        sa.ForeignKeyConstraint(
            ["post_id"], ["core.post.post_id"], name=op.f("fk_pii_span_post_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("post_id", "span_start", name=op.f("pk_pii_span")),
        schema="privacy",
        comment="Where personal data stands in a post. Grain: one stretch.",
    )
    op.create_table(
        "tombstone",
        sa.Column("member_hash", sa.LargeBinary(), nullable=False, comment="Salted hash of source and account id."),
        sa.Column(
            "erased_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the member was forgotten.",
        ),
        sa.PrimaryKeyConstraint("member_hash", name=op.f("pk_tombstone")),
        schema="privacy",
        comment="Members who asked to be forgotten; the sink drops their events. Grain: one member.",
    )
    op.execute("create table raw.event_default partition of raw.event default")
    op.execute("grant select, insert on privacy.tombstone to suara_ingest")
    op.execute("revoke select on ops.setting from suara_reader")  # holds the salt of tombstones
    op.execute("grant insert, update, delete, select (post_id) on privacy.pii_span to suara_pipeline")


def downgrade() -> None:
    for table in (
        "privacy.tombstone",
        "privacy.pii_span",
        "ops.setting",
        "ops.import_run",
        "ops.quality_result",
        "ops.pipeline_run",
        "raw.rejected_event",
        "raw.ingest_offset",
        "raw.event",
    ):
        op.execute(f"drop table {table}")
