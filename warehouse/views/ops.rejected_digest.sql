-- Grain: topic, stage, reason and status.
-- Owner: operators.
-- Meaning: What was refused and why, without any content of the refused records.
create view ops.rejected_digest as
select
    topic,
    stage,
    reason,
    status,
    count(*) as events,
    min(first_failed_at) as first_failed_at,
    max(record_ts) as newest_record_ts
from raw.rejected_event
group by topic, stage, reason, status;

comment on column ops.rejected_digest.topic is 'Topic of the refused records.';
comment on column ops.rejected_digest.stage is 'Where they were refused: size, decode, validate or load.';
comment on column ops.rejected_digest.reason is 'Typed reason.';
comment on column ops.rejected_digest.status is 'open, replayed or discarded.';
comment on column ops.rejected_digest.events is 'Refused records.';
comment on column ops.rejected_digest.first_failed_at is 'When the first of them was refused.';
comment on column ops.rejected_digest.newest_record_ts is 'When the broker appended the newest of them.';
