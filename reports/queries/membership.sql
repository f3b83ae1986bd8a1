-- Who came, came back and stayed away, measured against the thirteen weeks before.
--
-- Grain: one row for the report's week; the whole community, whatever the area.
-- history_weeks  weeks known before this one, at most thirteen
-- active         distinct people with a counted post in the week
-- new            of these, first post ever in the week
-- returning      of these, with a counted post in the thirteen weeks before
-- reactivated    of these, not new and without a counted post in the thirteen weeks before
-- regulars       people with four or more counted posts in the thirteen weeks before
-- lost_regulars  of the regulars, people without a counted post in the week
with seen as (
    select * from mart.report_post where report_id = :input_id
),
now_active as (
    select person_id, min(person_first_week) as first_week
    from seen
    where week = cast(:'week' as date) and is_counted
    group by person_id
),
before as (
    select person_id, count(*) as posts
    from seen
    where week < cast(:'week' as date) and week >= cast(:'week' as date) - 91 and is_counted
    group by person_id
)
select
    (
        select greatest(0, least(13, (cast(:'week' as date) - coalesce(posts_since, cast(:'week' as date))) / 7))
        from mart.report
        where report_id = :input_id
    ) as history_weeks,
    count(n.person_id) as active,
    count(*) filter (where n.first_week = cast(:'week' as date)) as new,
    count(*) filter (where n.first_week < cast(:'week' as date) and b.person_id is not null) as returning,
    count(*) filter (where n.first_week < cast(:'week' as date) and b.person_id is null) as reactivated,
    count(*) filter (where b.posts >= 4) as regulars,
    count(*) filter (where b.posts >= 4 and n.person_id is null) as lost_regulars
from now_active as n
full join before as b on b.person_id = n.person_id
