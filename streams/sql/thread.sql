-- Conversations. Title and category come from the newest event that has one, the status from the newest thread event.
insert into core.thread as old
    (thread_id, source_id, external_id, title, title_at, category, category_at, version, status, solved_post_external_id)
select core.key_of(s.name, external_id), source_id, external_id, title, title_at, category, category_at, version, status, solved_post_external_id
from pg_temp.stage_thread t
join core.source s on s.name = t.source
order by source_id, external_id
on conflict (source_id, external_id) do update set
    title = case when excluded.title_at > coalesce(old.title_at, '-infinity')
                   or (excluded.title_at = old.title_at and excluded.title > old.title collate "C")
            then excluded.title else old.title end,
    title_at = greatest(old.title_at, excluded.title_at),
    category = case when excluded.category_at > coalesce(old.category_at, '-infinity')
                      or (excluded.category_at = old.category_at and excluded.category > old.category collate "C")
               then excluded.category else old.category end,
    category_at = greatest(old.category_at, excluded.category_at),
    status = case when excluded.version > old.version then excluded.status else old.status end,
    solved_post_external_id = case when excluded.version > old.version then excluded.solved_post_external_id
                              else old.solved_post_external_id end,
    version = greatest(old.version, excluded.version)
