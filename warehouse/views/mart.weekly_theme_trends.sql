-- Grain: theme and week, from the theme's first week to the newest theme run; a week in which nobody spoke has zeros.
-- Owner: analysts.
-- Meaning: How many people speak about a theme, beside the week before and the mean of up to eight weeks before. Weeks
--   without a theme run are not weeks of silence and stand in no mean. Staff, bots and spam are not counted.
create view mart.weekly_theme_trends as
with spoken as (
    select w.theme_id, min(w.week) as first_week from mart.fct_theme_week w group by w.theme_id
),
runs as (
    select week from core.theme_run union select week from mart.fct_theme_week
),
active as (
    select week, max(active_people) as active_people from mart.fct_theme_week group by week
),
filled as (
    select
        runs.week,
        spoken.theme_id,
        coalesce(w.people, 0) as people,
        coalesce(w.posts, 0) as posts,
        active.active_people
    from spoken
    join runs on runs.week >= spoken.first_week
    left join mart.fct_theme_week w on w.week = runs.week and w.theme_id = spoken.theme_id
    left join active on active.week = runs.week
),
compared as (
    select
        filled.*,
        lag(people) over history as previous_people,
        avg(people) over (history rows between 8 preceding and 1 preceding) as mean_people
    from filled
    window history as (partition by theme_id order by week)
)
select
    c.week,
    c.theme_id,
    d.name,
    d.area,
    d.status,
    c.people,
    c.posts,
    c.previous_people,
    c.mean_people::double precision as mean_people,
    c.people / nullif(c.mean_people, 0)::double precision as ratio,
    c.people / nullif(c.active_people, 0)::double precision as share_of_active
from compared c
join mart.dim_theme d using (theme_id);

comment on column mart.weekly_theme_trends.week is 'Monday.';
comment on column mart.weekly_theme_trends.theme_id is 'Theme (dim_theme).';
comment on column mart.weekly_theme_trends.name is 'Its name today.';
comment on column mart.weekly_theme_trends.area is 'Its area today; null when in none.';
comment on column mart.weekly_theme_trends.status is 'Its state today: active, dormant or retired.';
comment on column mart.weekly_theme_trends.people is 'Distinct people of the community who spoke about it.';
comment on column mart.weekly_theme_trends.posts is 'Their posts.';
comment on column mart.weekly_theme_trends.previous_people is
    'People in the run before; null in the theme''s first week.';
comment on column mart.weekly_theme_trends.mean_people is
    'Mean people of up to eight runs before, since the theme was first seen; null in its first week.';
comment on column mart.weekly_theme_trends.ratio is 'people / mean_people; null where that mean is unknown or 0.';
comment on column mart.weekly_theme_trends.share_of_active is
    'people / people active in the whole community that week; null where that is unknown or 0.';
