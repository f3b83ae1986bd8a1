-- Posts as they stand now: the newest version wins, and of two events with one version the greater id.
insert into core.post as old
    (post_id, source_id, external_id, thread_id, member_id, parent_external_id, version, created_at, edited_at, title, body,
     body_format, url, tags, category, rating, app_version, is_thread_start, lang_hint, reaction_counts, status,
     last_event_id)
select core.key_of(s.name, p.external_id), s.source_id, p.external_id, t.thread_id, m.member_id, p.parent_external_id,
       p.version, p.created_at, p.edited_at, p.title, p.body, p.body_format, p.url, p.tags, p.category, p.rating, p.app_version, p.is_thread_start, p.lang_hint,
       p.reaction_counts::jsonb, p.status, p.event_id
from pg_temp.stage_post p
join core.source s on s.name = p.source
join core.thread t on t.source_id = s.source_id and t.external_id = p.thread
join core.member m on m.source_id = s.source_id and m.external_id = p.member
where p.newest
order by s.source_id, p.external_id
on conflict (source_id, external_id) do update set
    thread_id = excluded.thread_id, member_id = excluded.member_id, parent_external_id = excluded.parent_external_id,
    version = excluded.version, created_at = excluded.created_at, edited_at = excluded.edited_at,
    title = excluded.title, body = excluded.body, body_format = excluded.body_format, url = excluded.url,
    tags = excluded.tags, category = excluded.category, rating = excluded.rating, app_version = excluded.app_version,
    is_thread_start = excluded.is_thread_start, lang_hint = excluded.lang_hint,
    reaction_counts = excluded.reaction_counts, status = excluded.status, last_event_id = excluded.last_event_id,
    changed_at = now()
where (old.version, old.last_event_id collate "C") < (excluded.version, excluded.last_event_id collate "C")
