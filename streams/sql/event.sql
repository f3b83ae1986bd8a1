-- Records that may be in the archive already, after offsets were set back.
insert into raw.event
    (topic, kafka_partition, kafka_offset, record_ts, event_id, source, type, subject, event_time, payload)
select topic, kafka_partition, kafka_offset, record_ts, event_id, source, type, subject, event_time, payload
from pg_temp.stage_event
on conflict do nothing
