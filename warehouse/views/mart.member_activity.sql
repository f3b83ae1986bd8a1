-- Grain: person and week in which the person wrote.
-- Owner: community managers.
-- Meaning: How much each person took part. Counts only, no mood. Staff, bots and spam are not counted.
create view mart.member_activity as
with weekly as (
    select
        f.person_id,
        f.week,
        count(*) as posts,
        count(*) filter (where f.is_thread_start) as threads_started,
        count(*) filter (where not f.is_thread_start) as replies,
        count(distinct f.source_id) as sources,
        count(distinct f.created_date) as active_days,
        sum(f.reactions) as reactions
    from mart.fct_post f
    where f.is_counted
    group by f.person_id, f.week
)
select
    weekly.*,
    min(week) over (partition by person_id) as first_week,
    (week - lag(week) over (partition by person_id order by week)) / 7 as weeks_since_last
from weekly;

comment on column mart.member_activity.person_id is 'Person.';
comment on column mart.member_activity.week is 'Monday.';
comment on column mart.member_activity.posts is 'Posts, duplicates included.';
comment on column mart.member_activity.threads_started is 'Posts that open a thread.';
comment on column mart.member_activity.replies is 'Posts that do not.';
comment on column mart.member_activity.sources is 'Sources in which the person wrote.';
comment on column mart.member_activity.active_days is 'Days on which the person wrote.';
comment on column mart.member_activity.reactions is 'Standing reactions to these posts.';
comment on column mart.member_activity.first_week is 'Monday of the person''s first active week ever.';
comment on column mart.member_activity.weeks_since_last is
    'Weeks since the active week before: 1 when it was last week; null in the first.';
