-- Every version of every post, in whatever order they arrive.
insert into core.post_revision (source_id, external_id, version, event_type, event_time, title, body)
select s.source_id, p.external_id, p.version, p.event_type, p.event_time, p.title, p.body
from pg_temp.stage_post p
join core.source s on s.name = p.source
order by s.source_id, p.external_id, p.version, p.event_id collate "C"
on conflict do nothing
