-- Grain: consumer group and Kafka partition.
-- Owner: operators.
-- Meaning: How far the sink is behind the end of the log as it last saw it; where updated_at stands still for minutes, no
-- sink looks after the partition, and the lag may be larger.
create view ops.ingest_lag as
select
    consumer_group,
    topic,
    kafka_partition,
    next_offset,
    high_watermark,
    case when high_watermark is not null then greatest(high_watermark - next_offset, 0) end as records_behind,
    last_record_ts,
    owner,
    updated_at
from raw.ingest_offset;

comment on column ops.ingest_lag.consumer_group is 'Consumer group of the sink.';
comment on column ops.ingest_lag.topic is 'Kafka topic.';
comment on column ops.ingest_lag.kafka_partition is 'Kafka partition.';
comment on column ops.ingest_lag.next_offset is 'First offset that is not yet in the warehouse.';
comment on column ops.ingest_lag.high_watermark is 'End of the partition when last seen; null when never seen.';
comment on column ops.ingest_lag.records_behind is 'Records between the two; null when the end was never seen.';
comment on column ops.ingest_lag.last_record_ts is 'When the broker appended the last record loaded.';
comment on column ops.ingest_lag.owner is 'Host and process of the sink that wrote here last; null when none has.';
comment on column ops.ingest_lag.updated_at is 'When the sink last wrote here; a running one does twice a minute, also without new records.';
