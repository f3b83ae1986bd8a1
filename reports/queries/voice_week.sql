-- What was said in the area (in the whole community where area is empty), week by week.
--
-- Grain: one week with at least one counted post in scope, at most thirteen weeks back.
-- week             Monday
-- people           distinct people
-- posts            their posts
-- sources          sources they wrote in
-- negative_posts   posts judged negative
-- sentiment_posts  posts with a judged sentiment: what negative_posts is a share of
select
    week,
    count(distinct person_id) as people,
    count(*) as posts,
    count(distinct source) as sources,
    count(*) filter (where sentiment = 'negative') as negative_posts,
    count(sentiment) as sentiment_posts
from mart.report_post
where report_id = :input_id
    and is_counted
    and week <= cast(:'week' as date)
    and coalesce(:'area', '') in ('', area)
group by week
order by week
