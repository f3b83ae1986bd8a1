-- The whole community, week by week, whatever the area: what came in, what was left out, who was there.
--
-- Grain: one week, from the first known one (at most thirteen before the report's) to the report's own.
--        A week without posts is there with zeros; a week before the first known one is not there, but for
--        the report's own.
-- week             Monday
-- posts            live posts of everybody
-- counted_posts    posts by people of the community: not bot, not staff, not spam
-- bot_posts        left out: written by programs
-- staff_posts      left out: written by the organisation; moderators are of the community
-- spam_posts       left out: judged spam
-- duplicate_posts  counted posts that say the same as an earlier one; they stay counted
-- people           distinct people with a counted post
-- new_people       of these, people whose first post ever is in this week
-- top_posts        counted posts of the ten most active people
with seen as (
    select * from mart.report_post where report_id = :input_id
),
calendar as (
    select cast(:'week' as date) - 7 * step as week
    from generate_series(0, 13) as step
    where cast(:'week' as date) - 7 * step >= least(
        (select posts_since from mart.report where report_id = :input_id), cast(:'week' as date)
    )
),
active as (
    select week, person_id, count(*) as posts, row_number() over (partition by week order by count(*) desc) as place
    from seen
    where is_counted
    group by week, person_id
),
top as (
    select week, cast(sum(posts) as bigint) as posts from active where place <= 10 group by week
)
select
    c.week,
    count(s.post_id) as posts,
    count(*) filter (where s.is_counted) as counted_posts,
    count(*) filter (where not s.is_counted and s.role = 'bot') as bot_posts,
    count(*) filter (where not s.is_counted and s.role <> 'bot' and not s.is_spam) as staff_posts,
    count(*) filter (where not s.is_counted and s.role <> 'bot' and s.is_spam) as spam_posts,
    count(*) filter (where s.is_counted and s.is_duplicate) as duplicate_posts,
    count(distinct s.person_id) filter (where s.is_counted) as people,
    count(distinct s.person_id) filter (where s.is_counted and s.person_first_week = s.week) as new_people,
    coalesce(max(t.posts), 0) as top_posts
from calendar as c
left join seen as s on s.week = c.week
left join top as t on t.week = c.week
group by c.week
order by c.week
