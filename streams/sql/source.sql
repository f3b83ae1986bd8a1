-- Sources are known by name. The kind that came first stays, but for 'other', which gives way to any.
insert into core.source as old (name, kind)
select s.name, s.kind
from pg_temp.stage_source s
where not exists (select from core.source known where known.name = s.name and (known.kind <> 'other' or s.kind = 'other'))
order by s.name
on conflict (name) do update set kind = excluded.kind where old.kind = 'other'
