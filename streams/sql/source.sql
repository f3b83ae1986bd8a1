-- Sources are known by name; the kind that came first stays.
insert into core.source (name, kind)
select s.name, s.kind
from pg_temp.stage_source s
where not exists (select from core.source known where known.name = s.name)
order by s.name
on conflict do nothing
