-- The languages of the report's week, and how much of each found a theme; the whole community.
--
-- Grain: one language with at least one counted post.
-- language  en, id, another code, other, or und below three letters
-- posts     counted posts
-- people    distinct people who wrote them
-- in_theme  counted posts that are in a theme
select
    language,
    count(*) as posts,
    count(distinct person_id) as people,
    count(theme_id) as in_theme
from mart.report_post
where report_id = :input_id and week = cast(:'week' as date) and is_counted
group by language
order by language
