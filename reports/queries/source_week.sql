-- How much each source brought in the report's week and the four weeks before; the whole community.
--
-- Grain: week and source with at least one post.
-- week           Monday
-- source         name of the source
-- posts          live posts of everybody
-- counted_posts  posts by people of the community: not bot, not staff, not spam
-- people         distinct people with a counted post
select
    week,
    source,
    count(*) as posts,
    count(*) filter (where is_counted) as counted_posts,
    count(distinct person_id) filter (where is_counted) as people
from mart.report_post
where report_id = :input_id and week between cast(:'week' as date) - 28 and cast(:'week' as date)
group by week, source
order by week, source
