"""`raw`: what arrived. Written by the sink alone, in the transaction that moves its offsets."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, LargeBinary, Table
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from warehouse.tables.base import METADATA, count, instant, text

event = Table(
    "event",
    METADATA,
    text("topic", "Kafka topic.", primary_key=True),
    Column("kafka_partition", Integer, primary_key=True, comment="Kafka partition."),
    count("kafka_offset", "Offset in the partition.", primary_key=True),
    instant("record_ts", "When the broker appended the record; the same on every replay.", primary_key=True),
    text("event_id", "CloudEvents id."),
    text("source", "CloudEvents source, such as urn:community:forum:NAME."),
    text("type", "CloudEvents type."),
    text("subject", "CloudEvents subject, such as post/123.", nullable=True),
    instant("event_time", "When it happened, by the source's clock."),
    text("payload", "The whole event as it arrived (JSON text)."),
    instant("loaded_at", "When the sink committed it.", server_default=sql("now()")),
    Index("ix_event_record_ts", "record_ts", postgresql_using="brin"),
    Index("ix_event_event_time", "event_time", postgresql_using="brin"),
    Index("ix_event_event_id", "event_id"),
    schema="raw",
    comment="Every accepted event. Grain: one Kafka record. Partitioned by month of record_ts.",
    postgresql_partition_by="RANGE (record_ts)",
)

ingest_offset = Table(
    "ingest_offset",
    METADATA,
    text("consumer_group", "Consumer group of the sink.", primary_key=True),
    text("topic", "Kafka topic.", primary_key=True),
    Column("kafka_partition", Integer, primary_key=True, comment="Kafka partition."),
    count("next_offset", "First offset that is not yet in the warehouse."),
    Column(
        "topic_id", UUID(as_uuid=True), nullable=False, comment="Kafka's own id of the topic; changes when re-created."
    ),
    count("high_watermark", "End of the partition when last seen.", nullable=True),
    instant("last_record_ts", "record_ts of the last record loaded.", nullable=True),
    text("owner", "Process that wrote last.", nullable=True),
    instant("updated_at", "When it was written.", server_default=sql("now()")),
    schema="raw",
    comment="Where the sink stands. The truth about offsets; Kafka's own commit is a hint. Grain: group and partition.",
)

rejected_event = Table(
    "rejected_event",
    METADATA,
    text("topic", "Topic of the refused record.", primary_key=True),
    Column("kafka_partition", Integer, primary_key=True, comment="Kafka partition."),
    count("kafka_offset", "Offset in the partition.", primary_key=True),
    instant("record_ts", "When the broker appended the record."),
    text("stage", "Where it was refused: size, decode, validate or load."),
    text("reason", "Typed reason, such as invalid_utf8 or missing_field."),
    text("detail", "What exactly, without any content of the record.", nullable=True),
    Column("record_key", LargeBinary, nullable=True, comment="Key of the record."),
    Column("payload", LargeBinary, nullable=True, comment="The refused bytes, cut at 1 MiB."),
    Column("headers", JSONB, nullable=True, comment="Headers of the dead letter."),
    text("status", "open, replayed or discarded.", server_default="open"),
    Column("attempts", Integer, nullable=False, server_default="1", comment="How often it was refused."),
    instant("first_failed_at", "When it was refused first."),
    instant("resolved_at", "When it was replayed or discarded.", nullable=True),
    Column(
        "record_headers",
        ARRAY(LargeBinary),
        nullable=True,
        comment="The record's own headers: name, value, name, value; null in rows older than this column.",
    ),
    text("resolution", "Why it was discarded, as a person put it.", nullable=True),
    instant("cleared_at", "When its payload, key and own headers were deleted; the row stays.", nullable=True),
    text("cleared_because", "Why they were: age, or erasure of the member who wrote it.", nullable=True),
    CheckConstraint("stage in ('size', 'decode', 'validate', 'load')", name="stage"),
    CheckConstraint("status in ('open', 'replayed', 'discarded')", name="status"),
    CheckConstraint("cleared_because in ('age', 'erasure')", name="cleared_because"),
    schema="raw",
    comment="Dead letters, mirrored from the DLQ topic. Grain: one refused Kafka record.",
)
