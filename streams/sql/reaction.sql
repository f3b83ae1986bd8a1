-- Reactions: the newest version says whether it stands; `reacted_at` is when it was last added, however late we learn it.
insert into core.reaction as old (source_id, post_external_id, member_id, kind, version, reacted_at, removed_at)
select s.source_id, r.post_external_id, m.member_id, r.kind, r.version, r.reacted_at, r.removed_at
from pg_temp.stage_reaction r
join core.source s on s.name = r.source
join core.member m on m.source_id = s.source_id and m.external_id = r.member
order by s.source_id, r.post_external_id, m.member_id, r.kind
on conflict (source_id, post_external_id, member_id, kind) do update set
    version = greatest(old.version, excluded.version),
    reacted_at = greatest(old.reacted_at, excluded.reacted_at),
    removed_at = case when excluded.version > old.version then excluded.removed_at else old.removed_at end
