-- Grain: one source.
-- Owner: operators.
-- Meaning: How new what we hold of a source is. No clock is read: a source is behind when another source has newer posts.
create view ops.freshness as
with held as (
    select
        source_id,
        count(*) as posts,
        max(created_at) as newest_post_at,
        max(loaded_at) as newest_loaded_at
    from core.post
    group by source_id
),
complete as (
    select max(partition) as last_complete_day from ops.pipeline_run where kind = 'daily' and state = 'success'
)
select
    s.source_id,
    s.name as source,
    coalesce(held.posts, 0) as posts,
    held.newest_post_at,
    held.newest_loaded_at,
    extract(epoch from max(held.newest_post_at) over () - held.newest_post_at)::double precision / 3600 as hours_behind,
    complete.last_complete_day
from core.source s
cross join complete
left join held using (source_id);

comment on column ops.freshness.source_id is 'Source.';
comment on column ops.freshness.source is 'Name of the source.';
comment on column ops.freshness.posts is 'Posts held, deleted ones included.';
comment on column ops.freshness.newest_post_at is 'When the newest post was written; null without posts.';
comment on column ops.freshness.newest_loaded_at is 'When the last new post arrived; null without posts.';
comment on column ops.freshness.hours_behind is 'Hours between its newest post and the newest of any source.';
comment on column ops.freshness.last_complete_day is 'Newest day whose run succeeded, for all sources.';
