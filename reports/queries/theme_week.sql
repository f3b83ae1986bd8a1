-- Each theme of the area (of the whole community where area is empty), week by week.
--
-- Grain: week and theme with at least one counted post, at most thirteen weeks back.
-- week             Monday
-- theme_id         the theme
-- people           distinct people, counted once
-- posts            their posts, duplicates included
-- sources          sources they wrote in
-- negative_posts   posts judged negative
-- sentiment_posts  posts with a judged sentiment: what negative_posts is a share of
-- bug, request, question, complaint, praise, other
--                  posts of each kind of feedback; posts of an unsure kind are in none
select
    week,
    theme_id,
    count(distinct person_id) as people,
    count(*) as posts,
    count(distinct source) as sources,
    count(*) filter (where sentiment = 'negative') as negative_posts,
    count(sentiment) as sentiment_posts,
    count(*) filter (where feedback_type = 'bug') as bug,
    count(*) filter (where feedback_type = 'request') as request,
    count(*) filter (where feedback_type = 'question') as question,
    count(*) filter (where feedback_type = 'complaint') as complaint,
    count(*) filter (where feedback_type = 'praise') as praise,
    count(*) filter (where feedback_type = 'other') as other
from mart.report_post
where report_id = :input_id
    and is_counted
    and theme_id is not null
    and week <= cast(:'week' as date)
    and coalesce(:'area', '') in ('', area)
group by week, theme_id
order by week, theme_id
