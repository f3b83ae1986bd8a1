-- The areas side by side in the report's week; the whole community.
--
-- Grain: one area that was spoken of in the week.
-- area             key of the area
-- people           distinct people
-- posts            their posts
-- themes           themes they spoke of
-- negative_posts   posts judged negative
-- sentiment_posts  posts with a judged sentiment
select
    area,
    count(distinct person_id) as people,
    count(*) as posts,
    count(distinct theme_id) as themes,
    count(*) filter (where sentiment = 'negative') as negative_posts,
    count(sentiment) as sentiment_posts
from mart.report_post
where report_id = :input_id and week = cast(:'week' as date) and is_counted and area is not null
group by area
order by area
